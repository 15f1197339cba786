"""Recovery shares: any so many give the key store back, fewer give nothing, mistakes are told."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from shamir_mnemonic import combine_mnemonics

from cunzhen.errors import Invalid
from cunzhen.keys import keystore
from cunzhen.keys.shares import join, read_share, split

KEYS = keystore.KeyStore(bytes(range(32)), bytes(range(32, 64)))


def test_any_three_of_five() -> None:
    shares = [read_share(words) for words in split(KEYS, shares=5, needed=3)]
    assert [share.number for share in shares] == [1, 2, 3, 4, 5]
    for some in itertools.permutations(shares, 3):
        assert join(some) == KEYS
    assert join(shares) == KEYS, "more do no harm"
    for some in itertools.combinations(shares, 2):
        with pytest.raises(Invalid, match="K-12"):
            join(some)
    with pytest.raises(Invalid, match="K-12"):
        join([shares[0]] * 3)


def test_the_words_are_those_of_the_standard() -> None:
    """Put together without our code: SLIP-39, no passphrase."""
    words = split(KEYS, shares=3, needed=2)
    assert combine_mnemonics(words[:2]) == KEYS.root + KEYS.ledger_seed
    assert all(len(share.split()) == 59 for share in words)


@pytest.mark.parametrize(("shares", "needed"), [(1, 1), (2, 3), (17, 3), (5, 1), (5, 0)])
def test_counts_that_make_no_sense(shares: int, needed: int) -> None:
    with pytest.raises(Invalid, match="K-10"):
        split(KEYS, shares=shares, needed=needed)


def test_sets_do_not_mix() -> None:
    one, two = (split(KEYS, shares=3, needed=2) for _ in range(2))
    with pytest.raises(Invalid, match="K-12"):
        join([read_share(one[0]), read_share(two[1])])


def test_typed_by_hand_and_read_by_a_scanner() -> None:
    words = split(KEYS, shares=2, needed=2)[0]
    numbered = "\n".join(f"{n}. {word}" for n, word in enumerate(words.split(), 1))
    wide = words.upper().translate({ord(c): ord(c) + 0xFEE0 for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
    for typed in (words.upper(), f"  {words}\n", numbered, wide):
        assert read_share(typed).words == words


def test_mistakes_are_told() -> None:
    """One word another, two changed places, one missing, one too many: never taken for a share."""
    draw = random.Random(39)
    for words in split(KEYS, shares=5, needed=3):
        each = words.split()
        for _ in range(40):
            broken = list(each)
            a, b = draw.sample(range(len(each)), 2)
            match draw.randrange(4):
                case 0:
                    broken[a] = each[b] if each[a] != each[b] else "academic"
                case 1 if each[a] != each[b]:
                    broken[a], broken[b] = each[b], each[a]
                case 2:
                    del broken[a]
                case _:
                    broken.insert(a, each[b])
            if broken == each:
                continue
            with pytest.raises(Invalid, match="K-11"):
                read_share(" ".join(broken))
    for nothing in ("", "hello", "你好", "academic " * 59):
        with pytest.raises(Invalid, match="K-11"):
            read_share(nothing)


def test_a_share_alone_tells_nothing_of_the_keys(tmp_path: Path) -> None:
    for words in split(KEYS, shares=3, needed=2):
        assert read_share(words).words == words
        with pytest.raises(Invalid, match="K-12"):
            join([read_share(words)])
