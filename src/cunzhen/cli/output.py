"""What commands share: who acts, and how an answer is printed."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.utils import timezone

from cunzhen.accounts.operations import sign_in
from cunzhen.accounts.queries import actor_of, service_actor
from cunzhen.accounts.rules import Actor
from cunzhen.cli.terminal import complain, say_json, say_over
from cunzhen.errors import Refused


def acting_as(args: argparse.Namespace) -> Actor:
    """The actor of a command: the service, or with ``--as USER`` that user, who gives the password.

    Raises:
        Refused: ``A-03`` a wrong password.
    """
    if not getattr(args, "as_user", ""):
        return service_actor()
    password = getpass.getpass("口令 Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    args.actor = actor_of(sign_in(username=args.as_user, password=password, address="console", now=timezone.now()))
    return cast("Actor", args.actor)


def acting_person(args: argparse.Namespace) -> Actor:
    """The actor of a command that the machine may not do by itself: whoever ``--as USER`` names.

    Raises:
        Refused: ``A-11`` nobody is named, ``A-03`` a wrong password.
    """
    if not getattr(args, "as_user", ""):
        raise Refused(
            "A-11",
            "这件事要由具体的人来做，请加 --as 登录名，并输入其口令。",
            "The machine may not do this by itself: add --as USER and give that user's password.",
        )
    return acting_as(args)


def whole(low: int, high: int) -> Callable[[str], int]:
    """An argument's type: a whole number within bounds, both included."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"须为 {low} 至 {high} 的整数 / must be a whole number from {low} to {high}"
            )
        return int(text)

    return parse


def matching(pattern: str, says: str) -> Callable[[str], str]:
    """An argument's type: a text of this form.

    Args:
        pattern: a regular expression for all of it.
        says: what is asked for, in both languages.
    """

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text) or not text.isprintable():
            raise argparse.ArgumentTypeError(says)
        return text

    return parse


def emit(args: argparse.Namespace, value: Mapping[str, Any], text: Callable[[], None]) -> None:
    """One JSON object with ``--json``, otherwise the text for people."""
    if args.json:
        say_json(value)
    else:
        text()


def telling_progress(what: str) -> Callable[[int, int], None]:
    """Something that long work tells how far it is: one line on a terminal, elsewhere a line every ten seconds.

    Args:
        what: is being done.
    """
    told = time.monotonic()
    terminal = sys.stderr.isatty()

    def tell(done: int, total: int) -> None:
        nonlocal told
        now, is_end = time.monotonic(), done >= total
        if terminal and (is_end or now - told >= 0.2):
            say_over(f"{what} {done:,}/{total:,}", is_last=is_end)
        elif not terminal and now - told >= 10:
            complain(f"{what} {done:,}/{total:,}")
        else:
            return
        told = now

    return tell
