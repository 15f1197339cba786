"""``cunzhen recover``: the key store again from recovery shares. Needs no database."""

from __future__ import annotations

import argparse
from pathlib import Path

from cunzhen.cli.given import shares_in
from cunzhen.cli.terminal import say, say_json
from cunzhen.errors import Conflict, Unavailable
from cunzhen.keys import keystore
from cunzhen.keys.escrow import fingerprint
from cunzhen.keys.shares import join, read_share

HELP = "用恢复份额重新得到密钥库（--home 指明数据目录）"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="每行一份的文件；缺省从标准输入读")
    parser.add_argument(
        "--replace", action="store_true", help="顶替现有的密钥库（口令丢失或文件损坏时），旧文件改名留着"
    )


def run(args: argparse.Namespace) -> int:
    """Put the key store into the home's ``keys`` folder, unsealed; what was there stays beside it."""
    folder: Path = args.home / "keys"
    path = folder / keystore.FILE_NAME
    keys = join([read_share(text) for text in shares_in(args.source)])
    if path.exists() and not args.replace:
        raise Conflict(
            "K-15",
            f"{path} 已经存在。确认要顶替它（口令丢失、文件损坏）时加 --replace，旧文件会改名留着。",
            f"{path} exists. Add --replace to put this one in its place; the old file is kept under another name.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            path.rename(_free_name(path))
        keystore.write(folder, keys.to_bytes())
    except OSError as error:
        raise Unavailable(
            "K-16", f"写不进 {folder}（{error.strerror}）。", f"Cannot write to {folder} ({error.strerror})."
        ) from error
    mark = fingerprint(keys)
    if args.json:
        say_json({"home": str(args.home), "fingerprint": mark})
    else:
        say(
            f"密钥库已恢复到 {folder}，指纹 {mark}，请与份额纸上的指纹核对。",
            "它现在没有口令；用 cunzhen keys seal 重新封存。",
        )
    return 0


def _free_name(path: Path) -> Path:
    number = 1
    while (other := path.with_name(f"{path.name}.before-{number}")).exists():
        number += 1
    return other
