"""``cunzhen check``: is this installation as it should be; each line says what to do where it is not."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import django
import psycopg
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

import cunzhen
from cunzhen.access.queries import index_status
from cunzhen.cli.terminal import say, say_json
from cunzhen.database import roles, schema
from cunzhen.errors import CunzhenError, Missing
from cunzhen.jobs.queries import backlog
from cunzhen.keys import keystore
from cunzhen.ledger.models import LedgerPending
from cunzhen.ledger.queries import head, latest_entry, size_of_table
from cunzhen.ledger.stamps import day_stamps, trouble
from cunzhen.ledger.watching import is_old, last_audit
from cunzhen.ledger.witnesses import standings
from cunzhen.preservation.backup_queries import backup_status, drill_status
from cunzhen.preservation.condition import LEAST_FREE_BYTES, open_count, quarantined, scrub_state, store_conditions
from cunzhen.preservation.store import configured_stores

HELP = "自检：配置、版本、密钥、权限、存储空间、检索库和存证账本的滞后"
MOST_BEHIND = 1_000
LONGEST_QUEUE_SECONDS = 300.0
MOST_APART = timedelta(minutes=5)


@dataclass(frozen=True)
class Line:
    """One thing looked at."""

    name: str
    label: str
    ok: bool
    detail: str


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace) -> int:
    """Look at everything; 1 where something is not as it should be."""
    lines = look(args.home)
    ok = all(line.ok for line in lines)
    if args.json:
        say_json({"ok": ok, "checks": [asdict(line) for line in lines]})
    else:
        for line in lines:
            say(f"  {'正常' if line.ok else '异常'}  {line.label}：{line.detail}")
        say("自检通过" if ok else "自检发现问题")
    return 0 if ok else 1


def look(home: Path) -> list[Line]:
    """All checks, none of which stops the others.

    Args:
        home: the home folder.
    """
    looks: tuple[Callable[[], Iterator[Line]], ...] = (
        _versions,
        lambda: _home(home),
        lambda: _keys(home),
        _database,
        _clock,
        _schema,
        _rights,
        _stores,
        _copies,
        _ledger,
        _witnesses,
        _time_stamp,
        _ledger_audit,
        _index,
        _jobs,
        _backups,
        _drills,
    )
    return [line for one in looks for line in _told(one)]


def _told(one: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    try:
        yield from one()
    except CunzhenError as error:
        yield Line(error.code, "检查未能进行", False, error.message)
    except (DatabaseError, OSError) as error:
        yield Line(type(error).__name__, "检查未能进行", False, "数据库或磁盘没有应答，请查看日志。")


def _versions() -> Iterator[Line]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        number = int((cursor.fetchone() or (0,))[0])
    detail = f"存真 {cunzhen.__version__}，Python {platform.python_version()}，Django {django.__version__}，"
    yield Line(
        "versions", "版本", number >= 150_000, f"{detail}PostgreSQL {number // 10_000}.{number % 10_000}（至少 15）"
    )


def _home(home: Path) -> Iterator[Line]:
    mode = stat.S_IMODE(home.stat().st_mode)
    closed = not mode & 0o067
    detail = f"{home}，权限 {mode:o}" + ("" if closed else "；其他用户可以列出或写入，请执行 chmod o-rwx,g-rw")
    yield Line("home", "数据目录", os.access(home, os.W_OK) and closed, detail)
    record = home / "postgres-place.json"
    if record.exists():
        where = json.loads(record.read_text(encoding="utf-8"))["data"]
        yield Line("database_folder", "数据库目录", Path(where).exists(), f"不在数据目录内：{where}；备份时请一并保存")


def _keys(home: Path) -> Iterator[Line]:
    keystore.load(home / "keys")
    mode = stat.S_IMODE((home / "keys" / keystore.FILE_NAME).stat().st_mode)
    how = "已用口令封存" if keystore.is_sealed(home / "keys") else "没有口令，可用 cunzhen keys seal 封存"
    yield Line("keys", "密钥库", mode == 0o600, how if mode == 0o600 else f"权限是 {mode:o}，请改为 600")


def _database() -> Iterator[Line]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), datctype, datcollate FROM pg_database"
            " WHERE datname = current_database()"
        )
        encoding, ctype, collate = cursor.fetchone() or ("", "", "")
        cursor.execute("SELECT '社保' ~ '^[[:alpha:]]{2}$'")
        knows_letters = bool((cursor.fetchone() or (False,))[0])
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        has_trigrams = cursor.fetchone() is not None
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') ORDER BY 1")
        unsafe = [name for name, setting in cursor.fetchall() if setting != "on"]
    good = encoding == "UTF8" and {ctype, collate} <= {"C.UTF-8", "C.utf8"}
    yield Line(
        "locale", "数据库字符集", good, f"{encoding} {collate} {ctype}" + ("" if good else "；应为 UTF8、C.UTF-8")
    )
    # Under a locale that knows no Chinese letters pg_trgm builds empty indexes and says nothing.
    trigrams = knows_letters and has_trigrams
    yield Line("pg_trgm", "pg_trgm 可用于中文", trigrams, "可用" if trigrams else "不可用，请改用 C.UTF-8 建库")
    yield Line(
        "durability", "数据库落盘", not unsafe, "已开启" if not unsafe else f"{'、'.join(unsafe)} 已关闭，断电会丢数据"
    )


def _clock() -> Iterator[Line]:
    """Against the database's clock, and against the last entry: time does not go back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone() or (None,)
    now, last = timezone.now(), latest_entry()
    detail = f"{timezone.localtime(now):%Y-%m-%d %H:%M:%S}"
    apart = theirs is not None and abs(theirs - now) > MOST_APART
    behind = last is not None and last[1] > now + MOST_APART
    if apart:
        detail += f"；数据库的时钟是 {timezone.localtime(theirs):%Y-%m-%d %H:%M:%S}，请校准两台机器的时钟"
    if behind and last is not None:
        detail += (
            f"；账本最后一条记于 {timezone.localtime(last[1]):%Y-%m-%d %H:%M:%S}：时钟被调慢了，或曾经走快，请校准"
        )
    yield Line("clock", "系统时钟", not (apart or behind), detail)


