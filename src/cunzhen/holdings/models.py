"""The catalogue: fonds, series, items and their parts, the schedule, persons and employers."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from cunzhen.accounts.models import Agency
from cunzhen.keys.fields import SealedField


class RetentionSchedule(models.Model):
    """One version of 归档范围与保管期限表, for one jurisdiction, with its approval (Implementing Regulation art. 19)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.CharField(max_length=50, unique=True)
    jurisdiction = models.CharField(max_length=12)  # GB/T 2260 prefix; 000000 for the national annex
    approval = models.CharField(max_length=200, blank=True)
    in_force_from = models.DateField()
    in_force_to = models.DateField(null=True, blank=True)


class ScheduleRow(models.Model):
    """One material and its term, with the evidence for it; an empty term means 待确认."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    schedule = models.ForeignKey(RetentionSchedule, on_delete=models.PROTECT, related_name="rows", db_index=False)
    category = models.CharField(max_length=10)
    number = models.CharField(max_length=10)
    material = models.CharField(max_length=300)
    term = models.CharField(max_length=5, blank=True)
    evidence = models.CharField(max_length=20)
    confirmed = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "category", "number"], name="schedule_row_once")]


class Fonds(models.Model):
    """全宗. Its number is unique within its keeper only; keeper, creator and owner of the insurance kind may differ."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32)
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    keeper = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="kept_fonds", db_index=False)
    creator = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="created_fonds")
    insurance_owner = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="owned_fonds")
    schedule = models.ForeignKey(RetentionSchedule, on_delete=models.PROTECT, related_name="fonds")
    code_template = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["keeper", "code"], name="fonds_code_once_per_keeper")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Series(models.Model):
    """类别 of a fonds: the nine categories of Order No. 3, and what an agency adds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    fonds = models.ForeignKey(Fonds, on_delete=models.PROTECT, related_name="series", db_index=False)
    code = models.CharField(max_length=10)
    name = models.CharField(max_length=100)
    stores = models.JSONField(default=list, blank=True)  # policy of copies: names of stores; none means all

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fonds", "code"], name="series_code_once_per_fonds")]


class CodeCounter(models.Model):
    """Last number given in a series and year; locked while numbers are given, so that there are no gaps."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, db_index=False)
    year = models.IntegerField()
    last = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="code_counter_once")]


class Item(models.Model):
    """件: the unit of arrangement, with its place, description and term."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32)
    # Here as elsewhere no index of their own: others begin with these columns.
    fonds = models.ForeignKey(Fonds, on_delete=models.PROTECT, related_name="items", db_index=False)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="items", db_index=False)
    schedule_row = models.ForeignKey(ScheduleRow, null=True, on_delete=models.PROTECT)
    archival_code = models.CharField(max_length=80)  # the current one; its history is ArchivalCode
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=300)
    year = models.IntegerField()
    document_date = models.CharField(max_length=10, blank=True)  # as precise as the paper: 2019, 2019-03, 2019-03-06
    term = models.CharField(max_length=5, blank=True)
    retention_end = models.DateField(null=True)
    hold_reason = models.CharField(max_length=40, blank=True)
    security_level = models.CharField(max_length=20, default="internal")
    content_sha256 = models.CharField(max_length=64)
    version = models.IntegerField(default=1)
    page_count = models.IntegerField()
    extra = SealedField(purpose="holdings.extra", null=True)  # further fields of the kind, JSON
    transfer_id = models.UUIDField(db_index=True)
    case_number = models.CharField(max_length=80, blank=True)
    filed_at = models.DateTimeField()
    filed_by = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fonds", "content_sha256"], name="item_content_once_per_fonds"),
        ]
        indexes = [
            models.Index(fields=["fonds", "-id"], name="item_newest"),
            models.Index(fields=["fonds", "year", "-id"], name="item_year"),
            models.Index(fields=["series", "year", "-id"], name="item_series_year"),
            models.Index(fields=["fonds", "kind", "-id"], name="item_kind"),
            models.Index(fields=["fonds", "term", "-id"], name="item_term"),
            models.Index(fields=["fonds", "-id"], condition=~models.Q(hold_reason=""), name="item_held"),
            # Orders that people sort lists by, both ways.
            models.Index(fields=["fonds", "archival_code", "id"], name="item_by_code"),
            models.Index(fields=["fonds", "document_date", "id"], name="item_by_date"),
        ]


class ArchivalCode(models.Model):
    """档号 an item bears or bore; unique within its keeper, for ever."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="codes")
    keeper = models.ForeignKey(Agency, on_delete=models.PROTECT, db_index=False)
    code = models.CharField(max_length=80)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["keeper", "code"], name="archival_code_once_per_keeper"),
            models.UniqueConstraint(
                fields=["item"], condition=models.Q(valid_to=None), name="archival_code_one_current"
            ),
        ]


