"""``cunzhen token``: a program files and finds papers over the API of the real server with it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Desk
from tests.cli.filed import PEOPLE, Home, filed_home, variant
from tests.waiting import until

GOOD = "Quite-long-2026!"


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def test_who_gets_a_token(home: Home) -> None:
    officer = ("--as", "security_officer")
    typed = f"{home.officers['security_officer']}\n"
    said = home.ask("token", "clerk", "--days", "7", "--label", "扫描系统", *officer, typed=typed)
    assert said["days"] == 7
    assert said["token"].startswith("cz_")
    own = home.run("token", "clerk", "--as", "clerk", typed=f"{PEOPLE['clerk']}\n")
    assert own.stdout.startswith("cz_")
    assert home.refused("token", "leader", "--as", "clerk", typed=f"{PEOPLE['clerk']}\n") == "A-01"
    assert home.refused("token", "nobody", *officer, typed=typed) == "A-08"
    for words in (["clerk", "--days", "0"], ["clerk", "--days", "367"], ["clerk", "--label", "x" * 101], []):
        home.refused("token", *words, status=2)
    assert home.rows("SELECT count(*) FROM accounts_apitoken WHERE label = '扫描系统'") == [(1,)]


def test_the_machine_gives_no_key_to_anybody(home: Home) -> None:
    for words in (("clerk",), ("issue", "clerk"), ("list",), ("revoke", "x")):
        assert home.refused("token", *words) == "A-11"


def test_tokens_are_listed_and_taken_back(home: Home) -> None:
    clerk, typed = ("--as", "clerk"), f"{PEOPLE['clerk']}\n"
    officer, their = ("--as", "security_officer"), f"{home.officers['security_officer']}\n"
    home.ask("token", "issue", "clerk", "--label", "要吊销的", *clerk, typed=typed)
    (made,) = [t for t in home.ask("token", "list", *clerk, typed=typed)["tokens"] if t["label"] == "要吊销的"]
    assert made in home.ask("token", "list", *officer, typed=their)["tokens"]
    leader = f"{PEOPLE['leader']}\n"
    assert home.ask("token", "list", "--as", "leader", typed=leader)["tokens"] == []
    assert home.refused("token", "revoke", made["id"], "--as", "leader", typed=leader) == "A-01"
    for wrong in ("nonsense", "00000000-0000-7000-8000-000000000000"):
        assert home.refused("token", "revoke", wrong, *officer, typed=their) == "A-20"
    assert home.ask("token", "revoke", made["id"], *officer, typed=their)["revoked"] is True
    assert made not in home.ask("token", "list", *clerk, typed=typed)["tokens"]
    refused = "SELECT count(*) FROM ledger_entry WHERE op = 'refuse'"
    assert home.rows(refused)[0][0] >= 1, "a command that was refused is told to the ledger too"
    for words in (["list", "x"], ["revoke"], ["issue"], ["issue", "a", "b"]):
        home.refused("token", *words, status=2)


@pytest.mark.server
def test_a_program_files_and_finds(made_home: object, desk: Desk) -> None:
    home = Home(desk.home, "", "")
    published = desk.home / "ledger" / "checkpoint"
    until(published.is_file)  # a desk publishes the ledger it has, an empty one too
    home.ask("found", "--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
    assert home.run("user", "clerk", "--name", "郭秀琴", "--role", "clerk", typed=f"{GOOD}\n").returncode == 0
    token = home.run("token", "clerk", "--as", "clerk", typed=f"{GOOD}\n").stdout.strip()
    with httpx.Client(base_url=f"{desk.address}/api/v1", headers={"Authorization": f"Bearer {token}"}) as api:
        made = api.post("/transfers", json={"name": "接口", "auto": True}, headers={"Idempotency-Key": "k"})
        assert made.status_code == 201, made.text
        transfer = made.json()["id"]
        sent = api.post(f"/transfers/{transfer}/files", files={"file": ("核定表.pdf", variant("api"))})
        assert sent.status_code == 201, sent.text
        assert api.post(f"/transfers/{transfer}/receive").status_code == 200
        receipt = _wait(api, transfer)
        assert (receipt["filed"], receipt["indexed"]) == (1, 1), receipt
        found = api.post("/searches", json={"query": "失业"}).json()
        assert [i["archival_code"] for i in found["items"]] == [receipt["items"][0]["archival_code"]]
        item = found["items"][0]["id"]
        original = api.get(f"/items/{item}/components/1")
        assert original.content == variant("api")
        assert original.headers["Content-Disposition"].startswith("attachment;")
    assert httpx.get(f"{desk.address}/api/v1/items").status_code == 401
    assert home.run("verify").returncode == 0


def _wait(api: httpx.Client, transfer: str) -> dict[str, Any]:
    until = time.monotonic() + 80
    while True:
        receipt = api.get(f"/transfers/{transfer}/receipt").json()
        if receipt["indexed"] or time.monotonic() > until:
            return dict(receipt)
        time.sleep(0.5)
