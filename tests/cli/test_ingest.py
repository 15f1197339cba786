"""``cunzhen ingest`` as a whole process: receipts that agree, bad files named, kills survived, nothing twice."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import Cunzhen, clean_environment, command
from tests.cli.filed import PAPERS, PEOPLE, SAMPLES, Home, filed_home, pile, variant

FULL = os.environ.get("CUNZHEN_FAULTS") == "full"
NAMES = ("冯志强", "成晓燕")
SECRET = re.compile(r"\d{17}[\dXx]")


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def _balanced(receipt: dict[str, int]) -> bool:
    parts = receipt["filed"] + receipt["waiting"] + receipt["returned"] + receipt["duplicates"]
    return receipt["sent"] == receipt["received"] == parts


def test_the_receipt_agrees_with_itself_and_with_the_files(home: Home) -> None:
    receipt = home.receipt
    assert _balanced(receipt)
    assert receipt["sent"] == receipt["filed"] == receipt["preserved"] == receipt["indexed"] == len(PAPERS)
    assert {
        "transfer",
        "sent",
        "received",
        "filed",
        "waiting",
        "returned",
        "duplicates",
        "indexed",
        "preserved",
    } <= set(receipt)
    files = {Path(p).name: SAMPLES / p for p in PAPERS}
    assert {i["source"] for i in receipt["items"]} == set(files)
    for item in receipt["items"]:
        assert item["sha256"] == hashlib.sha256(files[item["source"]].read_bytes()).hexdigest()
        assert re.fullmatch(r"[0-9a-f]{64}", item["sm3"])
        assert re.fullmatch(r"J019-ZY·SB[A-Z]{2}·\d{4}-\d{6}", item["archival_code"])
        assert item["state"] == "filed"
        assert item["pages"] > 0
        assert item["findings"] == []
    assert len(set(home.codes)) == len(PAPERS)


def test_the_same_again_is_known_and_says_so(home: Home, tmp_path: Path) -> None:
    done = home.run("ingest", pile(tmp_path / "again"), "--auto")
    assert done.returncode == 0, done.stderr
    assert re.search(r"送交 3 = 接收 3 = 归档 0 \+ 待著录 0 \+ 退回 0 \+ 重复 3", done.stdout)
    assert done.stdout.count("T-DU-01") == 3
    assert all(code in done.stdout for code in home.codes)
    assert done.stderr == ""


def test_bad_files_are_named_and_the_rest_goes_on(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "批"
    folder.mkdir()
    (folder / "好.pdf").write_bytes(variant("good"))
    (folder / "文字.pdf").write_text("这不是 PDF", encoding="utf-8")
    (folder / "空.jpg").write_bytes(b"")
    (folder / "链接.pdf").symlink_to(SAMPLES / PAPERS[0])
    os.mkfifo(folder / "管道.pdf")
    (folder / "README.md").write_text("not a paper")
    receipt = home.ask("ingest", folder, "--auto", status=1)
    assert _balanced(receipt)
    assert {i["source"]: i["state"] for i in receipt["items"]} == {
        "好.pdf": "filed",
        "文字.pdf": "returned",
        "空.jpg": "returned",
        "链接.pdf": "returned",
        "管道.pdf": "returned",
    }
    assert all(i["findings"] for i in receipt["items"] if i["state"] == "returned")
    refused = {i["source"]: [f["code"] for f in i["findings"]] for i in receipt["items"] if not i["sha256"]}
    assert refused == {"链接.pdf": ["T-PA-02"], "管道.pdf": ["T-PA-02"]}
    assert receipt["findings"] == []


def test_without_auto_everything_waits(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(variant("waits"))
    receipt = home.ask("ingest", tmp_path / "a.pdf", "--name", "等待著录", "--series", "SY", "--year", "2019")
    assert (receipt["waiting"], receipt["filed"], receipt["in_work"]) == (1, 0, 0)
    ((name, series, year),) = home.rows(
        f"SELECT name, default_series, default_year FROM capture_transfer WHERE number = '{receipt['transfer']}'"
    )
    assert (name, series, year) == ("等待著录", "SY", 2019)


def test_odd_names_zips_and_folders_with_the_same_names(home: Home, tmp_path: Path) -> None:
    odd = tmp_path / "奇怪 的'名字"
    inner = odd / "-rf; 卷"
    inner.mkdir(parents=True)
    names = ("a b.pdf", '引"号.pdf', "表情😀.pdf", "换\n行.pdf", "-x.pdf", "百分%2F.pdf")
    for number, name in enumerate(names):
        (inner / name).write_bytes(variant(f"odd {number}"))
    bad = os.fsencode(inner) + b"/\xff\xfe.pdf"
    Path(os.fsdecode(bad)).write_bytes(variant("bad name"))
    archives = []
    for number in (1, 2):
        other = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(other, "w") as zipped:
            zipped.writestr("0001.pdf", variant(f"zip {number}"))
        archives.append(other)
        (tmp_path / f"f{number}").mkdir()
        (tmp_path / f"f{number}" / "0001.pdf").write_bytes(variant(f"folder {number}"))
    receipt = home.ask("ingest", odd, *archives, tmp_path / "f1", tmp_path / "f2", "--auto", status=1)
    assert _balanced(receipt)
    assert receipt["filed"] == len(names) + 4, [(i["source"], i["state"]) for i in receipt["items"]]
    sources = [i["source"] for i in receipt["items"]]
    assert len(set(sources)) == len(sources)
    assert {Path(s).name for s in sources} >= set(names)
    assert [f["code"] for i in receipt["items"] for f in i["findings"]] == ["T-PA-03"]
    digests = {i["sha256"] for i in receipt["items"]}
    for marker in ("zip 1", "zip 2", "folder 1", "folder 2"):
        assert hashlib.sha256(variant(marker)).hexdigest() in digests


@pytest.mark.parametrize(
    ("words", "code"),
    [(["/nowhere/at/all"], "T-PA-01"), (["EMPTY"], "T-PA-04"), (["EMPTY", "--fonds", "Z9"], "T-PA-04")],
)
def test_what_is_not_there_is_said(home: Home, tmp_path: Path, words: list[str], code: str) -> None:
    (tmp_path / "empty").mkdir()
    assert home.refused("ingest", *[str(tmp_path / "empty") if w == "EMPTY" else w for w in words]) == code


def test_an_unknown_fonds_takes_nothing(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(variant("fonds"))
    assert home.refused("ingest", tmp_path / "a.pdf", "--fonds", "Z9") == "T-OP-01"


@pytest.mark.parametrize("words", [["--series", "ZZ"], ["--year", "12345"], ["--year", "x"], ["--nonsense"], []])
def test_misuse_is_two(home: Home, words: list[str]) -> None:
    home.refused("ingest", *(["a.pdf", *words] if words else []), status=2)


def test_a_home_that_is_none_is_said(cunzhen: Cunzhen, tmp_path: Path) -> None:
    done = cunzhen(tmp_path / "nothing", "ingest", str(SAMPLES))
    assert done.returncode == 1
    assert done.stderr.startswith("K-01 ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_in_the_name_of_a_user(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(variant("as clerk"))
    words = ("ingest", tmp_path / "a.pdf", "--auto")
    assert home.refused(*words, "--as", "clerk", typed="wrong\n") == "A-03"
    assert home.refused(*words, "--as", "nobody", typed=f"{PEOPLE['clerk']}\n") == "A-03"
    assert home.refused(*words, "--as", "leader", typed=f"{PEOPLE['leader']}\n") == "A-01"
    assert home.ask(*words, "--as", "clerk", typed=f"{PEOPLE['clerk']}\n")["filed"] == 1
    found = home.rows("SELECT u.username FROM capture_transfer t JOIN accounts_user u ON u.id = t.opened_by")
    assert found == [("clerk",)]


def test_progress_shows_on_a_terminal_only(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(variant("progress"))
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    with subprocess.Popen(
        command(home.path, ["ingest", str(tmp_path / "a.pdf"), "--auto", "--json"]),
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, text=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = _read_terminal(ours)
        assert process.stdout is not None
        answer = process.stdout.read()
    assert process.returncode == 0, shown
    assert answer.startswith("{") and answer.count("\n") == 1
    assert "1/1" in shown and "已归档 1" in shown


def _read_terminal(descriptor: int) -> str:
    shown = b""
    try:
        while block := os.read(descriptor, 4096):
            shown += block
    except OSError:  # the other end is closed
        pass
    os.close(descriptor)
    return shown.decode("utf-8", "replace")


def test_nothing_personal_is_written_to_the_log_or_shown_to_other_users(home: Home, tmp_path: Path) -> None:
    """Standard error is what ends up in logs; a process's arguments can be read by everybody on the machine."""
    (tmp_path / "bad.pdf").write_text("身份证号 142326198512309992", encoding="utf-8")
    (tmp_path / "good.pdf").write_bytes(variant("quiet"))
    with subprocess.Popen(
        command(home.path, ["ingest", str(tmp_path), "--auto", "--json"]),
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        lines = _arguments_below(process)
        answer, said = process.communicate(timeout=100)
    assert process.returncode == 1
    assert answer
    for text in (said, *lines):
        assert not SECRET.search(text), text
        assert not any(name in text for name in NAMES), text


def _arguments_below(process: subprocess.Popen[str]) -> set[str]:
    import psutil

    seen: set[str] = set()
    while process.poll() is None:
        try:
            for child in psutil.Process(process.pid).children(recursive=True):
                seen.add(" ".join(child.cmdline()))
        except psutil.Error:
            pass
        time.sleep(0.05)
    return seen


POINTS = (
    "receive-1-stored",
    "receive-2-committed",
    "read-1-stored",
    "file-1-numbered",
    "packages-sealed",
    "file-2-packaged",
    "file-3-rows",
    "file-4-filed",
    "ledger-sequence-2",
    "index-follow-1",
    "index-follow-2",
)


JANITOR = """
from contextlib import ExitStack
from datetime import timedelta
from cunzhen.cli.main import attach, set_up
with ExitStack() as stack:
    attach(stack)
    set_up()
    from cunzhen.preservation.operations import sweep_uncommitted
    sweep_uncommitted(timedelta(0))
"""


def _janitor(home: Home) -> None:
    """What comes by five minutes after a kill, at once."""
    environment = clean_environment() | {
        "CUNZHEN_HOME": str(home.path),
        "DJANGO_SETTINGS_MODULE": "cunzhen.config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", JANITOR], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr


def _filed_once(home: Home, contents: list[bytes]) -> None:
    """Each content is in the catalogue exactly once, preserved, numbered without a gap, and findable."""
    wanted = [hashlib.sha256(c).hexdigest() for c in contents]
    rows = home.rows("SELECT sha256, count(*) FROM holdings_component GROUP BY sha256")
    assert {w: dict(rows).get(w, 0) for w in wanted} == dict.fromkeys(wanted, 1)
    serials = Counter(row[0][:-6] for row in home.rows("SELECT archival_code FROM holdings_item"))
    for front, count in serials.items():
        codes = [c for (c,) in home.rows("SELECT archival_code FROM holdings_item") if c.startswith(front)]
        assert sorted(int(c[-6:]) for c in codes) == list(range(1, count + 1)), codes
    _janitor(home)
    answer = home.ask("verify")
    assert answer["ledger"]["ok"]
    assert answer["index"] == {"missing": [], "extra": [], "damaged": [], "mend": ""}


@pytest.mark.faults
@pytest.mark.parametrize("point", POINTS if FULL else random.Random(20261122).sample(POINTS, 2))
def test_killed_in_the_middle_the_same_command_finishes(home: Home, tmp_path: Path, point: str) -> None:
    contents = [variant(f"{point} {number}", number % 3) for number in range(3)]
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.pdf").write_bytes(content)
    killed = home.run("ingest", tmp_path, "--auto", CUNZHEN_FAILPOINT=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    receipt = home.ask("ingest", tmp_path, "--auto")
    assert _balanced(receipt)
    assert receipt["filed"] + receipt["duplicates"] == 3
    _filed_once(home, contents)


@pytest.mark.faults
@pytest.mark.parametrize("round_", range(12 if FULL else 1))
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_stopped_at_any_moment_the_same_command_finishes(
    home: Home, tmp_path: Path, number: signal.Signals, round_: int
) -> None:
    contents = [variant(f"{number.name} {round_} {n}", n % 3) for n in range(8)]
    for n, content in enumerate(contents):
        (tmp_path / f"{n}.pdf").write_bytes(content)
    with subprocess.Popen(
        command(home.path, ["ingest", str(tmp_path), "--auto"]),
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        time.sleep(random.Random(f"{number.name} {round_}").uniform(1.5, 5.0))
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=60)
    assert process.returncode in {-number, 130, 0}, said
    assert "Traceback" not in said
    receipt = home.ask("ingest", tmp_path, "--auto")
    assert _balanced(receipt)
    assert receipt["filed"] + receipt["duplicates"] == 8
    _filed_once(home, contents)
