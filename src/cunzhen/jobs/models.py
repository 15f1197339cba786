"""Why jobs failed for good; the jobs themselves are Procrastinate's rows."""

from __future__ import annotations

from uuid import uuid4

from django.db import models


class Failure(models.Model):
    """The last word on a job that will not be tried again: a code, never a message that may name somebody."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    job_id = models.BigIntegerField(db_index=True)
    op = models.CharField(max_length=128)
    code = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
