"""``cunzhen found`` and ``cunzhen user``: who can be set up, and what is refused."""

from __future__ import annotations

import pytest

from tests.cli.filed import PEOPLE, Home, filed_home

GOOD = "Quite-long-2026!"


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


@pytest.mark.parametrize(
    "roles", [("system_officer", "audit_officer"), ("security_officer", "clerk"), ("audit_officer", "leader")]
)
def test_officers_exclude_one_another_and_business(home: Home, roles: tuple[str, str]) -> None:
    words = [w for role in roles for w in ("--role", role)]
    assert home.refused("user", "both", "--name", "张三", *words, typed=f"{GOOD}\n") == "A-04"
    assert home.rows("SELECT count(*) FROM accounts_user WHERE username = 'both'") == [(0,)]


def test_business_roles_go_together(home: Home) -> None:
    words = ("user", "two", "--name", "张三", "--role", "clerk", "--role", "archivist")
    said = home.ask(*words, typed=f"{GOOD}\n")
    assert said == {"username": "two", "roles": ["clerk", "archivist"]}
    done = home.run(*words, typed=f"{GOOD}\n")
    assert done.returncode == 1
    assert done.stderr.startswith("A-06 ")
    assert GOOD not in done.stderr + done.stdout


@pytest.mark.parametrize("password", ["", "abc123", "password123", "1234567890"])
def test_weak_passwords_are_refused(home: Home, password: str) -> None:
    done = home.run("user", "weak", "--name", "张三", "--role", "clerk", typed=f"{password}\n")
    assert done.returncode == 1
    assert done.stderr.startswith("A-05 ")
    assert not password or password not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["a b", "--name", "张三", "--role", "clerk"],
        ["x" * 61, "--name", "张三", "--role", "clerk"],
        ["a", "--name", "张" * 61, "--role", "clerk"],
        ["a", "--name", "张三", "--role", "boss"],
        ["a", "--name", "张三"],
        ["a", "--role", "clerk"],
    ],
)
def test_misuse_is_two(home: Home, words: list[str]) -> None:
    home.refused("user", *words, typed=f"{GOOD}\n", status=2)


def test_an_agency_is_founded_once(home: Home) -> None:
    words = ["found", "--agency", "第二中心", "--region", "141124", "--fonds", "J020"]
    assert home.refused(*words) == "A-09"
    home.refused("found", "--agency", "第二中心", "--region", "1411", "--fonds", "J020", status=2)
    home.refused("found", "--agency", "第二中心", "--region", "141124", "--fonds", "J 0", status=2)
    assert home.rows("SELECT count(*) FROM accounts_agency") == [(1,)]


def test_the_users_of_the_home_can_sign_in(home: Home) -> None:
    done = home.run("find", "待遇", "--as", "CLERK", typed=f"{PEOPLE['clerk']}\n")
    assert done.returncode == 0, "sign-in names are compared without case"


def _as(home: Home, officer: str) -> dict[str, str]:
    return {"typed": f"{home.officers[officer]}\n"}


SYSTEM, SECURITY = ("--as", "system_officer"), ("--as", "security_officer")


def test_a_leaver_is_locked_out_today_and_let_in_again_with_two_officers(home: Home) -> None:
    assert home.run("user", "leaver", "--name", "张三", "--role", "clerk", typed=f"{GOOD}\n").returncode == 0
    token = home.run("token", "leaver", "--as", "leaver", typed=f"{GOOD}\n").stdout.strip()
    assert token.startswith("cz_")
    done = home.run("user", "shut", "leaver", *SYSTEM, **_as(home, "system_officer"))
    assert done.returncode == 0, done.stderr
    assert home.refused("find", "x", "--as", "leaver", typed=f"{GOOD}\n") == "A-03"
    state = home.rows(
        "SELECT is_active, (SELECT count(*) FROM accounts_rolegrant g WHERE g.user_id = u.id AND ended_at IS NULL),"
        " (SELECT count(*) FROM accounts_apitoken t WHERE t.user_id = u.id AND revoked_at IS NULL)"
        " FROM accounts_user u WHERE username = 'leaver'"
    )
    assert state == [(False, 0, 0)]
    again = home.ask("user", "reopen", "leaver", *SYSTEM, **_as(home, "system_officer"))
    assert home.refused("find", "x", "--as", "leaver", typed=f"{again['password']}\n") == "A-01", "no role yet"
    home.ask("user", "grant", "leaver", "--role", "leader", *SECURITY, **_as(home, "security_officer"))
    assert home.run("find", "待遇", "--as", "leaver", typed=f"{again['password']}\n").returncode == 0
    home.ask("user", "end", "leaver", "--role", "leader", *SECURITY, **_as(home, "security_officer"))
    assert home.refused("find", "x", "--as", "leaver", typed=f"{again['password']}\n") == "A-01"
    reset = home.ask("user", "reset", "leaver", *SYSTEM, **_as(home, "system_officer"))
    assert home.refused("find", "x", "--as", "leaver", typed=f"{again['password']}\n") == "A-03"
    assert reset["password"] != again["password"]


def test_users_are_listed_for_the_officers(home: Home) -> None:
    users = {u["username"]: u for u in home.ask("user", "list", *SECURITY, **_as(home, "security_officer"))["users"]}
    assert users["clerk"]["roles"] == ["clerk"] and users["clerk"]["active"] is True
    assert home.refused("user", "list", "--as", "clerk", typed=f"{PEOPLE['clerk']}\n") == "A-01"
    text = home.run("user", "list", *SYSTEM, **_as(home, "system_officer")).stdout
    assert "clerk  郭秀琴  录入员" in text


@pytest.mark.parametrize(
    ("words", "officer", "code"),
    [
        (("shut", "clerk"), "security_officer", "A-01"),
        (("grant", "clerk", "--role", "leader"), "system_officer", "A-01"),
        (("end", "clerk", "--role", "clerk"), "audit_officer", "A-01"),
        (("shut", "audit_officer"), "system_officer", "A-15"),
        (("shut", "system_officer"), "system_officer", "A-14"),
        (("shut", "nobody"), "system_officer", "A-08"),
        (("grant", "clerk", "--role", "audit_officer"), "security_officer", "A-04"),
    ],
)
def test_what_an_officer_may_not(home: Home, words: tuple[str, ...], officer: str, code: str) -> None:
    assert home.refused("user", *words, "--as", officer, **_as(home, officer)) == code


def test_the_machine_locks_nobody_out(home: Home) -> None:
    for words in (("shut", "clerk"), ("reset", "clerk"), ("grant", "clerk", "--role", "leader"), ("list",)):
        assert home.refused("user", *words) == "A-11"


@pytest.mark.parametrize(
    "words", [["shut"], ["shut", "a b"], ["shut", "a", "b"], ["list", "x"], ["grant", "clerk"], [],
              ["end", "clerk", "--role", "clerk", "--role", "leader"], ["found", "--name", "x", "--role", "clerk"]],
)  # fmt: skip
def test_misuse_of_actions_is_two(home: Home, words: list[str]) -> None:
    home.refused("user", *words, status=2)
