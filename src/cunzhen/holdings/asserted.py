"""Persons and employers are what papers assert: every row of theirs follows from the mentions in the packages.

The assertions go into a temporary table of the caller's transaction; from it the rows are compared or made. A name's
or number's evidence is a paper that says so; where rows are made, the one that said so first (ids of mentions grow
with time).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from cunzhen.database.rows import copy_tuples
from cunzhen.errors import Unavailable
from cunzhen.holdings.models import Mention, PersonIdentifier
from cunzhen.keys.sealing import blind, seal, unseal

RESIDENT_ID = "resident_id"
_TABLE = "asserted"
_COLUMNS = ("mention", "kind", "subject", "item", "page", "name", "blind", "sealed", "uscc", "at")
_CREATE = """
CREATE TEMPORARY TABLE asserted (mention uuid, kind text, subject uuid, item uuid, page integer, name text,
    blind bytea, sealed bytea, uscc text, at timestamptz) ON COMMIT DROP
"""
_INDEX = """
CREATE INDEX ON asserted (subject, mention);
CREATE INDEX ON asserted (blind, mention) WHERE blind IS NOT NULL;
ANALYZE asserted
"""
_VALUE_PURPOSE = "holdings.identifier"
_IDENTIFIERS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Assertion:
    """One mention as far as persons and employers follow from it; numbers of persons only blinded and sealed."""

    mention: UUID
    kind: str
    subject: UUID | None
    item: UUID
    page: int
    name: str
    blind: bytes | None
    sealed: bytes | None
    uscc: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PeopleDifference:
    """A row of persons or employers that does not follow from the mentions, or one that should and is not there."""

    table: str
    key: str
    columns: tuple[str, ...]


def identifier_blind(number: str) -> bytes:
    """Blind index of a normalised identity number."""
    return blind("holdings.resident_id", number)


def assertion_of(mention: Mention) -> Assertion | None:
    """What a mention asserts; None where it is linked with nobody."""
    subject = mention.person_id or mention.employer_id
    if subject is None:
        return None
    number, is_person = mention.number or "", mention.kind == "person"
    hidden = is_person and bool(number)
    return Assertion(
        mention=mention.id,
        kind=mention.kind,
        subject=subject,
        item=mention.item_id,
        page=mention.page,
        name=mention.name[: 100 if is_person else 200],
        blind=identifier_blind(number) if hidden else None,
        sealed=seal(_VALUE_PURPOSE, number.encode()) if hidden else None,
        uscc="" if is_person else number,
        at=mention.asserted_at,
    )


def begin() -> None:
    """Make the temporary table; it goes with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)


def add(assertions: Iterable[Assertion]) -> None:
    """Add what papers assert."""
    copy_tuples(_TABLE, _COLUMNS, [tuple(getattr(a, name) for name in _COLUMNS) for a in assertions])


def complete() -> None:
    """Everything was added: make it quick to look up."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEX)


def differences() -> list[PeopleDifference]:
    """Every row of persons, employers, their names and numbers that does not agree with what was added."""
    found: dict[tuple[str, str], list[str]] = {}
    with connection.cursor() as cursor:
        for derived in _DERIVED:
            cursor.execute(derived.compare, {"node": settings.NODE})
            for key, column in cursor.fetchall():
                found.setdefault((derived.table, key), []).append(column)
    for key in _altered_numbers():
        found.setdefault(("holdings_personidentifier", key), []).append("value")
    return [PeopleDifference(table, key, tuple(c for c in columns if c)) for (table, key), columns in found.items()]


def write() -> int:
    """Make the rows of persons and employers what was added says; rows that agree stay as they are.

    Returns:
        How many rows were taken away, changed or added.
    """
    wrong: dict[str, list[UUID]] = {}
    for one in differences():
        wrong.setdefault(one.table, []).append(UUID(one.key.rpartition(" ")[2]))
    count = 0
    with connection.cursor() as cursor:
        # Names and numbers before the persons that they are of: what is wrong goes, what is missing comes.
        for derived in reversed(_DERIVED):
            cursor.execute(derived.take_away, {"wrong": wrong.get(derived.table, [])})
            count += cursor.rowcount
        for derived in _DERIVED:
            cursor.execute(derived.put, {"node": settings.NODE})
            count += cursor.rowcount
    return count


def put_subjects(mentions: Sequence[Mention]) -> None:
    """Add the persons and employers that mentions refer to and that are not there; ``write`` fills in the rest."""
    persons = {m.person_id: m.asserted_at for m in reversed(mentions) if m.person_id}
    employers = {m.employer_id: m.asserted_at for m in reversed(mentions) if m.employer_id}
    with connection.cursor() as cursor:
        # In the order of ids, so that two processes can never wait for each other in a ring.
        for statement, subjects in ((_ADD_PERSON, persons), (_ADD_EMPLOYER, employers)):
            rows = sorted(subjects.items())
            cursor.execute(statement, [settings.NODE, [i for i, _ in rows], [at for _, at in rows]])


def _altered_numbers() -> Iterator[str]:
    """Ids of identifiers whose sealed value is not the number that their blind index stands for."""
    after = UUID(int=0)
    table = PersonIdentifier._meta.db_table
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, value, blind FROM {table} WHERE id > %s ORDER BY id LIMIT %s",  # noqa: S608
                [after, _IDENTIFIERS_AT_ONCE],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        for row_id, value, blinded in rows:
            if _blind_of(bytes(value)) != bytes(blinded):
                yield str(row_id)
        after = rows[-1][0]


def _blind_of(value: bytes) -> bytes:
    try:
        return identifier_blind(unseal(_VALUE_PURPOSE, value).decode(errors="replace"))
    except Unavailable as error:
        if error.code != "K-03":
            raise
        return b""


_ADD_PERSON = """
INSERT INTO holdings_person (id, node, created_at, merged_into_id)
SELECT id, %s, at, NULL FROM unnest(%s::uuid[], %s::timestamptz[]) AS s(id, at) ON CONFLICT DO NOTHING
"""
_ADD_EMPLOYER = """
INSERT INTO holdings_employer (id, node, uscc, created_at, merged_into_id)
SELECT id, %s, '', at, NULL FROM unnest(%s::uuid[], %s::timestamptz[]) AS s(id, at) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class _Derived:
    """One table: the rows that follow from the assertions, how one is known again, and what each column must be.

    Args:
        table: whose rows follow.
        expected: query for what it must hold, each thing once with the mention that says it first.
        on: which row ``r`` stands for which expected ``a``.
        checks: column to the condition under which a row that is expected is wrong in it.
        columns, values: to be inserted.
        owner: word before the id of a subject that lacks a row, empty where the row is the subject's own.
    """

    table: str
    expected: str
    on: str
    checks: Mapping[str, str]
    columns: str
    values: str
    owner: str = ""

    @property
    def compare(self) -> str:
        """Query for the key of each wrong row and a column of it; an empty one where it is missing or too much."""
        missing = f"'{self.owner} ' || a.subject" if self.owner else "a.subject::text"
        checks = "".join(f", ('{column}', {wrong})" for column, wrong in self.checks.items())
        return f"""
            SELECT coalesce(r.id::text, {missing}), d.name
            FROM ({self.expected}) a FULL JOIN {self.table} r ON {self.on}
            CROSS JOIN LATERAL (VALUES ('', r.id IS NULL OR a.subject IS NULL){checks}) AS d(name, wrong)
            WHERE d.wrong AND (d.name = '' OR r.id IS NOT NULL AND a.subject IS NOT NULL)
            """  # noqa: S608 - names of this module only

    @property
    def take_away(self) -> str:
        """Delete wrong rows."""
        return f"DELETE FROM {self.table} WHERE id = ANY(%(wrong)s)"  # noqa: S608

    @property
    def put(self) -> str:
        """Insert what is missing."""
        return f"""
            INSERT INTO {self.table} ({self.columns}) SELECT {self.values}
            FROM ({self.expected}) a WHERE NOT EXISTS (SELECT FROM {self.table} r WHERE {self.on})
            """  # noqa: S608


