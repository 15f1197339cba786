"""``/api/v1``: one API object, one router a resource."""

from __future__ import annotations

from ninja import NinjaAPI

from cunzhen.api import errors, items, search, transfers
from cunzhen.api.auth import SessionAuth, TokenAuth

api = NinjaAPI(
    title="存真 Cunzhen",
    version="1",
    description="电子档案接口：归档批次、档案、检索。Electronic archives: transfers, items, search.",
    auth=[TokenAuth(), SessionAuth()],
    docs_url=None,
    urls_namespace="api",
)
errors.install(api)
api.add_router("", transfers.router)
api.add_router("", items.router)
api.add_router("", search.router)
