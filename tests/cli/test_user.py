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