def _first(kind: str, of: str, where: str = "true", columns: str = "*") -> str:
    return f"SELECT DISTINCT ON ({of}) {columns} FROM asserted WHERE kind = '{kind}' AND {where} ORDER BY {of}, mention"  # noqa: S608


def _nobody_says(also: str) -> str:
    return f"NOT EXISTS (SELECT FROM asserted e WHERE {also})"


_NO_DATES = {"valid_from": "r.valid_from IS NOT NULL", "valid_to": "r.valid_to IS NOT NULL"}
_OWN = {"node": "r.node <> %(node)s", "merged_into": "r.merged_into_id IS NOT NULL"}
# In the order in which one refers to those before it.
_DERIVED = (
    _Derived(
        "holdings_person",
        _first("person", "subject"),
        "r.id = a.subject",
        _OWN | {"created_at": _nobody_says("e.subject = r.id AND e.kind = 'person' AND e.at = r.created_at")},
        "id, node, created_at, merged_into_id",
        "subject, %(node)s, at, NULL",
    ),
    _Derived(
        "holdings_personname",
        _first("person", "subject, name", "name <> ''"),
        "r.person_id = a.subject AND r.name = a.name",
        _NO_DATES
        | {
            "evidence": _nobody_says(
                "e.subject = r.person_id AND e.name = r.name AND e.item = r.evidence_item_id AND e.page = "
                "r.evidence_page"
            )
        },
        "id, person_id, name, valid_from, valid_to, evidence_item_id, evidence_page",
        "gen_random_uuid(), subject, name, NULL, NULL, item, page",
        "person",
    ),
    _Derived(
        "holdings_personidentifier",
        _first("person", "blind", "blind IS NOT NULL"),
        "r.blind = a.blind",
        _NO_DATES
        | {
            "kind": f"r.kind <> '{RESIDENT_ID}'",
            "evidence": _nobody_says(
                "e.subject = r.person_id AND e.blind = r.blind AND e.item = r.evidence_item_id AND e.page "
                "= r.evidence_page"
            ),
        },
        "id, person_id, kind, value, blind, valid_from, valid_to, evidence_item_id, evidence_page",
        f"gen_random_uuid(), subject, '{RESIDENT_ID}', sealed, blind, NULL, NULL, item, page",
        "person",
    ),
    _Derived(
        "holdings_employer",
        _first("employer", "subject", columns="*, max(uscc) OVER (PARTITION BY subject) AS code"),
        "r.id = a.subject",
        _OWN
        | {
            "uscc": "r.uscc <> a.code",
            "created_at": _nobody_says("e.subject = r.id AND e.kind = 'employer' AND e.at = r.created_at"),
        },
        "id, node, uscc, created_at, merged_into_id",
        "subject, %(node)s, code, at, NULL",
    ),
    _Derived(
        "holdings_employername",
        _first("employer", "subject, name", "name <> ''"),
        "r.employer_id = a.subject AND r.name = a.name",
        _NO_DATES
        | {"evidence": _nobody_says("e.subject = r.employer_id AND e.name = r.name AND e.item = r.evidence_item_id")},
        "id, employer_id, name, valid_from, valid_to, evidence_item_id",
        "gen_random_uuid(), subject, name, NULL, NULL, item",
        "employer",
    ),
)
