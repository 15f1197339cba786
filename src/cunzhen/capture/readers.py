"""Reading in processes of their own: one a core, each fault contained to one file.

A file is first surveyed (carried text, no models; small files many at a time), then its scanned pages are read a few at
a time. A process that dies, hangs or outgrows its memory costs the file it was reading, never the pool. Nothing here
imports Django, so that processes start quickly.
"""

from __future__ import annotations

import atexit
import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import cv2
import pebble.pool.process
from pebble import ProcessExpired, ProcessPool

from cunzhen.capture.page_reading import PackedPage, ReadPage, Survey, read_scans, survey
from cunzhen.capture.problems import Problem
from cunzhen.errors import Unavailable
from cunzhen.formats.probes import Probe, identify

SECONDS_PER_PAGE = 30
_SECONDS_TO_OPEN = 60
_SURVEY_PAGES_PER_SECOND = 10
_BYTES_PER_PAGE = 20_000  # a guess at how many pages a file may hold, for the time its survey may take
SMALL_FILE = 400_000
_CHUNK_FILES = 16
_PAGES_A_TASK = 4
_TASKS_AHEAD = 2  # tasks waiting for each reader, so that none idles while results are taken
MEMORY_LIMIT = 2_000_000_000  # bytes of private memory (address space); reading an A4 page takes half
_log = logging.getLogger(__name__)
# Pebble goes by the clock that people set: a jump ahead would end every reading, one back would let a hung one hang.
pebble.pool.process.time = SimpleNamespace(time=time.monotonic, sleep=time.sleep)  # type: ignore[attr-defined, assignment]
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1  # mallopt(3)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What reading a file gave.

    Args:
        pages: in order; empty where a problem returns the file.
        problems: findings on the file, the one that returns it (if any) among them.
    """

    pages: tuple[ReadPage, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def problem(self) -> Problem | None:
        """The finding that returns the file, if there is one."""
        return next((p for p in self.problems if p.returns), None)


class ReadingPool:
    """Reading processes, one a core; use as a context manager or call ``close``."""

    def __init__(self, readers: int, *, engine: str = "tiered", seconds_per_page: int = SECONDS_PER_PAGE) -> None:
        """Start nothing yet: processes start with the first file.

        Args:
            readers: processes; best the number of cores.
            engine: key of ``ocr.READERS``.
            seconds_per_page: time after which a page's reading is stopped (T-US-06).
        """
        self._readers = max(1, readers)
        self._engine = engine
        self._seconds = seconds_per_page
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["cunzhen.capture.page_reading"])
        _start_server()
        self._cores = context.Array("q", self._readers)
        self._pool = ProcessPool(
            max_workers=self._readers, context=context, initializer=_start_reader, initargs=(self._cores,)
        )
        self._threads = ThreadPoolExecutor(self._readers, thread_name_prefix="reading")

    def __enter__(self) -> ReadingPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: Path, probe: Probe | None = None) -> Future[ReadFile]:
        """Read one file in the background."""
        return self._threads.submit(lambda: next(self.read_many([(path, probe or identify([path])[0])]))[1])

    def read_many(self, files: Sequence[tuple[Path, Probe]]) -> Iterator[tuple[int, ReadFile]]:
        """Read files, giving (position, result) as each is done; only a few are under way or held at a time.

        Args:
            files: paths with their probes (``formats.probes.identify``).

        Raises:
            Unavailable: ``T-ST-02`` the processes were killed; it says nothing of the files.
        """
        return _Run(self, files).results()

    def read_files(self, paths: Sequence[Path], probes: Sequence[Probe | str]) -> Iterator[tuple[int, ReadFile]]:
        """``read_many`` for paths and their probes side by side; a bare category stands for a probe without more."""
        pairs = zip(paths, probes, strict=True)
        return self.read_many([(path, _bare(path, p) if isinstance(p, str) else p) for path, p in pairs])

    def close(self) -> None:
        """Stop the processes, dropping what they read."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def is_whole(self) -> bool:
        """Whether it still reads: a process that is killed while it has nothing to do breaks the whole pool."""
        return bool(self._pool.active)

    def _schedule(self, work: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Future[Any]:
        try:
            return self._pool.schedule(work, args=arguments, timeout=seconds)
        except RuntimeError as error:
            raise _broken() from error

    def _survey(self, files: Sequence[tuple[Path, Probe]]) -> Future[Any]:
        pages = sum(1 + probe.size // _BYTES_PER_PAGE for _, probe in files)
        seconds = _SECONDS_TO_OPEN + pages / _SURVEY_PAGES_PER_SECOND
        return self._schedule(_survey_files, (list(files),), seconds)

    def _scan(self, path: Path, probe: Probe, indexes: Sequence[int]) -> Future[Any]:
        seconds = _SECONDS_TO_OPEN + self._seconds * len(indexes)
        arguments = (path, probe, list(indexes), self._engine)
        return self._schedule(read_scans, arguments, seconds)


def read_for_cli(paths: Sequence[Path], *, readers: int = 1) -> list[ReadFile]:
    """Read files for a person at a terminal, in the order given."""
    found: dict[int, ReadFile] = {}
    with ReadingPool(min(readers, len(paths))) as pool:
        found.update(pool.read_many(list(zip(paths, identify(paths), strict=True))))
    return [found[i] for i in range(len(paths))]


_shared: list[ReadingPool] = []
_shared_lock = threading.Lock()


def shared_pool(readers: int = 0) -> ReadingPool:
    """The pool of this process, made at first use, anew where it broke, and closed at its end.

    Args:
        readers: processes; 0 for one a core that this process may use. Counts at the first call only.
    """
    with _shared_lock:
        if _shared and not _shared[0].is_whole:
            _shared.pop().close()
        if not _shared:
            _shared.append(ReadingPool(readers or len(os.sched_getaffinity(0))))
        return _shared[0]


@atexit.register
def close_shared_pool() -> None:
    """End the processes of the shared pool, if there are any; the next call of ``shared_pool`` starts new ones."""
    with _shared_lock:
        while _shared:
            _shared.pop().close()


@dataclass(slots=True)
class _Open:
    """A file whose scanned pages are being read."""

    pages: list[PackedPage | None]
    problems: tuple[Problem, ...]
    left: int  # tasks not yet back
    broken: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    files: tuple[int, ...]
    indexes: tuple[int, ...] = ()  # empty: a survey


@dataclass(slots=True)
class _Run:
    """One call of ``read_many``: what waits, what is under way, what is done."""

    pool: ReadingPool
    files: Sequence[tuple[Path, Probe]]
    waiting: deque[_Task] = field(default_factory=deque)
    running: dict[Future[Any], _Task] = field(default_factory=dict)
    opened: dict[int, _Open] = field(default_factory=dict)
    done: deque[tuple[int, ReadFile]] = field(default_factory=deque)

    def results(self) -> Iterator[tuple[int, ReadFile]]:
        self.waiting.extend(_Task(chunk) for chunk in _chunks(self.files))
        ahead = self.pool._readers * (1 + _TASKS_AHEAD)
        try:
            while self.waiting or self.running or self.done:
                while self.done:
                    yield self.done.popleft()
                while self.waiting and len(self.running) < ahead:
                    self._start(self.waiting.popleft())
                if self.running:
                    finished, _ = wait(self.running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        self._take(self.running.pop(future), future)
        finally:
            for future in self.running:
                future.cancel()

    def _start(self, task: _Task) -> None:
        if task.indexes:
            opened = self.opened[task.files[0]]
            if opened.broken is not None:
                self._close_task(task.files[0], opened)
                return
            self.running[self.pool._scan(*self.files[task.files[0]], task.indexes)] = task
        else:
            self.running[self.pool._survey([self.files[i] for i in task.files])] = task

    def _take(self, task: _Task, future: Future[Any]) -> None:
        outcome = _outcome(future)
        if task.indexes:
            self._take_pages(task, outcome)
        elif not isinstance(outcome, Problem):
            for number, surveyed in zip(task.files, outcome, strict=True):
                self._take_survey(number, surveyed)
        elif len(task.files) > 1:
            # One of them broke the process: each is tried alone, so that only the culprit is returned.
            self.waiting.extendleft(_Task((number,)) for number in reversed(task.files))
        else:
            self.done.append((task.files[0], ReadFile((), (outcome,))))

    def _take_survey(self, number: int, surveyed: Survey) -> None:
        unread = [i for i, page in enumerate(surveyed.pages) if page is None]
        if not unread:
            pages = tuple(ReadPage.unpack(p) for p in surveyed.pages if p is not None)
            self.done.append((number, ReadFile(pages, surveyed.problems)))
            return
        parts = [tuple(unread[i : i + _PAGES_A_TASK]) for i in range(0, len(unread), _PAGES_A_TASK)]
        self.opened[number] = _Open(list(surveyed.pages), surveyed.problems, len(parts))
        # Files already opened come first, so that few are held open.
        self.waiting.extendleft(_Task((number,), part) for part in reversed(parts))

    def _take_pages(self, task: _Task, outcome: Any) -> None:
        number = task.files[0]
        opened = self.opened[number]
        if isinstance(outcome, Problem):
            opened.broken = outcome
        else:
            for index, page in zip(task.indexes, outcome, strict=True):
                opened.pages[index] = page
        self._close_task(number, opened)

    def _close_task(self, number: int, opened: _Open) -> None:
        opened.left -= 1
        if opened.left:
            return
        del self.opened[number]
        if opened.broken is not None:
            self.done.append((number, ReadFile((), (*opened.problems, opened.broken))))
            return
        pages = tuple(ReadPage.unpack(p) for p in opened.pages if p is not None)
        self.done.append((number, ReadFile(pages, opened.problems)))


def _bare(path: Path, category: str) -> Probe:
    try:
        size = path.stat().st_size
    except OSError:
        size = -1
    return Probe("", "", "", True, category, size)


def _chunks(files: Sequence[tuple[Path, Probe]]) -> Iterator[tuple[int, ...]]:
    """Small files many at a time, others alone."""
    chunk: list[int] = []
    for number, (_, probe) in enumerate(files):
        if not 0 <= probe.size <= SMALL_FILE:
            yield (number,)
            continue
        chunk.append(number)
        if len(chunk) == _CHUNK_FILES:
            yield tuple(chunk)
            chunk = []
    if chunk:
        yield tuple(chunk)


def _outcome(future: Future[Any]) -> Any:
    """The result of a task, or the problem that its end stands for.

    Raises:
        Unavailable: ``T-ST-02``.
    """
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise _broken() from error
    except (FutureTimeout, TimeoutError) as e:
        seconds = e.args[1] if len(e.args) > 1 else 0
        return Problem("T-US-06", {"seconds": round(float(seconds))})
    except ProcessExpired as e:
        _log.warning("a reading process died (exit code %s)", e.exitcode)
        return Problem("T-US-09")
    except MemoryError:
        return Problem("T-US-05", {"found": "?", "limit": "?"})
    except Exception:
        # The border of the reading process: hostile files make decoders raise anything, and one file's fault must not
        # stop the pile. It is returned with a finding and logged with its trace, never passed over.
        _log.exception("reading failed")
        return Problem("T-US-09")


def _broken() -> Unavailable:
    return Unavailable(
        "T-ST-02",
        "识读进程被系统终止（常因内存不足），这些文件还没有读，稍后会自动再试；反复出现时请减少 CUNZHEN_READERS。",
        "The reading processes were ended from outside (often for lack of memory). These files are unread; they are "
        "tried again by themselves. If it happens again and again, lower CUNZHEN_READERS.",
    )


def _survey_files(files: Sequence[tuple[Path, Probe]]) -> list[Survey]:
    return [survey(path, probe) for path, probe in files]


def _start_server() -> None:
    """Begin the process that readers are forked from, with interrupts held back; it and they keep that."""
    resource_tracker.ensure_running()  # lets go of interrupts when it begins, so it goes first
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_reader(cores: Any) -> None:
    """Settle a new reading process: its core, one thread, its memory; an interrupt is for who reads, not for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
    _pin(cores)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not leave a person's papers in a core file
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        # Page-sized buffers go back to the system when a page is done.
        libc.mallopt(_ARENA_MAX, 1)
        libc.mallopt(_MMAP_THRESHOLD, 1 << 20)
        libc.mallopt(_TRIM_THRESHOLD, 1 << 22)


def _pin(cores: Any) -> None:
    """Take the place of a reader that is no more, and with it its core; two readers on one core halve each other."""
    allowed = sorted(os.sched_getaffinity(0))
    with cores.get_lock():
        place = next((i for i, owner in enumerate(cores) if not _lives(owner)), 0)
        cores[place] = os.getpid()
    os.sched_setaffinity(0, {allowed[place % len(allowed)]})


def _lives(process: int) -> bool:
    return process > 0 and Path(f"/proc/{process}").exists()
