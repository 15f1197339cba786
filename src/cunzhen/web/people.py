"""From a request to the actor behind it, and from what operations raise to pages."""

from __future__ import annotations

import functools
import logging
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django_htmx.http import HttpResponseClientRefresh

from cunzhen.accounts.models import User
from cunzhen.accounts.operations import refuse
from cunzhen.accounts.queries import actor_of
from cunzhen.accounts.rules import Actor
from cunzhen.database.refusals import DATABASE_ERRORS, without_database
from cunzhen.errors import Conflict, CunzhenError, Invalid, Missing, Refused, Unavailable

P = ParamSpec("P")
STATUS: dict[type[CunzhenError], int] = {Refused: 404, Missing: 404, Conflict: 409, Invalid: 422, Unavailable: 503}
MOST_DIGITS = 9  # of a number in an address or a form: none here is larger, and int() refuses thousands of digits
log = logging.getLogger("cunzhen.web")

ActorView = Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True)
class Said:
    """What an operation refused, in the language of the page."""

    code: str
    message: str


def said(error: CunzhenError) -> Said:
    """The error's sentence for the person who looks."""
    return Said(error.code, error.message if (get_language() or "zh").startswith("zh") else error.english)


def whole_number(text: str) -> int | None:
    """A number out of an address or a form; None where it is none or has no end."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def plain_text(text: str) -> str:
    """What a person typed, trimmed, without the NUL that no database column takes."""
    return text.replace("\0", "").strip()


def signed_in(view: ActorView[P]) -> View[P]:
    """Give the view its actor; send others to the sign-in page; show what operations refuse as a page.

    A part that a page asks for when the session has ended makes the whole page load again, and so leads to sign-in.

    What may not be seen and what does not exist look the same. Answers are never cached: they hold personal data.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User) or not request.user.is_active:
            if request.headers.get("HX-Request"):
                return HttpResponseClientRefresh()
            return redirect_to_login(request.get_full_path())
        actor = actor_of(request.user)
        request.actor = actor  # type: ignore[attr-defined]
        try:
            response: HttpResponseBase = view(request, actor, *args, **kwargs)
        except CunzhenError as error:
            response = failure(request, error)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return cast("View[P]", wrapper)


def failure(request: HttpRequest, error: CunzhenError) -> HttpResponse:
    """The page for something an operation refused: what is wrong, what to do, the way back."""
    refuse(error, actor=getattr(request, "actor", None), now=timezone.now())
    status = STATUS[type(error)]
    if isinstance(error, Refused | Missing):
        return render(request, "ui/404.html", {"code": error.code}, status=status)
    context = {"message": said(error).message, "code": error.code, "back": _back(request)}
    return render(request, "ui/problem.html", context, status=status)


def _back(request: HttpRequest) -> str:
    """The page the person came from, if it is one of ours: the address that was posted to may take no visits."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        referer, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return "/"
    path = urlsplit(referer).path or "/"
    return "/" if request.method == "GET" and path == request.path else path


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for what nobody foresaw: a reference number for the log, no detail; or the database does not serve.

    It is drawn without the request, whose session and person are in the database too.
    """
    error = sys.exc_info()[1]
    context: dict[str, object]
    if isinstance(error, DATABASE_ERRORS):
        told = without_database(error)
        log.error("%s", told.code)
        status, context = STATUS[Unavailable], {"told": said(told)}
    else:
        reference = secrets.token_hex(4)
        log.error("server error %s", reference)
        status, context = 500, {"reference": reference}
    return HttpResponse(render_to_string("ui/500.html", context), status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 404 page."""
    return render(request, "ui/404.html", {"code": ""}, status=404)
