"""From a request to the actor behind it, and from what operations raise to pages."""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from cunzhen.accounts.models import User
from cunzhen.accounts.queries import actor_of
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Conflict, CunzhenError, Invalid, Missing, Refused, Unavailable

P = ParamSpec("P")
STATUS: dict[type[CunzhenError], int] = {Refused: 404, Missing: 404, Conflict: 409, Invalid: 422, Unavailable: 503}
log = logging.getLogger("cunzhen.web")

ActorView = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(view: ActorView[P]) -> View[P]:
    """Give the view its actor; send others to the sign-in page; show what operations refuse as a page.

    What may not be seen and what does not exist look the same. Answers are never cached: they hold personal data.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(request.user, User) or not request.user.is_active:
            return redirect_to_login(request.get_full_path())
        actor = actor_of(request.user)
        request.actor = actor  # type: ignore[attr-defined]
        try:
            response = view(request, actor, *args, **kwargs)
        except CunzhenError as error:
            response = failure(request, error)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return wrapper


def failure(request: HttpRequest, error: CunzhenError) -> HttpResponse:
    """The page for something an operation refused: what is wrong, what to do, the way back."""
    status = STATUS[type(error)]
    chinese = (get_language() or "zh").startswith("zh")
    if isinstance(error, Refused | Missing):
        return render(request, "ui/404.html", {"code": error.code}, status=status)
    context = {"message": error.message if chinese else error.english, "code": error.code}
    return render(request, "ui/problem.html", context, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page: a reference number for the log, no detail."""
    reference = secrets.token_hex(4)
    log.error("server error %s", reference)
    return render(request, "ui/500.html", {"reference": reference}, status=500)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 404 page."""
    return render(request, "ui/404.html", {"code": ""}, status=404)
