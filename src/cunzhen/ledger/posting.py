"""One request to another machine over HTTP: few bytes back, little time, no redirects."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from concurrent.futures import Future
from dataclasses import dataclass
from email.message import Message
from threading import Thread
from typing import IO
from urllib.parse import unquote, urlsplit

from cunzhen.formats.addresses import without_password

ANSWER_BYTES_AT_MOST = 1 << 20


class NoAnswer(Exception):
    """Nothing came back that could be an answer; says so in Chinese and English, without a word of the address."""

    def __init__(self, message: str, english: str) -> None:
        super().__init__(english)
        self.message = message
        self.english = english


@dataclass(frozen=True)
class Heard:
    """What came back."""

    status: int
    content_type: str
    content: bytes


def post(url: str, body: bytes, *, content_type: str, seconds: float) -> Heard:
    """Send some bytes.

    Args:
        url: an address by ``is_address``; a name and password in it are sent as basic authentication.
        seconds: for everything together.

    Raises:
        NoAnswer: the machine is silent, slow or says too much.
    """
    # On a thread of its own: a socket's timeout begins anew with each byte, and does not count finding the name.
    outcome: Future[Heard] = Future()
    request = _request(url, body, content_type)
    Thread(target=_exchange, args=(outcome, request, seconds), name="post", daemon=True).start()
    try:
        failure = outcome.exception(seconds)
    except TimeoutError:
        raise NoAnswer(f"{seconds:g} 秒内没有应答", f"no answer within {seconds:g} seconds") from None
    if failure is None:
        return outcome.result()
    if isinstance(failure, NoAnswer):
        raise failure
    name = type(getattr(failure, "reason", failure)).__name__
    raise NoAnswer(f"没有应答（{name}）", f"no answer ({name})") from failure


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """The other machine is where the settings say, and nowhere else."""


_OPENER = urllib.request.build_opener(_NoRedirect())


def _request(url: str, body: bytes, content_type: str) -> urllib.request.Request:
    """Name and password are moved from the address into a header: no error can show them then."""
    parts = urlsplit(url)
    headers = {"Content-Type": content_type}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return urllib.request.Request(without_password(url), data=body, headers=headers)  # noqa: S310 - is_address has seen to it


def _exchange(outcome: Future[Heard], request: urllib.request.Request, seconds: float) -> None:
    try:
        outcome.set_result(_send(request, seconds))
    except Exception as error:  # handed over to the thread that waits, which raises it
        outcome.set_exception(error)


def _send(request: urllib.request.Request, seconds: float) -> Heard:
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            return _heard(answer.status, answer.headers, answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _heard(refusal.code, refusal.headers, refusal)


def _heard(status: int, headers: Message, stream: IO[bytes]) -> Heard:
    content = stream.read(ANSWER_BYTES_AT_MOST + 1)
    if len(content) > ANSWER_BYTES_AT_MOST:
        raise NoAnswer("应答过长", "its answer is too long")
    return Heard(status, headers.get("Content-Type", ""), content)
