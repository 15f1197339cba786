"""F16: migrations killed anywhere go on at the next start, run alone, and never downwards."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cunzhen.database.schema import IN_USE
from tests.cli.conftest import clean_environment, command
from tests.faults.clerks import make_pile
from tests.faults.counts import FULL
from tests.preservation.backed_up import Archive, attached, new_archive

pytestmark = [pytest.mark.server, pytest.mark.faults, pytest.mark.timeout(900)]

# A run dies within its second migration in `make faults`, so every migration is hit; within its twelfth otherwise.
STEP = 2 if FULL else 12
# Waiting a minute for others is right for people and too long for a test.
IMPATIENT = (
    "import sys, cunzhen.database.schema as s; s.WAIT_SECONDS = 1; import cunzhen.cli.main as "
    "m; sys.exit(m.main(sys.argv[1:]))"
)
SHAPE = """
SELECT 'column', table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'function', proname, '', md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3, 4
"""


def _init(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(home, ["init"]),
        env=clean_environment() | more,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def _shape(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as database:
        return database.execute(SHAPE).fetchall()


@pytest.mark.parametrize("point", ["migration-applied", "migration-committed"])
def test_killed_in_every_migration(open_path: Path, no_database_named: None, point: str) -> None:
    broken, whole = open_path / "broken", open_path / "whole"
    kills = 0
    with attached(broken) as url:
        while (done := _init(broken, CUNZHEN_FAILPOINT=f"{point}@{STEP}")).returncode != 0:
            assert done.returncode == -signal.SIGKILL, done.stderr
            kills += 1
            assert kills < 200
        assert kills >= 2
        assert _init(broken).returncode == 0
        found = _shape(url)
    with attached(whole) as url:
        assert _init(whole).returncode == 0
        assert found == _shape(url)


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    """A home with filed papers and others that wait."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzhen-t-")))
        root.chmod(0o711)
        made = new_archive(root, stack)
        made.file("filed")
        yield made


def test_a_newer_database_is_refused_before_anything_is_touched(archive: Archive) -> None:
    with psycopg.connect(archive.owner_url, autocommit=True) as database:
        entries = database.execute("SELECT count(*) FROM ledger_entry").fetchone()
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('holdings', '9999_later', now())")
        try:
            for words in (["init"], ["find", "失业"], ["worker", "--once"], ["serve", "--port", "1"]):
                code, said = archive.refused(*words)
                assert code == "D-10" and "9999_later" in said, words
            assert archive.run("check").returncode == 1
            assert database.execute("SELECT count(*) FROM ledger_entry").fetchone() == entries
        finally:
            database.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    assert archive.run("find", "失业").returncode == 0


def test_an_older_database_is_refused_but_by_init(archive: Archive) -> None:
    with psycopg.connect(archive.owner_url, autocommit=True) as database:
        kept = database.execute("SELECT app, name, applied FROM django_migrations ORDER BY id DESC LIMIT 1").fetchall()
        database.execute("DELETE FROM django_migrations WHERE app = %s AND name = %s", kept[0][:2])
        try:
            assert archive.refused("find", "失业")[0] == "D-09"
            assert archive.refused("worker", "--once")[0] == "D-09"
        finally:
            database.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", kept[0])


def test_commands_wait_for_a_migration(archive: Archive) -> None:
    environment = clean_environment() | {"CUNZHEN_HOME": str(archive.path)}
    words = [sys.executable, "-c", IMPATIENT, "--home", str(archive.path), "find", "失业"]
    with psycopg.connect(archive.owner_url, autocommit=True) as migrating:
        migrating.execute("SELECT pg_advisory_lock(%s)", (IN_USE,))
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 1 and done.stderr.startswith("D-12"), done.stderr
        waiting = subprocess.Popen(command(archive.path, ["find", "失业"]), env=environment, stdout=subprocess.DEVNULL)
        time.sleep(4)
        assert waiting.poll() is None
    assert waiting.wait(60) == 0, "it went on when the migration was over"


