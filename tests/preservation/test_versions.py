"""A backup that one version of the program took, restored by the next; and never the other way round."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import cunzhen
from tests.preservation.backed_up import Archive, new_archive

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

# What the newest version added to the tables; the version before is the same program without.
NEWEST = "*_fewer_indexes.py"
INDEXES = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'holdings_page_item_id%'"


@pytest.fixture
def before(tmp_path: Path) -> str:
    """Where the program of the version before lies, in front of everything that this one imports."""
    sources = Path(cunzhen.__file__).parent
    copy = tmp_path / "before" / "cunzhen"
    shutil.copytree(sources, copy, ignore=shutil.ignore_patterns("__pycache__", NEWEST))
    assert len(list(sources.rglob(NEWEST))) == 3 and not list(copy.rglob(NEWEST))
    return os.pathsep.join([str(copy.parent), *(p for p in sys.path if p)])


@pytest.fixture
def archive(before: str) -> Iterator[Archive]:
    """A home of the version before, with papers."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzhen-t-")))
        root.chmod(0o711)
        made = new_archive(root, stack, PYTHONPATH=before)
        made.file("filed")
        yield made


def test_the_next_version_restores_what_the_version_before_backed_up(archive: Archive, before: str) -> None:
    archive.back_up(archive.root / "backup")
    assert archive.rows(INDEXES)
    home, answer = archive.restore(archive.root / "backup", "next")
    assert answer["ok"] and archive.codes(home) == archive.codes()
    assert not archive.rows(INDEXES, home), "the tables are those of the next version"
    assert archive.ask("verify", home=home)["packages"]["bad"] == []
    assert archive.refused("find", "失业", home=home, PYTHONPATH=before)[0] == "D-10"
    archive.ask("backup", archive.root / "newer", home=home)
    keys = home / "keys"
    words = ("restore", archive.root / "newer", "--keys", keys)
    assert archive.refused(*words, home=archive.root / "back", PYTHONPATH=before)[0] == "D-10"
    back = archive.ask(*words, home=archive.root / "back")
    assert back["ok"] and archive.codes(archive.root / "back") == archive.codes(), "the right program goes on with it"
