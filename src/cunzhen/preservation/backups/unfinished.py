"""A home that a restore has not finished is nobody's to use."""

from __future__ import annotations

from pathlib import Path

from cunzhen.errors import Conflict

UNFINISHED = "restoring.json"


def refuse_unfinished(home: Path) -> None:
    """Keep everything but a restore out of a home that a restore has not finished.

    Raises:
        Conflict: ``B-25``.
    """
    if (home / UNFINISHED).exists():
        raise Conflict(
            "B-25",
            f"{home} 的恢复没有完成，不能使用。请重新运行 cunzhen restore（同样的参数），或删除该目录。",
            f"The restore into {home} was not finished. Run cunzhen restore again in the same way, or "
            f"remove the folder.",
        )
