"""Small files that people name on the command line."""

from __future__ import annotations

from pathlib import Path

from cunzhen.errors import Missing


def passphrase_in(path: Path) -> str:
    """The passphrase that a file holds: its first line.

    Raises:
        Missing: ``B-15``.
    """
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Missing(
            "B-15", f"读不出口令文件 {path}，请核对路径。", f"The passphrase file {path} cannot be read."
        ) from error


def checkpoint_in(path: Path) -> str:
    """The signed checkpoint that somebody kept in a file.

    Raises:
        Missing: ``L-61``.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Missing(
            "L-61", f"读不出签名树头 {path}，请核对路径。", f"Cannot read a checkpoint from {path}."
        ) from error