def _schema() -> Iterator[Line]:
    found = schema.state()
    if found.unknown:
        yield Line("schema", "数据表", False, f"比程序新（{found.unknown[-1]}），请安装新版本")
    elif found.pending:
        yield Line("schema", "数据表", False, f"有 {len(found.pending)} 项变更未执行，请运行 cunzhen init")
    else:
        yield Line("schema", "数据表", True, "与程序一致")


def _rights() -> Iterator[Line]:
    with psycopg.connect(os.environ["DATABASE_URL"]) as app:
        role = str(app.info.user)
        excess = roles.excess_rights(app, settings.APPEND_ONLY_TABLES, app=role)
    detail = f"{role} 不拥有任何表，不能改动账本" if not excess else f"{role} 权限过大：{'；'.join(excess[:5])}"
    yield Line("rights", "数据库权限", not excess, detail)


def _stores() -> Iterator[Line]:
    remote = {store.name: store for store in configured_stores() if store.is_remote}
    for name, folder in settings.STORES.items():
        if not isinstance(folder, Path):
            answers = remote[name].reachable()
            said = "有应答" if answers else "没有应答或不是本系统的存储，请检查服务、密钥和桶"
            yield Line(f"store_{name}", f"存储 {name}", answers, f"{folder}，{said}")
            continue
        there = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(there).free
        good = os.access(there, os.W_OK) and free >= LEAST_FREE_BYTES
        yield Line(f"store_{name}", f"存储 {name}", good, f"{folder}，剩余 {free / 1e9:.1f} GB（至少 2 GB）")


def _copies() -> Iterator[Line]:
    now = timezone.now()
    bad, lost = open_count(), quarantined(None).count()
    detail = "完好" if not bad else f"待修复 {bad:,} 处，请运行 cunzhen repair"
    if lost:
        detail += f"；{lost:,} 个保存包没有一份副本完好，见“保管状况”页"
    yield Line("copies", "副本", not bad, detail)
    state = scrub_state(now)
    if state.oldest_check:
        detail = f"最久未核的副本上次核对于 {timezone.localtime(state.oldest_check):%Y-%m-%d %H:%M}"
        if state.overdue:
            detail += f"；{state.overdue:,} 份超过 {settings.SCRUB_DAYS:g} 天，请确认 cunzhen worker 在运行，"
            detail += "或提高 CUNZHEN_SCRUB_MB_PER_SECOND"
        yield Line("scrub", "巡检", not state.overdue, detail)
    if state.last and state.last.behind:
        detail = "数据库落后于已发布的存证账本，可能被恢复到了较早的备份，请运行 cunzhen ledger audit"
        yield Line("register", "登记册", False, detail)
    for store in store_conditions(now):
        if store.is_away:
            detail = "其中的副本读不到；请挂载磁盘或检查网络，换了空盘的用 cunzhen repair --new-store"
            yield Line(f"away_{store.name}", f"存储 {store.name}", False, detail)
        elif store.is_nearly_full and store.days_left is not None:
            detail = f"按近来的归档量约 {store.days_left:.0f} 天后满，请扩容"
            yield Line(f"space_{store.name}", f"存储 {store.name}", False, detail)


