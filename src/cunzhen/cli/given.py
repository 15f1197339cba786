"""What people give a command besides its words: small files, passphrases, recovery shares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from cunzhen.cli.terminal import complain
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


def given_passphrase() -> str:
    """The key store's passphrase as the environment says it, empty where it does not; read by settings and command.

    Raises:
        Missing: ``B-15``.
    """
    name = "CUNZHEN_KEY_PASSPHRASE"
    file = os.environ.get(f"{name}_FILE")
    return passphrase_in(Path(file)) if file else os.environ.get(name, "")


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


def shares_in(path: Path | None) -> list[str]:
    """Recovery shares, one a line, from a file or from standard input until an empty line or the end.

    Raises:
        Missing: ``K-17`` where there is none, or the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path else list(_typed())
    except (OSError, UnicodeDecodeError) as error:
        raise Missing("K-17", f"读不出份额文件 {path}，请核对路径。", f"Cannot read shares from {path}.") from error
    found = [line for line in lines if line.strip()]
    if not found:
        raise Missing("K-17", "没有收到恢复份额：每行一份，扫码或输入 59 个词。", "No share was given: one a line.")
    return found


def _typed() -> Iterator[str]:
    if sys.stdin.isatty():
        complain("每行一份（扫码或输入 59 个词），最后输入一个空行：")
    for line in sys.stdin:
        if not line.strip():
            return
        yield line
