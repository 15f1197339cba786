"""The desk in tests: pages are read by ``client.Browser``, who refuses what people could not use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.web.client import Browser
    from tests.world import World

Sit = Callable[..., "Browser"]


@pytest.fixture
def sit(world: World) -> Sit:
    """Sits one of the cast down at the desk; an empty name is somebody who has not signed in."""
    from tests.web.client import Browser
    from tests.web.papers import data_words

    def down(who: str = "clerk") -> Browser:
        return Browser(getattr(world, who) if who else None, data_words)

    return down
