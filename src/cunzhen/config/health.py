"""Two questions that a supervisor asks: does the process answer, and can it serve."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from cunzhen.errors import Unavailable
from cunzhen.keys import keystore


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked, so that a slow disk does not get it killed."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers, the key store opens, every store of packages can be written; else 503 with what fails."""
    failing = [name for name, check in CHECKS.items() if not check()]
    return JsonResponse(
        {"status": "unavailable" if failing else "ok", "failing": failing}, status=503 if failing else 200
    )


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _keys() -> bool:
    try:
        keystore.load(settings.HOME / "keys")
    except Unavailable:
        return False
    return True


def _stores() -> bool:
    # A store is made by its first package; until then its parent must be writable. Those in buckets are not asked:
    # a supervisor must not take the desk away because a service far off is slow (`cunzhen check` asks them).
    folders = [place for place in settings.STORES.values() if isinstance(place, Path)]
    return all(os.access(next(p for p in (f, *f.parents) if p.exists()), os.W_OK) for f in folders)


CHECKS = {"database": _database, "keys": _keys, "stores": _stores}
