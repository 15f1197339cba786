"""``cunzhen token``: API tokens for programs, in one user's name; issued and taken back by that user or the officer."""

from __future__ import annotations

import argparse
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.timezone import localtime

from cunzhen.accounts.operations import issue_token, revoke_token
from cunzhen.accounts.queries import tokens_within
from cunzhen.accounts.rules import Actor
from cunzhen.cli.output import acting_person, emit, matching, whole
from cunzhen.cli.terminal import say
from cunzhen.errors import Missing

HELP = "接口令牌：签发、list 列出、revoke 吊销（须 --as 本人或安全保密员）"
_NEEDS = {"issue": "USERNAME", "list": "", "revoke": "ID"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments. One level of words only, so that the common options may stand anywhere."""
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[ACTION] USERNAME|ID",
        help="登录名：以其身份签发（也可写作 issue 登录名）；list：列出有效的令牌；revoke 编号：吊销",
    )
    parser.add_argument(
        "--label", default="", metavar="TEXT", type=matching(r".{0,100}", "不超过 100 个字"), help="用途"
    )
    parser.add_argument("--days", type=whole(1, 366), default=90, metavar="N", help="有效天数，1 至 366（缺省 90）")
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Do what is asked, always in somebody's name: a token is a key to what its user may see."""
    action, *rest = args.words if args.words[0] in _NEEDS else ("issue", *args.words)
    if len(rest) != (1 if _NEEDS[action] else 0):
        args.misuse(f"token {action} {_NEEDS[action]}".rstrip())
    actor = acting_person(args)
    match action:
        case "list":
            return _list(args, actor)
        case "revoke":
            return _revoke(args, actor, rest[0])
        case _:
            return _issue(args, actor, rest[0])


def _issue(args: argparse.Namespace, actor: Actor, username: str) -> int:
    """Make the token; it is shown once."""
    secret = issue_token(actor, username=username, label=args.label, days=args.days, now=timezone.now())
    emit(args, {"token": secret, "days": args.days}, lambda: say(secret))
    return 0


def _list(args: argparse.Namespace, actor: Actor) -> int:
    tokens = list(tokens_within(actor, now=timezone.now()))
    answer: dict[str, Any] = {
        "tokens": [
            {"id": t.id, "username": t.user.username, "label": t.label, "expires_at": t.expires_at.isoformat()}
            for t in tokens
        ]
    }

    def text() -> None:
        for t in tokens:
            say(f"{t.id}  {t.user.username}  {localtime(t.expires_at):%Y-%m-%d} 到期  {t.label}")
        say(f"有效的令牌 {len(tokens)} 个。")

    emit(args, answer, text)
    return 0


def _revoke(args: argparse.Namespace, actor: Actor, text: str) -> int:
    try:
        token_id = UUID(text)
    except ValueError:
        raise Missing("A-20", "没有这个令牌，请核对编号。", "There is no such token within your reach.") from None
    token = revoke_token(actor, token_id=token_id, now=timezone.now())
    emit(
        args,
        {"id": token.id, "username": token.user.username, "revoked": True},
        lambda: say(f"已吊销 {token.user.username} 的令牌 {token.id}。"),
    )
    return 0
