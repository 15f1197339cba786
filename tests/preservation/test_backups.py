"""F11: backups taken while work goes on, read back, spoilt, cut off, and restored into new homes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import clean_environment, command
from tests.faults.clerks import make_pile
from tests.faults.counts import some
from tests.preservation.backed_up import Archive, attached, copy_of, flip, new_archive
from tests.preservation.judge import assert_valid_root
from tests.waiting import until

pytestmark = [pytest.mark.server, pytest.mark.faults, pytest.mark.timeout(600)]
PASSPHRASE = "枣树 临县 二月 账本 山梁 十六"


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    """Two stores, one continuous backup folder."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzhen-t-")))
        root.chmod(0o711)
        made = new_archive(root, stack, stores=2)
        made.settings["CUNZHEN_BACKUP_DIR"] = str(root / "backup")
        made.file("first")
        yield made


@pytest.fixture(scope="module")
def history(archive: Archive) -> dict[str, Any]:
    """A base, then papers, a moment, and papers that a restore to that moment must not have."""
    folder = archive.root / "backup"
    before = archive.codes()
    base = archive.back_up(folder)
    kept = archive.file("kept")
    waiting = make_pile(archive.root / "waiting", 2, "待")
    handed = subprocess.run(
        [sys.executable, "-c", HAND_IN, str(waiting)],
        env=clean_environment() | archive.settings | {"CUNZHEN_HOME": str(archive.path)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert handed.returncode == 0, handed.stderr
    archive.back_up(folder, "--increment")
    at = archive.now()
    time.sleep(1.2)
    for words in (["--increment", "--full"], ["--verify", "--new"], ["--verify", "--increment"]):
        assert archive.run("backup", folder, *words).returncode == 2, "an option that would do nothing is misuse"
    after = archive.file("after")
    increment = archive.back_up(folder, "--increment")
    return {"folder": folder, "before": before, "kept": kept, "after": after, "at": at, "base": base, "last": increment}


HAND_IN = """
import os, sys, django
from contextlib import ExitStack
from pathlib import Path
from cunzhen.cli.main import attach, set_up
os.environ["DJANGO_SETTINGS_MODULE"] = "cunzhen.config.settings"
with ExitStack() as stack:
    attach(stack)
    set_up()
    from django.utils import timezone
    from cunzhen.accounts.queries import service_actor
    from cunzhen.capture.operations import open_transfer, receive_transfer
    from cunzhen.capture.piles import list_pile
    actor, now = service_actor(), timezone.now()
    transfer = open_transfer(actor, name="未归档", auto=False, now=now)
    incoming, rejected = list_pile([Path(sys.argv[1])])
    receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=now)
"""


def test_increments_hold_what_is_new(history: dict[str, Any]) -> None:
    assert history["base"]["kind"] == "full"
    assert history["base"]["packages"] >= 3
    assert history["last"]["packages"] == 3, "three papers since the last mark, in two stores, copied once each"
    assert_valid_root(history["folder"] / "packages", _objects(history["folder"]))


def _objects(folder: Path) -> int:
    lines = (folder / "packages.sha512").read_text(encoding="utf-8").splitlines()
    return len({line.rsplit("/", 2)[0] for line in lines})


def test_what_the_backup_says_is_checked_by_common_commands(history: dict[str, Any]) -> None:
    folder = history["folder"]
    for program, name in (
        ("sha512sum", "packages.sha512"),
        ("sha256sum", "wal.sha256"),
        ("sha256sum", "backup.json.sha256"),
    ):
        done = subprocess.run([program, "--quiet", "-c", name], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_key_store_is_not_in_the_backup(archive: Archive, history: dict[str, Any]) -> None:
    body = json.loads((archive.path / "keys" / "keystore.json").read_text(encoding="ascii"))
    for path in history["folder"].rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert body["root"].encode() not in data and body["ledger_seed"].encode() not in data, path


def test_a_moment_between_two_papers(archive: Archive, history: dict[str, Any]) -> None:
    home, answer = archive.restore(history["folder"], "at", "--at", history["at"], status=1)
    assert answer["agrees"] and answer["damage"] == [], answer["verified"]
    assert answer["lost"]["ops"]["file_drafts"] == 3
    lost = [json.loads(line) for line in (home / "lost-entries.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lost) == answer["lost"]["count"]
    assert min(entry["at"] for entry in lost) == answer["lost"]["since"] > history["at"][:19]
    assert archive.codes(home) == sorted([*history["before"], *history["kept"]])
    assert not set(archive.codes(home)) & set(history["after"])
    ((packages,),) = archive.rows("SELECT count(*) FROM preservation_package", home)
    for name in ("a", "b"):
        assert_valid_root(home / "stores" / name / "ocfl", packages)
    assert archive.ask("verify", home=home)["packages"]["extra"] == []
    assert archive.run("check", home=home).returncode == 0


def test_the_last_moment_with_what_was_received_and_not_filed(archive: Archive, history: dict[str, Any]) -> None:
    home, answer = archive.restore(history["folder"], "last")
    assert answer["ok"] and answer["lost"] is None
    assert answer["minutes"] < 30
    assert archive.codes(home) == archive.codes()
    inbox = {p.name: p.read_bytes() for p in (archive.path / "inbox").rglob("*") if p.is_file()}
    assert inbox and {p.name: p.read_bytes() for p in (home / "inbox").rglob("*") if p.is_file()} == inbox
    more = archive.ask("ingest", make_pile(archive.root / "goes-on", 2, "续"), "--auto", home=home)
    assert more["filed"] == 2, "work goes on in the restored home"
    assert archive.ask("ledger", "audit", home=home)["ok"]
    checkpoint = archive.root / "kept-checkpoint"
    checkpoint.write_text(archive.run("ledger", "checkpoint").stdout, encoding="utf-8")
    code, _ = archive.refused("backup", history["folder"], home=home)
    assert code == "B-12", "a restored home is another history"


def test_a_checkpoint_kept_elsewhere_shows_what_is_lost(archive: Archive, history: dict[str, Any]) -> None:
    kept = archive.root / "witnessed"
    kept.write_text(archive.run("ledger", "checkpoint").stdout, encoding="utf-8")
    _, answer = archive.restore(history["folder"], "short", "--at", history["at"], "--checkpoint", kept, status=1)
    assert answer["checkpoint"], "the ledger is shorter than the checkpoint that somebody has kept"
    assert not answer["ok"]
    keys, typo = ("--keys", archive.path / "keys"), archive.root / "typo"
    said = archive.refused("restore", history["folder"], *keys, "--checkpoint", archive.root / "none", home=typo)
    assert said[0] == "L-61" and not typo.exists(), "told before hours of work"


def test_times_out_of_reach_are_told(archive: Archive, history: dict[str, Any]) -> None:
    for at in ("2020-01-01T00:00:00+08:00", "2200-01-01T00:00:00+08:00"):
        code, said = archive.refused(
            "restore", history["folder"], "--keys", archive.path / "keys", "--at", at, home=archive.root / "never"
        )
        assert code == "B-03" and str(datetime.now(UTC).year) in said
    assert not (archive.root / "never").exists()


def test_never_over_anything(archive: Archive, history: dict[str, Any]) -> None:
    keys = ("--keys", archive.path / "keys")
    assert archive.refused("restore", history["folder"], *keys, home=archive.path)[0] == "B-20"
    taken = archive.root / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("mine")
    assert archive.refused("restore", history["folder"], *keys, home=taken)[0] == "B-20"
    assert [p.name for p in taken.iterdir()] == ["letter.txt"]
    assert archive.refused("backup", taken)[0] == "B-05"
    assert archive.refused("restore", taken, *keys, home=archive.root / "x")[0] == "B-06"


def test_the_right_key_store_or_none(archive: Archive, history: dict[str, Any]) -> None:
    from cunzhen.keys import keystore

    home = archive.root / "keyless"
    assert archive.refused("restore", history["folder"], home=home)[0] == "B-22"
    other = archive.root / "other-keys"
    keystore.create(other)
    assert archive.refused("restore", history["folder"], "--keys", other, home=home)[0] == "B-23"
    assert not (home / "keys").exists()
    assert archive.refused("find", "失业", home=home)[0] == "B-25", "a home that is not finished is nobody's"


def test_the_sealed_key_store(archive: Archive) -> None:
    folder, phrase = archive.root / "sealed", archive.root / "phrase"
    phrase.write_text("short\n", encoding="utf-8")
    assert archive.refused("backup", folder, "--passphrase-file", phrase)[0] == "K-05"
    phrase.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    assert archive.back_up(folder, "--passphrase-file", str(phrase))["keys_sealed"]
    wrong = archive.root / "wrong"
    wrong.write_text("枣树 临县 二月 账本 山梁 十七\n", encoding="utf-8")
    home = archive.root / "from-sealed"
    assert archive.refused("restore", folder, "--passphrase-file", wrong, home=home)[0] == "K-06"
    answer = archive.ask("restore", folder, "--passphrase-file", phrase, home=home)
    assert answer["ok"], answer


def test_every_part_that_is_spoilt_is_named_and_not_restored(archive: Archive, history: dict[str, Any]) -> None:
    folder = history["folder"]
    base = next((folder / "bases").iterdir()).name
    package = next((folder / "packages").glob("???/???/???/*/v1/content/originals/*"))
    wal = sorted(p for p in (folder / "wal").iterdir() if not p.name.endswith(".partial"))[-1]
    table = max(
        (folder / "bases" / base / "data" / "base").rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else 0
    )
    spoilt = {
        f"bases/{base}/data/{table.relative_to(folder / 'bases' / base / 'data')}": "refused",
        f"bases/{base}/data/backup_manifest": "refused",
        f"wal/{wal.name}": "refused",
        str(package.relative_to(folder)): "refused",
        "ledger/tile/entries/000.p": "named",
        next(str(p.relative_to(folder)) for p in (folder / "inbox").rglob("*") if p.is_file()): "refused",
    }
    for number, (name, expected) in enumerate(some(list(spoilt.items()), 2)):
        copy = copy_of(folder, "spoilt")
        target = copy / name
        if target.is_dir():
            target = max(target.iterdir(), key=lambda p: int(p.name))
        flip(target)
        report = archive.ask("backup", copy, "--verify", status=1)
        named = [d["path"] for d in report["damage"]]
        assert any(path == str(target.relative_to(copy)) for path in named), (name, named)
        if expected == "refused":
            code, said = archive.refused(
                "restore", copy, "--keys", archive.path / "keys", home=archive.root / f"spoilt-{number}"
            )
            assert code == "B-24" and target.name in said, (name, said)
    assert archive.ask("backup", folder, "--verify")["ok"]


def test_a_damaged_package_does_not_keep_the_rest(archive: Archive, history: dict[str, Any]) -> None:
    copy = copy_of(history["folder"], "one-bad")
    flip(next((copy / "packages").glob("???/???/???/*/v1/content/originals/*")))
    home, answer = archive.restore(copy, "one-less", "--despite-damage", status=1)
    assert len(answer["damage"]) == 1 and len(answer["packages_missing"]) == 1
    found = archive.ask("verify", "--packages", home=home, status=1)["packages"]
    assert {*found["missing"], *(b["id"] for b in found["bad"])} == set(answer["packages_missing"])


def test_a_manifest_that_is_spoilt_or_missing_is_no_backup(archive: Archive, history: dict[str, Any]) -> None:
    copy = copy_of(history["folder"], "no-manifest")
    (manifest,) = (copy / "bases").glob("*/manifest.json")
    flip(manifest)
    assert archive.refused("restore", copy, "--keys", archive.path / "keys", home=archive.root / "m")[0] == "B-04"
    manifest.unlink()
    assert archive.refused("restore", copy, "--keys", archive.path / "keys", home=archive.root / "m")[0] == "B-02"


def test_killed_anywhere_the_next_run_goes_on(archive: Archive, history: dict[str, Any]) -> None:
    folder = history["folder"]
    bases = {p.name for p in (folder / "bases").iterdir()}
    archive.file("killed", 2)
    points = ["backup-ledger", "backup-packages-staged", "backup-packages-placed", "backup-packages-listed"]
    for point in some([*points, "backup-log-received", "backup-before-mark", "backup-marked"], 2):
        done = archive.run("backup", folder, "--increment", CUNZHEN_FAILPOINT=point)
        assert done.returncode == -signal.SIGKILL, (point, done.stderr)
        assert archive.ask("backup", folder, "--verify")["ok"], point
    assert archive.back_up(folder, "--increment").get("packages", 0) <= 2
    archive.file("killed-base", 2)
    for point in some(["backup-base-copied", "backup-before-mark", "backup-marked"]):
        done = archive.run("backup", folder, CUNZHEN_FAILPOINT=point)
        assert done.returncode == -signal.SIGKILL, (point, done.stderr)
        whole = {p.parent.name for p in (folder / "bases").glob("*/manifest.json")}
        assert whole == bases, "an unfinished base does not count"
    assert archive.back_up(folder)["kind"] == "differential"
    assert len(list((folder / "bases").iterdir())) == len(bases) + 1, "what was left unfinished is gone"
    done = archive.run("backup", folder, CUNZHEN_FAILPOINT="backup-base-finished")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(list((folder / "bases").glob("*/manifest.json"))) == len(bases) + 2, "a finished one counts"
    assert archive.ask("backup", folder, "--verify")["ok"]
    home, answer = archive.restore(folder, "after-kills")
    assert answer["ok"] and archive.codes(home) == archive.codes()


def test_kill_9_while_the_database_is_copied(archive: Archive) -> None:
    folder = archive.root / "slow"
    process = subprocess.Popen(
        command(archive.path, ["backup", str(folder)]),
        env=clean_environment() | archive.settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list(folder.glob("bases/*/data/base")):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert archive.refused("restore", folder, "--keys", archive.path / "keys", home=archive.root / "s")[0] == "B-02"
    archive.back_up(folder)
    assert archive.ask("backup", folder, "--verify")["ok"]


def test_a_restore_that_was_killed_is_begun_again(archive: Archive, history: dict[str, Any]) -> None:
    home = archive.root / "twice"
    process = subprocess.Popen(
        command(home, ["restore", str(history["folder"]), "--keys", str(archive.path / "keys")]),
        env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list(home.glob("stores/a/ocfl")):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert archive.refused("verify", home=home)[0] == "B-25"
    _, answer = archive.restore(history["folder"], "twice")
    assert answer["ok"]
    assert archive.codes(home) == archive.codes()


def test_a_full_backup_disk(archive: Archive) -> None:
    """A file-size limit stands for the full disk: the system refuses the write in the same place."""
    folder = archive.root / "full"
    archive.back_up(folder)
    limited = [
        sys.executable, "-c",
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); os.execv(sys.argv[1], sys.argv[1:])",
        *command(archive.path, ["backup", str(folder)]),
    ]  # fmt: skip
    done = subprocess.run(
        limited, env=clean_environment() | archive.settings, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert archive.ask("backup", folder, "--verify")["ok"], "the earlier backup is whole"
    archive.back_up(folder)
    assert archive.ask("backup", folder, "--verify")["bases"] == 2


def test_rotation_keeps_what_is_needed(archive: Archive) -> None:
    folder = archive.root / "backup"
    for _ in range(2):
        archive.back_up(folder, "--keep", "2")
    archive.back_up(folder, "--full", "--keep", "2")
    kinds = {json.loads(p.read_text(encoding="utf-8"))["kind"] for p in (folder / "bases").glob("*/manifest.json")}
    assert kinds == {"full", "differential"}
    whole = [json.loads(p.read_text(encoding="utf-8")) for p in (folder / "bases").glob("*/manifest.json")]
    assert len(whole) == 3, "the two newest, and the full one that the older of them needs"
    report = archive.back_up(folder, "--keep", "1")
    assert len(report["removed"]) == 2
    verified = archive.ask("backup", folder, "--verify")
    assert verified["ok"] and verified["bases"] == 2
    _, answer = archive.restore(folder, "rotated")
    assert answer["ok"]


def test_a_disk_that_is_not_mounted(archive: Archive) -> None:
    folder = archive.root / "unmounted"
    archive.back_up(folder)
    away = folder.rename(archive.root / "away")
    folder.mkdir()
    assert archive.refused("backup", folder)[0] == "B-11"
    assert list(folder.iterdir()) == []
    archive.back_up(folder, "--new")
    assert archive.ask("backup", away, "--verify")["ok"]


def test_filing_goes_on_while_a_backup_runs(archive: Archive) -> None:
    """No state in the folder names a package that the folder lacks, whatever was filed meanwhile."""
    folder = archive.root / "busy"
    pile = make_pile(archive.root / "pile-busy", 12, "忙")
    filing = subprocess.Popen(
        command(archive.path, ["ingest", str(pile), "--auto", "--json"]),
        env=clean_environment() | archive.settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    reports = [archive.back_up(folder)]
    while filing.poll() is None:
        reports.append(archive.back_up(folder))
    assert filing.stdout is not None
    assert json.loads(filing.stdout.read())["filed"] == 12
    home, answer = archive.restore(folder, "from-busy")
    assert answer["ok"] and answer["damage"] == []
    assert set(archive.codes(home)) <= set(archive.codes())


def test_a_damaged_store_is_read_from_the_other(archive: Archive) -> None:
    codes = archive.file("one-bad-copy", 1)
    ((identity,),) = archive.rows(f"SELECT id FROM holdings_item WHERE archival_code = '{codes[0]}'")
    copies = [
        next((path.parent / "content" / "originals").iterdir())
        for store in ("store-a", "store-b")
        for path in (archive.root / store / "ocfl").rglob("inventory.json")
        if path.parent.name == "v1" and str(identity) in path.read_text(encoding="utf-8")
    ]
    assert len(copies) == 2
    flip(copies[0])
    assert archive.back_up(archive.root / "one-store")["unreadable"] == []
    flip(copies[1])
    damaged = archive.ask("backup", archive.root / "no-store", status=1)
    assert damaged["unreadable"] == [str(identity)]
    for copy in copies:
        flip(copy)
    assert archive.back_up(archive.root / "no-store")["unreadable"] == [], "once it is mended the next base has it"


def test_the_workers_keep_the_folder_up_to_the_minute(archive: Archive) -> None:
    """RPO: with a worker running, what is filed can be restored within the minute, without anybody's doing."""
    folder = archive.root / "watched"
    settings = archive.settings | {"CUNZHEN_BACKUP_DIR": str(folder)}
    with subprocess.Popen(
        command(archive.path, ["worker"]), env=clean_environment() | settings,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as worker:  # fmt: skip
        try:
            until(lambda: list(folder.glob("bases/*/manifest.json")), 90)
            filed_at = time.time()
            codes = archive.file("watched", 2)
            until(lambda: _mark_time(folder) > filed_at + 5, 150)
        finally:
            worker.terminate()
            assert worker.stderr is not None
            said = worker.stderr.read()
    assert worker.returncode == 0, said
    home, answer = archive.restore(folder, "from-watched", status=0)
    assert answer["agrees"]
    assert set(codes) <= set(archive.codes(home))
    state = archive.rows(
        f"SELECT problem, base_at IS NOT NULL, mark_at FROM preservation_backupstate WHERE folder = '{folder}'"
    )
    assert state[0][:2] == ("", True)


def _mark_time(folder: Path) -> float:
    lines = (folder / "marks").read_text(encoding="utf-8").splitlines() if (folder / "marks").exists() else []
    return datetime.fromisoformat(json.loads(lines[-1].split("  ", 1)[1])["at"]).timestamp() if lines else 0.0


def test_an_outside_database_is_backed_up_as_a_dump(archive: Archive, open_path: Path) -> None:
    """Without a role that may copy the cluster there is one consistent state a run, and no times between."""
    folder = archive.root / "dump"
    with attached(archive.path) as url:
        outside = url.replace("&application_name=cunzhen-embedded", "")
        assert outside != url
        report = archive.back_up(folder, DATABASE_URL=outside)
    assert report["kind"] == "dump"
    assert archive.ask("backup", folder, "--verify")["ok"]
    home, answer = archive.restore(folder, "from-dump")
    assert answer["agrees"], answer["verified"]
    assert archive.codes(home) == archive.codes()
    assert os.environ.get("DATABASE_URL", "") != outside


# Programs of another minor version of the same PostgreSQL, where somebody has put them somewhere; none are shipped.
if OTHER := os.environ.get("CUNZHEN_OTHER_POSTGRES"):

    def test_into_another_minor_version(open_path: Path) -> None:
        """Taken from the other one, restored with ours."""
        with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
            patch.setenv("CUNZHEN_POSTGRES_BIN", str(OTHER))
            made = new_archive(open_path, stack)
            made.settings |= {"CUNZHEN_POSTGRES_BIN": str(OTHER), "CUNZHEN_BACKUP_DIR": str(open_path / "backup")}
            made.back_up(open_path / "backup")
            codes = made.file("other")
            made.back_up(open_path / "backup", "--increment")
            patch.delenv("CUNZHEN_POSTGRES_BIN")
            home, answer = made.restore(open_path / "backup", "ours")
            assert answer["ok"]
            assert set(made.codes(home)) == set(codes)
            assert made.rows("SHOW server_version", home) != made.rows("SHOW server_version")


def test_kept_heads_come_back_as_far_as_the_ledger_reaches(archive: Archive) -> None:
    """Countersigned and stamped heads cannot be made again; one beyond the restored ledger stays in the backup."""
    from cunzhen.formats import signed_note
    from cunzhen.keys import keystore

    folder, ledger = archive.root / "with-heads", archive.path / "ledger"
    head = archive.ask("ledger", "checkpoint")["checkpoint"]
    beyond = signed_note.sign_checkpoint(
        signed_note.Checkpoint(head.split("\n")[0], 1_000_000, bytes(32)),
        keystore.load(archive.path / "keys").ledger_key,
    )
    kept = {"heads/2026-11-20": head, "stamps/2026-11-21": head, "stamps/2026-11-21.tsr": "answer"}
    left = {"heads/2026-11-22": beyond, "heads/2026-11-23": "damaged"}
    try:
        for name, text in (kept | left).items():
            (ledger / name).parent.mkdir(exist_ok=True)
            (ledger / name).write_text(text, encoding="utf-8")
        archive.back_up(folder)
        archive.back_up(folder)
        assert archive.ask("backup", folder, "--verify")["damage"] == []
    finally:
        for name in kept | left:
            (ledger / name).unlink(missing_ok=True)
    assert all((folder / "ledger" / name).read_text(encoding="utf-8") == text for name, text in (kept | left).items())
    home, _ = archive.restore(folder, "with-heads-restored")
    assert {n: (home / "ledger" / n).read_text(encoding="utf-8") for n in kept} == kept
    assert not any((home / "ledger" / name).exists() for name in left)
    assert archive.ask("ledger", "audit", home=home)["ok"]
