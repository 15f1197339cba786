"""Signals that come at a bad moment."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import clean_environment

# The signal comes within a weak reference's callback, where Python can raise nothing.
_LOST = """
import signal, sys, time, weakref
from cunzhen.cli import main
class Thing: pass
signal.signal(signal.SIGINT, signal.default_int_handler)  # as on a terminal, also where the tests run in the background
main.heed_signals()
thing = Thing()
reference = weakref.ref(thing, lambda _: signal.raise_signal(int(sys.argv[1])))
try:
    del thing
    print("went on", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_a_moment_when_nothing_can_be_raised_is_not_lost(number: signal.Signals) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _LOST, str(int(number))],
        env=clean_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "went on\n", "")
    assert time.monotonic() - began < 20


def test_other_errors_there_are_still_told() -> None:
    code = _LOST.replace("signal.raise_signal(int(sys.argv[1]))", "1 / 0").replace("time.sleep(30)", "pass")
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stderr
