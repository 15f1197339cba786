"""Which kind of material a page is: the kind rules as data, the title on the page, the verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

from cunzhen.capture.extraction.labels import trie_regex
from cunzhen.capture.extraction.layout import plain

_PATTERN_WEIGHT = 0.88
_NEAR_WEIGHT = 0.86
_BODY_WORDS_WANTED = 3
_MOST_EVIDENCE = 0.98
_WITHOUT_EVIDENCE = 0.05
_NEAR_LENGTH, _LONG_LENGTH = 6, 10
_INSIDE_SHARE = 0.6
_DOUBT_CAP = 0.7
# What may follow the name of a form in its title without changing it.
_TAIL = re.compile(
    r"(?:\([^()]*\)|\[[^\[\]]*\]|存根|复印件|副本|样表|续表|续页|正本|[0-9A-Z一二三四]{1,2}|第[0-9一二三四]+[页联号])$"
)


@dataclass(frozen=True, slots=True)
class KindRule:
    """Rule of one kind.

    Args:
        titles: wording at the end of a title and its weight.
        patterns: end-anchored expressions made of word groups, for wordings nobody listed.
        words: body words that support it.
        excluded: words in the title that rule it out.
        untitled: body words that together show a card without title.
    """

    kind: str
    titles: tuple[tuple[str, float], ...]
    patterns: tuple[re.Pattern[str], ...]
    words: tuple[str, ...]
    excluded: tuple[str, ...]
    untitled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KindVerdict:
    """The most likely kind of a title, ``kind`` empty where no rule fits."""

    kind: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class _Match:
    rule: KindRule
    weight: float
    length: int
    source: str


@dataclass(frozen=True)
class KindRules:
    """A set of rules, indexed so that a title is compared with few of them."""

    rules: tuple[KindRule, ...]

    @cached_property
    def by_ending(self) -> Mapping[str, tuple[tuple[KindRule, str, float], ...]]:
        """Last two characters of a listed title -> rule, title, weight."""
        index: dict[str, list[tuple[KindRule, str, float]]] = {}
        for rule in self.rules:
            for text, weight in rule.titles:
                index.setdefault(text[-2:], []).append((rule, text, weight))
        return {ending: tuple(rows) for ending, rows in index.items()}

    @cached_property
    def anywhere(self) -> re.Pattern[str]:
        """Finds a listed title inside another text."""
        return re.compile(trie_regex(text for rule in self.rules for text, _ in rule.titles) or r"(?!)")

    @cached_property
    def by_title(self) -> Mapping[str, tuple[KindRule, float]]:
        """Listed title -> rule and weight."""
        return {text: (rule, weight) for rule in self.rules for text, weight in rule.titles}

    def without(self, kind: str) -> KindRules:
        """The same rules less those of one kind."""
        return KindRules(tuple(rule for rule in self.rules if rule.kind != kind))


def load_rules() -> KindRules:
    """The rules that ship with the software (``capture/data/kind_rules.json``)."""
    return _load()


def parse_rules(data: Mapping[str, object]) -> KindRules:
    """Rules from their JSON form, so that an agency may keep its own."""
    rows = data["rules"]
    if not isinstance(rows, list):
        return KindRules(())
    return KindRules(
        tuple(
            KindRule(
                kind=row["kind"],
                titles=tuple((plain(t), float(w)) for t, w in row["titles"]),
                patterns=tuple(_compile(groups) for groups in row.get("patterns", ())),
                words=tuple(row["words"]),
                excluded=tuple(row.get("not", ())),
                untitled=tuple(row.get("untitled", ())),
            )
            for row in rows
        )
    )


def judge_title(title: str, flow: str, rules: KindRules) -> KindVerdict:
    """Kind of a page with this title.

    Args:
        title: compact title text.
        flow: compact text of the page, for supporting words.
        rules: normally ``load_rules()``.
    """
    forms = _forms(title)
    scored = _listed(forms, rules)
    if not scored and _FORM_END.search(forms[-1]):
        scored = _composed(forms, rules)
    scored = scored or _inside(title, rules)
    if not scored:
        return KindVerdict("", 0.0, "")
    best = max(scored, key=lambda m: (m.weight, m.length))
    confidence = _with_evidence(best.weight, best.rule, flow)
    if best.source == "title-pattern" and not any(word in flow for word in best.rule.words):
        confidence = min(confidence, _DOUBT_CAP)
    if any(m.rule is not best.rule and (m.weight, m.length) >= (best.weight, best.length) for m in scored):
        confidence = min(confidence, _DOUBT_CAP)
    return KindVerdict(best.rule.kind, confidence, best.source)


def judge_near(title: str, flow: str, rules: KindRules) -> KindVerdict:
    """Forgive one or two misread characters of a listed wording, provided the body supports the kind."""
    forms, known = _forms(title), _known_characters()
    if all(c in known for c in forms[0]):
        return KindVerdict("", 0.0, "")
    for rule in rules.rules:
        if _is_excluded(rule, forms[0]) or sum(w in flow for w in rule.words) < _BODY_WORDS_WANTED - 1:
            continue
        for text, _ in rule.titles:
            if any(_is_near(form[-len(text) :], text, known) for form in forms):
                return KindVerdict(rule.kind, _with_evidence(_NEAR_WEIGHT, rule, flow), "title-near")
    return KindVerdict("", 0.0, "")


def judge_untitled(flow: str, rules: KindRules) -> KindVerdict:
    """Kind of a page that carries no title, such as the face of an identity card."""
    for rule in rules.rules:
        if rule.untitled and all(word in flow for word in rule.untitled):
            return KindVerdict(rule.kind, _with_evidence(_PATTERN_WEIGHT, rule, flow), "words")
    return KindVerdict("", 0.0, "")


def looks_like_form_name(text: str) -> bool:
    """Whether a text ends the way names of official papers end."""
    return _FORM_END.search(_forms(text)[-1]) is not None


_FORM_END = re.compile(
    r"(?:表|书|函|单|通知|名册|花名册|报告|决定|意见|凭证|手册|证明|协议|合同|台账|结论|底稿|清册|证|卡|簿|笔录|记录|年报|月报|季报"
    r"|方案|申请|批复|公告|公示|票据|收据|目录|明细|介绍信|委托|清单|说明|总结|请示|承诺|汇总|情况|告知|存根|档案|复印件)$"
)


@lru_cache(maxsize=1)
def _load() -> KindRules:
    text = resources.files("cunzhen.capture").joinpath("data/kind_rules.json").read_text(encoding="utf-8")
    return parse_rules(json.loads(text))


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[str]:
    return frozenset(c for rule in load_rules().rules for text, _ in rule.titles for c in text)


def _compile(groups: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"[^\n]{0,8}?".join(f"(?:{group})" for group in groups) + "$")


def _forms(title: str) -> list[str]:
    """The title as it is, then without what may follow a form's name."""
    forms = [title]
    while (match := _TAIL.search(forms[-1])) and match.start() > 1:
        forms.append(forms[-1][: match.start()])
    return forms


