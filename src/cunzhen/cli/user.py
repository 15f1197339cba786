"""``cunzhen user``: set up a user on the machine itself; the password is read from standard input."""

from __future__ import annotations

import argparse
import getpass
import sys

from django.utils import timezone

from cunzhen.accounts.models import Agency
from cunzhen.accounts.operations import found_user
from cunzhen.accounts.queries import service_actor
from cunzhen.accounts.rules import ROLE_LABELS, Role
from cunzhen.cli.output import emit, matching
from cunzhen.errors import Invalid

HELP = "设立用户（口令从标准输入读取）"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "username",
        metavar="USERNAME",
        type=matching(r"[A-Za-z0-9._@-]{1,60}", "登录名只能用字母、数字和 . _ @ -，不超过 60 个"),
        help="登录名",
    )
    parser.add_argument(
        "--name", required=True, metavar="NAME", type=matching(r".{1,60}", "姓名不超过 60 个字"), help="姓名"
    )
    parser.add_argument("--role", required=True, action="append", choices=[r.value for r in Role], help="岗位，可多次")


def run(args: argparse.Namespace) -> int:
    """Make the user; the three officers exclude one another and every business role."""
    password = _password()
    agency = Agency.objects.get(id=service_actor().agency_id)
    roles = [Role(r) for r in args.role]
    found_user(
        agency=agency,
        username=args.username,
        display_name=args.name,
        password=password,
        roles=roles,
        now=timezone.now(),
    )
    answer = {"username": args.username, "roles": [r.value for r in roles]}
    names = "、".join(ROLE_LABELS[r][0] for r in roles)
    emit(args, answer, lambda: print(f"已设立用户 {args.username}（{names}）。"))
    return 0


def _password() -> str:
    """Twice at a terminal, where a slip of the finger cannot be seen; one line from a pipe.

    Raises:
        Invalid: ``A-10`` the two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("口令 Password: ")
    if getpass.getpass("再输一次 Again: ") != first:
        raise Invalid("A-10", "两次输入的口令不一致，请重新执行。", "The two passwords differ; run the command again.")
    return first
