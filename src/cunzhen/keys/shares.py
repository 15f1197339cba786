"""The key store in shares on paper, of which any so many give it back: SLIP-39, words that tell their own mistakes.

A share alone says nothing of the keys. The standard is open and has several implementations, so the words are of use
without this program too: put together they are the root secret (32 bytes) and the ledger's seed (32 bytes).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.share import Share as Decoded

from cunzhen.errors import Invalid
from cunzhen.keys.keystore import KeyStore

MOST_SHARES = 16
_HALF = 32
# No passphrase protects the shares, so stretching one would buy nothing.
_STRETCHED = 0


@dataclass(frozen=True)
class ReadShare:
    """A share as it was read: which set it is of, which of the set, and how many are needed."""

    words: str
    set_id: int
    number: int
    needed: int


def split(keys: KeyStore, *, shares: int, needed: int) -> list[str]:
    """A new set of shares, each 59 words; sets do not mix.

    Args:
        shares: 2 to 16.
        needed: 2 to ``shares``: so many give the key store back.

    Raises:
        Invalid: ``K-10``.
    """
    if not 2 <= needed <= shares <= MOST_SHARES:
        raise Invalid(
            "K-10",
            f"份数须为 2 至 {MOST_SHARES}，恢复所需的份数须为 2 至总份数。",
            f"There are 2 to {MOST_SHARES} shares, of which 2 to all are needed.",
        )
    [group] = generate_mnemonics(1, [(needed, shares)], keys.root + keys.ledger_seed, b"", True, _STRETCHED)
    return list(group)


def read_share(text: str) -> ReadShare:
    """One share as somebody typed it or a scanner read it; capitals, numbers before words and spaces do not matter.

    Raises:
        Invalid: ``K-11`` where a word is wrong or missing.
    """
    words = " ".join(re.findall(r"[a-z]+", unicodedata.normalize("NFKC", text).lower()))
    try:
        read = Decoded.from_mnemonic(words)
    except (MnemonicError, ValueError) as error:
        raise Invalid(
            "K-11",
            f"这一份有错（共 {len(words.split())} 个词，应为 59 个）：请对照纸上逐词核对拼写和次序。",
            f"This share has a mistake ({len(words.split())} words of 59): compare spelling and order with the paper.",
        ) from error
    return ReadShare(words, read.identifier, read.index + 1, read.member_threshold)


def join(shares: Sequence[ReadShare]) -> KeyStore:
    """The key store that these shares give.

    Raises:
        Invalid: ``K-12`` where they are too few or of different sets.
    """
    distinct = {share.number: share for share in shares}
    needed = max((share.needed for share in shares), default=2)
    if len({share.set_id for share in shares}) > 1:
        raise Invalid(
            "K-12",
            "这些份额不是同一套的，不能混用。请核对纸上的套号。",
            "These shares are not of one set; compare the set's number on the paper.",
        )
    if len(distinct) < needed:
        raise Invalid(
            "K-12",
            f"份额不够：需要 {needed} 份不同的，现有 {len(distinct)} 份。",
            f"Too few: {needed} different shares are needed, {len(distinct)} are here.",
        )
    try:
        secret = combine_mnemonics([share.words for share in list(distinct.values())[:needed]])
        return KeyStore(secret[:_HALF], secret[_HALF:])
    except (MnemonicError, ValueError) as error:
        raise Invalid(
            "K-12", "这些份额合不出密钥库，请换一份再试。", "These shares give no key store; try others."
        ) from error
