"""Asking witnesses to countersign the ledger's head, and what they have seen of it before.

Whoever rewrites table, tiles and checkpoint, even with the ledger's own key, cannot make a witness sign that, nor make
it forget what it signed. ``witnesses.json`` of the ledger's folder says how each witness stands, ``kept`` holds what
they signed.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from cunzhen.database.locks import held
from cunzhen.errors import CunzhenError, Invalid, Unavailable
from cunzhen.formats import cosignature, signed_note, tlog
from cunzhen.formats.addresses import without_password
from cunzhen.formats.cosignature import WitnessAddress
from cunzhen.ledger import tiles
from cunzhen.ledger.asking import REFUSED_SIZE, ask, silent
from cunzhen.ledger.kept import HEADS, WITNESSED, day_of, witnessed_head
from cunzhen.ledger.rules import CLOCKS_APART, SEQUENCER_LOCK, WITNESS_LOCK

log = logging.getLogger("cunzhen.ledger")
_STANDINGS = "witnesses.json"
_DEADLINE_SECONDS = 10.0
_DUE_SECONDS = 300.0
# The ledger stands still: going on would make a second history.
HALTING = frozenset({"L-28", "L-29"})


@dataclass(frozen=True)
class Standing:
    """How one witness stands: ``code`` and the messages are empty where all is well.

    ``size`` is that of the head it signed last, as far as we know; the moments are ISO 8601, empty for never.
    """

    name: str
    url: str
    size: int = 0
    signed_at: str = ""
    asked_at: str = ""
    code: str = ""
    message: str = ""
    english: str = ""


def ask_witnesses(now: datetime) -> list[Standing]:
    """Ask every witness that the settings name to sign the published head, all at once, a few seconds at most.

    Args:
        now: the present, aware.

    Returns:
        How each stands now; one that does not answer keeps what it signed before. Nothing is raised for a witness's
        sake: ``require_no_other_history`` tells what stops the ledger.

    Raises:
        Unavailable: ``L-13`` to ``L-18`` where the ledger's own folder cannot be used.
    """
    folder = tiles.current()
    with held(WITNESS_LOCK) as mine:
        note = folder.read_text(tiles.CHECKPOINT) if mine and settings.WITNESSES else None
        if note is None:
            return standings()
        return _ask_all(folder, note, now)


def ask_if_due(now: datetime) -> None:
    """The same where nobody has asked for five minutes: a home gone back in time asks before it goes on."""
    if settings.WITNESSES and abs(time.time() - _asked_at(tiles.current())) > _DUE_SECONDS:
        ask_witnesses(now)


def standings() -> list[Standing]:
    """How each witness of the settings stands, as it was last heard."""
    known = _known(tiles.current())
    return [
        known.get(one.witness.name) or Standing(one.witness.name, without_password(one.url))
        for one in settings.WITNESSES
    ]


def seen_by(note: str) -> list[tuple[str, datetime]]:
    """Names of the settings' witnesses that signed a head, and when each did; none where a signature fails."""
    try:
        found = cosignature.seen_by(note, [one.witness for one in settings.WITNESSES])
    except Invalid:
        return []
    return [(witness.name, at) for witness, at in found.items()]


def require_no_other_history(folder: tiles.TileFolder, published: signed_note.Checkpoint | None) -> None:
    """Refuse to number entries below, or beside, what a witness has seen.

    Args:
        published: the checkpoint as it stands.

    Raises:
        Unavailable: ``L-28`` where a witness has seen another history, ``L-29`` where it has seen a longer one.
    """
    for one in standings():
        if one.code in HALTING:
            raise Unavailable(one.code, one.message, one.english)
    kept = witnessed_head()
    if kept is None:
        return
    head = kept[0]
    if published is None or published.size < head.size:
        raise _longer(f"ledger/{WITNESSED}", head.size, published.size if published else 0)
    if tlog.root_from_tiles(head.size, folder.read) != head.root:
        raise _other_history(f"ledger/{WITNESSED}")


def _ask_all(folder: tiles.TileFolder, note: str, now: datetime) -> list[Standing]:
    head = tiles.trusted(note)
    known = {one.name: one for one in standings()}
    answers: dict[str, tuple[Standing, str]] = {}

    def ask_one(address: WitnessAddress) -> None:
        was = known[address.witness.name]
        answers[was.name] = _asked(folder, address, was, head, note, now)

    threads = [threading.Thread(target=ask_one, args=(one,), daemon=True) for one in settings.WITNESSES]
    for thread in threads:
        thread.start()
    until = time.monotonic() + _DEADLINE_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    found = dict(answers)
    for name, was in known.items():
        found.setdefault(name, (_silent(was, now, silent("没有按时应答", "it did not answer in time")), ""))
    _keep(folder, note, [found[name][1] for name in known if found[name][1]], now)
    after = [found[name][0] for name in known]
    folder.write_text(_STANDINGS, json.dumps([asdict(one) for one in after], ensure_ascii=False, indent=1))
    for one in after:
        if one.code and one.code != known[one.name].code:
            log.error("%s %s", one.code, one.english)
    return after


