"""Every address of the site: each door brings its own, this file only says where they hang."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from cunzhen.api.urls import api
from cunzhen.config.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("language/", set_language, name="set_language"),
    path("api/v1/", api.urls),
    path("", include("cunzhen.web.urls")),
]
handler404 = "cunzhen.web.people.not_found"
handler500 = "cunzhen.web.people.server_error"
