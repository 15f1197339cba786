"""What was promised up to a moment, read from the same record as the changes to the disk, and whether it was kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from cunzhen.ledger import tiles
from cunzhen.ledger.audit import audit
from cunzhen.ledger.operations import sequence
from cunzhen.preservation import store
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations import sweep_uncommitted, verify_packages
from tests.faults.recording import Event
from tests.preservation.judge import assert_valid_root

PARTS = ("stores", "ledger", "inbox", "uploads")  # of the home: what may not be lost, but for the database


@dataclass
class Promises:
    """What was promised up to a moment: packages, received bytes, the length of the published ledger."""

    path: Path
    packages: dict[str, Any]
    ledger: int = 0
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    _inode: int = -1

    def heard(self, event: Event) -> bool:
        """Whether an event was about promises."""
        if event.what == "create" and event.path == str(self.path):
            self._inode = event.inode
        elif event.what == "unlink":
            self.files.pop(event.path, None)  # filed, or received from where it was sent to
        elif event.what == "write" and event.inode == self._inode:
            promise = json.loads(event.data)
            self.packages = promise.get("packages", self.packages)
            self.ledger = promise.get("ledger", self.ledger)
            self.files |= {path: (size, sha256) for path, (size, sha256) in promise.get("files", {}).items()}
            return True
        return event.path == str(self.path)


def assert_opens(promises: Promises, *, with_judge: bool) -> None:
    """Starting again after the cut: the janitor clears up, nothing promised is lost, nothing else is left."""
    getattr(store._stores, "cache_clear", lambda: None)()
    for path, (size, sha256) in promises.files.items():
        assert Path(path).exists(), f"a received file is gone: {path}"
        assert hashlib.sha256(Path(path).read_bytes()[:size]).hexdigest() == sha256, "received bytes are gone"
    with rows_as_of(promises):
        sweep_uncommitted(timedelta(0))
        for folder in settings.STORES.values():
            assert list((folder / "staging").iterdir()) == []
        report = verify_packages()
        assert report.ok and report.checked == len(promises.packages), report
        if with_judge:
            for folder in settings.STORES.values():
                assert_valid_root(folder / "ocfl", len(promises.packages))
    checkpoint = tiles.current().checkpoint()
    assert (checkpoint.size if checkpoint else 0) >= promises.ledger, "the published ledger has become shorter"
    sequence()
    assert (report := audit()).ok, report.problems


@contextmanager
def rows_as_of(promises: Promises) -> Iterator[None]:
    """The register as it was committed at that moment; everything done meanwhile is taken back."""
    with transaction.atomic():
        PackageCopy.objects.exclude(package_id__in=promises.packages).delete()
        Package.objects.exclude(id__in=promises.packages).delete()
        for row in Package.objects.all():
            said = promises.packages[str(row.id)]
            Package.objects.filter(id=row.id).update(**said)
            PackageCopy.objects.filter(package_id=row.id).update(version=said["version"])
        yield
        transaction.set_rollback(True)
