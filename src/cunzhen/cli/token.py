"""``cunzhen token``: an API token for a program, in one user's name."""

from __future__ import annotations

import argparse

from django.utils import timezone

from cunzhen.accounts.operations import issue_token
from cunzhen.cli.output import acting_as, emit, matching, whole

HELP = "为程序签发接口令牌"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("username", metavar="USERNAME", help="以哪个用户的身份")
    parser.add_argument(
        "--label", default="", metavar="TEXT", type=matching(r".{0,100}", "不超过 100 个字"), help="用途"
    )
    parser.add_argument("--days", type=whole(1, 366), default=90, metavar="N", help="有效天数，1 至 366（缺省 90）")


def run(args: argparse.Namespace) -> int:
    """Make the token; it is shown once."""
    secret = issue_token(acting_as(args), username=args.username, label=args.label, days=args.days, now=timezone.now())
    emit(args, {"token": secret, "days": args.days}, lambda: print(secret))
    return 0
