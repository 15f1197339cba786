"""The ledger's own audit, again and again, and what the last one found."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from cunzhen.database.locks import held
from cunzhen.ledger import tiles
from cunzhen.ledger.audit import audit
from cunzhen.ledger.rules import AUDIT_LOCK, AuditReport

log = logging.getLogger("cunzhen.ledger")
_FILE = "audit.json"
_EVERY = timedelta(minutes=4)  # so that it is at its end within five
_REST = 9  # times as long as the last audit took: a large ledger takes a tenth of one core, and more than five minutes
_LISTED = 20


@dataclass(frozen=True)
class LastAudit:
    """When the last audit ended, how many entries it took and for how long, and what it found (code, Chinese, English).

    ``more`` findings were not written down.
    """

    at: datetime
    size: int
    seconds: float
    problems: tuple[tuple[str, str, str], ...]
    more: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether it found nothing."""
        return not self.problems


def watch(now: datetime) -> LastAudit | None:
    """Audit the ledger where it is time: every four minutes, large ledgers less often.

    Args:
        now: the present, aware.

    Returns:
        The audit that was made now, if one was.
    """
    with held(AUDIT_LOCK) as mine:
        last = last_audit()
        if not mine or (last is not None and timedelta() <= now - last.at < _rest(last)):
            return None
        since = time.monotonic()
        return note(audit(), now, time.monotonic() - since)


def is_old(last: LastAudit, now: datetime) -> bool:
    """Whether the next audit should have come long since: the worker does not run."""
    return now - last.at > 2 * _rest(last) + timedelta(minutes=2)


def _rest(last: LastAudit) -> timedelta:
    return max(_EVERY, timedelta(seconds=last.seconds * _REST))


def note(report: AuditReport, now: datetime, seconds: float) -> LastAudit:
    """Write down what an audit found, for the page, the self-check and the log."""
    said = [(p.code, p.message, p.english) for p in report.problems]
    found = LastAudit(now, report.size, seconds, tuple(said[:_LISTED]), len(said[_LISTED:]) + report.more)
    tiles.current().write_text(_FILE, json.dumps(asdict(found) | {"at": now.isoformat()}, ensure_ascii=False))
    for code, _, english in found.problems:
        log.error("%s %s", code, english)
    return found


def last_audit() -> LastAudit | None:
    """What the last audit found; None where there was none, or its note is damaged."""
    text = tiles.current().read_text(_FILE)
    try:
        said = json.loads(text or "null")
        problems = tuple((str(code), str(message), str(english)) for code, message, english in said["problems"])
        return LastAudit(datetime.fromisoformat(said["at"]), said["size"], said["seconds"], problems, said["more"])
    except (ValueError, TypeError, KeyError):
        return None
