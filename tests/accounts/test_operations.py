"""Agencies, users, sign-in and tokens: each leaves its entry; wrong ones are refused without telling why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from pytest_django import Settings

from cunzhen.accounts.models import ApiToken, RoleGrant, User
from cunzhen.accounts.operations import (
    change_password,
    end_role,
    found_agency,
    found_user,
    grant_role,
    issue_token,
    refuse,
    reopen_user,
    reset_password,
    revoke_token,
    set_passphrase,
    share_keys,
    shut_user,
    sign_in,
)
from cunzhen.accounts.queries import (
    actor_names,
    actor_of,
    actor_of_token,
    latest_sign_ins,
    own_tokens,
    reach,
    service_actor,
    tokens_within,
    users_within,
)
from cunzhen.accounts.rules import Actor, Role
from cunzhen.errors import Conflict, Invalid, Missing, Refused
from cunzhen.keys import keystore
from cunzhen.keys.shares import join, read_share
from cunzhen.ledger.models import LedgerEntry
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
    assert not service.may("grant_role") and not service.may("issue_token")
    with pytest.raises(Refused, match="A-01"):
        issue_token(service, username="clerk", label="", days=1, now=NOW)
    assert actor_names({service.id, world.clerk.id}) == {service.id: "存真系统", world.clerk.id: "郭秀琴"}


def _ops(user: User) -> list[str]:
    return [line.op for line in history(user.id)]


def test_change_password_asks_for_the_old_one_and_is_recorded(world: World) -> None:
    clerk, new = world.actor("clerk"), "Another-long-1"
    for old, wanted, code in (
        ("wrong", new, "A-12"),
        (PASSWORD, PASSWORD, "A-13"),
        (PASSWORD, "short", "A-05"),
        (PASSWORD, "1234567890", "A-05"),
    ):
        with pytest.raises(Invalid, match=code):
            change_password(clerk, old=old, new=wanted, now=NOW)
    assert _ops(world.clerk)[-1] == "refuse", "a wrong old password is told to the ledger"
    before = User.objects.get(id=world.clerk.id).get_session_auth_hash()
    changed = change_password(clerk, old=PASSWORD, new=new, now=NOW)
    assert changed.get_session_auth_hash() != before, "sessions of before hold the old digest"
    assert sign_in(username="clerk", password=new, address="", now=NOW) == world.clerk
    with pytest.raises(Refused):
        sign_in(username="clerk", password=PASSWORD, address="", now=NOW)
    assert "change_password" in _ops(world.clerk)
    with pytest.raises(Refused, match="A-01"):
        change_password(world.actor("service"), old="", new=new, now=NOW)


def test_shut_user_ends_account_roles_and_tokens_at_once(world: World) -> None:
    secret = issue_token(world.actor("clerk"), username="clerk", label="", days=9, now=NOW)
    hashed = world.clerk.get_session_auth_hash()
    shut_user(world.actor("system_officer"), username="CLERK", now=NOW)
    clerk = User.objects.get(id=world.clerk.id)
    assert not clerk.is_active and not actor_of(clerk).permissions and clerk.get_session_auth_hash() != hashed
    assert actor_of_token(secret, now=NOW) is None and ApiToken.objects.get().revoked_at == NOW
    assert not RoleGrant.objects.filter(user=clerk, ended_at=None).exists()
    assert history(clerk.id)[-1].detail == {"roles": ["clerk"], "tokens": 1}
    with pytest.raises(Refused, match="A-03"):
        sign_in(username="clerk", password=PASSWORD, address="", now=NOW)
    with pytest.raises(Conflict, match="A-16"):
        shut_user(world.actor("system_officer"), username="clerk", now=NOW)


def test_an_account_that_is_opened_again_has_a_new_password_and_no_rights(world: World) -> None:
    system, security = world.actor("system_officer"), world.actor("security_officer")
    with pytest.raises(Conflict, match="A-17"):
        reopen_user(system, username="clerk", now=NOW)
    shut_user(system, username="clerk", now=NOW)
    for op in (lambda: grant_role(security, username="clerk", role=Role.CLERK, now=NOW),
               lambda: reset_password(system, username="clerk", now=NOW)):  # fmt: skip
        with pytest.raises(Conflict, match="A-16"):
            op()
    password = reopen_user(system, username="clerk", now=NOW)
    user = sign_in(username="clerk", password=password, address="", now=NOW)
    assert not actor_of(user).permissions
    grant_role(security, username="clerk", role=Role.CLERK, now=NOW)
    assert actor_of(user).may("describe_draft")
    assert {"shut_user", "reopen_user", "grant_role"} <= set(_ops(user))


def test_roles_are_given_and_ended(world: World) -> None:
    security = world.actor("security_officer")
    grant_role(security, username="clerk", role=Role.ARCHIVIST, now=NOW)
    assert actor_of(world.clerk).may("return_drafts")
    for call, code in (
        (lambda: grant_role(security, username="clerk", role=Role.ARCHIVIST, now=NOW), "A-18"),
        (lambda: grant_role(security, username="clerk", role=Role.AUDIT_OFFICER, now=NOW), "A-04"),
        (lambda: end_role(security, username="clerk", role=Role.LEADER, now=NOW), "A-19"),
        (lambda: end_role(security, username="nobody", role=Role.LEADER, now=NOW), "A-08"),
        (lambda: end_role(security, username="outsider", role=Role.ARCHIVIST, now=NOW), "A-08"),
        (lambda: grant_role(security, username="security_officer", role=Role.CLERK, now=NOW), "A-14"),
        (lambda: end_role(security, username="audit_officer", role=Role.AUDIT_OFFICER, now=NOW), "A-15"),
        (lambda: end_role(security, username="security_officer", role=Role.SECURITY_OFFICER, now=NOW), "A-14"),
    ):
        with pytest.raises((Conflict, Invalid, Missing), match=code):
            call()
    end_role(security, username="clerk", role=Role.ARCHIVIST, now=NOW)
    assert not actor_of(world.clerk).may("return_drafts") and actor_of(world.clerk).may("describe_draft")
    assert _ops(world.clerk)[-2:] == ["grant_role", "end_role"]


def test_the_last_officer_is_not_shut_but_one_of_two_is(world: World) -> None:
    system = world.actor("system_officer")
    for username, code in (("audit_officer", "A-15"), ("system_officer", "A-14")):
        with pytest.raises(Conflict, match=code):
            shut_user(system, username=username, now=NOW)
    found_user(
        agency=world.agency, username="second", display_name="接任", password=PASSWORD, roles=[Role.AUDIT_OFFICER],
        now=NOW,
    )  # fmt: skip
    shut_user(system, username="audit_officer", now=NOW)
    with pytest.raises(Conflict, match="A-15"):
        shut_user(system, username="second", now=NOW)


def test_reset_password_is_the_system_officers_and_never_ones_own(world: World) -> None:
    system = world.actor("system_officer")
    password = reset_password(system, username="clerk", now=NOW)
    assert sign_in(username="clerk", password=password, address="", now=NOW) == world.clerk
    assert "reset_password" in _ops(world.clerk)
    with pytest.raises(Conflict, match="A-14"):
        reset_password(system, username="system_officer", now=NOW)
    with pytest.raises(Missing, match="A-08"):
        reset_password(system, username="outsider", now=NOW)


@pytest.mark.parametrize("who", ["clerk", "leader", "service", "audit_officer", "security_officer", "system_officer"])
def test_only_the_officer_may(world: World, who: str) -> None:
    actor = world.actor(who)
    calls = {
        "shut_user": lambda: shut_user(actor, username="archivist", now=NOW),
        "reopen_user": lambda: reopen_user(actor, username="archivist", now=NOW),
        "reset_password": lambda: reset_password(actor, username="archivist", now=NOW),
        "grant_role": lambda: grant_role(actor, username="archivist", role=Role.LEADER, now=NOW),
        "end_role": lambda: end_role(actor, username="archivist", role=Role.ARCHIVIST, now=NOW),
        "view_users": lambda: users_within(actor),
    }
    for name, call in calls.items():
        if not actor.may(name):
            with pytest.raises(Refused, match="A-01"):
                call()
    assert {n for n in calls if actor.may(n)} == {
        "system_officer": {"shut_user", "reopen_user", "reset_password", "view_users"},
        "security_officer": {"grant_role", "end_role", "view_users"},
    }.get(who, set())


def test_revoke_token_ends_it_at_once(world: World) -> None:
    secret = issue_token(world.actor("clerk"), username="clerk", label="扫描", days=9, now=NOW)
    token = ApiToken.objects.get()
    for who, refusal, code in (
        ("archivist", Refused, "A-01"),
        ("outsider", Missing, "A-20"),
        ("service", Refused, "A-01"),
    ):
        with pytest.raises(refusal, match=code):
            revoke_token(world.actor(who), token_id=token.id, now=NOW)
    assert [t.id for t in tokens_within(world.actor("security_officer"), now=NOW)] == [token.id]
    assert not tokens_within(world.actor("archivist"), now=NOW)
    revoke_token(world.actor("clerk"), token_id=token.id, now=NOW)
    assert actor_of_token(secret, now=NOW) is None
    revoke_token(world.actor("security_officer"), token_id=token.id, now=NOW + timedelta(days=1))
    assert ApiToken.objects.get().revoked_at == NOW, "taking it back again changes nothing"
    assert [line.op for line in history(token.id)] == ["issue_token", "revoke_token"]
    assert not own_tokens(world.actor("clerk"), now=NOW)


def test_users_are_listed_with_their_roles(world: World) -> None:
    found = {u.username: roles for u, roles in users_within(world.actor("security_officer"))}
    assert found["clerk"] == [Role.CLERK] and "outsider" not in found and len(found) == len(Role)


def test_ones_sign_ins_are_shown_newest_first(world: World) -> None:
    for number in range(3):
        sign_in(username="clerk", password=PASSWORD, address=f"10.0.0.{number}", now=NOW + timedelta(minutes=number))
    with pytest.raises(Refused):
        sign_in(username="clerk", password="wrong", address="10.9.9.9", now=NOW + timedelta(minutes=9))
    found = latest_sign_ins(world.actor("clerk"), 2)
    assert [(s.address, s.refused) for s in found] == [("10.9.9.9", True), ("10.0.0.2", False)]


def _refusals() -> int:
    return LedgerEntry.objects.filter(op="refuse").count()


def _refused(actor: Actor, operation: str) -> Refused:
    with pytest.raises(Refused) as found:
        actor.require(operation)
    return found.value


def test_a_refusal_is_entered_once_a_minute_for_each_operation(world: World) -> None:
    clerk = world.actor("clerk")
    no = _refused(clerk, "view_ledger")
    assert refuse(no, actor=clerk, now=NOW)
    for seconds in (0, 1, 59):
        assert not refuse(no, actor=clerk, now=NOW + timedelta(seconds=seconds))
    assert refuse(no, actor=clerk, now=NOW + timedelta(seconds=60))
    assert refuse(_refused(clerk, "shut_user"), actor=clerk, now=NOW)
    assert refuse(no, actor=world.actor("leader"), now=NOW)
    assert _refusals() == 4
    last = history(world.clerk.id)[-1]
    assert (last.op, last.detail) == ("refuse", {"operation": "shut_user"})


def test_other_refusals_leave_no_entry(world: World) -> None:
    clerk = world.actor("clerk")
    assert not refuse(Missing("H-01", "没有"), actor=clerk, now=NOW)
    assert not refuse(Refused("A-03", "不对"), actor=clerk, now=NOW)
    assert not refuse(_refused(clerk, "view_ledger"), actor=None, now=NOW)
    assert _refusals() == 0


@pytest.mark.django_db(transaction=True)
def test_many_refusals_at_once_leave_one_entry(world: World) -> None:
    clerk = world.actor("clerk")
    no = _refused(clerk, "view_ledger")

    def ask(_: int) -> bool:
        try:
            return refuse(no, actor=clerk, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(ask, range(40)))
    assert sum(written) == 1 and _refusals() == 1


@pytest.mark.django_db(transaction=True)
def test_two_officers_cannot_end_each_other(world: World) -> None:
    """Two system officers shut one another at the same moment: one stays, whoever it is."""
    found_user(
        agency=world.agency, username="second", display_name="第二位", password=PASSWORD, roles=[Role.SYSTEM_OFFICER],
        now=NOW,
    )  # fmt: skip
    pair = {"system_officer": "second", "second": "system_officer"}
    actors = {name: actor_of(User.objects.get(username=name)) for name in pair}
    start = Barrier(2)

    def shut(name: str) -> str:
        try:
            start.wait()
            shut_user(actors[name], username=pair[name], now=NOW)
        except Conflict as error:
            return error.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(shut, pair)) == ["A-15", "done"]
    assert User.objects.filter(username__in=pair, is_active=True).count() == 1


def test_the_key_store_gets_a_passphrase_and_loses_it(world: World, settings: Settings) -> None:
    officer, folder = world.actor("security_officer"), settings.HOME / "keys"
    keys = keystore.load(folder)
    try:
        set_passphrase(officer, passphrase="枣树 临县 二月 账本 山梁 十六", now=NOW)
        assert keystore.is_sealed(folder) and keystore.load(folder) == keys
        for short in ("short", ""):
            with pytest.raises(Invalid, match="K-05"):
                set_passphrase(officer, passphrase=short, now=NOW)
        assert keystore.is_sealed(folder)
        set_passphrase(officer, passphrase="another passphrase of the officer", now=NOW)
    finally:
        set_passphrase(officer, passphrase=None, now=NOW)
    assert not keystore.is_sealed(folder) and keystore.load(folder) == keys
    said = [line.detail for line in history(world.agency.id) if line.op == "set_passphrase"]
    assert said == [{"sealed": True}, {"sealed": True}, {"sealed": False}]


def test_recovery_shares_are_recorded_without_a_word_of_them(world: World, settings: Settings) -> None:
    made = share_keys(world.actor("security_officer"), shares=3, needed=2, now=NOW)
    assert join([read_share(words) for words in made[1:]]) == keystore.load(settings.HOME / "keys")
    [said] = [line.detail for line in history(world.agency.id) if line.op == "share_keys"]
    assert said == {"shares": 3, "needed": 2, "set": read_share(made[0]).set_id}
    with pytest.raises(Invalid, match="K-10"):
        share_keys(world.actor("security_officer"), shares=3, needed=4, now=NOW)


@pytest.mark.parametrize("who", ["clerk", "archivist", "leader", "system_officer", "audit_officer"])
def test_only_the_security_officer_has_to_do_with_keys(world: World, settings: Settings, who: str) -> None:
    with pytest.raises(Refused, match="A-01"):
        set_passphrase(world.actor(who), passphrase="枣树 临县 二月 账本 山梁 十六", now=NOW)
    with pytest.raises(Refused, match="A-01"):
        share_keys(world.actor(who), shares=3, needed=2, now=NOW)
    assert not keystore.is_sealed(settings.HOME / "keys")
