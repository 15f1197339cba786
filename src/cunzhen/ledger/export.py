"""The whole published ledger as a folder that anyone can verify without this program."""

from __future__ import annotations

from pathlib import Path

from cunzhen.errors import Conflict, Missing
from cunzhen.formats import tlog
from cunzhen.ledger import tiles


def export(folder: Path) -> int:
    """Write ``checkpoint``, ``vkey``, ``tile/…`` and ``tile/entries/…`` as they were published; the checkpoint last.

    Args:
        folder: a new or empty folder, or one that holds an earlier export, which is then brought up to date.

    Returns:
        How many entries the exported ledger has.

    Raises:
        Missing: ``L-16`` before the first checkpoint.
        Conflict: ``L-20`` where the folder holds other things.
        Unavailable: ``L-13`` where the checkpoint is not to be trusted, ``L-14`` to ``L-18`` where a disk fails
            or a tile is gone.
    """
    source, target = tiles.current(), tiles.TileFolder(folder)
    checkpoint, vkey = source.read_text(tiles.CHECKPOINT), source.read_text(tiles.VKEY)
    if checkpoint is None or vkey is None:
        raise Missing("L-16", "账本还没有发布过检查点。", "The ledger has not published a checkpoint yet.")
    if folder.exists() and any(folder.iterdir()) and target.read_text(tiles.VKEY) != vkey:
        raise Conflict(
            "L-20", "目标文件夹里有别的内容，请换一个空文件夹。", "The folder holds other things; name an empty one."
        )
    size = tiles.trusted(checkpoint).size
    target.write_text(tiles.VKEY, vkey)
    for tile in tlog.tiles_of(size):
        target.write(tile, source.read(tile))
    target.sync()
    target.write_text(tiles.CHECKPOINT, checkpoint)
    return size
