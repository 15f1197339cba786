"""Four-property check of the filing link (DA/T 70-2018): the catalogue is data, each check a pure function of facts.

Every check of the catalogue gives a result on every run; what cannot be looked at here says so (``not_assessed``)
instead of passing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from importlib import resources

from cunzhen.formats.archival_code import parse_template
from cunzhen.formats.identifiers import is_identity_number, is_uscc

PASS, FAIL, NOT_APPLICABLE, NOT_ASSESSED = "pass", "fail", "not_applicable", "not_assessed"
_OLDEST_YEAR = 1949
_MOST_PAGES = 10_000
_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")
_CHINA = timezone(timedelta(hours=8))
# Control characters, private use and unpaired marks: they do not survive printing and exchange.
_SPECIAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ue000-\uf8ff\ufff9-\uffff]")
# Lengths in characters (DA/T 46-2009 leaves them to the scheme; these are the widths of our columns).
_LENGTHS: Mapping[str, int] = {
    "title": 300,
    "document_number": 120,
    "unit": 200,
    "person_name": 100,
    "archival_code": 120,
}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One component of an item as it was measured.

    Args:
        path: logical path inside the package, such as ``originals/0001.pdf``.
        promised_sha256, real_sha256: hex; promised at receipt, real of the bytes to be kept; empty where unknown.
        promised_sm3, real_sm3: likewise.
        promised_bytes, real_bytes: sizes; promised -1 where the sender said nothing.
        extension: of the sender's file name, lower case, without dot.
        format_extensions: extensions usual for the identified format; empty where it was not identified.
        present: whether the path leads to the file.
        encrypted, readable: as opening it showed.
        pages: pages that could be read; expected_pages: that the file declares, -1 where it does not.
    """

    path: str
    promised_sha256: str
    real_sha256: str
    promised_sm3: str
    real_sm3: str
    promised_bytes: int
    real_bytes: int
    puid: str
    extension: str
    format_extensions: tuple[str, ...]
    present: bool
    encrypted: bool
    readable: bool
    pages: int
    expected_pages: int = -1


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What the checks need to know of an item that is about to be filed; plain values only.

    Args:
        values: described fields as text (``title``, ``document_date``, ``year``, ``unit``, ``document_number`` ...).
        persons: (name, identity number or empty) in order.
        required: fields that the kind of material requires.
        archival_code: proposed code, empty where none was given yet; ``code_template`` it must follow.
        previous_serial, serial: last number given in its run and this one's; -1 where no number was given yet.
        code_taken: whether another item of the archive holds the code.
        same_content: ids or codes of filed items with the same content.
        kind_known: whether the kind of material exists; ``schedule_row`` whether the schedule has its row.
        declared_items, received_items, declared_bytes, received_bytes: of the whole batch; declared -1 where unsaid.
        package_paths: logical paths that the package will hold; ``described_paths`` those its description names.
        page_count: pages of the description.
        scanner: name and version of the virus scanner, empty where there is none; ``infected`` its verdict.
    """

    values: Mapping[str, str]
    persons: tuple[tuple[str, str], ...]
    required: tuple[str, ...]
    archival_code: str
    code_template: str
    previous_serial: int
    serial: int
    code_taken: bool
    same_content: tuple[str, ...]
    kind_known: bool
    schedule_row: bool
    files: tuple[FileFacts, ...]
    declared_items: int
    received_items: int
    declared_bytes: int
    received_bytes: int
    package_paths: tuple[str, ...]
    described_paths: tuple[str, ...]
    page_count: int
    scanner: str = ""
    infected: bool = False


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Outcome of one check.

    Args:
        code: our stable id, such as ``F-AU-01``.
        standard_code: number in the standard, such as ``GD-1-1``.
        result: ``pass``, ``fail``, ``not_applicable`` or ``not_assessed``.
        params: values for the wording of the finding; never personal data.
    """

    code: str
    standard_code: str
    result: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the check catalogue; ``evidence`` marks how well the standard's number is known."""

    code: str
    standard_code: str
    evidence: str
    property: str
    name: str
    english: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Wording of a failed check and what to do next, in both languages."""

    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    property: str
    severity: str


@lru_cache(maxsize=1)
def load_checks() -> tuple[Check, ...]:
    """The catalogue that ships with the software."""
    return tuple(Check(**row) for row in _read("checks.json")["checks"])


@lru_cache(maxsize=1)
def load_findings() -> Mapping[str, Finding]:
    """Wordings by check code."""
    data: dict[str, dict[str, str]] = json.loads(_text("check_findings.json"))
    return {code: Finding(**row) for code, row in data.items()}


@lru_cache(maxsize=1)
def allowed_puids() -> frozenset[str]:
    """Formats of GB/T 18894-2016 8.3 and GB/T 33190 (OFD), as PRONOM ids."""
    return frozenset(row["puid"] for row in _read("checks.json")["formats"])


def run_filing_checks(facts: ItemFacts, now: datetime) -> tuple[CheckResult, ...]:
    """Run every check of the catalogue on an item.

    Args:
        facts: see ``ItemFacts``.
        now: aware time; decides which years are still in the future.

    Returns:
        One result per row of the catalogue, in its order.
    """
    today = now.astimezone(_CHINA).date()
    return tuple(_run(check, facts, today) for check in load_checks())


def failures(results: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    """The results for which an item is returned; filing asks for 100 % (GB/T 18894-2016 8.1.3)."""
    return tuple(r for r in results if r.result == FAIL)


# The result and the values of its wording.
Verdict = tuple[str, Mapping[str, str]]


def _run(check: Check, facts: ItemFacts, today: date) -> CheckResult:
    result, params = _FUNCTIONS[check.code](facts, today)
    return CheckResult(check.code, check.standard_code, result, params)


def _ok(*, applies: bool = True) -> Verdict:
    return (PASS if applies else NOT_APPLICABLE), {}


def _judge(bad: list[str], name: str, *, applies: bool = True) -> Verdict:
    """Fail naming the fields or paths at fault."""
    return (FAIL, {name: "、".join(bad[:10]), "count": str(len(bad))}) if bad else _ok(applies=applies)


def _digests(facts: ItemFacts, _: date) -> Verdict:
    pairs = [
        (f.path, p, r)
        for f in facts.files
        for p, r in ((f.promised_sha256, f.real_sha256), (f.promised_sm3, f.real_sm3))
        if p
    ]
    return _judge(sorted({path for path, p, r in pairs if p != r}), "paths", applies=bool(pairs))


def _lengths(facts: ItemFacts, _: date) -> Verdict:
    texts = dict(facts.values) | {"archival_code": facts.archival_code}
    bad = [name for name, most in _LENGTHS.items() if len(texts.get(name, "")) > most]
    bad += ["person_name"] if any(len(name) > _LENGTHS["person_name"] for name, _ in facts.persons) else []
    return _judge(bad, "fields")


def _types(facts: ItemFacts, _: date) -> Verdict:
    dates = ("document_date", "birth_date", "retire_date", "death_date", "accident_date")
    bad = [n for n in dates if facts.values.get(n) and not _is_date(facts.values[n])]
    year = facts.values.get("year", "")
    bad += ["year"] if year and not re.fullmatch(r"[0-9]{4}", year) else []
    return _judge(bad, "fields")


def _ranges(facts: ItemFacts, _: date) -> Verdict:
    bad = [] if facts.kind_known or not facts.values.get("kind") else ["kind"]
    bad += ["uscc"] if facts.values.get("uscc") and not is_uscc(facts.values["uscc"]) else []
    bad += ["id_number"] if any(n and not is_identity_number(n) for _, n in facts.persons) else []
    return _judge(bad, "fields")


def _plausible(facts: ItemFacts, today: date) -> Verdict:
    bad = []
    year = facts.values.get("year", "")
    if year.isdigit() and not _OLDEST_YEAR <= int(year) <= today.year:
        bad.append("year")
    written = facts.values.get("document_date", "")
    if _is_date(written):
        if written > today.isoformat()[: len(written)]:
            bad.append("document_date")
        # A report is printed in the year after the one it covers, a form is dated in its own.
        if year.isdigit() and not 0 <= int(written[:4]) - int(year) <= 1:
            bad.append("year")
    if not 0 < facts.page_count <= _MOST_PAGES:
        bad.append("pages")
    return _judge(list(dict.fromkeys(bad)), "fields")


def _special_characters(facts: ItemFacts, _: date) -> Verdict:
    bad = [name for name, text in facts.values.items() if _SPECIAL.search(text)]
    bad += ["person_name"] if any(_SPECIAL.search(name) for name, _ in facts.persons) else []
    return _judge(bad, "fields")


def _code_form(facts: ItemFacts, _: date) -> Verdict:
    if not facts.archival_code:
        return _ok(applies=False)
    problems = parse_template(facts.code_template).problems(facts.archival_code)
    return _judge([f"{p.code} {p.part}".strip() for p in problems], "problems")


def _duplicates(facts: ItemFacts, _: date) -> Verdict:
    bad = list(facts.same_content) + (["archival_code"] if facts.code_taken else [])
    return _judge(bad, "duplicates")


def _attributes(facts: ItemFacts, _: date) -> Verdict:
    promised = [f for f in facts.files if f.promised_bytes >= 0]
    return _judge([f.path for f in promised if f.promised_bytes != f.real_bytes], "paths", applies=bool(promised))


def _attached(facts: ItemFacts, _: date) -> Verdict:
    if not facts.files:
        return FAIL, {"paths": "", "count": "0"}
    return _judge([f.path for f in facts.files if not f.present], "paths")


def _package_consistent(facts: ItemFacts, _: date) -> Verdict:
    bad = set(facts.package_paths) ^ set(facts.described_paths)
    bad |= {p for p, count in Counter(facts.package_paths).items() if count > 1}
    return _judge(sorted(bad), "paths")


def _item_count(facts: ItemFacts, _: date) -> Verdict:
    return _compare(facts.declared_items, facts.received_items)


def _byte_count(facts: ItemFacts, _: date) -> Verdict:
    return _compare(facts.declared_bytes, facts.received_bytes)


def _compare(declared: int, received: int) -> Verdict:
    if declared < 0 or declared == received:
        return _ok(applies=declared >= 0)
    return FAIL, {"declared": str(declared), "received": str(received)}


def _required(facts: ItemFacts, _: date) -> Verdict:
    have = {name for name, text in facts.values.items() if text.strip()}
    have |= {"person_name"} if any(name for name, _ in facts.persons) else set()
    have |= {"id_number"} if any(number for _, number in facts.persons) else set()
    return _judge([name for name in facts.required if name not in have], "fields")


def _serial(facts: ItemFacts, _: date) -> Verdict:
    if facts.serial < 0:
        return _ok(applies=False)
    expected = facts.previous_serial + 1 if facts.previous_serial >= 0 else 1
    return _ok() if facts.serial == expected else (FAIL, {"expected": str(expected), "found": str(facts.serial)})


def _whole(facts: ItemFacts, _: date) -> Verdict:
    bad = [f.path for f in facts.files if f.present and 0 <= f.pages < f.expected_pages]
    return _judge(bad, "paths")


def _in_scope(facts: ItemFacts, _: date) -> Verdict:
    return _ok() if facts.kind_known and facts.schedule_row else (FAIL, {"kind": facts.values.get("kind", "")})


def _formats(facts: ItemFacts, _: date) -> Verdict:
    return _judge([f.path for f in facts.files if f.real_bytes and f.puid not in allowed_puids()], "paths")


def _extensions(facts: ItemFacts, _: date) -> Verdict:
    bad = [f.path for f in facts.files if f.format_extensions and f.extension not in f.format_extensions]
    return _judge(bad, "paths")


def _readable(facts: ItemFacts, _: date) -> Verdict:
    bad = [f.path for f in facts.files if f.present and not f.encrypted and (not f.readable or f.real_bytes == 0)]
    return _judge(bad, "paths")


def _not_encrypted(facts: ItemFacts, _: date) -> Verdict:
    return _judge([f.path for f in facts.files if f.encrypted], "paths")


def _scanner(facts: ItemFacts, _: date) -> Verdict:
    return (PASS, {"scanner": facts.scanner}) if facts.scanner else (NOT_ASSESSED, {})


def _infection(facts: ItemFacts, _: date) -> Verdict:
    if not facts.scanner:
        return NOT_ASSESSED, {}
    return (FAIL, {"scanner": facts.scanner}) if facts.infected else (PASS, {"scanner": facts.scanner})


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat((text + "-01-01")[:10]))
    except ValueError:
        return False


def _read(name: str) -> dict[str, list[dict[str, str]]]:
    data: dict[str, list[dict[str, str]]] = json.loads(_text(name))
    return data


def _text(name: str) -> str:
    return resources.files("cunzhen.capture").joinpath("data", name).read_text(encoding="utf-8")


_FUNCTIONS: Mapping[str, Callable[[ItemFacts, date], Verdict]] = {
    "F-AU-01": _digests,
    "F-AU-02": _lengths,
    "F-AU-03": _types,
    "F-AU-04": _ranges,
    "F-AU-05": _plausible,
    "F-AU-06": _special_characters,
    "F-AU-07": _code_form,
    "F-AU-08": _duplicates,
    "F-AU-09": _attributes,
    "F-AU-10": _attached,
    "F-AU-11": _package_consistent,
    "F-IN-01": _item_count,
    "F-IN-02": _byte_count,
    "F-IN-03": _required,
    "F-IN-04": _serial,
    "F-IN-05": _whole,
    "F-IN-06": _in_scope,
    "F-US-01": _formats,
    "F-US-02": _extensions,
    "F-US-03": _readable,
    "F-US-04": _not_encrypted,
    "F-SA-01": _scanner,
    "F-SA-02": _infection,
}