class Component(models.Model):
    """电子文件: one computer file of an item, byte for byte in its package."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="components", db_index=False)
    number = models.IntegerField()
    path = models.CharField(max_length=255)  # logical path inside the package
    name = models.CharField(max_length=1000)  # as it was called when it came in
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    sm3 = models.CharField(max_length=64)
    sha512 = models.CharField(max_length=128)
    puid = models.CharField(max_length=30)
    mime = models.CharField(max_length=100)
    format_name = models.CharField(max_length=200)
    page_count = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="component_number_once")]


class Rendition(models.Model):
    """衍生件: a further form of an item or of one of its files, in its package beside the originals, never instead."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="renditions", db_index=False)
    number = models.IntegerField()
    source_number = models.IntegerField()  # of the component it was made from; 0 for the item as a whole
    path = models.CharField(max_length=255)  # logical path inside the package
    name = models.CharField(max_length=1000)
    note = models.CharField(max_length=200, blank=True)  # what it is for
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    sha512 = models.CharField(max_length=128)
    puid = models.CharField(max_length=30)
    mime = models.CharField(max_length=100)
    format_name = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    added_by = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="rendition_number_once"),
            models.UniqueConstraint(fields=["item", "sha256"], name="rendition_content_once"),
        ]


class Page(models.Model):
    """One page of an item: geometry, and the words read on it, sealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="pages", db_index=False)
    component = models.ForeignKey(Component, on_delete=models.PROTECT, related_name="pages")
    number = models.IntegerField()  # 1-based in the item
    index = models.IntegerField()  # 0-based in the component
    width = models.IntegerField()
    height = models.IntegerField()
    rotation = models.IntegerField()
    skew = models.FloatField()
    blank = models.BooleanField()
    engine = models.CharField(max_length=60)
    confidence = models.FloatField()
    words = models.BinaryField()  # sealed, deflated PageText JSON; see holdings.queries.page_texts

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="page_number_once")]


class Person(models.Model):
    """参保人. Names and numbers are many, each with its evidence; a merge is a link that can be undone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField()


class PersonName(models.Model):
    """A name a person bears or bore, as written, and the paper that says so."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="names", db_index=False)
    name = models.CharField(max_length=100)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    evidence_item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT)
    evidence_page = models.IntegerField(default=-1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="person_name_once")]
        indexes = [models.Index(fields=["name"], name="person_name")]


class PersonIdentifier(models.Model):
    """A number of a person: ciphertext and a keyed blind index for equality."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identifiers")
    kind = models.CharField(max_length=20)  # resident_id 公民身份号码 | phone | account
    value = SealedField(purpose="holdings.identifier")
    blind = models.BinaryField(max_length=32)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    evidence_item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT)
    evidence_page = models.IntegerField(default=-1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "blind"], name="person_identifier_once")]


class Employer(models.Model):
    """参保单位."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32)
    uscc = models.CharField(max_length=18, blank=True)  # 统一社会信用代码: public, not sealed
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["uscc"], condition=~models.Q(uscc=""), name="employer_uscc_once")
        ]


class EmployerName(models.Model):
    """A name an employer bears or bore."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="names", db_index=False)
    name = models.CharField(max_length=200)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    evidence_item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["employer", "name"], name="employer_name_once")]
        indexes = [models.Index(fields=["name"], name="employer_name")]


class Mention(models.Model):
    """The assertion that a paper names a person or employer: who says so, where on the page; retracted, not erased."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="mentions")
    kind = models.CharField(max_length=10)  # person | employer
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="mentions")
    employer = models.ForeignKey(Employer, null=True, on_delete=models.PROTECT, related_name="mentions")
    name = models.CharField(max_length=200)
    number = SealedField(purpose="holdings.mention", null=True)
    page = models.IntegerField(default=-1)
    box = models.JSONField(null=True)
    confidence = models.FloatField()
    source = models.CharField(max_length=20)
    asserted_by = models.UUIDField()
    asserted_at = models.DateTimeField()
    retracted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["name"], name="mention_name")]


class Rebuild(models.Model):
    """A rebuilding of the catalogue; while one is not finished it can be gone on with, and nothing else fills
    tables.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ledger_size = models.BigIntegerField()  # entries of the published ledger that it began with
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finished_at"],
                condition=models.Q(finished_at=None),
                nulls_distinct=False,
                name="rebuild_one_at_a_time",
            )
        ]
