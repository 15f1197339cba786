"""Agencies, users, sign-in and tokens: each leaves its entry; wrong ones are refused without telling why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cunzhen.accounts.models import ApiToken, RoleGrant, User
from cunzhen.accounts.operations import found_agency, found_user, issue_token, sign_in
from cunzhen.accounts.queries import actor_names, actor_of, actor_of_token, reach, service_actor
from cunzhen.accounts.rules import Role
from cunzhen.errors import Conflict, Invalid, Missing, Refused
from cunzhen.ledger.queries import history
from tests.world import NOW, PASSWORD, World

pytestmark = pytest.mark.django_db


def test_a_parent_agency_reaches_its_children_only(world: World) -> None:
    parent = found_agency(name="吕梁市社会保险中心", region_code="141100", valid_from=NOW.date(), now=NOW)
    world.agency.parent = parent
    world.agency.save()
    assert reach(parent.id) == {parent.id, world.agency.id}
    assert reach(world.agency.id) == {world.agency.id}


def test_found_user_refuses_what_excludes_itself(world: World) -> None:
    with pytest.raises(Invalid, match="A-04"):
        found_user(
            agency=world.agency,
            username="both",
            display_name="兼任",
            password=PASSWORD,
            roles=[Role.CLERK, Role.AUDIT_OFFICER],
            now=NOW,
        )
    assert not User.objects.filter(username="both").exists()


@pytest.mark.parametrize("password", ["short", "password123", "aaaaaaaaaa1"[:9]])
def test_found_user_refuses_a_weak_password(world: World, password: str) -> None:
    with pytest.raises(Invalid, match="A-05"):
        found_user(
            agency=world.agency, username="new", display_name="新人", password=password, roles=[Role.CLERK], now=NOW
        )


def test_a_sign_in_name_is_taken_whatever_its_case(world: World) -> None:
    with pytest.raises(Conflict, match="A-06"):
        found_user(
            agency=world.agency, username="CLERK", display_name="新人", password=PASSWORD, roles=[Role.CLERK], now=NOW
        )


def test_sign_in_is_recorded_either_way(world: World) -> None:
    assert sign_in(username="Clerk", password=PASSWORD, address="127.0.0.1", now=NOW) == world.clerk
    with pytest.raises(Refused) as wrong:
        sign_in(username="clerk", password="wrong", address="127.0.0.1", now=NOW)
    with pytest.raises(Refused) as unknown:
        sign_in(username="nobody", password="wrong", address="127.0.0.1", now=NOW)
    assert (wrong.value.code, wrong.value.message) == (unknown.value.code, unknown.value.message)
    assert [line.op for line in history(world.clerk.id)][-2:] == ["sign_in", "refuse_sign_in"]


def test_leavers_rights_end_at_once(world: World) -> None:
    assert world.actor("clerk").may("describe_draft")
    RoleGrant.objects.filter(user=world.clerk).update(ended_at=NOW)
    assert not actor_of(world.clerk).permissions
    world.archivist.is_active = False
    assert not actor_of(world.archivist).permissions


def test_issue_token_shows_the_secret_once_and_stores_its_digest(world: World) -> None:
    secret = issue_token(world.actor("security_officer"), username="clerk", label="接口", days=30, now=NOW)
    token = ApiToken.objects.get()
    assert secret.encode() not in bytes(token.digest)
    actor = actor_of_token(secret, now=NOW + timedelta(days=29))
    assert actor is not None and actor.id == world.clerk.id
    assert actor_of_token(secret, now=NOW + timedelta(days=31)) is None
    assert actor_of_token(secret + "x", now=NOW) is None
    token.revoked_at = NOW
    token.save()
    assert actor_of_token(secret, now=NOW) is None


def test_issue_token_for_others_needs_the_officer_and_the_same_agency(world: World) -> None:
    with pytest.raises(Refused, match="A-01"):
        issue_token(world.actor("clerk"), username="archivist", label="", days=1, now=NOW)
    with pytest.raises(Missing, match="A-08"):
        issue_token(world.actor("security_officer"), username="outsider", label="", days=1, now=NOW)
    with pytest.raises(Invalid, match="A-07"):
        issue_token(world.actor("security_officer"), username="clerk", label="", days=400, now=NOW)


def test_the_service_may_take_in_and_check_but_not_manage(world: World) -> None:
    service = service_actor(world.agency)
    assert service.may("file_drafts") and service.may("verify_archive")
    assert not service.may("grant_roles") and not service.may("issue_token")
    assert actor_names({service.id, world.clerk.id}) == {service.id: "存真系统", world.clerk.id: "郭秀琴"}
