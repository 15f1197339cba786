"""The bytes of an entry, and the naming of what was done to rows."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.errors import Invalid
from cunzhen.ledger import rules

ENTRY_ID = UUID("01890000-0000-7000-8000-000000000001")
ACTOR = UUID("01890000-0000-7000-8000-000000000002")
AGENCY = UUID("01890000-0000-7000-8000-000000000003")
ITEM = UUID("01890000-0000-7000-8000-000000000004")


def entry(op: str = "file_drafts", *subjects: rules.Subject) -> rules.NewEntry:
    return rules.NewEntry(op, ACTOR, AGENCY, subjects, {})


def test_body_is_canonical_json_of_version_1() -> None:
    subject = rules.Subject(ITEM, "a" * 64, "b" * 64)
    body = rules.entry_body(ENTRY_ID, entry("file_drafts", subject), "2026-03-02T01:02:03.000004Z", "c" * 64)
    assert body.decode() == (
        f'{{"actor":"{ACTOR}","agency":"{AGENCY}","at":"2026-03-02T01:02:03.000004Z","detail":"{"c" * 64}",'
        f'"id":"{ENTRY_ID}","op":"file_drafts","subjects":[{{"id":"{ITEM}","sha256":"{"a" * 64}","sm3":"{"b" * 64}"}}],'
        '"v":1}'
    )
    assert rules.read_subjects(body) == (subject,)


@given(
    st.uuids(),
    st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True),
    st.lists(st.tuples(st.uuids(), st.sampled_from(["", "0" * 64, "f" * 64])), max_size=5),
    st.datetimes(min_value=datetime(1000, 1, 1)),
)
def test_body_is_what_the_general_serialiser_writes(
    entry_id: UUID, op: str, subjects: list[tuple[UUID, str]], at: datetime
) -> None:
    moment = rules.moment_text(at.replace(tzinfo=UTC))
    parts = tuple(rules.Subject(subject_id, digest, digest) for subject_id, digest in subjects)
    body = rules.entry_body(entry_id, rules.NewEntry(op, ACTOR, AGENCY, parts, {}), moment, "c" * 64)
    said = {
        "v": 1,
        "id": str(entry_id),
        "at": moment,
        "op": op,
        "actor": str(ACTOR),
        "agency": str(AGENCY),
        "subjects": [{"id": str(part.id), "sha256": part.sha256, "sm3": part.sm3} for part in parts],
        "detail": "c" * 64,
    }
    assert body == rfc8785.dumps(said)
    assert rules.read_subjects(body) == parts


def test_moment_is_utc_with_six_decimals() -> None:
    beijing = timezone(timedelta(hours=8))
    assert rules.moment_text(datetime(2026, 3, 2, 9, 2, 3, 4, tzinfo=beijing)) == "2026-03-02T01:02:03.000004Z"
    assert rules.moment_text(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02T00:00:00.000000Z"
    with pytest.raises(Invalid, match="L-10"):
        rules.moment_text(datetime(2026, 3, 2))


@pytest.mark.parametrize("op", ["", "File", "file drafts", "file-drafts", "文件", "a" * 61, "file\n"])
def test_malformed_operation(op: str) -> None:
    with pytest.raises(Invalid, match="L-10"):
        rules.entry_body(ENTRY_ID, entry(op), "", "")


@pytest.mark.parametrize("digest", ["A" * 64, "a" * 63, "a" * 65, "g" * 64, "a" * 64 + "\n"])
def test_malformed_digest(digest: str) -> None:
    for subject in (rules.Subject(ITEM, sha256=digest), rules.Subject(ITEM, sm3=digest)):
        with pytest.raises(Invalid, match="L-10"):
            rules.entry_body(ENTRY_ID, entry("verify", subject), "", "")


def test_too_many_subjects() -> None:
    subjects = [rules.Subject(ITEM, "a" * 64, "b" * 64)] * 400
    with pytest.raises(Invalid, match="L-11"):
        rules.entry_body(ENTRY_ID, entry("verify", *subjects), "", "")


def test_detail_is_salted_and_canonical() -> None:
    one = rules.canonical_detail({"b": 1, "a": "退休"})
    assert one == rules.canonical_detail({"a": "退休", "b": 1}) == '{"a":"退休","b":1}'.encode()
    assert rules.detail_digest(b"s" * 32, one) == hashlib.sha256(b"s" * 32 + one).hexdigest()
    assert json.loads(one) == {"a": "退休", "b": 1}


@pytest.mark.parametrize("value", [float("nan"), 2**60, ITEM, datetime(2026, 1, 1, tzinfo=UTC), b"x", "\ud800", {1: 2}])
def test_detail_that_json_cannot_say(value: object) -> None:
    with pytest.raises(Invalid, match="L-10"):
        rules.canonical_detail({"value": value})


def named(*differences: tuple[int, str | None, str]) -> set[tuple[str, int | None]]:
    problems = rules.name_differences(
        [
            rules.Difference(number, None, in_table.encode() if in_table else None, published.encode())
            for number, in_table, published in differences
        ],
        end=7,
        beyond=[b"beyond"],
    )
    return {(problem.code, problem.number) for problem in problems}


def test_names_what_was_done() -> None:
    assert named((4, "x", "e")) == {("L-A-02", 4)}
    assert named((4, None, "e")) == {("L-A-03", 4)}
    assert named((4, "f", "e"), (5, "e", "f")) == {("L-A-05", 4), ("L-A-05", 5)}
    # One taken out, the later ones moved up to close the gap; the last number has no row.
    assert named((4, "f", "e"), (5, "g", "f"), (6, None, "g")) == {("L-A-05", 4), ("L-A-03", 4), ("L-A-05", 5)}
    # One put in, the later ones moved down.
    assert named((4, "x", "e"), (5, "e", "f"), (6, "f", "g")) == {
        ("L-A-04", 4),
        ("L-A-05", 5),
        ("L-A-05", 6),
        ("L-A-03", 6),
    }
    # The same, and the last one was pushed beyond what is published.
    assert named((5, "x", "e"), (6, "e", "beyond")) == {("L-A-04", 5), ("L-A-05", 6)}
    # The end cut off is one finding of its own, not one for every row.
    assert named((6, "g", "f"), (7, None, "g"), (8, None, "h")) == {("L-A-05", 6), ("L-A-03", 6)}
