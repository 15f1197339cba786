"""The API and the cast of the tests, and papers to ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cunzhen.holdings.rules import Filed
    from tests.api.doors import Asserted, Door
    from tests.world import World


@pytest.fixture
def door(world: World) -> Door:
    """The API and the cast."""
    from tests.api.doors import Door

    return Door(world)


@pytest.fixture
def filed(world: World, tmp_path: Path) -> list[Filed]:
    """Two papers of the county, indexed; the first names a person with her number, on two pages."""
    from tests.access.filed import file_papers, follow, page
    from tests.api.doors import NUMBER, PERSON

    first = file_papers(
        world,
        tmp_path,
        [[page("退休 审批表", f"姓名 {PERSON}", f"身份证号 {NUMBER}"), page("第二页")]],
        person=PERSON,
        number=NUMBER,
    )
    second = file_papers(world, tmp_path, [[page("工伤 认定 决定书")]], title="工伤认定决定书", year=2021)
    follow()
    return [*first, *second]


@pytest.fixture
def is_problem() -> Asserted:
    """Checks that an answer is a problem document of this status and code, and gives it back."""

    def check(response: Any, status: int, code: str = "") -> dict[str, Any]:
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/problem+json"
        assert response["Cache-Control"] == "no-store"
        body: dict[str, Any] = response.json()
        assert body["status"] == status
        assert body["type"] == f"urn:cunzhen:{body['code']}"
        assert {"title", "detail", "detail_en"} <= set(body)
        if code:
            assert body["code"] == code, body
        return body

    return check
