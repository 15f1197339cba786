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
from cunzhen.cli.output import emit

HELP = "设立用户（口令从标准输入读取）"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("username", metavar="USERNAME", help="登录名")
    parser.add_argument("--name", required=True, help="姓名")
    parser.add_argument("--role", required=True, action="append", choices=[r.value for r in Role], help="岗位，可多次")


def run(args: argparse.Namespace) -> int:
    """Make the user; the three officers exclude one another and every business role."""
    password = getpass.getpass("口令 Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
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
