"""``Idempotency-Key`` on writes: the same key and request gives the first answer again, whatever broke in between."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cunzhen.api.auth import actor_in
from cunzhen.api.models import IdempotencyKey
from cunzhen.errors import Conflict

_LONGEST_KEY = 200


def idempotent(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run the view once per key; it returns a pydantic model or ``(status, model)``.

    The view, its rows and the kept answer share one transaction, so a crash leaves all of it or nothing.

    Raises:
        Conflict: ``API-05`` the key was used for another request.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key", "")[:_LONGEST_KEY]
        if not key:
            return view(request, *args, **kwargs)
        actor = actor_in(request)
        digest = _digest(request)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"{actor.id}/{key}"])
            kept = IdempotencyKey.objects.filter(actor_id=actor.id, key=key).first()
            if kept is None:
                result = view(request, *args, **kwargs)
                status, body = result if isinstance(result, tuple) else (200, result)
                IdempotencyKey.objects.create(
                    actor_id=actor.id,
                    key=key,
                    request_sha256=digest,
                    status=status,
                    body=json.dumps(body.model_dump(mode="json"), ensure_ascii=False).encode(),
                    created_at=timezone.now(),
                )
                return result
        if kept.request_sha256 != digest:
            raise Conflict(
                "API-05",
                "这个 Idempotency-Key 已用于另一个请求，请换一个。",
                "This Idempotency-Key was used for another request.",
            )
        return HttpResponse(bytes(kept.body), status=kept.status, content_type="application/json; charset=utf-8")

    return wrapper


def _digest(request: HttpRequest) -> str:
    head = f"{request.method} {request.get_full_path()}\n".encode()
    multipart = (request.content_type or "").startswith("multipart/")
    if not multipart:
        return hashlib.sha256(head + request.body).hexdigest()
    names = sorted(f"{f.name}\0{f.size}" for files in request.FILES.lists() for f in files[1])
    return hashlib.sha256(head + "\n".join(names).encode()).hexdigest()
