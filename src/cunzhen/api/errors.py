"""The one place where the operations' exceptions become problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from cunzhen.errors import Conflict, CunzhenError, Invalid, Missing, Refused, Unavailable

STATUS: dict[type[CunzhenError], int] = {Refused: 403, Missing: 404, Conflict: 409, Invalid: 422, Unavailable: 503}
_TITLES = {
    400: "请求不完整",
    401: "没有登录或令牌无效",
    403: "没有权限",
    404: "没有找到",
    409: "状态冲突",
    413: "内容过大",
    422: "内容不合要求",
    503: "暂时无法处理",
}


def problem(status: int, code: str, message: str, english: str = "", **more: object) -> JsonResponse:
    """A problem document; ``type`` names the finding, ``detail`` says in Chinese what to do, ``detail_en`` in English."""
    body = {
        "type": f"urn:cunzhen:{code}",
        "title": _TITLES.get(status, "出错了"),
        "status": status,
        "code": code,
        "detail": message,
        "detail_en": english or message,
        **more,
    }
    return JsonResponse(
        body, status=status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )


def install(api: NinjaAPI) -> None:
    """Map every kind of error once."""

    def refuse(request: HttpRequest, error: CunzhenError) -> JsonResponse:
        status = STATUS[type(error)]
        fields = error.params.get("fields")
        more: dict[str, Any] = {"fields": fields} if isinstance(fields, dict) else {}
        return problem(status, error.code, error.message, error.english, **more)

    def unprocessable(request: HttpRequest, error: ValidationError) -> JsonResponse:
        # The values themselves may be personal data: only where and what kind.
        places = [{"where": [str(p) for p in e["loc"]], "kind": e["type"]} for e in error.errors]
        return problem(422, "API-01", "请求内容不合要求，请核对字段。", "The request's fields are not acceptable.", errors=places)

    def unauthenticated(request: HttpRequest, error: AuthenticationError) -> JsonResponse:
        return problem(401, "API-02", "请先登录，或提供有效的令牌。", "Sign in or send a valid token.")

    def plain(request: HttpRequest, error: HttpError) -> JsonResponse:
        return problem(error.status_code, "API-03", str(error))

    def not_found(request: HttpRequest, error: Http404) -> JsonResponse:
        return problem(404, "API-04", "没有这个地址。", "There is no such address.")

    api.add_exception_handler(CunzhenError, refuse)
    api.add_exception_handler(ValidationError, unprocessable)
    api.add_exception_handler(AuthenticationError, unauthenticated)
    api.add_exception_handler(HttpError, plain)
    api.add_exception_handler(Http404, not_found)
