"""``cunzhen found``: the first agency, its schedule and fonds, and the three officers, on a home that has none."""

from __future__ import annotations

import argparse
import secrets
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from cunzhen.accounts.models import Agency
from cunzhen.accounts.operations import found_agency, found_user
from cunzhen.accounts.rules import ROLE_LABELS, Role
from cunzhen.cli.output import emit, matching
from cunzhen.cli.terminal import say
from cunzhen.errors import Conflict, Missing
from cunzhen.holdings.operations import found_fonds, install_schedule
from cunzhen.ledger.restoring import published_size

HELP = "设立首个机构、全宗和三员（初次使用时一次）"
OFFICERS = (Role.SYSTEM_OFFICER, Role.SECURITY_OFFICER, Role.AUDIT_OFFICER)


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "--agency",
        required=True,
        metavar="NAME",
        type=matching(r".{1,200}", "机构全称不超过 200 个字"),
        help="机构全称",
    )
    parser.add_argument(
        "--region",
        required=True,
        metavar="CODE",
        type=matching(r"[0-9]{6}", "须为 6 位数字"),
        help="行政区划代码，6 位",
    )
    parser.add_argument(
        "--fonds",
        required=True,
        metavar="CODE",
        type=matching(r"[A-Za-z0-9]{1,20}", "须为字母和数字，不超过 20 个"),
        help="全宗号，如 J019",
    )


def run(args: argparse.Namespace) -> int:
    """Set up; the officers' passwords are printed once and kept nowhere."""
    if Agency.objects.exists():
        raise Conflict("A-09", "这个系统已经设立过机构。", "An agency has been set up already.")
    _refuse_archive_without_database()
    now = timezone.now()
    with transaction.atomic():
        agency = found_agency(name=args.agency, region_code=args.region, valid_from=date(now.year, 1, 1), now=now)
        schedule = install_schedule(actor_id=agency.id, agency_id=agency.id, now=now)
        found_fonds(keeper=agency, code=args.fonds, name=args.agency, schedule=schedule, actor_id=agency.id, now=now)
        made = [_officer(agency, role) for role in OFFICERS]
    answer: dict[str, Any] = {"agency": args.agency, "fonds": args.fonds, "officers": made}

    def text() -> None:
        say(f"已设立 {args.agency}，全宗 {args.fonds}。三员口令只显示这一次，请当面交给本人并及时更换：")
        for officer in made:
            say(f"  {officer['role']}  登录名 {officer['username']}  口令 {officer['password']}")
        say("其他用户用 cunzhen user 设立。")

    emit(args, answer, text)
    return 0


def _refuse_archive_without_database() -> None:
    """A second beginning over the stores of the first would give its codes again and push its registry aside."""
    try:
        published = published_size()
    except Missing:
        return
    if not published:  # a desk opened before the founding publishes an empty ledger
        return
    raise Conflict(
        "A-22",
        f"这个数据目录已有发布过 {published:,} 条的账本，而数据库是空的：数据库可能丢失。"
        "请恢复备份，或执行 cunzhen rebuild --catalogue 重建，不要重新设立。",
        f"This home has a published ledger of {published:,} entries, and its database is empty: it may be lost. "
        "Restore a backup, or run cunzhen rebuild --catalogue; do not begin anew.",
    )


def _officer(agency: Agency, role: Role) -> dict[str, str]:
    password = secrets.token_urlsafe(12)
    name = ROLE_LABELS[role][0]
    found_user(
        agency=agency, username=role.value, display_name=name, password=password, roles=[role], now=timezone.now()
    )
    return {"role": name, "username": role.value, "password": password}
