"""The register of packages and of their copies."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7


class Package(models.Model):
    """保存包 (AIP): one OCFL object; its id is the item's. The row is the promise that the package is durable."""

    class Kind(models.TextChoices):
        """What it holds."""

        ITEM = "item", "件"
        REGISTRY = "registry", "登记"
        CHANGES = "changes", "变更集"

    id = models.UUIDField(primary_key=True, editable=False)
    node = models.CharField(max_length=32)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ITEM)
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
            models.CheckConstraint(
                condition=models.Q(kind__in=["item", "registry", "changes"]), name="package_kind_known"
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
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="copies", db_index=False)
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


class PendingChange(models.Model):
    """A correction that stands in a change-set (变更集) and not yet in its package; gone once it is folded in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="pending_changes", db_index=False)
    change_set = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()  # of the description that results

    class Meta:
        constraints = [models.UniqueConstraint(fields=["package", "version"], name="pending_change_once_per_version")]

    def __str__(self) -> str:
        return f"{self.package_id} {self.version}"


class ScrubRound(models.Model):
    """One round of the scrub (巡检): which copies it means to check, how far it has come, what it found."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    everything = models.BooleanField()  # every copy, or those that are due
    due_before = models.DateTimeField()  # copies last checked before this belong to it
    written_before = models.DateTimeField()  # and copies never checked that were written before this
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    asked_by = models.UUIDField(null=True)
    planned_count = models.BigIntegerField(default=0)
    planned_bytes = models.BigIntegerField(default=0)
    copy_count = models.BigIntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)  # in which it was at work
    damaged_count = models.IntegerField(default=0)
    missing_count = models.IntegerField(default=0)
    mended_count = models.IntegerField(default=0)
    away = models.JSONField(default=list)  # stores that could not be looked at
    behind = models.JSONField(default=list)  # packages of which the ledger names more than the register
    strays_seen = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["everything"], condition=models.Q(finished_at=None), name="scrub_round_one_open"
            )
        ]
        indexes = [models.Index(fields=["-started_at"], name="scrub_round_newest")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d} {self.copy_count}/{self.planned_count}"

    @property
    def bad_count(self) -> int:
        """Copies that were found damaged or missing."""
        return self.damaged_count + self.missing_count


class Damage(models.Model):
    """What a check found wrong: in a copy, in a store's own files (no package), or in the register (no store)."""

    class Outcome(models.TextChoices):
        """How it ended."""

        MENDED = "mended", "已修复"
        FOUND_WHOLE = "found_whole", "复查完好"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    package = models.ForeignKey(Package, null=True, on_delete=models.PROTECT, related_name="damage")
    store = models.CharField(max_length=40, blank=True)
    version = models.CharField(max_length=8, blank=True)
    found_at = models.DateTimeField()
    problems = models.JSONField()  # [code, path] pairs, the first so many
    problem_count = models.IntegerField()
    settled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True, choices=Outcome.choices)
    sources = models.JSONField(default=list)  # names of the stores that the right bytes came from

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["package", "store"],
                condition=models.Q(settled_at=None),
                nulls_distinct=False,
                name="damage_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(settled_at=None, outcome="") | models.Q(settled_at__isnull=False, outcome__gt=""),
                name="damage_outcome_when_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["-found_at", "-id"], name="damage_newest"),
            models.Index(fields=["found_at"], condition=models.Q(settled_at=None), name="damage_open"),
        ]

    def __str__(self) -> str:
        return f"{self.package_id or ''} {self.store} {self.found_at:%Y-%m-%d}"


class Quarantine(models.Model):
    """A package of which no copy is whole and none can be put together: nothing of it is overwritten any more."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="quarantines")
    since = models.DateTimeField()
    file_count = models.IntegerField()
    lost = models.JSONField()  # paths of files that no copy has right
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["package"], condition=models.Q(lifted_at=None), name="quarantine_once_per_package"
            )
        ]

    def __str__(self) -> str:
        return f"{self.package_id} {self.since:%Y-%m-%d}"


class Stray(models.Model):
    """Something in a store that no row knows; it is named and never touched."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = models.CharField(max_length=40)
    path = models.TextField()
    found_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "path"], name="stray_once")]

    def __str__(self) -> str:
        return f"{self.store}:{self.path}"


class BackupState(models.Model):
    """How far each backup folder is; what is in it, the folder itself says."""

    folder = models.CharField(max_length=900, primary_key=True)
    card = models.CharField(max_length=16)
    base = models.CharField(max_length=80, blank=True)
    base_at = models.DateTimeField(null=True)
    base_bytes = models.BigIntegerField(default=0)
    base_seconds = models.FloatField(default=0)
    mark_at = models.DateTimeField(null=True)
    packages = models.BigIntegerField(default=0)
    unreadable = models.IntegerField(default=0)
    problem = models.CharField(max_length=16, blank=True)
    problem_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.card


class Drill(models.Model):
    """演练: an exercise of the emergency plan and what came of it."""

    class Kind(models.TextChoices):
        """What was exercised."""

        RESTORE = "restore", "备份恢复"
        POWER = "power", "断电"
        MEDIA = "media", "介质损坏"
        NETWORK = "network", "网络中断"
        INTRUSION = "intrusion", "入侵与恶意代码"
        DISASTER = "disaster", "火灾水灾"
        OTHER = "other", "其他"

    class Result(models.TextChoices):
        """What came of it."""

        PASSED = "passed", "达到要求"
        PARTLY = "partly", "部分达到"
        FAILED = "failed", "未达到"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    held_on = models.DateField()
    person = models.CharField(max_length=60)
    result = models.CharField(max_length=8, choices=Result.choices)
    minutes = models.PositiveIntegerField()
    note = models.TextField(blank=True)
    recorded_by = models.UUIDField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency_id", "-held_on"], name="drill_latest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=["restore", "power", "media", "network", "intrusion", "disaster", "other"],
                    result__in=["passed", "partly", "failed"],
                ),
                name="drill_words_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.held_on} {self.kind}"
