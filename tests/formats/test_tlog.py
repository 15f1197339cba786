"""Trees, tiles and proofs against the example tree of RFC 6962's authors and a naive recursion."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cunzhen.errors import Invalid
from cunzhen.formats import tlog

# The tree that the reference implementation of certificate transparency tests with.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """RFC 6962 2.1.2, word for word."""
    if old == len(leaves):
        return [] if known else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*naive_subproof(old, leaves[:k], known), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def some_leaves(count: int) -> list[bytes]:
    return [tlog.leaf_hash(str(number).encode()) for number in range(count)]


class Tiles(dict[tlog.Tile, bytes]):
    """Tiles in memory, as a log serves them; refuses what it was never given."""

    def grow(self, builder: tlog.TileBuilder, leaves: list[bytes]) -> None:
        for leaf in leaves:
            self.update(builder.add(leaf))
        self.update(builder.partials())


def tiles_over(leaves: list[bytes]) -> Tiles:
    tiles = Tiles()
    tiles.grow(tlog.TileBuilder(), leaves)
    return tiles


def test_example_tree() -> None:
    hashes = [tlog.leaf_hash(entry) for entry in INPUTS]
    for size, root in enumerate(ROOTS):
        builder = tlog.TileBuilder()
        for leaf in hashes[:size]:
            builder.add(leaf)
        assert builder.root().hex() == root
        assert tlog.tree_hash(hashes[:size]).hex() == root


def test_example_paths() -> None:
    tiles = tiles_over([tlog.leaf_hash(entry) for entry in INPUTS])
    path = [part.hex() for part in tlog.inclusion_proof(0, 8, tiles.__getitem__)]
    assert path == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


@pytest.mark.parametrize(
    ("index", "name"),
    [(0, "000"), (67, "067"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067"), (273, "273")],
)
def test_tile_names(index: int, name: str) -> None:
    assert tlog.Tile(0, index).path == f"tile/0/{name}"
    assert tlog.Tile(tlog.ENTRIES, index, 7).path == f"tile/entries/{name}.p/7"
    assert tlog.parse_path(f"tile/0/{name}") == tlog.Tile(0, index)
    assert tlog.parse_path(f"tile/entries/{name}.p/7") == tlog.Tile(tlog.ENTRIES, index, 7)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/x000/001",
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/64/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/../checkpoint",
        "tile/0/001/",
        "tile/0/001\n",
        "/tile/0/001",
        "tile/0/٠٠١",
        "tile/entries/001.p/",
        "",
    ],
)
def test_other_names_are_refused(path: str) -> None:
    with pytest.raises(Invalid, match="L-04"):
        tlog.parse_path(path)


def test_tiles_of_seventy_thousand() -> None:
    found = list(tlog.tiles_of(70_000))
    level = {number: [tile for tile in found if tile.level == number] for number in (-1, 0, 1, 2)}
    assert len(found) == 274 + 274 + 2 + 1
    assert [tile.width for tile in level[0]] == [256] * 273 + [112]
    assert [tile.width for tile in level[-1]] == [256] * 273 + [112]
    assert [tile.width for tile in level[1]] == [256, 17]
    assert [tile.width for tile in level[2]] == [1]


def test_tiles_of_exactly_one_full() -> None:
    assert [tile.path for tile in tlog.tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tlog.tiles_of(0)) == []


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 70_000])
def test_builder_makes_the_tiles_of_its_size(size: int) -> None:
    leaves = some_leaves(size)
    tiles = tiles_over(leaves)
    assert set(tiles) == {tile for tile in tlog.tiles_of(size) if tile.level != tlog.ENTRIES}
    for tile, content in tiles.items():
        assert len(content) == tile.width * 32
    second = {tile: content for tile, content in tiles.items() if tile.level == 1}
    for tile, content in second.items():
        for offset in range(tile.width):
            start = (tile.index * 256 + offset) * 256
            assert content[offset * 32 : offset * 32 + 32] == naive_root(leaves[start : start + 256])


@given(st.integers(0, 1500), st.integers(0, 700))
@settings(max_examples=60, deadline=None)
def test_growing_in_steps_is_growing_at_once(first: int, more: int) -> None:
    leaves = some_leaves(first + more)
    tiles = tiles_over(leaves[:first])
    builder = tlog.TileBuilder.load(first, tiles.__getitem__)
    assert builder.root() == naive_root(leaves[:first])
    tiles.grow(builder, leaves[first:])
    assert builder.root() == naive_root(leaves)
    assert tlog.root_from_tiles(first + more, tiles.__getitem__) == naive_root(leaves)
    whole = tiles_over(leaves)
    assert {tile: tiles[tile] for tile in whole} == whole


@given(st.integers(1, 1200), st.data())
@settings(max_examples=80, deadline=None)
def test_inclusion(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = some_leaves(size)
    root = naive_root(leaves)
    proof = tlog.inclusion_proof(index, size, tiles_over(leaves).__getitem__)
    assert proof == naive_path(index, leaves)
    assert tlog.verify_inclusion(index, size, leaves[index], proof, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index)) if size > 1 else size
    assert not tlog.verify_inclusion(other, size, leaves[index], proof, root)
    assert not tlog.verify_inclusion(index, size, tlog.leaf_hash(b"other"), proof, root)
    assert not tlog.verify_inclusion(index, size, leaves[index], [*proof, root], root)
    if proof:
        broken = data.draw(st.integers(0, len(proof) - 1))
        altered = [bytes(32) if at == broken else part for at, part in enumerate(proof)]
        assert not tlog.verify_inclusion(index, size, leaves[index], altered, root)
        assert not tlog.verify_inclusion(index, size, leaves[index], proof[:-1], root)


@given(st.integers(0, 1200), st.data())
@settings(max_examples=80, deadline=None)
def test_consistency(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    leaves = some_leaves(size)
    old_root, root = naive_root(leaves[:old]), naive_root(leaves)
    proof = tlog.consistency_proof(old, size, tiles_over(leaves).__getitem__)
    assert proof == ([] if old == 0 else naive_subproof(old, leaves, True))
    assert tlog.verify_consistency(old, size, proof, old_root, root)
    assert not tlog.verify_consistency(old, size, [*proof, root], old_root, root)
    if 0 < old < size:
        forged = naive_root([tlog.leaf_hash(b"other"), *leaves[1:old]])
        assert not tlog.verify_consistency(old, size, proof, forged, root)
        assert not tlog.verify_consistency(old, size, proof, old_root, forged)
        assert not tlog.verify_consistency(old, size, proof[:-1], old_root, root)


def test_proofs_beyond_the_size_are_refused() -> None:
    tiles = tiles_over(some_leaves(3))
    for wrong in (-1, 3):
        with pytest.raises(Invalid, match="L-07"):
            tlog.inclusion_proof(wrong, 3, tiles.__getitem__)
    for wrong in (-1, 4):
        with pytest.raises(Invalid, match="L-07"):
            tlog.consistency_proof(wrong, 3, tiles.__getitem__)
    assert not tlog.verify_inclusion(3, 3, bytes(32), [], bytes(32))
    assert not tlog.verify_consistency(4, 3, [], bytes(32), bytes(32))


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_bundles(entries: list[bytes]) -> None:
    content = tlog.encode_bundle(entries)
    assert tlog.decode_bundle(content) == entries
    if content:
        with pytest.raises(Invalid, match="L-05"):
            tlog.decode_bundle(content + b"\x00")
        with pytest.raises(Invalid, match="L-05"):
            tlog.decode_bundle(content + b"\x00\x02a")


def test_bundle_bytes() -> None:
    assert tlog.encode_bundle([b"", b"ab"]) == b"\x00\x00\x00\x02ab"
    assert tlog.decode_bundle(tlog.encode_bundle([b"x" * 65_535])) == [b"x" * 65_535]
    with pytest.raises(Invalid, match="L-05"):
        tlog.encode_bundle([b"x" * 65_536])


def test_tile_of_wrong_length_is_refused() -> None:
    tiles = tiles_over(some_leaves(5))
    with pytest.raises(Invalid, match="L-04"):
        tlog.root_from_tiles(5, lambda tile: tiles[tile][:-1])
