"""The self-check passes on a sound home and finds what was spoilt; and the command line's manners."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import psycopg
import pytest

from cunzhen.cli import main as cli
from cunzhen.database.launcher import ensure_running

from .conftest import Cunzhen


def _failing(cunzhen: Cunzhen, home: Path, **more: str) -> set[str]:
    done = cunzhen(home, "check", "--json", **more)
    body = json.loads(done.stdout)
    assert body["ok"] is (done.returncode == 0), done.stderr
    return {line["name"] for line in body["checks"] if not line["ok"]}


def test_a_sound_home_passes(made_home: Path, cunzhen: Cunzhen) -> None:
    done = cunzhen(made_home, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "自检通过" in done.stdout
    assert _failing(cunzhen, made_home) == set()


def test_what_was_spoilt_is_found(made_home: Path, cunzhen: Cunzhen, no_database_named: None) -> None:
    mode = made_home.stat().st_mode & 0o777
    key_file = made_home / "keys" / "keystore.json"
    with ensure_running(made_home) as server, psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute("GRANT DELETE ON ledger_entry TO cunzhen_app")
        owner.execute("DELETE FROM django_migrations WHERE app = 'jobs'")
        key_file.chmod(0o644)
        made_home.chmod(0o755)
        try:
            assert _failing(cunzhen, made_home) == {"rights", "schema", "keys", "home"}
        finally:
            owner.execute("REVOKE DELETE ON ledger_entry FROM cunzhen_app")
            owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('jobs', '0001_initial', now())")
            key_file.chmod(0o600)
            made_home.chmod(mode)
            owner.execute(
                "INSERT INTO procrastinate_jobs (task_name, queue_name, status) VALUES ('x', 'default', 'failed')"
            )
        assert _failing(cunzhen, made_home) == {"jobs"}
        owner.execute("DELETE FROM procrastinate_jobs")


def test_a_wrong_setting_stops_the_start(made_home: Path, cunzhen: Cunzhen) -> None:
    done = cunzhen(made_home, "check", CUNZHEN_READERS="many")
    assert done.returncode == 1
    assert "CUNZHEN_READERS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [([], 2), (["--help"], 0), (["nonsense"], 2), (["check", "--nonsense"], 2), (["check", "-h"], 0)],
)
def test_misuse_is_two(made_home: Path, cunzhen: Cunzhen, words: list[str], status: int) -> None:
    done = cunzhen(made_home, *words)
    assert done.returncode == status, done.stderr
    assert ("usage" in done.stdout + done.stderr) is True


def test_common_options_stand_before_and_after_the_command(made_home: Path, cunzhen: Cunzhen) -> None:
    after = cunzhen(made_home.parent / "elsewhere", "check", "--home", str(made_home), "--json")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["ok"]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_the_same_shape(name: str) -> None:
    module = import_module(f"cunzhen.cli.{name}")
    assert isinstance(module.HELP, str)
    assert cli._help_of(name) == module.HELP
    assert callable(module.configure)
    assert callable(module.run)
