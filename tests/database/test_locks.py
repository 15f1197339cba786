"""A lock is held by one session at a time, and let go of however the work ends."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest
from django.db import connection

from cunzhen.database.locks import held

pytestmark = pytest.mark.django_db(transaction=True)


def _elsewhere(seconds: float = 0.0) -> bool:
    """Whether another session gets the lock."""
    answers: list[bool] = []

    def ask() -> None:
        with closing(connection), held(5, 7, seconds=seconds) as mine:
            answers.append(mine)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return answers[0]


def test_one_at_a_time() -> None:
    with held(5, 7) as mine:
        assert mine
        assert not _elsewhere()
        with held(5, 8) as other, held(5) as long:
            assert other and long
    assert _elsewhere()


def test_what_fails_lets_go() -> None:
    with pytest.raises(OSError, match="disk"), held(5, 7):
        raise OSError("disk")
    assert _elsewhere()


def test_who_waits_gets_it_when_it_is_free() -> None:
    with held(5, 7):
        began = time.monotonic()
        assert not _elsewhere(0.3)
        assert time.monotonic() - began >= 0.3
        answers: list[bool] = []
        waiting = threading.Thread(target=lambda: answers.append(_elsewhere(20)))
        waiting.start()
        time.sleep(0.3)
    waiting.join()
    assert answers == [True]


def test_a_lost_connection_hides_no_error() -> None:
    with pytest.raises(OSError, match="disk"), held(5, 7):
        connection.close()
        raise OSError("disk")
    assert _elsewhere()
