"""What commands share: who acts, and how an answer is printed."""

from __future__ import annotations

import argparse
import getpass
import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from cunzhen.accounts.operations import sign_in
from cunzhen.accounts.queries import actor_of, service_actor
from cunzhen.accounts.rules import Actor


def acting_as(args: argparse.Namespace) -> Actor:
    """The actor of a command: the service, or with ``--as USER`` that user, who gives the password.

    Raises:
        Refused: ``A-03`` a wrong password.
    """
    if not getattr(args, "as_user", ""):
        return service_actor()
    password = getpass.getpass("口令 Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return actor_of(sign_in(username=args.as_user, password=password, address="console", now=timezone.now()))


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
        print(json.dumps(value, ensure_ascii=False, default=str))
    else:
        text()
