"""The embedded PostgreSQL of a home: whoever needs it attaches, the last one out stops it.

Two locks in the home. ``postgres-start.lock`` is held alone while the server is started or stopped.
``postgres-use.lock`` is shared by everybody who uses it, so that taking it alone proves that nobody does; the kernel
lets it go when a process is killed. A server that outlives a killed process is used again by the next one.

``DATABASE_URL`` (and ``CUNZHEN_OWNER_URL`` for migrations) names an outside server; then nothing here starts anything.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from cunzhen.database import cluster, places, roles
from cunzhen.errors import Unavailable

log = logging.getLogger("cunzhen.database")

SECRETS = "postgres-secrets.json"
REVIVAL_PAUSE = 1.0  # seconds after a revival that failed
# Part of every address that this module gives out. A child that inherits one attaches like everybody else, instead of
# taking it for an outside server that nobody needs to hold.
MARK = "application_name=cunzhen-embedded"


@dataclass(frozen=True)
class Server:
    """A server to use: the outside one, or this home's own.

    ``lock`` is the descriptor whose shared lock keeps the server running; pass it on to children that use the server
    (``pass_fds``), so that it outlives us only as long as they do.
    """

    app_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    admin_url: str = field(default="", repr=False)
    backup_url: str = field(default="", repr=False)
    place: places.Place | None = None
    lock: int | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether the server is this home's own."""
        return self.place is not None

    @property
    def environment(self) -> dict[str, str]:
        """Variables that tell the settings and children which database to use."""
        return {"DATABASE_URL": self.app_url, "CUNZHEN_OWNER_URL": self.owner_url}

    def is_running(self) -> bool:
        """Whether the server's main process is there; always true of an outside one."""
        return self.place is None or cluster.running_pid(self.place) is not None

    def revive(self) -> None:
        """Start the server again where it was killed while we use it.

        Where that fails (killed once more while it recovers, or no space) the next call tries again: whoever looks
        after the server must not go down with it.
        """
        if self.place is not None and not self.is_running():
            with _alone(self.place.home):
                try:
                    _start(self.place, _secrets(self.place.home))
                except Unavailable as error:
                    log.error("%s %s", error.code, error.english)
                    time.sleep(REVIVAL_PAUSE)


@contextlib.contextmanager
def ensure_running(home: Path) -> Iterator[Server]:
    """A running server for as long as the block lasts, shared with every other process of this home.

    Args:
        home: the home folder; everything is made on the first call.

    Raises:
        Unavailable: ``D-01`` to ``D-07``, each saying what to do.
    """
    outside = _outside()
    if outside is not None:
        yield outside
        return
    place, passwords, lock = _attach(home.resolve())
    try:
        yield _server(place, passwords, lock)
    finally:
        _leave(place, lock)


@contextlib.contextmanager
def settled(home: Path) -> Iterator[tuple[places.Place, dict[str, str]]]:
    """A home's places and the passwords of its roles, while nobody else can start or stop its server.

    Args:
        home: the home folder; places and passwords are made where they are missing, the cluster is not.

    Raises:
        Unavailable: ``D-01`` to ``D-03``.
    """
    place = places.settle(home.resolve())
    with _alone(place.home):
        yield place, _secrets(place.home)


def attached(home: Path) -> Server:
    """The server that this process is attached to already, with the addresses of all its roles.

    Args:
        home: of this process.
    """
    outside = _outside()
    if outside is not None:
        return outside
    place = places.settle(home.resolve())
    return _server(place, _secrets(place.home), None)


def _server(place: places.Place, passwords: dict[str, str], lock: int | None) -> Server:
    return Server(
        app_url=_url(place, roles.APP, passwords, roles.DATABASE),
        owner_url=_url(place, roles.OWNER, passwords, roles.DATABASE),
        admin_url=_url(place, cluster.SUPERUSER, passwords, "postgres"),
        backup_url=_url(place, roles.BACKUP, passwords, "postgres"),
        place=place,
        lock=lock,
    )


def _attach(home: Path) -> tuple[places.Place, dict[str, str], int]:
    try:
        place = places.settle(home)
        with _alone(home):
            passwords = _secrets(home)
            _start(place, passwords)
            return place, passwords, _take(home / "postgres-use.lock", fcntl.LOCK_SH)
    except PermissionError as error:
        raise Unavailable(
            "D-03",
            f"当前系统用户无权使用 {error.filename or home}。请用建立该目录的用户运行，或用 --home 另选目录。",
            f"This account may not use {error.filename or home}. Run as the account that made it, or choose another "
            "--home.",
        ) from error


def _outside() -> Server | None:
    url = _named("DATABASE_URL")
    if MARK in url:
        return None
    if not url:
        return None
    return Server(app_url=url, owner_url=_named("CUNZHEN_OWNER_URL") or url, backup_url=_named("CUNZHEN_BACKUP_URL"))


def _named(name: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get(name, "")


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    lock = _take(home / "postgres-start.lock", fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def _take(path: Path, kind: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _leave(place: places.Place, lock: int) -> None:
    """Let go; stop the server where nobody else holds on."""
    with _alone(place.home):
        os.close(lock)  # closed, not unlocked: a child that was given the descriptor goes on holding
        try:
            last = _take(place.home / "postgres-use.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            cluster.stop(place)
        finally:
            os.close(last)


def _start(place: places.Place, passwords: dict[str, str]) -> None:
    """Make the cluster, start the server and make the roles, each only where it is not done yet."""
    if not cluster.is_made(place):
        cluster.make(place, passwords[cluster.SUPERUSER])
    if cluster.running_pid(place) is None:
        cluster.start(place)
    if not _is_ready(place, passwords):
        try:
            url = _url(place, cluster.SUPERUSER, passwords, "postgres")
            with psycopg.connect(url, autocommit=True, connect_timeout=30) as connection:
                roles.make_roles(connection, passwords)
        except psycopg.OperationalError as error:
            raise Unavailable(
                "D-07",
                f"无法登录本机数据库。{place.home / SECRETS} 可能与数据不配套，请从备份恢复该文件。",
                f"Cannot sign in to the embedded database ({type(error).__name__}). "
                f"{place.home / SECRETS} may not belong to this data; restore it from its backup.",
            ) from error


def _is_ready(place: places.Place, passwords: dict[str, str]) -> bool:
    try:
        for role, database in ((roles.OWNER, roles.DATABASE), (roles.APP, roles.DATABASE), (roles.BACKUP, "postgres")):
            psycopg.connect(_url(place, role, passwords, database), connect_timeout=30).close()
    except psycopg.OperationalError:
        return False
    return True


def _url(place: places.Place, role: str, passwords: dict[str, str], database: str) -> str:
    return f"postgresql://{role}:{passwords[role]}@/{database}?host={quote(str(place.sockets), safe='')}&{MARK}"


def _secrets(home: Path) -> dict[str, str]:
    """The passwords of the roles: made once, durable before the cluster that knows them."""
    path = home / SECRETS
    known = dict(json.loads(path.read_text(encoding="ascii"))) if path.exists() else {}
    needed = (cluster.SUPERUSER, roles.OWNER, roles.APP, roles.BACKUP)
    if not known.keys() >= set(needed):  # a new home, or one from before the role was known
        body = {role: known.get(role) or secrets.token_urlsafe(24) for role in needed}
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            json.dump(body, out)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
        return body
    return known
