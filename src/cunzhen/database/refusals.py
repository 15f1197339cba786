"""What the database cannot do at all becomes a refusal that says what to do."""

from __future__ import annotations

import psycopg
from django.db.utils import InterfaceError, OperationalError

from cunzhen.errors import Unavailable

DATABASE_ERRORS = (psycopg.OperationalError, OperationalError, InterfaceError)


def without_database(error: BaseException) -> Unavailable:
    """The refusal for one of ``DATABASE_ERRORS``; what it says of rows may name people and stays out."""
    said = str(error)
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return Unavailable(
            "D-21",
            "数据库所在的磁盘空间不足，这项工作没有做完。已经归档的不受影响；请腾出空间后重试。",
            "The database's disk is full; this was not finished. What is filed is safe. Make room, then try again.",
        )
    return Unavailable(
        "D-22",
        "数据库没有应答或中途断开，这项工作没有做完。已经归档的不受影响，请稍后重试；仍不行时运行 cunzhen check。",
        "The database does not answer or broke off; this was not finished. What is filed is safe. Try again soon; "
        "if that does not help, run cunzhen check.",
    )
