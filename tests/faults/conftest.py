"""Every test of faults begins and ends without jobs of another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


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
