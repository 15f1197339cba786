"""A cluster that another installation ran, made to fit a home: files of settings, database, owner.

Of a cluster that a home ran itself nothing changes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cunzhen.database import cluster, roles

_CONF = "postgresql.conf"
_FILES = {
    _CONF: cluster.INCLUDE,
    "postgresql.auto.conf": "",
    "pg_hba.conf": "local all all scram-sha-256\nlocal replication all scram-sha-256\n",
    "pg_ident.conf": "",
}


def fit(data: Path) -> None:
    """Give a stopped cluster the files that a home's has; the other installation's stay beside them.

    Its addresses, certificates and libraries are another machine's; on some systems the files were never in the folder.

    Args:
        data: its data folder.
    """
    path = data / _CONF
    if path.is_file() and cluster.INCLUDE in path.read_text(encoding="utf-8", errors="replace"):
        return
    for name, text in _FILES.items():
        if os.path.lexists(data / name):
            (data / name).rename(data / f"{name}.outside")
        (data / name).write_text(text, encoding="utf-8")


def rename(connection: psycopg.Connection[Any], database: str) -> None:
    """Call the database what homes call it; nothing happens where it is called so.

    Args:
        connection: of the superuser, in autocommit.
        database: its name till now; empty where nobody knows.
    """
    names = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
    if database == roles.DATABASE or database not in names:
        return
    moves = [(database, roles.DATABASE)]
    if roles.DATABASE in names:  # somebody else's on the same server
        moves.insert(0, (roles.DATABASE, f"{roles.DATABASE}_other"))
    for old, new in moves:
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def take_over(connection: psycopg.Connection[Any], url: str) -> None:
    """Make the home's owner the owner of the database and of everything in it.

    Args:
        connection: of the superuser, in autocommit.
        url: of the superuser, to the database.
    """
    owner = sql.Identifier(roles.OWNER)
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(roles.DATABASE), owner))
    with psycopg.connect(url, autocommit=True) as inside:
        others = inside.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND pg_get_userbyid(relowner) NOT IN (%s, %s)",
            (roles.OWNER, cluster.SUPERUSER),
        ).fetchall()
        for (name,) in others:
            inside.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(sql.Identifier(name), owner))
