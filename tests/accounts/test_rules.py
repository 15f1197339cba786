"""Roles: what they allow, and which exclude each other."""

from __future__ import annotations

from itertools import combinations

import pytest

from cunzhen.accounts.rules import (
    OFFICERS,
    PERMISSIONS,
    SERVICE_PERMISSIONS,
    Role,
    check_ending,
    incompatible,
    permissions_of,
)
from cunzhen.errors import Conflict


@pytest.mark.parametrize("pair", list(combinations(Role, 2)), ids="+".join)
def test_an_officer_holds_nothing_else(pair: tuple[Role, Role]) -> None:
    assert incompatible(frozenset(pair)) == bool(OFFICERS & set(pair))


def test_one_role_is_always_compatible() -> None:
    assert not any(incompatible(frozenset({role})) for role in Role)


# What several may do: their own account, checks and upkeep of the copies, and looking at who has an account.
SHARED = {"change_password", "view_users", "verify_archive", "view_preservation"}
SHARED |= {"scrub_copies", "repair_packages", "record_drill"}


def test_officers_see_no_archive_and_share_no_right() -> None:
    content = PERMISSIONS[Role.ARCHIVIST] - SHARED
    for officer in OFFICERS:
        assert not PERMISSIONS[officer] & content
    for one, other in combinations(OFFICERS, 2):
        assert PERMISSIONS[one] & PERMISSIONS[other] <= SHARED


def test_whoever_opens_accounts_gives_no_roles() -> None:
    accounts, roles = {"shut_user", "reopen_user", "reset_password"}, {"grant_role", "end_role", "issue_token"}
    assert accounts <= PERMISSIONS[Role.SYSTEM_OFFICER] and not accounts & PERMISSIONS[Role.SECURITY_OFFICER]
    assert roles <= PERMISSIONS[Role.SECURITY_OFFICER] and not roles & PERMISSIONS[Role.SYSTEM_OFFICER]
    assert all("change_password" in allowed for allowed in PERMISSIONS.values())
    assert not (accounts | roles | {"change_password"}) & SERVICE_PERMISSIONS


def test_nobody_ends_what_is_their_own_nor_the_last_officer() -> None:
    check_ending({Role.CLERK, Role.ARCHIVIST}, (), is_own=False)
    check_ending({Role.AUDIT_OFFICER}, {Role.AUDIT_OFFICER, Role.CLERK}, is_own=False)
    for roles, others, is_own, code in (
        ({Role.CLERK}, {Role.CLERK}, True, "A-14"),
        ({Role.AUDIT_OFFICER}, {Role.SYSTEM_OFFICER}, False, "A-15"),
        ({Role.SYSTEM_OFFICER}, (), False, "A-15"),
    ):
        with pytest.raises(Conflict, match=code):
            check_ending(roles, others, is_own=is_own)


def test_roles_add_up() -> None:
    both = permissions_of(frozenset({Role.CLERK, Role.REVIEWER}))
    assert both == PERMISSIONS[Role.CLERK] | PERMISSIONS[Role.REVIEWER]
    assert permissions_of(frozenset()) == frozenset()
