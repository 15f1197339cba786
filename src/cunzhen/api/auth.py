"""Who calls: a program with a bearer token, or a signed-in person's browser with its CSRF token."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyCookie, HttpBearer

from cunzhen.accounts.models import User
from cunzhen.accounts.queries import actor_of, actor_of_token
from cunzhen.accounts.rules import Actor


class TokenAuth(HttpBearer):
    """``Authorization: Bearer cz_…`` (``cunzhen token``)."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor behind the token, or None."""
        return actor_of_token(token, now=timezone.now())


class SessionAuth(APIKeyCookie):
    """The desk's own session; ninja checks the CSRF token of every write."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """The actor of the signed-in person, or None."""
        return actor_of(request.user) if isinstance(request.user, User) and request.user.is_active else None


def actor_in(request: HttpRequest) -> Actor:
    """The actor that one of the above found."""
    actor = getattr(request, "auth", None)
    assert isinstance(actor, Actor), "routes are never served without auth"
    return actor
