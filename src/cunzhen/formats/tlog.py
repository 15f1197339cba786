"""Merkle tree of RFC 6962 in tiles, as C2SP tlog-tiles defines them. Hashes are SHA-256, 32 bytes.

A tile reader is a function that is given a ``Tile`` and returns its hashes in one piece, ``width`` times 32 bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cunzhen.errors import Invalid

HASH_BYTES = 32
TILE_WIDTH = 256
ENTRY_BYTES_AT_MOST = 65_535  # an entry bundle prefixes each entry with a uint16 length
EMPTY_ROOT = hashlib.sha256(b"").digest()
# Tiles of entries share the naming of hash tiles; they stand at a level of their own, below level 0.
ENTRIES = -1
LEVEL_AT_MOST = 63
_PATH = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes held in memory (RFC 6962 2.1).

    Pairing level by level, with an odd last one carried up, gives the same tree as splitting at the largest power of
    two below n; therefore the last one may itself be the root of a smaller, incomplete subtree.
    """
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        paired = [hashlib.sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row) - 1, 2)]
        row = paired + row[len(paired) * 2 :]
    return row[0]


@dataclass(frozen=True)
class Tile:
    """Where a tile stands: level (``ENTRIES`` for bundles), index within the level, width in hashes (256 when full)."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Its resource name, such as ``tile/0/x001/234.p/5``."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{suffix}"

    @property
    def full(self) -> Tile:
        """The full tile in the same place."""
        return Tile(self.level, self.index)


TileReader = Callable[[Tile], bytes]


def _index_path(index: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    return "/".join(groups)


def parse_path(path: str) -> Tile:
    """The tile that a resource name means.

    Raises:
        Invalid: ``L-04`` where the name is not written in the one right way.
    """
    match = _PATH.fullmatch(path)
    if match is not None:
        level = ENTRIES if match[1] == "entries" else int(match[1])
        tile = Tile(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or TILE_WIDTH))
        if tile.path == path:
            return tile
    raise Invalid("L-04", "没有这样的瓦片名称。", "There is no such tile name.")


def tile_at(level: int, index: int, size: int) -> Tile:
    """The tile as wide as a log of this size has it; the width is 0 where it would be empty.

    Args:
        level: 0 and up, or ``ENTRIES``.
        size: number of entries of the log.
    """
    hashes = size >> (8 * max(level, 0))
    return Tile(level, index, max(0, min(TILE_WIDTH, hashes - index * TILE_WIDTH)))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and bundle that a log of this size serves, and no other."""
    for level in range(ENTRIES, LEVEL_AT_MOST + 1):
        hashes = size >> (8 * max(level, 0))
        if not hashes:
            return
        for index in range(-(-hashes // TILE_WIDTH)):
            yield tile_at(level, index, size)


class TileBuilder:
    """Grows a tree leaf by leaf and hands out the tiles that become full. Holds the right edge only."""

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[list[bytes]] = [[]]

    @classmethod
    def load(cls, size: int, read: TileReader) -> TileBuilder:
        """Go on from a log of this size, whose right edge is read from its tiles.

        Raises:
            Invalid: ``L-04`` where a tile has the wrong length.
        """
        builder = cls()
        builder.size = size
        builder._levels = []
        for level in range(LEVEL_AT_MOST + 1):
            hashes = size >> (8 * level)
            if not hashes:
                break
            tile = tile_at(level, hashes // TILE_WIDTH, size)
            builder._levels.append(split_hashes(tile, read(tile)) if tile.width else [])
        builder._levels = builder._levels or [[]]
        return builder

    def add(self, leaf: bytes) -> list[tuple[Tile, bytes]]:
        """Add a leaf hash; returns the tiles that it made full, lowest first."""
        self.size += 1
        filled: list[tuple[Tile, bytes]] = []
        level = 0
        while True:
            row = self._levels[level]
            row.append(leaf)
            if len(row) < TILE_WIDTH:
                return filled
            filled.append((Tile(level, (self.size >> (8 * level + 8)) - 1), b"".join(row)))
            leaf = tree_hash(row)
            row.clear()
            level += 1
            if level == len(self._levels):
                self._levels.append([])

    def partials(self) -> list[tuple[Tile, bytes]]:
        """The partial tiles of the right edge, lowest first."""
        return [
            (Tile(level, self.size >> (8 * level + 8), len(row)), b"".join(row))
            for level, row in enumerate(self._levels)
            if row
        ]

    def root(self) -> bytes:
        """Root hash at the present size."""
        carry: list[bytes] = []
        for row in self._levels:
            if row or carry:
                carry = [tree_hash(row + carry)]
        return carry[0] if carry else EMPTY_ROOT


def root_from_tiles(size: int, read: TileReader) -> bytes:
    """Root hash of a log of this size, from the few tiles of its right edge."""
    return TileBuilder.load(size, read).root()


def split_hashes(tile: Tile, content: bytes) -> list[bytes]:
    """The hashes of a tile.

    Raises:
        Invalid: ``L-04`` where the content has the wrong length.
    """
    if len(content) != tile.width * HASH_BYTES:
        raise Invalid("L-04", f"瓦片 {tile.path} 长度不对。", f"Tile {tile.path} has the wrong length.", tile=tile.path)
    return [content[i : i + HASH_BYTES] for i in range(0, len(content), HASH_BYTES)]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry after its length as big-endian uint16.

    Raises:
        Invalid: ``L-05`` where an entry is longer than 65,535 bytes.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_BYTES_AT_MOST:
            raise Invalid("L-05", "账本条目超过 65535 字节。", "A log entry is longer than 65,535 bytes.")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(content: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        Invalid: ``L-05`` where it is cut short.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            raise Invalid("L-05", "条目包不完整。", "The entry bundle is cut short.")
        entries.append(content[at + 2 : end])
        at = end
    return entries


def inclusion_proof(index: int, size: int, read: TileReader) -> list[bytes]:
    """The audit path of a leaf, leaf side first (RFC 6962 2.1.1).

    Raises:
        Invalid: ``L-07`` where the index is not below the size.
    """
    if not 0 <= index < size:
        raise _out_of_range()
    tree = _Ranges(size, read)
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(tree.hash(middle, high))
            high = middle
        else:
            path.append(tree.hash(low, middle))
            low = middle
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash stands at this index of the tree with this size and root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            reached = node_hash(sibling, reached)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and reached == root


def consistency_proof(old: int, size: int, read: TileReader) -> list[bytes]:
    """The proof that the tree of the old size is the beginning of the present one (RFC 6962 2.1.2).

    Raises:
        Invalid: ``L-07`` where the old size is not between 0 and the size.
    """
    if not 0 <= old <= size:
        raise _out_of_range()
    if old in {0, size}:
        return []
    tree = _Ranges(size, read)
    path: list[bytes] = []
    low, high = 0, size
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(tree.hash(middle, high))
            high = middle
        else:
            path.append(tree.hash(low, middle))
            low = middle
    if low:
        path.append(tree.hash(low, high))
    return path[::-1]


def verify_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether the tree of the old size and root is the beginning of the tree of this size (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and before == old_root and after == root


class _Ranges:
    """Hashes of ranges of leaves, from tiles; each tile is read once."""

    def __init__(self, size: int, read: TileReader) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[Tile, list[bytes]] = {}

    def hash(self, low: int, high: int) -> bytes:
        """Tree hash of the leaves from low up to, not including, high."""
        width = high - low
        if width & (width - 1) == 0 and low % width == 0:
            return self._perfect(low, width.bit_length() - 1)
        middle = low + _split(width)
        return node_hash(self.hash(low, middle), self.hash(middle, high))

    def _perfect(self, low: int, height: int) -> bytes:
        """A whole subtree stands inside one tile: its height within the tile is what is left over eight."""
        level, within = divmod(height, 8)
        first = low >> (8 * level)
        tile = tile_at(level, first // TILE_WIDTH, self._size)
        if tile not in self._tiles:
            self._tiles[tile] = split_hashes(tile, self._read(tile))
        start = first % TILE_WIDTH
        return tree_hash(self._tiles[tile][start : start + (1 << within)])


def _split(width: int) -> int:
    """Largest power of two below a width of at least two."""
    return 1 << ((width - 1).bit_length() - 1)


def _out_of_range() -> Invalid:
    return Invalid("L-07", "编号超出账本的条数。", "The number lies beyond the log's size.")
