"""Who calls: a program with a bearer token, or a signed-in person's browser with its CSRF token."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from cunzhen.accounts.clock import steady
from cunzhen.accounts.models import User
from cunzhen.accounts.queries import actor_of, actor_of_token
from cunzhen.accounts.rules import Actor


class TokenAuth(HttpBearer):
    """``Authorization: Bearer cz_…`` (``cunzhen token``)."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor behind the token, or None."""
        return actor_of_token(token.strip(), now=steady.latest())


class SessionAuth(APIKeyCookie):
    """The desk's own session; a write needs its CSRF token as well.

    A request that brings an ``Authorization`` header stands or falls by it: a program whose token has run out must
    not go on in the name of whoever is signed in.
    """

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        """First who it is (401), then whether the page was ours (403): nobody's request is not a forged one."""
        if "Authorization" in request.headers:
            return None
        actor = self.authenticate(request, request.COOKIES.get(self.param_name))
        if actor is not None and check_csrf(request) is not None:
            raise HttpError(403, "CSRF")
        return actor

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """The actor of the signed-in person, or None."""
        return actor_of(request.user) if isinstance(request.user, User) and request.user.is_active else None


def actor_in(request: HttpRequest) -> Actor:
    """The actor that one of the above found."""
    actor = getattr(request, "auth", None)
    if not isinstance(actor, Actor):
        raise TypeError("routes are never served without auth")
    return actor
