"""What the fields of a description may hold, and how to mend what they may not. No database, no clock."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cunzhen.formats.identifiers import is_identity_number, is_uscc
from cunzhen.formats.paper_date import is_normal_date
from cunzhen.holdings.kinds import TERM_NAMES, term_name
from cunzhen.holdings.rules import NamedPerson, NamedUnit

EARLIEST_YEAR = 1900
LONGEST_TITLE, LONGEST_CASE_NUMBER, LONGEST_PERSON, LONGEST_UNIT = 300, 80, 100, 200
LONGEST_EXTRA_NAME, LONGEST_EXTRA, MOST_EXTRAS = 60, 500, 50
TERMS = ("Y", "100", "50", "30", "10", "")
# State secrets are kept in no system like this one, so their levels are not among these.
SECURITY_LEVELS: Mapping[str, tuple[str, str]] = {
    "public": ("公开", "Public"),
    "internal": ("内部", "Internal"),
    "restricted": ("限制", "Restricted"),
}
HOLDS: Mapping[str, tuple[str, str]] = {
    "": ("已确认", "Confirmed"),
    "term_pending": ("期限待确认", "Term to be confirmed"),
    "term_unconfirmed": ("期限未经确认", "Term not confirmed"),
}
# Further fields that reading finds, by their code; others are shown as they are called.
EXTRAS: Mapping[str, tuple[str, str]] = {
    "document_number": ("文号", "Document number"),
    "amount": ("核定金额", "Amount"),
    "insured_months": ("缴费月数", "Months insured"),
    "birth_date": ("出生日期", "Date of birth"),
    "retire_date": ("退休时间", "Date of retirement"),
    "death_date": ("死亡时间", "Date of death"),
    "accident_date": ("事故时间", "Date of accident"),
    "other_name": ("申请人", "Applicant"),
    "phone": ("联系电话", "Telephone"),
}


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field and how to mend it, in both languages."""

    zh: str
    en: str


@cache
def _wordings() -> dict[str, dict[str, str]]:
    raw = (files("cunzhen.holdings") / "data" / "field_problems.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str]] = json.loads(raw)
    return loaded


def field_problem(name: str, **values: object) -> FieldProblem:
    """The problem of that name, its values filled in."""
    words = _wordings()[name]
    return FieldProblem(words["zh"].format(**values), words["en"].format(**values))


def security_name(level: str, language: str = "zh") -> str:
    """What screens call a security level; an unknown one is shown as it is."""
    found = SECURITY_LEVELS.get(level)
    return level if found is None else found[0 if language.startswith("zh") else 1]


def hold_name(reason: str, language: str = "zh") -> str:
    """What screens say of a hold that comes from the term; any other is shown as it is."""
    found = HOLDS.get(reason)
    return reason if found is None else found[0 if language.startswith("zh") else 1]


def extra_name(code: str, language: str = "zh") -> str:
    """What screens call a further field."""
    found = EXTRAS.get(code)
    return code if found is None else found[0 if language.startswith("zh") else 1]


def term_of(text: str) -> str | None:
    """The term that a cell or form means: ``永久``, ``30年``, ``D30``, ``待确认``; None for anything else."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").removesuffix("年")
    named = {word: term for term, words in TERM_NAMES.items() for word in words}
    named |= {term: term for term in TERMS if term} | {f"D{t}": t for t in TERMS if t.isdigit()}
    named |= {term_name(t): t for t in TERMS}
    return named.get(plain)


def text_problem(text: str, most: int) -> FieldProblem | None:
    """Whether a text is too long or holds what no screen can show."""
    if len(text) > most:
        return field_problem("length", most=most)
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        return field_problem("unprintable")
    return None


def title_problem(title: str) -> FieldProblem | None:
    """Whether a title is empty, too long or unprintable."""
    return text_problem(title, LONGEST_TITLE) if title.strip() else field_problem("title")


def year_problem(year: int, this_year: int) -> FieldProblem | None:
    """Whether a year can be that of an archive."""
    return None if EARLIEST_YEAR <= year <= this_year else field_problem("year", first=EARLIEST_YEAR, last=this_year)


def date_problem(document_date: str, year: int) -> FieldProblem | None:
    """Whether a date stands as it is kept and fits the year; yearly reports are dated the year after."""
    if document_date and not is_normal_date(document_date):
        return field_problem("document_date")
    if document_date and int(document_date[:4]) - year not in {0, 1}:
        return field_problem("date_year")
    return None


def person_problems(person: NamedPerson, page_count: int) -> dict[str, FieldProblem]:
    """By part of the assertion, what is wrong with it."""
    found: dict[str, FieldProblem | None] = {
        "name": text_problem(person.name, LONGEST_PERSON) if person.name or person.id_number else _nameless(),
        "id_number": field_problem("id_number")
        if person.id_number and not is_identity_number(person.id_number)
        else None,
        "page": _page_problem(person.page, page_count),
    }
    return {part: problem for part, problem in found.items() if problem}


def unit_problems(unit: NamedUnit, page_count: int) -> dict[str, FieldProblem]:
    """By part of the assertion, what is wrong with it."""
    found: dict[str, FieldProblem | None] = {
        "name": text_problem(unit.name, LONGEST_UNIT) if unit.name or unit.uscc else _nameless(),
        "uscc": field_problem("uscc") if unit.uscc and not is_uscc(unit.uscc) else None,
        "page": _page_problem(unit.page, page_count),
    }
    return {part: problem for part, problem in found.items() if problem}


def _nameless() -> FieldProblem:
    return field_problem("nameless")


def _page_problem(page: int, page_count: int) -> FieldProblem | None:
    return None if -1 <= page < page_count else field_problem("page", last=page_count)
