"""Persons and employers that papers name: found by their numbers, made where they are new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection
from uuid_utils.compat import uuid7

from cunzhen.database.rows import copy_rows
from cunzhen.holdings.asserted import RESIDENT_ID, identifier_blind
from cunzhen.holdings.models import Employer, EmployerName, Mention, Person, PersonIdentifier, PersonName
from cunzhen.holdings.rules import NamedPerson, NamedUnit

_ONE_AT_A_TIME = 0x63756E7A01  # advisory lock: two batches never make the same person twice


class Naming(Protocol):
    """A paper, by the id of its item, and whom it names."""

    @property
    def id(self) -> UUID:
        """Of the item."""
        ...

    @property
    def persons(self) -> Sequence[NamedPerson]:
        """Persons it names."""
        ...

    @property
    def units(self) -> Sequence[NamedUnit]:
        """Employers and offices it names."""
        ...


def link_people(items: Sequence[Naming], *, actor_id: UUID, now: datetime) -> dict[UUID, list[Mention]]:
    """Find or add every person and employer that the items name.

    Runs inside the caller's transaction. A name without a number is asserted but linked to nobody: names are not keys.

    Returns:
        by item, the assertions to be stored with it; the caller copies them in.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
    persons = _persons_by_number(items, now)
    employers = _employers(items, now)
    return {
        item.id: [_person_mention(item, p, persons, actor_id, now) for p in item.persons]
        + [_unit_mention(item, u, employers, actor_id, now) for u in item.units]
        for item in items
    }


def _person_mention(
    item: Naming, named: NamedPerson, persons: Mapping[str, UUID], actor_id: UUID, now: datetime
) -> Mention:
    return Mention(
        id=uuid7(),
        item_id=item.id,
        kind="person",
        person_id=persons.get(named.id_number),
        name=named.name[:200],
        number=named.id_number or None,
        page=named.page,
        box=list(named.box) if named.box else None,
        confidence=named.confidence,
        source=named.source,
        asserted_by=actor_id,
        asserted_at=now,
    )


def _unit_mention(
    item: Naming, unit: NamedUnit, employers: Mapping[str, UUID], actor_id: UUID, now: datetime
) -> Mention:
    return Mention(
        id=uuid7(),
        item_id=item.id,
        kind="employer",
        employer_id=employers.get(_unit_key(unit)),
        name=unit.name[:200],
        number=unit.uscc or None,
        page=unit.page,
        box=list(unit.box) if unit.box else None,
        confidence=unit.confidence,
        source=unit.source,
        asserted_by=actor_id,
        asserted_at=now,
    )


def _numbered(items: Iterable[Naming]) -> dict[str, list[tuple[Naming, NamedPerson]]]:
    found: dict[str, list[tuple[Naming, NamedPerson]]] = {}
    for item in items:
        for named in item.persons:
            if named.id_number:
                found.setdefault(named.id_number, []).append((item, named))
    return found


def _persons_by_number(items: Sequence[Naming], now: datetime) -> dict[str, UUID]:
    numbered = _numbered(items)
    blinds = {identifier_blind(n): n for n in numbered}
    known = {
        blinds[bytes(b)]: person_id
        for b, person_id in PersonIdentifier.objects.filter(kind=RESIDENT_ID, blind__in=list(blinds)).values_list(
            "blind", "person_id"
        )
    }
    fresh = [n for n in numbered if n not in known]
    people = [Person(id=uuid7(), node=settings.NODE, created_at=now) for _ in fresh]
    copy_rows(people)
    identifiers = []
    for number, person in zip(fresh, people, strict=True):
        item, named = numbered[number][0]
        identifiers.append(
            PersonIdentifier(
                person_id=person.id,
                kind=RESIDENT_ID,
                value=number,
                blind=identifier_blind(number),
                evidence_item_id=item.id,
                evidence_page=named.page,
            )
        )
        known[number] = person.id
    copy_rows(identifiers)
    _add_names(numbered, known)
    return known


def _add_names(numbered: dict[str, list[tuple[Naming, NamedPerson]]], known: dict[str, UUID]) -> None:
    names: dict[tuple[UUID, str], PersonName] = {}
    for number, mentions in numbered.items():
        for item, named in mentions:
            if named.name:
                key = (known[number], named.name[:100])
                names.setdefault(
                    key,
                    PersonName(person_id=key[0], name=key[1], evidence_item_id=item.id, evidence_page=named.page),
                )
    PersonName.objects.bulk_create(names.values(), ignore_conflicts=True)


def _unit_key(unit: NamedUnit) -> str:
    return unit.uscc or f"name:{unit.name}"


def _employers(items: Sequence[Naming], now: datetime) -> dict[str, UUID]:
    """By credit code where there is one; a unit without a code joins an employer only where that name is known once."""
    named = [(item, u) for item in items for u in item.units if u.name or u.uscc]
    units = {_unit_key(u): u for _, u in named}
    codes = [u.uscc for u in units.values() if u.uscc]
    known = dict(Employer.objects.filter(uscc__in=codes).values_list("uscc", "id"))
    by_name: dict[str, set[UUID]] = {}
    names = [u.name for u in units.values() if not u.uscc]
    for name, employer_id in EmployerName.objects.filter(name__in=names).values_list("name", "employer_id"):
        by_name.setdefault(name, set()).add(employer_id)
    known |= {f"name:{n}": next(iter(ids)) for n, ids in by_name.items() if len(ids) == 1}
    fresh = [k for k in units if k not in known and not (k.startswith("name:") and k[5:] in by_name)]
    made = [Employer(id=uuid7(), node=settings.NODE, uscc=units[k].uscc, created_at=now) for k in fresh]
    copy_rows(made)
    known |= {k: e.id for k, e in zip(fresh, made, strict=True)}
    # The first paper of each name is its evidence; an employer may stand under several names in one batch.
    fresh_names = {(known[_unit_key(u)], u.name[:200]): item.id for item, u in reversed(named) if _unit_key(u) in known}
    EmployerName.objects.bulk_create(
        [
            EmployerName(employer_id=employer_id, name=name, evidence_item_id=item_id)
            for (employer_id, name), item_id in reversed(fresh_names.items())
            if name
        ],
        ignore_conflicts=True,
    )
    return known
