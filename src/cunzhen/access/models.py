"""Searches that were asked, and how far the index has followed the ledger."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from cunzhen.access.rules import Sort
from cunzhen.keys.fields import SealedField


class Search(models.Model):
    """One search. A query is personal data: it is kept sealed, and pages name it by its id only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32)
    searched_by = models.UUIDField()
    agency_id = models.UUIDField()  # of the person who searched: others may open it within their reach
    query = SealedField(purpose="access.query")
    filters = models.JSONField(default=dict)
    sort = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Sort])
    exact = models.BooleanField(default=False)  # no term may match by its words only
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["searched_by", "-id"], name="search_mine")]


class IndexCursor(models.Model):
    """What the database knows of the index; the truth about an index lies in its own folder."""

    name = models.CharField(primary_key=True, max_length=20)
    number = models.BigIntegerField()
    moved_at = models.DateTimeField()
