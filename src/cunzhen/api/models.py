"""What makes a repeated write harmless: the answer given the first time, kept by its key."""

from __future__ import annotations

from django.db import models

from cunzhen.keys.fields import SealedField


class IdempotencyKey(models.Model):
    """One ``Idempotency-Key`` of one actor, the request it came with and the answer it got.

    Both may name persons: the answer is sealed, and of the request only a keyed token is kept, for an unkeyed digest
    of a few words or a number can be guessed.
    """

    actor_id = models.UUIDField()
    key = models.CharField(max_length=200)
    request_blind = models.CharField(max_length=64)
    status = models.IntegerField()
    body = SealedField(purpose="api.answer")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor_id", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]
