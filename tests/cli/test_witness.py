"""``cunzhen witness`` and what ``ledger`` and ``check`` say of it, with a witness that runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environment
from tests.cli.filed import Home, filed_home
from tests.ledger.witnessing import Process, witnesses

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with witnesses(tmp_path_factory.mktemp("witness"), 1) as made:
        yield made[0]


def cunzhen(*words: object) -> subprocess.CompletedProcess[str]:
    """The command without any home or database."""
    command = [sys.executable, "-m", "cunzhen.cli.main", "witness", *map(str, words)]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)


def test_made_and_shown(tmp_path: Path) -> None:
    made = cunzhen("init", tmp_path / "w", "--name", "witness.example/w", "--json")
    assert made.returncode == 0, made.stderr
    vkey = json.loads(made.stdout)["vkey"]
    assert vkey.startswith("witness.example/w+")
    assert vkey in cunzhen("show", tmp_path / "w").stdout
    again = cunzhen("init", tmp_path / "w", "--name", "other")
    assert again.returncode == 1 and "L-25" in again.stderr
    nowhere = cunzhen("show", tmp_path / "nowhere")
    assert nowhere.returncode == 1 and "L-22" in nowhere.stderr
    wrong = cunzhen("trust", tmp_path / "w", vkey)
    assert wrong.returncode == 1 and "L-01" in wrong.stderr, "a witness's key is no ledger's"


@pytest.mark.parametrize(
    "words", [(), ("init", "x"), ("trust", "x"), ("show", "x", "vkey"), ("show", "x", "--name", "y"), ("sign", "x")]
)
def test_misuse(words: tuple[str, ...]) -> None:
    done = cunzhen(*words)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_taken_port_is_told(witness: Process) -> None:
    done = cunzhen("serve", witness.folder.root, "--port", witness.port)
    assert done.returncode == 1 and "C-01" in done.stderr


def test_a_home_with_a_witness(home: Home, witness: Process, tmp_path: Path) -> None:
    """Registered, asked by whatever numbers entries, named by the self-check; the proof holds its signature."""
    setting = {"CUNZHEN_WITNESSES": witness.setting}
    checks = {c["name"]: c for c in json.loads(home.run("check", "--json", **setting).stdout)["checks"]}
    assert checks["witness_witness.example/w0"]["ok"] and "尚未联系" in checks["witness_witness.example/w0"]["detail"]
    assert home.run("ledger", "checkpoint", **setting).returncode == 0
    checks = {c["name"]: c for c in json.loads(home.run("check", "--json", **setting).stdout)["checks"]}
    line = checks["witness_witness.example/w0"]
    assert not line["ok"] and "witness trust" in line["detail"], "it does not know this ledger yet"

    assert cunzhen("trust", witness.folder.root, (home.path / "ledger" / "vkey").read_text()).returncode == 0
    (home.path / "ledger" / "witnesses.json").unlink()  # as if five minutes had passed
    assert home.run("ledger", "checkpoint", **setting).returncode == 0
    checks = {c["name"]: c for c in json.loads(home.run("check", "--json", **setting).stdout)["checks"]}
    assert checks["witness_witness.example/w0"]["ok"]
    code = home.receipt["items"][0]["archival_code"]
    assert "— witness.example/w0 " in home.ask("ledger", "proof", code, **setting)["proof"]
    packed = tmp_path / "proof.zip"
    assert home.ask("ledger", "proof", code, "--to", packed, **setting)["file"] == str(packed)
    assert packed.stat().st_size > 1_000
    refused = home.run("ledger", "proof", code, "--to", tmp_path / "no" / "proof.zip", **setting)
    assert refused.returncode == 1 and "L-14" in refused.stderr
    assert home.ask("ledger", "audit", **setting)["ok"]


def test_a_restore_never_asks(home: Home, witness: Process, tmp_path: Path) -> None:
    """A trial copy adds an entry of its own; had the witness signed that, it would refuse the true ledger."""
    setting = {"CUNZHEN_WITNESSES": witness.setting}
    cunzhen("trust", witness.folder.root, (home.path / "ledger" / "vkey").read_text())
    home.run("ledger", "checkpoint", **setting)
    home.ask("backup", tmp_path / "backup", **setting)
    before = witness.folder.logs()
    trial = tmp_path / "trial"
    done = home.run("restore", tmp_path / "backup", "--keys", home.path / "keys", "--home", trial, "--json", **setting)
    assert done.returncode == 0, done.stderr
    assert witness.folder.logs() == before
    (home.path / "ledger" / "witnesses.json").unlink()
    home.ask("ledger", "audit", **setting)
    assert home.ask("ledger", "audit", **setting)["ok"]


def test_a_wrong_setting_is_told(home: Home) -> None:
    done = home.run("check", CUNZHEN_WITNESSES="nonsense")
    assert done.returncode == 1 and "C-03" in done.stderr and "CUNZHEN_WITNESSES" in done.stderr
