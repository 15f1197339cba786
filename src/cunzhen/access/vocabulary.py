"""The dictionary that the index was built with: rjieba's own and the words of the trade beside this module.

A word of it is looked up as one term instead of as a row of pairs with positions, because such words stand in most
items of an archive. The two give the same answer: every place of every word is filed, whatever words overlap it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files

import rjieba

SHORTEST = 3  # two characters are one pair already
_FIRST, _LAST = "\u4e00", "\u9fff"  # what the library's dictionary is made of; other characters cut its runs


@cache
def jieba() -> rjieba.Jieba:
    """The segmenter, with the words of the trade."""
    segmenter = rjieba.Jieba()
    for word in _trade_words():
        segmenter.add_word(word, None, None)
    return segmenter


@cache
def fingerprint() -> str:
    """Names the dictionary; an index built with another one is rebuilt."""
    digest = hashlib.sha256("\n".join(_trade_words()).encode()).hexdigest()[:16]
    return f"rjieba-{version('rjieba')}-{digest}"


def known_words(folded: str) -> set[str]:
    """Every dictionary word of three characters or more that stands anywhere in a folded text."""
    return {w for w in jieba().cut_all(folded) if len(w) >= SHORTEST and _is_plain(w)}


def is_known(folded: str) -> bool:
    """Whether ``known_words`` finds this word wherever it stands."""
    return len(folded) >= SHORTEST and _is_plain(folded) and jieba().has_word(folded)


def _is_plain(word: str) -> bool:
    return min(word) >= _FIRST and max(word) <= _LAST


def _trade_words() -> list[str]:
    return (files("cunzhen.access") / "data" / "trade_words.txt").read_text(encoding="utf-8").split()
