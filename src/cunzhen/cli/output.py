"""What commands share: who acts, and how an answer is printed."""

from __future__ import annotations

import argparse
import getpass
import json
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


def emit(args: argparse.Namespace, value: Mapping[str, Any], text: Callable[[], None]) -> None:
    """One JSON object with ``--json``, otherwise the text for people."""
    if args.json:
        print(json.dumps(value, ensure_ascii=False, default=str))
    else:
        text()
