"""``cunzhen user``: users are set up on the machine itself; whoever leaves is locked out by the officers."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from cunzhen.accounts.models import Agency
from cunzhen.accounts.operations import end_role, found_user, grant_role, reopen_user, reset_password, shut_user
from cunzhen.accounts.queries import service_actor, users_within
from cunzhen.accounts.rules import ROLE_LABELS, Role
from cunzhen.cli.output import acting_person, emit, matching
from cunzhen.cli.terminal import say
from cunzhen.errors import Invalid

HELP = "用户：设立、list 列出、shut 停用、reopen 启用、reset 重设口令、grant 授予和 end 免去岗位"
_USERNAME = re.compile(r"[A-Za-z0-9._@-]{1,60}", re.ASCII)


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments. One level of words only, so that the common options may stand anywhere."""
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[ACTION] USERNAME",
        help="登录名：设立（也可写作 found 登录名，口令从标准输入读取）；list；"
        "shut、reopen、reset 登录名（须 --as 系统管理员）；grant、end 登录名 --role（须 --as 安全保密员）",
    )
    parser.add_argument(
        "--name", metavar="NAME", type=matching(r".{1,60}", "姓名不超过 60 个字"), help="姓名（设立时）"
    )
    parser.add_argument(
        "--role", action="append", choices=[r.value for r in Role], help="岗位；设立时可多次，授予和免去时一个"
    )
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Do what is asked; only setting up is the machine's own act, all else needs an officer's password."""
    action, *rest = args.words if args.words[0] in _ACTIONS else ("found", *args.words)
    if action == "list" and not rest:
        return _list(args)
    if action == "list" or len(rest) != 1 or not _USERNAME.fullmatch(rest[0]):
        args.misuse(f"user {action}：登录名只能用字母、数字和 . _ @ -，不超过 60 个")
    return _ACTIONS[action](args, rest[0])


def _found(args: argparse.Namespace, username: str) -> int:
    """Make the user; the three officers exclude one another and every business role."""
    if not args.name or not args.role:
        args.misuse("user USERNAME --name NAME --role ROLE")
    password = _password()
    agency = Agency.objects.get(id=service_actor().agency_id)
    roles = [Role(r) for r in args.role]
    found_user(
        agency=agency,
        username=username,
        display_name=args.name,
        password=password,
        roles=roles,
        now=timezone.now(),
    )
    answer = {"username": username, "roles": [r.value for r in roles]}
    emit(args, answer, lambda: say(f"已设立用户 {username}（{_named(roles)}）。"))
    return 0


def _list(args: argparse.Namespace) -> int:
    users = users_within(acting_person(args))
    answer: dict[str, Any] = {
        "users": [
            {"username": u.username, "name": u.display_name, "active": u.is_active, "roles": [r.value for r in roles]}
            for u, roles in users
        ]
    }

    def text() -> None:
        for user, roles in users:
            state = "" if user.is_active else "　已停用"
            say(f"{user.username}  {user.display_name}  {_named(roles) or '没有岗位'}{state}")

    emit(args, answer, text)
    return 0


def _shut(args: argparse.Namespace, username: str) -> int:
    user = shut_user(acting_person(args), username=username, now=timezone.now())
    said = f"已停用 {user.username}：岗位、令牌和打开的页面都已失效。"
    emit(args, {"username": user.username, "active": False}, lambda: say(said))
    return 0


def _reopen(args: argparse.Namespace, username: str) -> int:
    password = reopen_user(acting_person(args), username=username, now=timezone.now())
    _show_password(args, username, password, "已启用，岗位须由安全保密员另行授予")
    return 0


def _reset(args: argparse.Namespace, username: str) -> int:
    password = reset_password(acting_person(args), username=username, now=timezone.now())
    _show_password(args, username, password, "口令已重设，打开的页面都已失效")
    return 0


def _grant(args: argparse.Namespace, username: str) -> int:
    role = _one_role(args)
    grant_role(acting_person(args), username=username, role=role, now=timezone.now())
    emit(args, {"username": username, "granted": role.value}, lambda: say(f"已授予 {username} {_named([role])}。"))
    return 0


def _end(args: argparse.Namespace, username: str) -> int:
    role = _one_role(args)
    end_role(acting_person(args), username=username, role=role, now=timezone.now())
    emit(args, {"username": username, "ended": role.value}, lambda: say(f"已免去 {username} {_named([role])}。"))
    return 0


_ACTIONS: dict[str, Callable[[argparse.Namespace, str], int]] = {
    "found": _found,
    "list": lambda args, _: _list(args),
    "shut": _shut,
    "reopen": _reopen,
    "reset": _reset,
    "grant": _grant,
    "end": _end,
}


def _one_role(args: argparse.Namespace) -> Role:
    if not args.role or len(args.role) != 1:
        args.misuse(f"user {args.words[0]} USERNAME --role ROLE")
    return Role(args.role[0])


def _named(roles: list[Role]) -> str:
    return "、".join(ROLE_LABELS[r][0] for r in roles)


def _show_password(args: argparse.Namespace, username: str, password: str, done: str) -> None:
    def text() -> None:
        say(f"{username} {done}。新口令只显示这一次，请当面交给本人，并请其登录后更换：", f"  {password}")

    emit(args, {"username": username, "password": password}, text)


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
