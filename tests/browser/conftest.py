"""A real desk with every process, and Chromium looking at it; complaints of the browser fail the test."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.cli.conftest import clean_environment, command

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CHROMIUM = "/usr/bin/chromium"
PASSWORD = "Lin-county-2026!"
PEOPLE = {"guo": ("郭秀琴", "archivist"), "liu": ("刘海燕", "audit_officer")}
SAMPLES = Path(__file__).parents[2] / "samples"
FILED = ("失业待遇/失业待遇核定表_冯志强.pdf", "征缴类/缴费证明_冯志强.pdf")
WAITING = ("生育待遇/生育待遇核定表_成晓燕.pdf",)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Desk:
    """Where a desk answers, and whose home it is."""

    address: str
    home: Path


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """``cunzhen serve`` with one worker, an agency, a fonds and two people made by commands."""
    with tempfile.TemporaryDirectory(prefix="cunzhen-b-") as name:
        Path(name).chmod(0o711)
        home, log = Path(name) / "home", Path(name) / "serve.log"
        _run(home, "init")
        _run(home, "found", "--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
        for username, (display, role) in PEOPLE.items():
            _run(home, "user", username, "--name", display, "--role", role, stdin=PASSWORD)
        port = _free_port()
        with log.open("wb") as err, subprocess.Popen(
            command(home, ["serve", "--port", str(port), "--workers", "1"]),
            env=clean_environment(), stdout=subprocess.PIPE, stderr=err, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready "), log.read_text()
            yield Desk(f"http://127.0.0.1:{port}", home)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            print(log.read_text()[-3000:])


def _run(home: Path, *words: str, stdin: str = "") -> None:
    done = subprocess.run(
        command(home, words),
        env=clean_environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    """Below the ports that outgoing lines are given, so that nobody takes it meanwhile."""
    for _ in range(100):
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no free port")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window; let go after each file, for Django refuses to work beside its loop."""
    assert os.path.exists(CHROMIUM), "apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stocked(desk: Desk) -> Desk:
    """The desk with two filed papers and one that waits for a clerk."""
    _run(desk.home, "ingest", *(str(SAMPLES / n) for n in FILED), "--auto")
    _run(desk.home, "ingest", *(str(SAMPLES / n) for n in WAITING))
    return desk


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, desk: Desk) -> Iterator[Visit]:
    """Opens a window for somebody who has signed in; what the browser complains of fails the test at its end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # An answer of 404, 409 or 422 is part of the conversation, and the browser logs it by itself.
        if message.type in {"error", "warning"} and "the server responded with a status of 4" not in message.text:
            complaints.append(f"{message.type}: {message.text}")

    def open_window(
        who: str = "guo", viewport: dict[str, int] | None = None, scripts: bool = True, locale: str = "zh-CN"
    ) -> Page:
        context = chromium.new_context(
            base_url=desk.address,
            viewport=viewport or WIDE,
            java_script_enabled=scripts,
            locale=locale,
            accept_downloads=True,
        )
        contexts.append(context)
        if locale.startswith("en"):
            context.add_cookies([{"name": "django_language", "value": "en", "url": desk.address}])
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.set_default_timeout(20_000)
        if who:
            sign_in(page, who)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def sign_in(page: Page, who: str) -> None:
    """Through the form, as people do."""
    page.goto("/sign-in/")
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.click("form.sign-in button[type=submit]")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
