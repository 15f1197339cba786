"""Roles: what they allow, and which exclude each other."""

from __future__ import annotations

from itertools import combinations

import pytest

from cunzhen.accounts.rules import OFFICERS, PERMISSIONS, Role, incompatible, permissions_of


@pytest.mark.parametrize("pair", list(combinations(Role, 2)), ids="+".join)
def test_an_officer_holds_nothing_else(pair: tuple[Role, Role]) -> None:
    assert incompatible(frozenset(pair)) == bool(OFFICERS & set(pair))


def test_one_role_is_always_compatible() -> None:
    assert not any(incompatible(frozenset({role})) for role in Role)


def test_officers_see_no_archive_and_share_no_right() -> None:
    content = PERMISSIONS[Role.ARCHIVIST] - {"verify_archive"}
    for officer in OFFICERS:
        assert not PERMISSIONS[officer] & content
    for one, other in combinations(OFFICERS, 2):
        assert not PERMISSIONS[one] & PERMISSIONS[other]


def test_roles_add_up() -> None:
    both = permissions_of(frozenset({Role.CLERK, Role.REVIEWER}))
    assert both == PERMISSIONS[Role.CLERK] | PERMISSIONS[Role.REVIEWER]
    assert permissions_of(frozenset()) == frozenset()