def _listed(forms: Sequence[str], rules: KindRules) -> list[_Match]:
    """Listed wordings at the end of the title."""
    return [
        _Match(rule, weight, len(text), "title")
        for form in forms
        for rule, text, weight in rules.by_ending.get(form[-2:], ())
        if form.endswith(text) and not _is_excluded(rule, forms[0])
    ]


def _composed(forms: Sequence[str], rules: KindRules) -> list[_Match]:
    """Wordings nobody listed, made of the word groups of a kind."""
    out = []
    for rule in rules.rules:
        if not rule.patterns or _is_excluded(rule, forms[0]):
            continue
        found = [m for pattern in rule.patterns for form in forms if (m := pattern.search(form))]
        if found:
            # All compositions count alike: where two kinds fit, a person decides.
            out.append(_Match(rule, _PATTERN_WEIGHT, 0, "title-pattern"))
    return out


def _inside(title: str, rules: KindRules) -> list[_Match]:
    """A listed wording in the middle: rather a paper about such papers."""
    found = [rules.by_title[m.group()] + (m,) for m in rules.anywhere.finditer(title) if m.group() in rules.by_title]
    return [_Match(rule, weight * _INSIDE_SHARE, len(m.group()), "title-inside") for rule, weight, m in found]


def _is_excluded(rule: KindRule, title: str) -> bool:
    return any(word in title for word in rule.excluded)


def _is_near(read: str, text: str, known: frozenset[str]) -> bool:
    if len(text) < _NEAR_LENGTH or len(read) != len(text):
        return False
    wrong = [a for a, b in zip(read, text, strict=True) if a != b]
    # A character that other titles use is rather another title than a misreading.
    return len(wrong) <= (2 if len(text) >= _LONG_LENGTH else 1) and not any(c in known for c in wrong)


def _with_evidence(weight: float, rule: KindRule, flow: str) -> float:
    hits = sum(1 for word in rule.words if word in flow)
    if not hits:
        return weight - _WITHOUT_EVIDENCE
    return weight + (_MOST_EVIDENCE - weight) * min(1.0, hits / _BODY_WORDS_WANTED) if weight > _DOUBT_CAP else weight
