"""F3, F4 for backups and repairs: real commands whose writes, syncs, renames and opens fail; then the same again."""

from __future__ import annotations

import errno
import random
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.counts import SEED, some
from tests.faults.recording import SYNCS, Fault, built, environment, faults
from tests.preservation.backed_up import Archive, new_archive
from tests.preservation.judge import assert_valid_root

pytestmark = [pytest.mark.server, pytest.mark.faults, pytest.mark.timeout(600)]

REFUSED = re.compile(r"\b[A-Z]-\d\d\b.*[\u4e00-\u9fff]{4}", re.DOTALL)
WRITES = ("write", "pwrite", "writev", "copy_file_range", "sendfile")
ALWAYS = 1_000_000
# What fails, errno (0: moves a few bytes only), the first call of the kind that may fail, how many do.
KINDS = {
    "write error": (WRITES, errno.EIO, 60, 1),
    "no space": (WRITES, errno.ENOSPC, 60, ALWAYS),
    "short writes": (WRITES, 0, 1, ALWAYS),
    "sync error": (SYNCS, errno.EIO, 25, 1),
    "rename error": (("rename",), errno.EIO, 12, 1),
    "open error": (("open",), errno.EIO, 60, 1),
    "no folder made": (("mkdir",), errno.EIO, 12, 1),
}
CASES = [pytest.param(kind, draw, id=f"{kind}, {draw}") for kind in KINDS for draw in range(2)]


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    """Three stores and some papers."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzhen-t-")))
        root.chmod(0o711)
        made = new_archive(root, stack, stores=3)
        made.file("first", 3)
        yield made


def told(archive: Archive, folder: Path, log: Path, kind: str, draw: int) -> dict[str, str]:
    """The environment in which calls below a folder fail."""
    calls, number, last, count = KINDS[kind]
    first = random.Random(f"{SEED} {kind} {draw}").randint(1, last)
    fault = Fault(calls, folder, first=first, count=count, number=number)
    return {"LD_PRELOAD": str(built(archive.root)), **environment(archive.root, log, fault)}


@pytest.mark.parametrize(("kind", "draw"), some(CASES))
def test_a_call_fails_while_backing_up(archive: Archive, tmp_path: Path, kind: str, draw: int) -> None:
    folder, log = archive.root / f"backup-{kind}-{draw}", tmp_path / "events"
    done = archive.run("backup", folder, **told(archive, folder, log, kind, draw))
    print(kind, [f.path for f in faults(log)][:3], done.returncode, done.stderr[-300:])
    assert done.returncode == 0 or (done.returncode == 1 and REFUSED.search(done.stderr)), done.stderr
    if faults(log) and kind in {"no space", "sync error", "write error"}:
        assert done.returncode == 1, "what could not be written was taken for kept"
    again = archive.run("backup", folder)
    assert again.returncode == 0, again.stderr
    verified = archive.run("backup", "--verify", folder)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert_valid_root(folder / "packages", len(archive.rows("SELECT id FROM preservation_package")))
    shutil.rmtree(folder)


@pytest.mark.parametrize(("kind", "draw"), some(CASES))
def test_a_call_fails_while_repairing(archive: Archive, tmp_path: Path, kind: str, draw: int) -> None:
    store, log = archive.root / "store-b", tmp_path / "events"
    (place,) = {p.parent for p in sorted((store / "ocfl").rglob("0=ocfl_object_1.1"))[:1]}
    for path in place.rglob("mets.xml"):
        path.unlink()
    (store / "ocfl" / "ocfl_layout.json").unlink(missing_ok=True)
    assert archive.run("verify").returncode == 1
    done = archive.run("repair", **told(archive, store, log, kind, draw))
    print(kind, [f.path for f in faults(log)][:3], done.returncode, done.stdout[-300:], done.stderr[-300:])
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    again = archive.run("repair")
    assert again.returncode == 0, again.stdout + again.stderr
    verified = archive.run("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    for name in "abc":
        root = archive.root / f"store-{name}"
        assert_valid_root(root / "ocfl", len(archive.rows("SELECT id FROM preservation_package")))
