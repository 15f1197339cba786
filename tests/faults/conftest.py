"""Every test of faults begins and ends without jobs of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.faults.counts import FULL

if TYPE_CHECKING:
    from tests.faults.crew import Crew


# Ceph is not on every machine, and takes a while: ``make faults`` only.
collect_ignore = [] if FULL else ["test_object_lock.py"]


@pytest.fixture(autouse=True)
def clean_queue(request: pytest.FixtureRequest) -> Iterator[None]:
    """No jobs before and after, where the test uses the common database."""
    if "world" not in request.fixturenames:
        yield
        return
    from tests.faults import clerks  # not above: Django has no settings yet when this file is read

    request.getfixturevalue("world")
    clerks.forget_jobs()
    yield
    clerks.forget_jobs()


@pytest.fixture(scope="session")
def crew(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Processes to kill, on the tests' database and home."""
    from tests.faults.crew import Crew

    log = tmp_path_factory.mktemp("crew") / "log"
    one = Crew(log)
    yield one
    one.close()
    print(log.read_text())


@pytest.fixture(scope="session")
def recorded_crew(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """The same, with a shim that records what they do to the disk and lets it fail."""
    from tests.faults.crew import Crew
    from tests.faults.recording import built

    folder = tmp_path_factory.mktemp("recorded-crew")
    one = Crew(folder / "log", preload=built(folder))
    yield one
    one.close()
    print((folder / "log").read_text())