def _ledger() -> Iterator[Line]:
    behind = LedgerPending.objects.count()
    size = size_of_table()
    try:
        published = head().size
    except Missing:
        if size:  # entries are numbered, and the checkpoint is gone
            raise
        published = 0
    detail = f"{size:,} 条已编号，{published:,} 条已发布，{behind:,} 条待编号"
    if published > size:
        detail += "；数据库落后于已发布的账本，请恢复最新的备份，没有备份时按操作指南“重建”办理"
    yield Line("ledger", "存证账本", behind <= MOST_BEHIND and published == size, detail)


def _witnesses() -> Iterator[Line]:
    for one in standings():
        detail = one.message or (f"已签 {one.size:,} 条" if one.asked_at else "尚未联系，后台工作每分钟联系一次")
        yield Line(f"witness_{one.name}", f"见证人 {one.name}", not one.code, detail)


def _time_stamp() -> Iterator[Line]:
    if not settings.TSA_URL:
        return
    newest = day_stamps(1)
    detail = f"最近一天 {newest[0].day}" if newest else "还没有，后台工作每十分钟申请一次"
    said = trouble() or (newest[0].problem if newest else None)
    yield Line("time_stamp", "时间戳", said is None, f"{detail}；{said.message}" if said else detail)


def _ledger_audit() -> Iterator[Line]:
    last, now = last_audit(), timezone.now()
    if last is None:
        return
    detail = f"{timezone.localtime(last.at):%Y-%m-%d %H:%M} 核对 {last.size:,} 条"
    if last.problems:
        detail += f"，发现 {len(last.problems) + last.more:,} 处问题，见“存证账本”页，或执行 cunzhen ledger audit"
    elif is_old(last, now):
        detail += "，早该再核对；请确认 cunzhen worker 在运行"
    yield Line("ledger_audit", "账本自动核对", last.is_ok and not is_old(last, now), detail)


def _index() -> Iterator[Line]:
    status = index_status()
    never_used = status.state == "missing" and status.behind == 0
    good = never_used or (status.state != "missing" and status.behind <= MOST_BEHIND)
    yield Line("index", "检索库", good, f"{status.state}，{status.documents:,} 件，落后账本 {status.behind:,} 条")


def _jobs() -> Iterator[Line]:
    work = backlog()
    good = work.failed == 0 and not work.stuck
    detail = f"等待 {work.waiting}，进行中 {work.running}，失败 {work.failed}"
    if work.longest_seconds > LONGEST_QUEUE_SECONDS:
        detail += f"，最久的已做 {work.longest_seconds / 60:.0f} 分钟"
    if work.failed:
        detail += "；所涉材料停在“处理中”，请用 cunzhen jobs 查看原因，排除后执行 cunzhen jobs --retry"
    if work.stuck:
        detail += f"；{work.stuck} 项等了 5 分钟以上（能做而没有做的，最早的已等 {work.oldest_seconds / 60:.0f} 分钟）"
        detail += "，请确认 cunzhen worker 在运行、磁盘有空间、系统时钟正确"
    yield Line("jobs", "后台工作", good, detail)


def _backups() -> Iterator[Line]:
    status = backup_status(timezone.now())
    last = f"{timezone.localtime(status.base_at):%Y-%m-%d %H:%M}" if status.base_at else "还没有"
    detail = f"最近一次：{last}"
    if status.mark_at:
        detail += f"，可恢复到 {timezone.localtime(status.mark_at):%Y-%m-%d %H:%M:%S}"
    if status.is_late:
        detail += f"；超过 {settings.BACKUP_DAYS:g} 天没有备份，请运行 cunzhen backup 或设置 CUNZHEN_BACKUP_DIR"
    if status.problem:
        detail += f"；上次没有成功（{status.problem}），见 docs/findings.md"
    yield Line("backup", "备份", not (status.is_late or status.problem), detail)


def _drills() -> Iterator[Line]:
    status = drill_status(timezone.now())
    last = f"{status.last.held_on}，{status.last.minutes} 分钟" if status.last else "还没有"
    detail = f"最近一次通过的备份恢复演练：{last}；下次应在 {timezone.localtime(status.due_at):%Y-%m-%d} 以前"
    if status.is_late:
        detail += "，已过期，请运行 cunzhen drill run"
    yield Line("drill", "应急演练", not status.is_late, detail)
