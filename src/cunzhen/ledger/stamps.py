"""Time stamps of the ledger's head by an authority outside (RFC 3161), one for each day.

``stamps/<day>`` is the head, ``stamps/<day>.tsr`` the authority's answer; ``openssl ts -verify -data`` takes the two as
they are. They show that nothing in that head is younger than the stamp, whatever becomes of our own clock and keys.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.x509 import Certificate
from django.conf import settings

from cunzhen.database.locks import held
from cunzhen.errors import CunzhenError, Invalid, Unavailable
from cunzhen.formats import time_stamp
from cunzhen.ledger import tiles
from cunzhen.ledger.kept import STAMP, STAMPS, day_of, days_in, witnessed_head
from cunzhen.ledger.posting import NoAnswer, post
from cunzhen.ledger.rules import CLOCKS_APART, STAMP_LOCK

log = logging.getLogger("cunzhen.ledger")
_STATE = "stamps.json"
_SECONDS = 20.0


@dataclass(frozen=True)
class DayStamp:
    """The stamp of one day's head; ``stamp`` is None and ``problem`` says why where it does not hold."""

    day: str
    stamp: time_stamp.Stamp | None
    problem: CunzhenError | None = None


@dataclass(frozen=True)
class StampTrouble:
    """Why the last stamp could not be had."""

    at: str
    code: str
    message: str
    english: str


def stamp_today(now: datetime) -> time_stamp.Stamp | None:
    """Have today's head stamped, where an authority is configured and that was not done yet.

    The head that witnesses signed goes before the newest. A failure is written down and tried again at the next call.

    Args:
        now: the present, aware.

    Returns:
        The stamp that was had now.

    Raises:
        Unavailable: ``L-13`` to ``L-18`` where the ledger's own folder cannot be used.
    """
    folder = tiles.current()
    name = f"{STAMPS}/{day_of(now)}"
    with held(STAMP_LOCK) as mine:
        if not mine or not settings.TSA_URL or folder.read_bytes(name + STAMP) is not None:
            return None
        kept = witnessed_head()
        note = kept[1] if kept else folder.read_text(tiles.CHECKPOINT)
        if note is None:
            return None
        try:
            answer, stamp = _asked(note.encode())
        except CunzhenError as error:
            log.error("%s %s", error.code, error.english)
            folder.write_text(_STATE, _said(error, now))
            return None
        folder.write_text(name, note)
        folder.write_bytes(name + STAMP, answer)
        folder.write_text(_STATE, _said(_clocks_apart(), now) if abs(stamp.at - now) > CLOCKS_APART else "null")
        return stamp


def trouble() -> StampTrouble | None:
    """Why the last stamp could not be had, or what is odd about it; None where all is well."""
    try:
        said = json.loads(tiles.current().read_text(_STATE) or "null")
        return None if said is None or not settings.TSA_URL else StampTrouble(**said)
    except (ValueError, TypeError):
        return None


def day_stamps(most: int) -> list[DayStamp]:
    """The stamps of the last days, newest first, each checked now against its head and the trusted certificates."""
    return [_checked(day) for day in days_in(tiles.current(), STAMPS)[:most]]


def _checked(day: str) -> DayStamp:
    text, answer = (tiles.current().read_bytes(f"{STAMPS}/{day}{suffix}") or b"" for suffix in ("", STAMP))
    try:
        return DayStamp(day, time_stamp.check(answer, text, _roots()))
    except CunzhenError as error:
        return DayStamp(day, None, error)


def _asked(text: bytes) -> tuple[bytes, time_stamp.Stamp]:
    """The authority's answer, checked before anybody relies on it."""
    question = time_stamp.ask_for(text)
    try:
        heard = post(settings.TSA_URL, question.body, content_type="application/timestamp-query", seconds=_SECONDS)
    except NoAnswer as error:
        raise _silent(error.message, error.english) from error
    if heard.status != 200:
        raise _silent(f"应答 {heard.status}", f"it answered {heard.status}")
    return heard.content, time_stamp.check(heard.content, text, _roots(), nonce=question.nonce)


def _roots() -> Sequence[Certificate]:
    path = settings.TSA_CERTIFICATES
    if path is None:
        raise Invalid(
            "L-45",
            "没有指明时间戳服务的根证书，请设置 CUNZHEN_TSA_CERTIFICATES。",
            "No root certificate of the time-stamping authority is named: set CUNZHEN_TSA_CERTIFICATES.",
        )
    return _certificates(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=2)
def _certificates(path: Path, changed: int) -> Sequence[Certificate]:
    return time_stamp.load_certificates(path)


def _said(error: CunzhenError, now: datetime) -> str:
    said = StampTrouble(now.isoformat(), error.code, error.message, error.english)
    return json.dumps(asdict(said), ensure_ascii=False)


def _silent(message: str, english: str) -> Unavailable:
    return Unavailable(
        "L-44",
        f"时间戳服务{message}。请核对地址和网络；稍后自动再试，归档照常进行。",
        f"The time-stamping authority: {english}. Check address and network; it is asked again, filing goes on.",
    )


def _clocks_apart() -> Invalid:
    return Invalid(
        "L-47",
        "时间戳已取得，但时间戳服务的时钟与本机相差十分钟以上，请校准本机时间。",
        "The stamp was had, but the authority's clock and ours are more than ten minutes apart: set ours.",
    )
