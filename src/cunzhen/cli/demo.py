"""``cunzhen demo``: a demonstration agency with the samples filed for real, then the desk."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from cunzhen.cli.init import bring_up
from cunzhen.cli.main import set_up
from cunzhen.cli.terminal import say
from cunzhen.database.launcher import ensure_running
from cunzhen.errors import Missing, Unavailable
from cunzhen.keys import keystore

HELP = "演示：临县社会保险中心，用样本真实归档，然后打开工作台"
AGENCY, REGION, FONDS = "临县社会保险中心", "141124", "J019"
PEOPLE = (
    ("clerk", "郭秀琴"),
    ("archivist", "薛建平"),
    ("reviewer", "康玉梅"),
    ("leader", "李国强"),
    ("system_officer", "王志远"),
    ("security_officer", "张慧敏"),
    ("audit_officer", "刘海燕"),
)
CHECK_SECONDS = 300.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--samples", type=Path, default=Path("samples"), help="样本目录")
    parser.add_argument("--port", type=int, default=8000, help="监听端口（缺省 8000）")
    parser.add_argument("--check", action="store_true", help="归档完成后自检并退出")


def run(args: argparse.Namespace) -> int:
    """Set up, serve, hand in the samples; with ``--check`` wait, verify and stop."""
    if not args.samples.is_dir():
        raise Missing("T-PA-01", f"找不到样本目录 {args.samples}。", f"There is no {args.samples}.")
    with ExitStack() as stack:
        signins, fresh = _prepare(args.home)
        command = [sys.executable, "-m", "cunzhen.cli", "--home", str(args.home)]
        desk = subprocess.Popen([*command, "serve", "--port", str(args.port)], stdout=subprocess.PIPE, text=True)
        stack.callback(_stop, desk)
        _wait_ready(desk)
        _print_signins(signins)
        say(f"ready http://127.0.0.1:{args.port}")
        if fresh:
            _hand_in(args.home, args.samples)
        if args.check:
            return _check(command, args.home)
        return _wait(desk)


def _prepare(home: Path) -> tuple[dict[str, str], bool]:
    """The demonstration's agency and people; passwords are made once and kept in the home for the next start."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    keystore.create(home / "keys")
    kept = home / "demo-sign-ins.json"
    with ensure_running(home) as server:
        os.environ.update(server.environment)
        set_up()
        bring_up(server)
        if kept.exists():
            signins: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
            return signins, False
        signins = _found()
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(signins, out, ensure_ascii=False)
    return signins, True


def _found() -> dict[str, str]:
    from django.db import transaction
    from django.utils import timezone

    from cunzhen.accounts.operations import found_agency, found_user
    from cunzhen.accounts.rules import Role
    from cunzhen.holdings.operations import found_fonds, install_schedule

    now = timezone.now()
    signins: dict[str, str] = {}
    with transaction.atomic():
        agency = found_agency(name=AGENCY, region_code=REGION, valid_from=date(2003, 12, 1), now=now)
        schedule = install_schedule(actor_id=agency.id, agency_id=agency.id, now=now)
        found_fonds(keeper=agency, code=FONDS, name=AGENCY, schedule=schedule, actor_id=agency.id, now=now)
        for username, name in PEOPLE:
            signins[username] = "demo-" + secrets.token_hex(4)
            found_user(
                agency=agency,
                username=username,
                display_name=name,
                password=signins[username],
                roles=[Role(username)],
                now=now,
            )
    return signins


def _hand_in(home: Path, samples: Path) -> None:
    """Receive the samples as the system; the desk's own worker reads and files them."""
    from django.db import connections
    from django.utils import timezone

    from cunzhen.accounts.queries import service_actor
    from cunzhen.capture.operations import open_transfer, receive_transfer
    from cunzhen.capture.piles import list_pile

    with ensure_running(home):
        connections.close_all()
        actor = service_actor()
        transfer = open_transfer(actor, name="演示样本", auto=True, now=timezone.now())
        incoming, rejected = list_pile([samples])
        receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=timezone.now())
        connections.close_all()
    say(f"样本 {transfer.number} 正在归档，进度见工作台“归档批次”。")


def _wait_ready(desk: subprocess.Popen[str]) -> None:
    assert desk.stdout is not None  # noqa: S101 - asked for above
    for line in desk.stdout:
        if line.startswith("ready "):
            return
        say(line.rstrip("\n"))
    raise Unavailable(
        "C-01", "工作台没有启动成功，请查看上面的提示。", "The desk did not start; see the messages above."
    )


def _print_signins(signins: dict[str, str]) -> None:
    from cunzhen.accounts.rules import ROLE_LABELS, Role

    names = dict(PEOPLE)
    say("演示用户（仅限演示）：")
    for username, password in signins.items():
        say(f"  {ROLE_LABELS[Role(username)][0]}　{names[username]}　登录名 {username}　口令 {password}")


def _check(command: list[str], home: Path) -> int:
    """Wait until nothing of the samples is in work, then verify everything with the product's own command."""
    from django.db import connections

    from cunzhen.capture.models import Transfer
    from cunzhen.capture.queries import counts_of

    started = time.monotonic()
    with ensure_running(home):
        connections.close_all()
        transfer = Transfer.objects.earliest("id")
        counts = counts_of(transfer)
        while counts.in_work and time.monotonic() - started < CHECK_SECONDS:
            time.sleep(1)
            counts = counts_of(transfer)
        connections.close_all()
        say(
            f"送交 {counts.sent}，归档 {counts.filed}，待著录 {counts.waiting}，退回 {counts.returned}，"
            f"重复 {counts.duplicates}，未完 {counts.in_work}（{time.monotonic() - started:.0f} 秒）"
        )
        time.sleep(3)  # the index follows within seconds; verify says where it does not
        verified = subprocess.run([*command, "verify"], check=False).returncode
    ok = counts.balanced and not counts.in_work and counts.filed > 0 and verified == 0
    say("演示自检通过" if ok else "演示自检没有通过")
    return 0 if ok else 1


def _wait(desk: subprocess.Popen[str]) -> int:
    try:
        return desk.wait()
    except KeyboardInterrupt:
        return 0


def _stop(desk: subprocess.Popen[str]) -> None:
    if desk.poll() is None:
        desk.send_signal(signal.SIGTERM)
        try:
            desk.wait(timeout=60)
        except subprocess.TimeoutExpired:
            desk.kill()
