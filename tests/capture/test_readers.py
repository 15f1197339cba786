"""The pool: every fault costs one file."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import psutil
import pytest
from PIL import Image, ImageDraw, ImageFont

from cunzhen.capture import readers
from cunzhen.capture.readers import ReadFile, ReadingPool, close_shared_pool, read_for_cli, shared_pool
from cunzhen.errors import Unavailable
from cunzhen.formats.probes import Probe, identify
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pool() -> Iterator[ReadingPool]:
    with ReadingPool(1, engine="tiny") as made:
        yield made


def digital(path: Path, text: str, pages: int = 1) -> Path:
    pdf = pikepdf.new()
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    for number in range(pages):
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[-1].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        pdf.pages[-1].Contents = pdf.make_stream(f"BT /F1 12 Tf 72 700 Td ({text} {number}) Tj ET".encode())
    pdf.save(path)
    return path


def scan(path: Path, *texts: str) -> Path:
    pages = []
    for text in texts:
        image = Image.new("L", (900, 400), 255)
        ImageDraw.Draw(image).text((60, 120), text, 0, ImageFont.load_default(48))
        pages.append(image)
    pages[0].save(path, save_all=len(pages) > 1, append_images=pages[1:]) if len(pages) > 1 else pages[0].save(path)
    return path


def read_all(pool: ReadingPool, *paths: Path) -> list[ReadFile]:
    found = dict(pool.read_many(list(zip(paths, identify(paths), strict=True))))
    return [found[i] for i in range(len(paths))]


def test_files_of_all_kinds_in_one_go(pool: ReadingPool, tmp_path: Path) -> None:
    empty = tmp_path / "e.pdf"
    empty.touch()
    results = read_all(
        pool,
        digital(tmp_path / "a.pdf", "Digital page"),
        scan(tmp_path / "b.png", "Scanned 4711"),
        empty,
        scan(tmp_path / "c.tif", *(f"Sheet {n}" for n in range(1, 7))),
        digital(tmp_path / "d.pdf", "Long", pages=40),
    )
    assert [r.problem.code if r.problem else "" for r in results] == ["", "", "T-US-03", "", ""]
    assert results[0].pages[0].digital
    assert results[0].pages[0].text.text == "Digital page 0"
    assert results[1].pages[0].text.text.replace(" ", "") == "Scanned4711"
    assert not results[1].pages[0].digital
    assert [p.text.text.replace(" ", "") for p in results[3].pages] == [f"Sheet{n}" for n in range(1, 7)]
    assert [p.text.text for p in results[4].pages] == [f"Long {n}" for n in range(40)]
    for page in (p for r in results for p in r.pages):
        assert Image.open(io.BytesIO(page.thumbnail)).width <= 200


def test_a_bare_category_is_enough(pool: ReadingPool, tmp_path: Path) -> None:
    path = digital(tmp_path / "a.pdf", "Digital page")
    assert dict(pool.read_files([path], ["pdf"]))[0].pages[0].text.text == "Digital page 0"
    assert pool.read(path).result(60).pages[0].width == 1240


def test_a_wrong_extension_is_a_warning(pool: ReadingPool, tmp_path: Path) -> None:
    scan(tmp_path / "a.png", "Scanned 4711").rename(tmp_path / "a.jpg")
    (result,) = read_all(pool, tmp_path / "a.jpg")
    assert [p.code for p in result.problems] == ["T-AU-01"]
    assert result.problem is None
    assert len(result.pages) == 1


def _readers_of(pool: ReadingPool) -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if p.pid in set(pool._cores)]


def test_readers_killed_while_they_wait_cost_nothing(tmp_path: Path) -> None:
    """The system takes memory from whom it likes; the pool that broke is made anew."""
    close_shared_pool()
    path = digital(tmp_path / "a.pdf", "words")
    try:
        (before,) = read_all(shared_pool(1), path)
        broken = shared_pool()
        for process in _readers_of(broken):
            process.kill()
        until(lambda: shared_pool(1) is not broken)
        (again,) = read_all(shared_pool(), path)
        assert before.problems == again.problems == () and again.pages[0].text == before.pages[0].text
    finally:
        close_shared_pool()


def test_a_pool_that_broke_blames_no_file(tmp_path: Path) -> None:
    path = digital(tmp_path / "a.pdf", "words")
    with ReadingPool(1, engine="tiny") as pool:
        read_all(pool, path)
        for process in _readers_of(pool):
            process.kill()
        until(lambda: not pool.is_whole)
        with pytest.raises(Unavailable, match="T-ST-02"):
            read_all(pool, path)


def test_an_interrupt_at_the_terminal_ends_no_reader(tmp_path: Path) -> None:
    path = digital(tmp_path / "a.pdf", "words")
    with ReadingPool(1, engine="tiny") as pool:
        read_all(pool, path)
        (reader,) = _readers_of(pool)
        reader.send_signal(signal.SIGINT)
        (read,) = read_all(pool, path)
        assert read.pages and [p.pid for p in _readers_of(pool)] == [reader.pid]


def test_interrupts_are_held_back_from_the_first_moment() -> None:
    """In a process of its own, where nothing of multiprocessing has begun yet."""
    code = """
