"""``cunzhen init``: make a home, or bring one to this version; safe to repeat."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from cunzhen.cli.main import open_keys, set_up
from cunzhen.cli.terminal import say, say_json
from cunzhen.database.launcher import Server, ensure_running
from cunzhen.keys import keystore

HELP = "建立数据目录：密钥库、数据库和数据表；可重复执行"


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace) -> int:
    """Make what is missing and say what was done."""
    is_new = not (args.home / "keys" / keystore.FILE_NAME).exists()
    args.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_new:
        keystore.create(args.home / "keys")
    else:
        open_keys(args.home)
    with ensure_running(args.home) as server:
        os.environ.update(server.environment)
        set_up()
        done = bring_up(server)
    answer = {"home": str(args.home), "created": is_new, "migrations": len(done), "embedded": server.is_embedded}
    if args.json:
        say_json(answer)
    else:
        _tell(args.home, is_new, len(done))
    return 0


def bring_up(server: Server) -> tuple[str, ...]:
    """Run the migrations as the owner and renew the app's rights.

    Args:
        server: attached; Django is set up.
    """
    from django.conf import settings

    from cunzhen.database import schema

    return schema.upgrade(server.owner_url, server.app_url, settings.APPEND_ONLY_TABLES)


def _tell(home: Path, is_new: bool, migrations: int) -> None:
    what = "已建立" if is_new else "已就绪"
    say(f"数据目录{what}：{home}（执行数据表变更 {migrations} 项）")
    say(f"请为 {home / 'keys'} 另存一份副本：丢失密钥库，密封的内容无法恢复。")
