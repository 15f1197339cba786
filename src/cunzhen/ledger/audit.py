"""Proves the ledger's rows against its tiles and its signed checkpoint, and names each row that does not agree.

The published tree is the witness: first its tiles must lead to the signed root, then every row must hash to the leaf
that the tiles hold for its number. Rows are read a few thousand at a time; nothing grows with the ledger.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats import signed_note, tlog
from cunzhen.ledger import kept, tiles, witnesses
from cunzhen.ledger.audit_rows import AuditRow, problems_within, rows_by_tile
from cunzhen.ledger.queries import leaves_between, size_of_table
from cunzhen.ledger.rules import SEQUENCER_LOCK, AuditProblem, AuditReport, Difference, name_differences

PROBLEMS_AT_MOST = 1000
DIFFERENCES_AT_MOST = 100_000

_UNNUMBERED = """
SELECT e.id FROM ledger_entry e
WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.entry_id = e.id)
  AND NOT EXISTS (SELECT FROM ledger_pending p WHERE p.entry_id = e.id)
ORDER BY e.id LIMIT %s
"""


def audit(checkpoint: str | None = None) -> AuditReport:
    """Recompute the whole ledger from the table and compare it with everything published. About 20,000 rows a second.

    Args:
        checkpoint: a signed checkpoint kept from before, elsewhere; the ledger must be its continuation. Only this
            shows a rewriting by someone who holds the ledger's own key.

    Returns:
        Every disagreement found. Run ``operations.sequence`` first, or rows that a stopped sequencer left unpublished
        are reported too.
    """
    folder = tiles.current()
    findings = _Findings()
    try:
        published = folder.checkpoint()
    except Unavailable as error:
        findings.add("L-A-01", error.message, error.english)
        return findings.report(0, tlog.EMPTY_ROOT)
    if published is None:
        return _unpublished_ledger(findings)
    if folder.read_text(tiles.VKEY) != tiles.own_vkey():
        findings.add("L-A-17", "公布的公钥文件缺失或被改动。", "The published public key is missing or altered.")
    _judge_witnesses(findings)
    _Audit(folder, published, _kept(checkpoint, findings), findings).run()
    return findings.report(published.size, published.root)


class _Findings:
    """Collects what was found, up to a limit."""

    def __init__(self) -> None:
        self._problems: list[AuditProblem] = []
        self._more = 0

    def add(self, code: str, message: str, english: str, number: int | None = None, entry: UUID | None = None) -> None:
        """Keep a finding, or only count it where there are too many."""
        self.keep(AuditProblem(code, message, english, number, entry))

    def keep(self, problem: AuditProblem) -> None:
        """The same, for one made elsewhere."""
        if len(self._problems) < PROBLEMS_AT_MOST:
            self._problems.append(problem)
        else:
            self._more += 1

    def extend(self, problems: Iterable[AuditProblem]) -> None:
        """The same, for several."""
        for problem in problems:
            self.keep(problem)

    def report(self, size: int, root: bytes) -> AuditReport:
        """The report over a checkpoint of this size and root."""
        return AuditReport(size, root.hex(), not self._problems, tuple(self._problems), self._more)


class _Tree:
    """A tree grown again from leaf hashes, and the upper tiles on disk that are not what it gives."""

    def __init__(self, folder: tiles.TileFolder) -> None:
        self._folder = folder
        self._builder = tlog.TileBuilder()
        self._wrong: list[tlog.Tile] = []

    @property
    def size(self) -> int:
        """Number of leaves so far."""
        return self._builder.size

    def add(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        for tile, content in self._builder.add(leaf):
            self._compare(tile, content)

    def root(self) -> bytes:
        """Root at the present size."""
        return self._builder.root()

    def wrong_tiles(self) -> list[tlog.Tile]:
        """Upper tiles that are missing or other, once every leaf was added."""
        for tile, content in self._builder.partials():
            self._compare(tile, content)
        return self._wrong

    def branch(self) -> _Tree:
        """A second tree that goes on from here with other leaves."""
        other = _Tree(self._folder)
        other._builder, other._wrong = copy.deepcopy(self._builder), list(self._wrong)
        return other

    def _compare(self, tile: tlog.Tile, content: bytes) -> None:
        if tile.level == 0:
            return  # the leaves themselves came from there
        try:
            same = self._folder.read(tile) == content
        except Unavailable:
            same = False
        if not same:
            self._wrong.append(tile)


class _Audit:
    """One pass over table and tiles side by side."""

    def __init__(
        self,
        folder: tiles.TileFolder,
        published: signed_note.Checkpoint,
        kept: Sequence[signed_note.Checkpoint],
        findings: _Findings,
    ) -> None:
        self._folder = folder
        self._published = published
        self._kept = kept
        self._findings = findings
        self._table_size = size_of_table()
        self._tree = _Tree(folder)  # over the published leaf hashes
        self._table_tree: _Tree | None = None  # over the table's, from the first difference on
        self._roots = {0: tlog.EMPTY_ROOT}  # at the sizes of the kept checkpoints
        self._kept_sizes = {one.size for one in kept}
        self._differences: list[Difference] = []

    def run(self) -> None:
        """Compare everything; findings tell the result."""
        for index, rows in rows_by_tile(self._published.size):
            self._compare(tlog.tile_at(0, index, self._published.size), rows)
        self._judge()
        self._judge_kept()
        self._judge_sizes()
        self._judge_unnumbered()

    def _compare(self, tile: tlog.Tile, rows: dict[int, AuditRow]) -> None:
        start = tile.index * tlog.TILE_WIDTH
        numbers = range(start, start + tile.width)
        hashes = [_row_hash(rows.get(number)) for number in numbers]
        published = self._read_hashes(tile, hashes)
        for number, in_table, said in zip(numbers, hashes, published, strict=True):
            row = rows.get(number)
            if in_table != said:
                self._differ(Difference(number, row.entry_id if row else None, in_table, said))
            elif row is not None:
                self._findings.extend(problems_within(row, said))
            self._grow(in_table, said)
        self._compare_bundle(tile, rows, published)

    def _read_hashes(self, tile: tlog.Tile, hashes: list[bytes | None]) -> list[bytes]:
        """The published hashes; where their tile is lost the table's stand in, and the root judges them."""
        try:
            return tlog.split_hashes(tile, self._folder.read(tile))
        except (Invalid, Unavailable):
            self._tile_problem(tile)
            return [in_table or bytes(tlog.HASH_BYTES) for in_table in hashes]

    def _differ(self, difference: Difference) -> None:
        if self._table_tree is None:
            self._table_tree = self._tree.branch()
        if len(self._differences) < DIFFERENCES_AT_MOST:
            self._differences.append(difference)

    def _grow(self, in_table: bytes | None, said: bytes) -> None:
        self._tree.add(said)
        if self._tree.size in self._kept_sizes:
            self._roots[self._tree.size] = self._tree.root()
        if self._table_tree is not None:
            self._table_tree.add(in_table or bytes(tlog.HASH_BYTES))

    def _compare_bundle(self, tile: tlog.Tile, rows: dict[int, AuditRow], published: list[bytes]) -> None:
        """The bundle must hold the rows' bytes; where a row was altered, at least what the tile was made over."""
        bundle = tlog.Tile(tlog.ENTRIES, tile.index, tile.width)
        bodies = [row.body or b"" for row in rows.values()]
        try:
            content = self._folder.read(bundle)
            if content == tlog.encode_bundle(bodies):
                return
            same = [tlog.leaf_hash(entry) for entry in tlog.decode_bundle(content)] == published
        except (Invalid, Unavailable):
            same = False
        if not same:
            self._tile_problem(bundle)

    def _judge(self) -> None:
        """Say which side the signed root convicts: tiles that lead to it are witnesses against the rows."""
        tiles_right = self._tree.root() == self._published.root
        if not tiles_right and self._table_tree is not None and self._table_tree.root() == self._published.root:
            leaf_tiles = dict.fromkeys(difference.number // tlog.TILE_WIDTH for difference in self._differences)
            for index in leaf_tiles:
                self._tile_problem(tlog.tile_at(0, index, self._published.size))
            for tile in self._table_tree.wrong_tiles():
                self._tile_problem(tile)
            return
        if not tiles_right:
            self._findings.add(
                "L-A-13",
                "账本瓦片算不出检查点签名的根摘要，数据库记录也算不出：两者都被改动，请从备份恢复后再比对。",
                "Neither the tiles nor the rows lead to the signed root: both were altered. Compare with a backup.",
            )
        beyond = self._hashes_beyond() if self._differences else []
        self._findings.extend(name_differences(self._differences, end=self._table_size, beyond=beyond))
        for tile in self._tree.wrong_tiles():
            self._tile_problem(tile)

    def _hashes_beyond(self) -> list[bytes]:
        """Rows that something put in between pushed beyond what is published."""
        end = min(self._table_size, self._published.size + DIFFERENCES_AT_MOST)
        return [tlog.leaf_hash(leaf.body) for leaf in leaves_between(self._published.size, end)]

    def _judge_kept(self) -> None:
        for head in self._kept:
            if head.size > self._published.size:
                self._findings.add(
                    "L-A-16",
                    f"账本比留存的检查点短（{self._published.size} 条，留存时 {head.size} 条）：被截断或退回。",
                    f"The ledger has {self._published.size} entries, a kept checkpoint {head.size}: cut short.",
                )
            elif self._roots[head.size] != head.root:
                self._findings.add(
                    "L-A-16",
                    f"账本前 {head.size} 条与留存的检查点不一致：历史被改写。",
                    f"The first {head.size} entries are not those of a kept checkpoint: history was rewritten.",
                )

    def _judge_sizes(self) -> None:
        size = self._published.size
        if self._table_size < size:
            self._findings.add(
                "L-A-06",
                f"数据库只剩 {self._table_size} 条，已发布 {size} 条：末尾 {size - self._table_size} 条被截去。",
                f"The table ends at {self._table_size} of {size} published entries: the end was cut off.",
                number=self._table_size,
            )
        elif self._table_size > size and not self._published_meanwhile():
            self._findings.add(
                "L-A-15",
                f"从第 {size} 条起有 {self._table_size - size} 条已编号但未发布：编号程序中断，或为他人写入。",
                f"{self._table_size - size} entries from number {size} on are numbered but not published: "
                "the sequencer was cut off, or did not write them.",
                number=size,
            )

    def _published_meanwhile(self) -> bool:
        """A sequencer may stand between numbering and publishing; wait for it, then look again."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [SEQUENCER_LOCK])
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SEQUENCER_LOCK])
        now = self._folder.checkpoint()
        return now is not None and now.size >= self._table_size

    def _judge_unnumbered(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_UNNUMBERED, [PROBLEMS_AT_MOST])
            for (entry_id,) in cursor.fetchall():
                self._findings.add(
                    "L-A-14",
                    f"记录 {entry_id} 既未编号也不在待编号之列：是绕过系统写入的，或被从账本中摘除。",
                    f"Entry {entry_id} is neither numbered nor waiting: other hands put it in or took it off.",
                    entry=entry_id,
                )

    def _tile_problem(self, tile: tlog.Tile) -> None:
        self._findings.add(
            "L-A-12" if tile.level == tlog.ENTRIES else "L-A-11",
            f"已发布的文件 {tile.path} 缺失或被改动。",
            f"The published file {tile.path} is missing or altered.",
            number=tile.index * tlog.TILE_WIDTH if tile.level <= 0 else None,
        )


def _row_hash(row: AuditRow | None) -> bytes | None:
    return None if row is None or row.body is None else tlog.leaf_hash(row.body)


def _kept(checkpoint: str | None, findings: _Findings) -> list[signed_note.Checkpoint]:
    """The given checkpoint and every head that was kept because a witness signed it, by size, each once."""
    notes = {"": checkpoint} if checkpoint is not None else {}
    found: dict[signed_note.Checkpoint, None] = {}
    for name, note in (notes | kept.kept_heads()).items():
        try:
            found[tiles.trusted(note)] = None
        except Unavailable:
            if not name:
                findings.add(
                    "L-A-16",
                    "留存的检查点不是本账本签发的，或已损坏，无法用来比对。",
                    "The kept checkpoint was not signed by this ledger, or is damaged; it proves nothing.",
                )
            else:
                findings.add(
                    "L-A-18",
                    f"保存的见证树头 {name} 缺损或被改动，请从备份恢复该文件。",
                    f"The kept countersigned head {name} is damaged or altered; restore that file from a backup.",
                )
    return sorted(found, key=lambda one: one.size)


def _judge_witnesses(findings: _Findings) -> None:
    for one in witnesses.standings():
        if one.code in witnesses.HALTING:
            findings.add("L-A-19", f"见证人拒签：{one.message}", f"A witness refuses: {one.english}")


def _unpublished_ledger(findings: _Findings) -> AuditReport:
    """Before the first checkpoint an empty table is in order; one with numbers, or with kept heads, has lost its."""
    _judge_witnesses(findings)
    if size_of_table() > 0 or kept.kept_heads():
        findings.add("L-A-01", "已发布的检查点不见了。", "The published checkpoint is gone.")
    return findings.report(0, tlog.EMPTY_ROOT)
