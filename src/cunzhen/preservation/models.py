"""The register of packages and of their copies."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7


class Package(models.Model):
    """保存包 (AIP): one OCFL object; its id is the item's. The row is the promise that the package is durable."""

    id = models.UUIDField(primary_key=True, editable=False)
    node = models.CharField(max_length=32)
    version = models.CharField(max_length=8)
    inventory_sha512 = models.CharField(max_length=128)
    byte_count = models.BigIntegerField()
    file_count = models.IntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(inventory_sha512__regex=r"^[0-9a-f]{128}$"), name="package_digest_is_whole"
            ),
            models.CheckConstraint(
                condition=models.Q(version__regex=r"^v[1-9][0-9]*$"), name="package_version_is_named"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.version}"


class PackageCopy(models.Model):
    """One copy of a package in one store."""

    class State(models.TextChoices):
        """What the last check said."""

        KEPT = "kept", "完好"
        DAMAGED = "damaged", "损坏"
        MISSING = "missing", "缺失"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="copies")
    store = models.CharField(max_length=40)
    version = models.CharField(max_length=8)
    state = models.CharField(max_length=10, choices=State.choices, default=State.KEPT)
    written_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["package", "store"], name="package_copy_once_per_store"),
            models.CheckConstraint(
                condition=models.Q(state__in=["kept", "damaged", "missing"]), name="package_copy_state_known"
            ),
        ]
        indexes = [
            # Oldest check first; copies never checked come before all others.
            models.Index(models.F("checked_at").asc(nulls_first=True), name="package_copy_oldest_check"),
            models.Index(fields=["store"], condition=~models.Q(state="kept"), name="package_copy_not_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.package_id} {self.store}"
