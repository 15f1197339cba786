"""``/api/v1``: one API object, one router a resource."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, re_path
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.renderers import JSONRenderer

from cunzhen.api import corrections, errors, search, transfers
from cunzhen.api.auth import SessionAuth, TokenAuth
from cunzhen.api.described import describe_problems


class _Readable(JSONRenderer):
    """Chinese as it is, not as escapes: three bytes a character instead of six, and readable in a terminal."""

    json_dumps_params = {"ensure_ascii": False}


class Door(NinjaAPI):
    """Ninja's API with the same manners at every address below it, known or not."""

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        """Every route guarded, and a last one that answers for what is no route."""
        patterns, app, namespace = super().urls
        guarded = [_guarded(p) for p in patterns]
        return [*guarded, re_path(r"", errors.guarded(errors.unknown_address))], app, namespace

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Ninja's document with what it does not say: problem documents and the key of repeatable writes."""
        return describe_problems(super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params))


def _guarded(pattern: URLPattern | URLResolver) -> URLPattern | URLResolver:
    if isinstance(pattern, URLResolver):
        raise TypeError("the API's routes are flat")
    return URLPattern(pattern.pattern, errors.guarded(pattern.callback), pattern.default_args, pattern.name)


api = Door(
    title="存真 Cunzhen",
    version="1",
    description="电子档案接口：归档批次、档案、检索。Electronic archives: transfers, items, search.",
    auth=[TokenAuth(), SessionAuth()],
    docs_url=None,
    renderer=_Readable(),
    urls_namespace="api",
)
errors.install(api)
api.add_router("", transfers.router)
api.add_router("", corrections.router)  # the items', with what corrects them
api.add_router("", search.router)
