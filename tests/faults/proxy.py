"""A bad S3 service: a proxy on loopback before a real one that fails, lies, loses and alters as it is told, by a seed.

What it alters on the way in it signs anew with the account's own keys, so that the service behind takes it: that is a
service that broke the bytes after it had checked them.
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.swift_service import ACCESS, REGION, SECRET

_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "expect"}
_SIGNED = {"authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-checksum-sha256", "host", "content-md5"}


class Fault(StrEnum):
    """What can go wrong with one request."""

    ERROR_500 = "500"
    ERROR_503 = "503"
    ERROR_403 = "403"
    RESET_BEFORE = "reset before it arrives"
    RESET_AFTER = "reset after it was done"
    SLOW = "an answer that comes too late"
    DROPPED = "said to be kept, dropped"
    STORED_SHORT = "said to be kept, cut short"
    STORED_WRONG = "said to be kept, altered"
    NO_CONDITION = "conditions and checksums ignored"
    WRONG_ETAG = "a wrong ETag"
    READ_SHORT = "a body cut short"
    READ_SHORTENED = "a shorter body, said to be whole"
    READ_WRONG = "a body altered"
    LIST_EMPTY = "an empty listing"
    LIST_STALE = "the listing of before"


ON_PUT = {
    Fault.DROPPED,
    Fault.STORED_SHORT,
    Fault.STORED_WRONG,
    Fault.NO_CONDITION,
    Fault.WRONG_ETAG,
}
ON_GET = {Fault.READ_SHORT, Fault.READ_SHORTENED, Fault.READ_WRONG}
ON_LIST = {Fault.LIST_EMPTY, Fault.LIST_STALE}
LATE_SECONDS = 3.0  # with a time-out of a second what thirty are to ten


@dataclass
class Plan:
    """Which fault the next request meets.

    Args:
        seed: of the draw.
        faults: that are drawn from, each as likely.
        share: of requests that meet one; 1.0 for all that can.
        path: only requests whose path has this.
    """

    seed: int
    faults: tuple[Fault, ...] = ()
    share: float = 0.3
    path: str = ""
    met: Counter[Fault] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)
        self._lock = threading.Lock()

    def next(self, method: str, path: str, *, is_list: bool) -> Fault | None:
        """The fault of one request, None for none."""
        if self.path not in path:
            return None
        possible = [f for f in self.faults if _fits(f, method, is_list=is_list)]
        with self._lock:
            if not possible or self._draw.random() >= self.share:
                return None
            fault = self._draw.choice(possible)
            self.met[fault] += 1
            return fault


def _fits(fault: Fault, method: str, *, is_list: bool) -> bool:
    if fault in ON_LIST:
        return is_list
    if fault in ON_PUT:
        return method == "PUT"
    if fault in ON_GET:
        return method == "GET" and not is_list
    return True


@dataclass
class BadService:
    """The running proxy; ``plan`` may be replaced at any time."""

    endpoint: str
    plan: Plan
    upstream: str
    kept_lists: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def before(endpoint: str) -> Iterator[BadService]:
    """A proxy before a service, that does no harm until it gets a plan."""
    service = BadService("", Plan(0), urlsplit(endpoint).netloc)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"service": service}))
    service.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that has gone away is what a proxy of faults is for."""


@dataclass
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    service: BadService
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """Any request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_list = "list-type=2" in self.path
        fault = self.service.plan.next(self.command, self.path, is_list=is_list)
        match fault:
            case Fault.ERROR_500 | Fault.ERROR_503 | Fault.ERROR_403:
                self._send(_Answer(int(fault.value), [("Content-Type", "application/xml")], b"<Error/>"))
            case Fault.RESET_BEFORE:
                self._reset()
            case Fault.RESET_AFTER:
                self._pass(body)
                self._reset()
            case Fault.SLOW:
                threading.Event().wait(LATE_SECONDS)
                self._send(self._pass(body))
            case Fault.DROPPED:
                self._send(_Answer(200, [("ETag", '"5d41402abc4b2a76b9719d911017c592"')], b""))
            case Fault.STORED_SHORT:
                self._send(self._pass(body[: len(body) // 2], anew=True))
            case Fault.STORED_WRONG:
                self._send(self._pass(_flipped(body), anew=True))
            case Fault.NO_CONDITION:
                self._send(self._pass(body, anew=True))
            case Fault.READ_SHORT | Fault.READ_SHORTENED | Fault.READ_WRONG | Fault.WRONG_ETAG:
                self._send_spoiled(fault, self._pass(body))
            case Fault.LIST_EMPTY | Fault.LIST_STALE:
                self._send(self._old_list(fault, self._pass(body)))
            case _:
                answer = self._pass(body)
                if is_list and answer.status == 200:
                    self.service.kept_lists.setdefault(self.path, answer.body)
                self._send(answer)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def _pass(self, body: bytes, *, anew: bool = False) -> _Answer:
        """Ask the service behind; ``anew``: signed again, without conditions and checksums."""
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
        if anew:
            headers = {k: v for k, v in headers.items() if k.lower() not in _SIGNED | {"if-none-match"}}
            request = AWSRequest(self.command, f"http://{self.service.upstream}{self.path}", headers, body)
            S3SigV4Auth(Credentials(ACCESS, SECRET), "s3", REGION).add_auth(request)
            headers = dict(request.headers.items())
        connection = http.client.HTTPConnection(self.service.upstream, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, headers)
            found = connection.getresponse()
            data = found.read()
            passed = [(k, v) for k, v in found.getheaders() if k.lower() not in _HOP]
            if self.command == "HEAD":
                passed.append(("Content-Length", found.getheader("Content-Length") or "0"))
            return _Answer(found.status, passed, data)
        finally:
            connection.close()

    def _send(self, answer: _Answer, *, promised: int | None = None) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer.body) if promised is None else promised))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_spoiled(self, fault: Fault, answer: _Answer) -> None:
        if fault is Fault.WRONG_ETAG:
            answer.headers = [(k, '"0"' if k.lower() == "etag" else v) for k, v in answer.headers]
            self._send(answer)
        elif fault is Fault.READ_WRONG:
            answer.body = _flipped(answer.body)
            self._send(answer)
        elif fault is Fault.READ_SHORTENED:
            answer.body = answer.body[: len(answer.body) // 2]
            self._send(answer)
        else:
            whole = len(answer.body)
            answer.body = answer.body[: whole // 2]
            self._send(answer, promised=whole)
            self._reset()

    def _old_list(self, fault: Fault, answer: _Answer) -> _Answer:
        old = self.service.kept_lists.get(self.path)
        if fault is Fault.LIST_STALE and old is not None:
            answer.body = old
        elif answer.status == 200:
            answer.body = (
                b'<?xml version="1.0" encoding="UTF-8"?>'
                b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                b"<IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"
            )
        return answer

    def _reset(self) -> None:
        """Break the connection so that the caller sees a reset, not an end."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()


def _flipped(data: bytes) -> bytes:
    """One bit other than it was."""
    if not data:
        return b"x"
    spoiled = bytearray(data)
    spoiled[len(data) // 3] ^= 4
    return bytes(spoiled)