import multiprocessing.forkserver, pathlib
from cunzhen.capture.readers import ReadingPool
with ReadingPool(1):
    print(pathlib.Path(f"/proc/{multiprocessing.forkserver._forkserver._forkserver_pid}/status").read_text())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    blocked = next(line.split()[1] for line in told.splitlines() if line.startswith("SigBlk:"))
    assert int(blocked, 16) >> (signal.SIGINT - 1) & 1


def test_a_killed_reader_costs_one_file_and_not_the_pool(tmp_path: Path) -> None:
    slow = scan(tmp_path / "slow.tif", *(f"Sheet {n}" for n in range(60)))
    good = [digital(tmp_path / f"{n}.pdf", f"Good {n}") for n in range(3)]
    with ReadingPool(1, engine="tiny") as pool:
        read_all(pool, good[0])

        def strike() -> None:
            time.sleep(1.5)
            for process in _readers_of(pool):
                os.kill(process.pid, signal.SIGKILL)

        threading.Thread(target=strike).start()
        results = read_all(pool, slow, *good)
        assert [r.problem.code if r.problem else "" for r in results] == ["T-US-09", "", "", ""]
        assert read_all(pool, good[1])[0].problem is None


def test_a_reading_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_SECONDS_TO_OPEN", 0)
    slow = scan(tmp_path / "slow.tif", *(f"Sheet {n}" for n in range(4)))
    good = digital(tmp_path / "good.pdf", "Good")
    probe = identify([slow])[0]
    with ReadingPool(1, engine="tiered", seconds_per_page=0) as pool:
        monkeypatch.setattr(readers, "_SURVEY_PAGES_PER_SECOND", 0.02)
        monkeypatch.setattr(pool, "_seconds", 0.005)
        results = dict(pool.read_many([(slow, probe), (good, identify([good])[0])]))
    assert [p.code for p in results[0].problems] == ["T-US-06"]
    assert results[1].problem is None


def test_one_hostile_file_in_a_chunk_is_the_only_one_returned(tmp_path: Path) -> None:
    """A named pipe blocks whoever opens it: the whole chunk runs into its limit, then each file is tried alone."""
    trap = tmp_path / "trap.pdf"
    os.mkfifo(trap)
    good = [digital(tmp_path / f"{n}.pdf", f"Good {n}") for n in range(3)]
    files = [(p, Probe("", "", "PDF", True, "pdf", 1000)) for p in (good[0], trap, *good[1:])]
    with ReadingPool(1) as pool:
        read_all(pool, good[0])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(readers, "_SECONDS_TO_OPEN", 2)
            results = dict(pool.read_many(files))
    assert [results[i].problem.code if results[i].problem else "" for i in range(4)] == ["", "T-US-06", "", ""]  # type: ignore[union-attr]


def test_digital_files_load_no_models(tmp_path: Path) -> None:
    with ReadingPool(1) as pool:
        read_all(pool, *(digital(tmp_path / f"{n}.pdf", f"Good {n}") for n in range(20)))
        (reader,) = _readers_of(pool)
        loaded = Path(f"/proc/{reader.pid}/maps").read_text()
        assert "openvino" not in loaded
        assert "faster_paddle" not in loaded
        assert reader.memory_info().rss < 250 << 20
        assert len(reader.cpu_affinity()) == 1


def test_starting_imports_no_django() -> None:
    code = "import sys, cunzhen.capture.readers; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    assert done.stdout.strip() == "False"


def test_readers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    path = digital(tmp_path / "a.pdf", "Digital page")
    script = tmp_path / "main.py"
    script.write_text(
        "import sys, time\nfrom pathlib import Path\nfrom cunzhen.capture.readers import shared_pool\n"
        "from cunzhen.formats.probes import identify\n"
        "if __name__ == '__main__':\n"
        f"    path = Path({str(path)!r})\n"
        "    pool = shared_pool(1)\n    list(pool.read_many([(path, identify([path])[0])]))\n"
        "    print(pool._cores[0], flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT / "src")}
    ) as parent:
        assert parent.stdout is not None
        reader = int(parent.stdout.readline())
        assert psutil.pid_exists(reader)
        parent.kill()
    deadline = time.monotonic() + 15
    while psutil.pid_exists(reader) and psutil.Process(reader).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "a reader outlived its parent"
        time.sleep(0.2)


def test_reading_for_the_terminal_keeps_the_order(tmp_path: Path) -> None:
    paths = [digital(tmp_path / f"{n}.pdf", f"Good {n}") for n in range(4)]
    assert [r.pages[0].text.text for r in read_for_cli(paths)] == [f"Good {n} 0" for n in range(4)]