def _asked(
    folder: tiles.TileFolder,
    address: WitnessAddress,
    was: Standing,
    head: signed_note.Checkpoint,
    note: str,
    now: datetime,
) -> tuple[Standing, str]:
    """How a witness stands after it was asked, and its signature line."""
    was = replace(was, url=without_password(address.url))
    old = min(was.size, head.size)  # where it is larger the witness itself will say so
    try:
        for _ in range(2):
            hashes = tuple(tlog.consistency_proof(old, head.size, folder.read))
            answer = ask(address.url, cosignature.write_request(cosignature.Request(old, hashes, note)))
            if answer.status != REFUSED_SIZE:
                break
            said = answer.size()
            if said > head.size:
                return _halted(was, _longer(was.name, said, head.size), now), ""
            if said == old == head.size:  # so it is the root that differs
                return _halted(was, _other_history(was.name), now), ""
            old = said
        if answer.status == 422:
            return _halted(was, _other_history(was.name), now), ""
        line = answer.line()
        at = cosignature.seen_by(cosignature.with_lines(note, [line]), [address.witness]).get(address.witness)
    except CunzhenError as error:
        return _silent(was, now, error), ""
    if at is None:
        return _silent(was, now, silent("应答里没有它的签名", "its answer holds no signature of its key")), ""
    signed = replace(
        was, size=head.size, signed_at=at.isoformat(), asked_at=now.isoformat(), code="", message="", english=""
    )
    return (_clocks_apart(signed) if abs(at - now) > CLOCKS_APART else signed), line


def _keep(folder: tiles.TileFolder, note: str, lines: Sequence[str], now: datetime) -> None:
    """Keep the head with what was signed; publish it so too, unless a newer one stands there by now."""
    if not lines:
        return
    signed = cosignature.with_lines(note, lines)
    folder.write_text(WITNESSED, signed)
    folder.write_text(f"{HEADS}/{day_of(now)}", signed)
    with held(SEQUENCER_LOCK) as alone:
        if alone and folder.read_text(tiles.CHECKPOINT) == note:
            folder.write_text(tiles.CHECKPOINT, signed)


def _known(folder: tiles.TileFolder) -> dict[str, Standing]:
    """As it was written down; what cannot be read is asked for anew, and the witnesses know their sizes themselves."""
    try:
        return {said["name"]: Standing(**said) for said in json.loads(folder.read_text(_STANDINGS) or "[]")}
    except (ValueError, TypeError, KeyError):
        return {}


def _asked_at(folder: tiles.TileFolder) -> float:
    path: Path = folder.root / _STANDINGS
    return path.stat().st_mtime if path.exists() else 0.0


def _silent(was: Standing, now: datetime, why: CunzhenError) -> Standing:
    # What stopped the ledger is not forgotten because a witness is silent now.
    if was.code in HALTING:
        return was
    return replace(
        was,
        asked_at=now.isoformat(),
        code=why.code,
        message=f"见证人 {was.name}：{why.message}",
        english=f"Witness {was.name}: {why.english}",
    )


def _halted(was: Standing, why: Unavailable, now: datetime) -> Standing:
    return replace(was, asked_at=now.isoformat(), code=why.code, message=why.message, english=why.english)


def _clocks_apart(signed: Standing) -> Standing:
    return replace(
        signed,
        code="L-36",
        message=f"见证人 {signed.name} 已签名，但它的时钟与本机相差十分钟以上，请校准两边的时间。",
        english=f"Witness {signed.name} has signed, but its clock and ours are more than ten minutes apart.",
    )


def _other_history(name: str) -> Unavailable:
    return Unavailable(
        "L-28",
        f"本机账本不是见证（{name}）签过的那一份的延续：历史被改写过。账本已停写，收件和归档照常保存但不编号。"
        "请通知安全审计员，运行 cunzhen ledger audit，并与备份比对。",
        f"This ledger is no continuation of what was witnessed ({name}): history was rewritten. It stands still; "
        "papers are received and filed, and wait for their numbers. Tell the audit officer, run the audit and compare "
        "with a backup.",
        witness=name,
    )


def _longer(name: str, seen: int, size: int) -> Unavailable:
    return Unavailable(
        "L-29",
        f"见证（{name}）显示账本曾有 {seen} 条，本机只有 {size} 条：本机可能被恢复到较早的备份，或记录被删。"
        "账本已停写。请通知安全审计员；确属灾后恢复的，按操作指南“账本落后于见证”一节另立账本。",
        f"What was witnessed ({name}) has {seen} entries, and this ledger has {size}: it went back in time. It stands "
        "still. Tell the audit officer; after a disaster see the operator guide on a ledger behind its witnesses.",
        witness=name,
        seen=seen,
        size=size,
    )
