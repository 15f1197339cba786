"""Every address of the site: each door brings its own, this file only says where they hang."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cunzhen.config.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("readyz", readyz),
]