# A later version of the program: two tables, rows copied from what is there, an index; with deferred statements.
LATER = {
    "__init__.py": "",
    "models.py": "",
    "migrations/__init__.py": "",
    "migrations/0001_initial.py": """
        from django.db import migrations, models
        import django.db.models.deletion
        class Migration(migrations.Migration):
            initial = True
            dependencies = [("preservation", "0001_initial")]
            operations = [migrations.CreateModel("Note", [
                ("id", models.BigAutoField(primary_key=True)),
                ("package", models.ForeignKey("preservation.package", django.db.models.deletion.PROTECT)),
                ("text", models.TextField())])]
        """,
    "migrations/0002_fill.py": """
        from django.db import migrations
        def fill(apps, editor):
            Note = apps.get_model("later", "Note")
            for package in apps.get_model("preservation", "Package").objects.all():
                Note.objects.create(package=package, text=package.version)
        class Migration(migrations.Migration):
            dependencies = [("later", "0001_initial")]
            operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
        """,
    "migrations/0003_index.py": """
        from django.db import migrations, models
        class Migration(migrations.Migration):
            dependencies = [("later", "0002_fill")]
            operations = [migrations.AddIndex("note", models.Index(fields=["text"], name="note_text")),
                migrations.AddField("note", "seen", models.BooleanField(default=False))]
        """,
}
UPGRADE = """
import os, sys
from contextlib import ExitStack
from pathlib import Path
import cunzhen.database.schema as schema
from cunzhen.database.launcher import ensure_running
from cunzhen.errors import CunzhenError
schema.WAIT_SECONDS = 2
os.environ["DJANGO_SETTINGS_MODULE"] = "cunzhen.config.settings"
with ensure_running(Path(os.environ["CUNZHEN_HOME"])) as server:
    os.environ.update(server.environment)
    from django.conf import settings
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "later"]
    import django
    django.setup()
    try:
        print(schema.upgrade(server.owner_url, server.app_url, settings.APPEND_ONLY_TABLES))
    except CunzhenError as error:
        sys.exit(f"{error}")
"""


def test_an_upgrade_in_the_middle_of_work(archive: Archive, tmp_path: Path) -> None:
    for name, text in LATER.items():
        path = tmp_path / "later" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    filed = archive.codes()
    working = subprocess.Popen(
        command(archive.path, ["ingest", str(make_pile(archive.root / "waiting", 6, "待")), "--auto"]),
        env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not archive.rows("SELECT 1 FROM capture_draft WHERE state <> 'filed'"):
        assert working.poll() is None
    with psycopg.connect(archive.owner_url, autocommit=True) as user:  # as every command and the desk do
        user.execute("SELECT pg_advisory_lock_shared(%s)", (IN_USE,))
        refused = _upgrade(archive, tmp_path)
        assert refused.returncode == 1 and refused.stderr.startswith("D-11"), refused.stderr
    working.kill()
    working.wait()
    for point in ("migration-applied@1", "migration-committed@1", "migration-applied@2", "migration-applied@1"):
        done = _upgrade(archive, tmp_path, CUNZHEN_FAILPOINT=point)
        assert done.returncode == -signal.SIGKILL, (point, done.stdout, done.stderr)
        if archive.rows("SELECT 1 FROM django_migrations WHERE app = 'later'"):
            assert archive.refused("find", "失业")[0] == "D-10", "this version does not touch tables of a later one"
    assert _upgrade(archive, tmp_path).returncode == 0
    ((notes, packages),) = archive.rows(
        "SELECT (SELECT count(*) FROM later_note), (SELECT count(*) FROM preservation_package)"
    )
    with psycopg.connect(archive.owner_url, autocommit=True) as database:  # back to this version for the rest
        database.execute("DROP TABLE later_note")
        database.execute("DELETE FROM django_migrations WHERE app = 'later'")
    assert notes >= len(filed) and notes <= packages
    assert archive.run("worker", "--once").returncode == 0
    again = archive.ask("ingest", archive.root / "waiting", "--auto")
    assert again["filed"] + again["duplicates"] == 6
    assert set(filed) < set(archive.codes()) and len(archive.codes()) == len(filed) + 6
    found = archive.ask("verify")
    assert found["packages"]["bad"] == [] and found["ledger"]["ok"]


def _upgrade(archive: Archive, later: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment() | {"CUNZHEN_HOME": str(archive.path)} | more
    environment["PYTHONPATH"] = f"{later}:{environment['PYTHONPATH']}"
    return subprocess.run(
        [sys.executable, "-c", UPGRADE], env=environment, capture_output=True, text=True, timeout=200, check=False
    )
