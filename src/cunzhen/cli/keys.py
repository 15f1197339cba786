"""``cunzhen keys``: the key store under a passphrase, and recovery shares of it on paper."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from cunzhen.accounts.operations import set_passphrase, share_keys
from cunzhen.cli.given import passphrase_in, shares_in
from cunzhen.cli.output import acting_person, emit, whole
from cunzhen.cli.share_sheets import Sheet, write_sheets
from cunzhen.cli.terminal import say
from cunzhen.errors import Invalid
from cunzhen.keys import keystore
from cunzhen.keys.escrow import fingerprint
from cunzhen.keys.shares import MOST_SHARES, join, read_share

HELP = "密钥库：show 状态、seal 设口令、unseal 去口令、share 制作恢复份额、check 核对份额"
_ACTIONS = ("show", "seal", "unseal", "share", "check")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments. One level of words only, so that the common options may stand anywhere."""
    parser.add_argument(
        "action",
        choices=_ACTIONS,
        metavar="ACTION",
        help="show 是否封存、指纹；seal 用口令封存；unseal 去掉口令；share 制作恢复份额（这三项须 --as 安全保密员）；"
        "check 核对纸上的份额能否恢复",
    )
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="seal：新口令在文件的第一行；缺省在终端输入"
    )
    parser.add_argument(
        "--shares", type=whole(2, MOST_SHARES), default=5, metavar="N", help="share：制作几份（缺省 5，最多 16）"
    )
    parser.add_argument(
        "--needed", type=whole(2, MOST_SHARES), default=3, metavar="K", help="share：几份可恢复（缺省 3）"
    )
    parser.add_argument("--to", type=Path, metavar="DIR", help="share：打印页写到哪个新文件夹")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FILE", help="check：每行一份的文件；缺省从标准输入读"
    )
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Do what is asked; what changes or gives away keys is an officer's act and recorded."""
    if (args.action == "share") != bool(args.to):
        args.misuse("keys share --to DIR")
    return {"show": _show, "seal": _seal, "unseal": _unseal, "share": _share, "check": _check}[args.action](args)


def _show(args: argparse.Namespace) -> int:
    folder = settings.HOME / "keys"
    sealed, mark = keystore.is_sealed(folder), fingerprint(keystore.load(folder))
    emit(
        args,
        {"sealed": sealed, "fingerprint": mark},
        lambda: say(f"密钥库{'已用口令封存' if sealed else '没有口令'}，指纹 {mark}"),
    )
    return 0


def _seal(args: argparse.Namespace) -> int:
    actor = acting_person(args)
    set_passphrase(actor, passphrase=_new_passphrase(args.passphrase_file), now=timezone.now())
    emit(
        args,
        {"sealed": True},
        lambda: say(
            "密钥库已用口令封存。以后启动需要这个口令：写进只有本账户能读的文件，用 CUNZHEN_KEY_PASSPHRASE_FILE 指明，"
            "或启动时在终端输入。请现在就带上口令重新启动 cunzhen serve。",
            "以前另存的 keys 副本没有口令，请收好或销毁；没有恢复份额的，请现在制作：cunzhen keys share。",
        ),
    )
    return 0


def _unseal(args: argparse.Namespace) -> int:
    set_passphrase(acting_person(args), passphrase=None, now=timezone.now())
    emit(args, {"sealed": False}, lambda: say("密钥库不再有口令：谁读到这个文件，谁就有全部密钥。"))
    return 0


def _share(args: argparse.Namespace) -> int:
    actor = acting_person(args)
    if args.to.exists() and any(args.to.iterdir()):
        raise Invalid("K-13", f"{args.to} 不是空文件夹，请换一个。", f"{args.to} is not empty; name another folder.")
    now = timezone.now()
    mark = fingerprint(keystore.load(settings.HOME / "keys"))
    made = share_keys(actor, shares=args.shares, needed=args.needed, now=now)
    sheet = Sheet(settings.NODE, mark, args.needed, timezone.localtime(now))
    paths = write_sheets(args.to, sheet, made)
    emit(
        args,
        {"folder": str(args.to), "shares": len(made), "needed": args.needed, "set": read_share(made[0]).set_id},
        lambda: say(
            f"{len(made)} 份恢复份额已写到 {args.to}，任 {args.needed} 份可恢复密钥库。请逐份打印，交不同的人分开保管，",
            f"用 cunzhen keys check 照着纸核对一遍，然后删除这个文件夹：{paths[0].parent}",
        ),
    )
    return 0


def _check(args: argparse.Namespace) -> int:
    """Read shares from paper again and see that they give this very key store."""
    shares = [read_share(text) for text in shares_in(args.source)]
    same = join(shares) == keystore.load(settings.HOME / "keys")
    emit(
        args,
        {"ok": same, "set": shares[0].set_id, "numbers": sorted({s.number for s in shares})},
        lambda: say("相符：这些份额能恢复本机的密钥库。" if same else "不相符：这些份额属于另一个密钥库。"),
    )
    return 0 if same else 1


def _new_passphrase(file: Path | None) -> str:
    if file is not None:
        return passphrase_in(file)
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("新口令（至少 16 个字符，建议 6 个以上互不相关的词）：")
    if getpass.getpass("再输一遍：") != first:
        raise Invalid("K-14", "两次输入的口令不同，没有改动。", "The two differ; nothing was changed.")
    return first
