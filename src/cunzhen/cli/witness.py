"""``cunzhen witness``: countersign the heads of other agencies' ledgers. Needs neither home nor database."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cunzhen.cli.children import web_server
from cunzhen.cli.serve import check_port
from cunzhen.cli.terminal import say, say_json
from cunzhen.ledger.witness import WitnessFolder, create

_ACTIONS = ("init", "trust", "show", "serve")
HELP = "为别家的存证账本做见证：init、trust、show、serve"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "action",
        choices=_ACTIONS,
        metavar="ACTION",
        help="init 新建见证密钥；trust 开始见证一个账本；show 公钥和各账本的最后条数；serve 提供见证服务",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="见证文件夹，密钥和各账本的最后树头都在里面")
    parser.add_argument("vkey", nargs="?", default="", metavar="VKEY", help="trust：账本的公钥（对方的 /ledger/vkey）")
    parser.add_argument("--name", default="", help="init：见证人的名称，如 witness.linshi.gov.cn")
    parser.add_argument("--host", default="127.0.0.1", help="serve：监听地址（缺省 127.0.0.1）")
    parser.add_argument("--port", type=int, default=8090, help="serve：监听端口（缺省 8090）")
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Do what is asked."""
    if (args.action == "trust") != bool(args.vkey):
        args.misuse("witness trust DIR VKEY")
    if (args.action == "init") != bool(args.name):
        args.misuse("witness init DIR --name NAME")
    return {"init": _init, "trust": _trust, "show": _show, "serve": _serve}[args.action](args)


def _init(args: argparse.Namespace) -> int:
    made = create(args.folder, args.name)
    return _tell(
        args,
        {"name": made.name, "vkey": made.vkey},
        f"见证人 {made.name} 已建好。把这个公钥交给要见证的机构，写进它的 CUNZHEN_WITNESSES：",
        made.vkey,
        f"请给 {args.folder} 另存一份副本：丢了密钥，就要换一个见证人。",
    )


def _trust(args: argparse.Namespace) -> int:
    origin = WitnessFolder(args.folder).trust(args.vkey)
    return _tell(args, {"origin": origin}, f"从现在起见证账本 {origin}")


def _show(args: argparse.Namespace) -> int:
    folder = WitnessFolder(args.folder)
    logs = folder.logs()
    answer = {"vkey": folder.vkey, "logs": [{"origin": log.origin, "size": log.size} for log in logs]}
    return _tell(args, answer, folder.vkey, *(f"  {log.origin}：已见证 {log.size:,} 条" for log in logs))


def _tell(args: argparse.Namespace, answer: Mapping[str, object], *lines: str) -> int:
    if args.json:
        say_json(answer)
    else:
        say(*lines)
    return 0


def _serve(args: argparse.Namespace) -> int:
    folder = WitnessFolder(args.folder)
    check_port(args.host, args.port)
    say(f"见证人 {folder.name} 在 http://{args.host}:{args.port}/add-checkpoint 应答")
    sys.stdout.flush()
    os.environ["CUNZHEN_WITNESS_DIR"] = str(args.folder.resolve())
    command = web_server("cunzhen.cli.witness_app:serve", args.host, args.port, workers=1)
    os.execv(command[0], command)  # noqa: S606 - this very Python
