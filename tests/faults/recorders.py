"""In a process whose disk is recorded: what was promised is noted in the same record, at the moment of the promise."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from cunzhen.access.operations import follow_ledger
from cunzhen.accounts.queries import service_actor
from cunzhen.capture.models import SourceFile
from cunzhen.capture.operations import add_file, append_upload, open_transfer, receive_uploads, transfers
from cunzhen.capture.operations.uploads import upload_path
from cunzhen.capture.queries import inbox_file
from cunzhen.errors import CunzhenError
from cunzhen.formats import durable, ocfl_staging
from cunzhen.jobs.worker import run_worker
from cunzhen.ledger import operations as ledger
from cunzhen.ledger.operations import sequence
from cunzhen.preservation.models import Package
from cunzhen.preservation.operations import sweep_uncommitted
from tests.faults import clerks

PROMISES, ONE_BY_ONE = "CREW_PROMISES", "CREW_ONE_BY_ONE"
_PIECE = 30_000


def prepare(environment: Mapping[str, str]) -> None:
    """Note promises in a file, and sync file by file as on older kernels, where the environment asks for it."""
    if environment.get(ONE_BY_ONE):
        durable._syncfs_function = lambda: None
    if path := environment.get(PROMISES):
        for module in (ocfl_staging, transfers, ledger):
            module.failpoint = _noting(Path(path), module.failpoint)


def packages() -> dict[str, Any]:
    """What the database says of packages at this moment, as a promise."""
    fields = ("version", "inventory_sha512", "byte_count", "file_count")
    return {str(row.pop("id")): row for row in Package.objects.values("id", *fields)}


def _noting(path: Path, failpoint: Callable[[str], None]) -> Callable[[str], None]:
    """The points of the code at which something has just been promised."""

    def passed(name: str) -> None:
        match name:
            case "packages-committed":
                _promise(path, packages=packages())
            case "receive-2-committed":
                files = [f for f in SourceFile.objects.select_related("transfer") if inbox_file(f).exists()]
                _promise(path, files={str(inbox_file(f)): [f.size, f.sha256] for f in files})
            case "ledger-sequence-5":
                _promise(path, ledger=ledger.size_of_table())
        failpoint(name)

    return passed


def _promise(path: Path, **promise: object) -> None:
    with path.open("ab", buffering=0) as out:
        out.write(json.dumps(promise).encode() + b"\n")


def upload(paths: list[str], promises: str) -> None:
    """Send papers in pieces over the line, each piece acknowledged, and have them received."""
    actor, now = service_actor(), timezone.now()
    transfer = open_transfer(actor, name="上传", auto=True, now=now)
    for path in paths:
        data = Path(path).read_bytes()
        one = add_file(actor, transfer_id=transfer.id, path=Path(path).name, size=len(data), now=now)
        while one.offset < one.size:
            piece = data[one.offset : one.offset + _PIECE]
            one = append_upload(actor, upload_id=one.id, offset=one.offset, body=io.BytesIO(piece))
            so_far = hashlib.sha256(data[: one.offset]).hexdigest()
            _promise(Path(promises), files={str(upload_path(one)): [one.offset, so_far]})
    receive_uploads(actor, transfer_id=transfer.id, now=now)


def sweep() -> None:
    """The janitor comes by."""
    sweep_uncommitted(timedelta(0))


def deliver(sent: list[str], pile: str, promises: str, out: str) -> None:
    """Papers come over the line and in a pile, and are worked on; what is refused on the way is written down."""
    steps: dict[str, Callable[[], object]] = {
        "upload": lambda: upload(sent, promises),
        "hand_in": lambda: clerks.hand_in([Path(pile)]),
        "work": lambda: run_worker(wait=False),
        "sequence": sequence,
        "follow": follow_ledger,
    }
    refused = {}
    for name, step in steps.items():
        try:
            step()
        except CunzhenError as error:
            refused[name] = [error.code, error.message]
    Path(out).write_text(json.dumps(refused, ensure_ascii=False), encoding="utf-8")


TASKS: dict[str, Callable[..., None]] = {"upload": upload, "sweep": sweep, "work_all": clerks.work, "deliver": deliver}
