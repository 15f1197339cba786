"""``Idempotency-Key`` on writes: the same key and request gives the first answer again, whatever broke in between."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Status
from ninja.responses import NinjaJSONEncoder

from cunzhen.api.auth import actor_in
from cunzhen.api.models import IdempotencyKey
from cunzhen.errors import Conflict, Invalid
from cunzhen.keys.sealing import blind

LONGEST_KEY = 200
KEPT = timedelta(days=7)


def idempotent(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run the view once per key; it returns a pydantic model or a ``Status`` with one.

    The view, its rows and the kept answer share one transaction, so a crash leaves all of it or nothing. What the
    view refuses is not kept: the same key may be tried again.

    Raises:
        Conflict: ``API-05`` the key was used for another request. Invalid: ``API-13`` an impossible key.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = _key(request)
        if not key:
            return view(request, *args, **kwargs)
        actor = actor_in(request)
        token = _token(request)
        with transaction.atomic():
            with connection.cursor() as cursor:  # the second of two at once waits here for the first
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"{actor.id}/{key}"])
            kept = IdempotencyKey.objects.filter(actor_id=actor.id, key=key).first()
            if kept is None:
                result = view(request, *args, **kwargs)
                status, body = (result.status_code, result.value) if isinstance(result, Status) else (200, result)
                IdempotencyKey.objects.create(
                    actor_id=actor.id,
                    key=key,
                    request_blind=token,
                    status=status,
                    body=json.dumps(body.model_dump(), cls=NinjaJSONEncoder, ensure_ascii=False),
                    created_at=timezone.now(),
                )
                return result
        if kept.request_blind != token:
            raise Conflict(
                "API-05",
                "这个 Idempotency-Key 已用于另一个请求，请换一个。",
                "This Idempotency-Key was used for another request.",
            )
        return HttpResponse(kept.body, status=kept.status, content_type="application/json; charset=utf-8")

    # Ninja reads the parameters from here, and would look for their types in this module instead of the view's.
    wrapper.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
    return wrapper


def forget_old_keys(now: datetime) -> int:
    """Drop the answers that are older than seven days.

    Args:
        now: when.

    Returns:
        how many.
    """
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _key(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(
            "API-13",
            f"Idempotency-Key 须为不超过 {LONGEST_KEY} 个的可见 ASCII 字符。",
            f"An Idempotency-Key has at most {LONGEST_KEY} printable ASCII characters.",
        )
    return key


def _token(request: HttpRequest) -> str:
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return blind("api.request", hashlib.sha256(head + request.body).hexdigest()).hex()
