"""The one place where the operations' exceptions become problem+json (RFC 9457)."""

from __future__ import annotations

import functools
import logging
import secrets
import traceback
from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_cache_control
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from cunzhen.accounts.operations import refuse
from cunzhen.database.refusals import DATABASE_ERRORS, without_database
from cunzhen.errors import Conflict, CunzhenError, Invalid, Missing, Refused, Unavailable

log = logging.getLogger("cunzhen.api")

STATUS: dict[type[CunzhenError], int] = {Refused: 403, Missing: 404, Conflict: 409, Invalid: 422, Unavailable: 503}
TITLES = {
    400: "请求不完整",
    401: "没有登录或令牌无效",
    403: "没有权限",
    404: "没有找到",
    405: "不支持这种请求方法",
    409: "状态冲突",
    413: "内容过大",
    422: "内容不合要求",
    500: "系统内部出错",
    503: "暂时无法处理",
}
# What the door itself finds wrong; the operations bring wordings of their own.
_WORDS: dict[str, tuple[int, str, str]] = {
    "API-01": (422, "请求内容不合要求，请核对 errors 所列的字段。", "Some fields of the request are not acceptable."),
    "API-02": (401, "请先登录，或提供有效的令牌。", "Sign in or send a valid token."),
    "API-03": (400, "请求内容无法解析，请核对格式。", "The request cannot be understood; check its format."),
    "API-04": (404, "没有这个地址。", "There is no such address."),
    "API-07": (405, "这个地址不支持这种请求方法。", "This address does not support that method."),
    "API-08": (
        413,
        "请求内容过大，请拆分；大文件请用 /uploads/ 续传。",
        "The request is too large; split it or use /uploads/.",
    ),
    "API-09": (
        403,
        "请求缺少有效的 CSRF 令牌，请刷新页面后重试。",
        "The CSRF token is absent or wrong; reload the page.",
    ),
    "API-10": (
        409,
        "同时有另一个相同的请求，请稍后重试。",
        "Another request did the same at the same time; try again.",
    ),
    "API-12": (
        500,
        "系统内部出错，请把编号告诉系统管理员。",
        "Something broke inside; tell your system officer the reference.",
    ),
}


def problem(status: int, code: str, message: str, english: str = "", **more: object) -> JsonResponse:
    """A problem document; ``type`` names the finding, ``detail`` says what to do, ``detail_en`` in English."""
    body = {
        "type": f"urn:cunzhen:{code}",
        "title": TITLES.get(status, "出错了"),
        "status": status,
        "code": code,
        "detail": message,
        "detail_en": english or message,
        **more,
    }
    response = JsonResponse(
        body, status=status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="cunzhen"'
    return response


def known_problem(code: str, **more: object) -> JsonResponse:
    """One of the door's own problems by its code."""
    status, message, english = _WORDS[code]
    return problem(status, code, message, english, **more)


def guarded(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """What holds for every address: answers are never cached, and what the framework refuses is a problem document too.

    Args:
        view: takes the request first.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            response = known_problem("API-04")
        if response.status_code == 405:
            allowed = response.headers.get("Allow", "")
            response = known_problem("API-07")
            response["Allow"] = allowed
        patch_cache_control(cast(HttpResponse, response), no_store=True)
        return response

    # Ninja checks the CSRF token itself, where a session and not a token speaks.
    wrapper.csrf_exempt = True  # type: ignore[attr-defined]
    return wrapper


def unknown_address(request: HttpRequest) -> HttpResponseBase:
    """Anything below the API that is no route."""
    return known_problem("API-04")


def install(api: NinjaAPI) -> None:
    """Map every kind of error once."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        CunzhenError: _refuse,
        ValidationError: _unprocessable,
        HttpError: _plain,
        Exception: _broken,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
    for kind, code in (
        (AuthenticationError, "API-02"),
        (Http404, "API-04"),
        (RequestDataTooBig, "API-08"),
        (SuspiciousOperation, "API-03"),
        (MultiPartParserError, "API-03"),
        (UnreadablePostError, "API-03"),
        (DataError, "API-03"),
        (IntegrityError, "API-10"),
    ):
        api.add_exception_handler(kind, functools.partial(_known, code))
    for kind in DATABASE_ERRORS:
        api.add_exception_handler(kind, _without_database)


def _refuse(request: HttpRequest, error: CunzhenError) -> HttpResponse:
    refuse(error, actor=getattr(request, "auth", None), now=timezone.now())
    more: dict[str, Any] = {name: error.params[name] for name in ("fields", "items") if error.params.get(name)}
    return problem(STATUS[type(error)], error.code, error.message, error.english, **more)


def _unprocessable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # The values themselves may be personal data: only where and what kind.
    places = [{"where": [str(part) for part in e["loc"]], "kind": e["type"]} for e in error.errors]
    return known_problem("API-01", errors=places)


def _plain(request: HttpRequest, error: HttpError) -> HttpResponse:
    # Ninja raises these with words of its own: 400 for a body that is no JSON, 403 for the CSRF token.
    return known_problem("API-09" if error.status_code == 403 else "API-03")


def _known(code: str, request: HttpRequest, error: Exception) -> HttpResponse:
    return known_problem(code)


def _without_database(request: HttpRequest, error: Any) -> HttpResponse:
    told = without_database(error)
    return problem(STATUS[Unavailable], told.code, told.message, told.english)


def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """Where it happened and of what kind goes to the log; messages may hold names and numbers and stay out."""
    reference = secrets.token_hex(4)
    places = "".join(f"\n  {f.filename}:{f.lineno} in {f.name}" for f in traceback.extract_tb(error.__traceback__))
    log.error("API-12 %s %s%s", reference, type(error).__name__, places)
    return known_problem("API-12", reference=reference)
