"""Keys for search: what is compared is folded, what is stored and shown never is.

Folding works character by character, so the fold of a text is the fold of its parts joined: a phrase is found exactly
where the folded phrase is a substring of the folded page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise

from cunzhen.access.numbers import NumberSpan, clinging, find_numbers
from cunzhen.access.vocabulary import jieba

Token = Callable[[str], str]

_DROPPED = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
# A term of fewer characters must stand as it is: names are never taken apart (whole names found through word
# segmentation are recalled to 92 % only, and their parts find strangers).
SHORTEST_LOOSE = 5
_SHORTEST_SPLIT = 4  # a dictionary word from this length on is also asked for by its parts


class _Fold(dict[int, str]):
    """Code point to its folded form, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", chr(code)).casefold())
        self[code] = "".join(c for c in folded if not _is_dropped(c))
        return self[code]


def _is_dropped(char: str) -> bool:
    # Variation selectors choose a glyph, not a character: a name with and without one is the same name.
    selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return selector or char.isspace() or unicodedata.category(char) in _DROPPED


class _FoldLength(dict[str, int]):
    """Character to the length of its folded form."""

    def __missing__(self, char: str) -> int:
        self[char] = len(_FOLD[ord(char)])
        return self[char]


_FOLD = _Fold()
_LENGTH = _FoldLength()
_DOTS = {ord(c): "·" for c in "・•‧∙⋅･．｡"} | {ord(c): "-" for c in "‐‑‒–—―－−﹣"}
_ALNUM = re.compile(r"[^\W_]+")
_JOIN = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")


def fold(text: str) -> str:
    """NFKC and casefold by character, without whitespace, control characters and variation selectors."""
    return text.translate(_FOLD)


def fold_ends(text: str) -> list[int]:
    """For each character of a text the length of the fold up to and with it: where in the fold it ends."""
    return list(accumulate(map(_LENGTH.__getitem__, text)))


def fold_code(code: str) -> str:
    """An archival code as it is compared: any dot and any dash a keyboard gives will do."""
    return fold(code.translate(_DOTS))


class Reading:
    """One text (a page, a title, a name) and what is derived from it, each thing worked out once."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def numbers(self) -> list[NumberSpan]:
        """Its personal numbers, in order."""
        return find_numbers(self.text)

    @cached_property
    def folded(self) -> str:
        """The fold of all of it, numbers included."""
        return fold(self.text)

    def symbols(self, token: Token) -> Sequence[str]:
        """Its folded characters, each personal number as one symbol.

        Args:
            token: turns a canonical number into its blind token.
        """
        if not self.numbers:
            return self.folded
        out: list[str] = []
        at = 0
        for span in self.numbers:
            out += fold(self.text[at : span.start])
            out.append("#" + token(span.number))
            at = span.end
        return [*out, *fold(self.text[at:])]

    @property
    def without_numbers(self) -> str:
        """The text with a blank in the place of each personal number."""
        out: list[str] = []
        at = 0
        for span in self.numbers:
            out += [self.text[at : span.start], " "]
            at = span.end
        return "".join([*out, self.text[at:]])

    def words(self) -> list[str]:
        """Dictionary words as the index holds them: long ones and their parts, folded, no numbers of persons."""
        out: list[str] = []
        for piece in _JOIN.sub("", self.without_numbers).split():
            for word in jieba().cut_for_search(fold(piece)):
                if word.isalnum():
                    out.append(word)
                else:
                    out += _ALNUM.findall(word)
        return out


def grams(parts: Sequence[str]) -> list[str]:
    """Overlapping pairs of symbols; a phrase of n symbols is n - 1 of them in a row."""
    return [a + b for a, b in pairwise(parts)]


def asked_words(text: str) -> list[str]:
    """The words that all must stand in an item for a term to match loosely; empty where it must stand as it is."""
    out: list[str] = []
    folded = fold(text)
    for word in jieba().cut(folded) if len(folded) >= SHORTEST_LOOSE else ():
        for run in _ALNUM.findall(word):
            out += _parts(run)
    unique = list(dict.fromkeys(out))
    return unique if len(unique) > 1 and not find_numbers(text) else []


def numbers_in(readings: Iterable[Reading]) -> set[str]:
    """Canonical personal numbers of several texts, with identity numbers that other digits cling to."""
    found = {span.number for reading in readings for span in reading.numbers}
    return found | {inner for number in found for inner in clinging(number)}


def _parts(word: str) -> list[str]:
    """A long word's own short words where they cover it whole: another text may have been cut there."""
    if len(word) < _SHORTEST_SPLIT or word.isascii():
        return [word]
    known = sorted((w for w in jieba().cut_for_search(word) if w != word), key=len, reverse=True)
    parts: list[str] = []
    at = 0
    while at < len(word):
        part = next((w for w in known if word.startswith(w, at)), "")
        if not part:
            return [word]
        parts.append(part)
        at += len(part)
    return parts
