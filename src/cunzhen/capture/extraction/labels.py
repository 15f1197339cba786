"""The words that announce a value on a form, and how to find them fast."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any


def trie_regex(words: Iterable[str]) -> str:
    """One expression that matches the longest of many words with one look at each character."""
    tree: dict[str, object] = {}
    for word in words:
        node = tree
        for char in word:
            node = node.setdefault(char, {})  # type: ignore[assignment]
        node[""] = {}
    return _branch(tree)


def _branch(node: Mapping[str, object]) -> str:
    ways = [re.escape(c) + _branch(n) for c, n in sorted(node.items()) if c and isinstance(n, Mapping)]
    if not ways:
        return ""
    body = ways[0] if len(ways) == 1 and "" not in node else "(?:" + "|".join(ways) + ")"
    return body + ("?" if "" in node else "")


def _load() -> dict[str, Any]:
    text = resources.files("cunzhen.capture").joinpath("data/field_labels.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


_DATA = _load()
# Fields that begin with "_" only mark where another value ends.
_FIELD_OF: Mapping[str, str] = {word: name for name, words in _DATA["labels"].items() for word in words}
# Words so common inside sentences that they announce a value only where nothing stands before them.
_GENERIC = frozenset(_DATA["generic"])
_FINDER = re.compile(trie_regex(_FIELD_OF))
_AFTER = re.compile(r"(?:\((?:盖章|公章|章|签字|签名|签章|印章|大写|元|月|年|岁|必填)\))?[:;.]*")
_NAMES_PERSON = frozenset(("person_name", "other_name", "_staff"))
_NOWHERE = (1 << 60, 1 << 60)
_ENDS_LABEL = frozenset(":;.(")


@dataclass(frozen=True, slots=True)
class Label:
    """A label as it stands in the flow.

    Args:
        start, end: half-open range; ``end`` lies behind a colon.
        colon: whether one stands there.
        clean: whether nothing but the beginning, a space or punctuation stands before it.
        bare: whether it is a word of a sentence with nothing to mark it off: 职工张三，男，…
    """

    field: str
    word: str
    start: int
    end: int
    colon: bool
    clean: bool
    bare: bool = False


def find_labels(flow: str, spaces: frozenset[int], prose: Sequence[tuple[int, int]] = ()) -> list[Label]:
    """All labels of a page in order.

    Inside a sentence a word of the vocabulary is a label only where a colon, a space or a figure follows; words that
    announce a person may also stand at the beginning of a clause.

    Args:
        flow: the page's text, segments separated by line breaks.
        spaces: places of the flow before which the paper shows a space.
        prose: ranges of the flow that are sentences, in order.
    """
    out: list[Label] = []
    last, sentences = -1, iter(prose)
    sentence = next(sentences, _NOWHERE)
    for match in _FINDER.finditer(flow):
        start, stop = match.span()
        word, end = match.group(), stop
        while sentence[1] <= start:
            sentence = next(sentences, _NOWHERE)
        if flow[end : end + 1] in _ENDS_LABEL and (after := _AFTER.match(flow, end)):
            end = after.end()
        colon = end > stop and ":" in flow[stop:end]
        before = flow[start - 1] if start else "\n"
        clean = start == last or not "\u4e00" <= before <= "\u9fff" or start in spaces
        if word in _GENERIC and not (clean and (start == last or before in "\n:;," or start in spaces)):
            continue
        bare = sentence[0] <= start and not colon and end not in spaces and not flow[end : end + 1].isdigit()
        if bare and not (clean and _FIELD_OF[word] in _NAMES_PERSON):
            continue
        out.append(Label(_FIELD_OF[word], word, start, end, colon, clean, bare))
        last = end
    return out


def is_label(text: str) -> bool:
    """Whether a cell holds nothing but one label."""
    match = _FINDER.match(text)
    if not match:
        return False
    after = _AFTER.match(text, match.end())
    return (after.end() if after else match.end()) == len(text)
