"""A witness: a machine of another agency that countersigns heads of logs, and never two that do not agree.

It has a folder and no database. It keeps the last head that it signed of each log, durable before it answers, and
signs the next only where a proof shows that the last is its beginning (C2SP tlog-witness).
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cunzhen.errors import Conflict, Invalid, Missing, Unavailable
from cunzhen.formats import cosignature, signed_note, tlog
from cunzhen.formats.durable import fsync_path, replace_file

_FORMAT = "cunzhen-witness-1"
_KEY = "witness.json"
_LOCK = "lock"
BODY_BYTES_AT_MOST = 65_536
_PLAIN = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True)
class Answer:
    """What HTTP carries back."""

    status: int
    text: str
    content_type: str = _PLAIN


@dataclass(frozen=True)
class KnownLog:
    """A log that is witnessed here, its keys, and the size of the last head that was signed."""

    origin: str
    vkeys: tuple[str, ...]
    size: int


class WitnessFolder:
    """Key, trusted logs and last heads of a witness.

    Args:
        root: the folder; ``create`` makes one.

    Raises:
        Missing: ``L-22`` where it is no witness's folder.
        Unavailable: ``L-23`` where its key cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._alone = threading.Lock()
        if not (root / _KEY).is_file():
            raise Missing(
                "L-22",
                f"{root} 不是见证文件夹。新建请运行 cunzhen witness init {root} --name 名称。",
                f"{root} is no witness's folder. Make one with: cunzhen witness init {root} --name NAME.",
            )
        try:
            body = json.loads((root / _KEY).read_text(encoding="ascii"))
            if body["format"] != _FORMAT:
                raise ValueError("another format")
            self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(body["seed"], validate=True))
            self.name = str(body["name"])
            self.vkey = cosignature.make_witness_key(self.name, signed_note.public_bytes(self._key))
        except (OSError, ValueError, KeyError, TypeError, Invalid) as error:
            raise Unavailable(
                "L-23",
                f"见证密钥 {root / _KEY} 读不出来，请从副本恢复该文件。没有副本就新建一个见证，并把新公钥交给各账本。",
                f"The witness's key {root / _KEY} cannot be read; restore it from its copy, or make a new witness.",
            ) from error

    def trust(self, vkey: str) -> str:
        """Witness a log from now on; a second key of the same name is another key of the same log.

        Returns:
            The log's name.

        Raises:
            Invalid: ``L-01`` where the key is malformed.
        """
        verifier = signed_note.parse_vkey(vkey)
        with self._held():
            vkeys = {*self._vkeys(verifier.name), vkey.strip()}
            (self.root / "logs").mkdir(exist_ok=True)
            said = {"origin": verifier.name, "vkeys": sorted(vkeys)}
            replace_file(self._log(verifier.name), json.dumps(said, ensure_ascii=False, indent=1).encode())
            fsync_path(self.root)
        return verifier.name

    def logs(self) -> list[KnownLog]:
        """Every log that is witnessed here, by name."""
        found = []
        for path in (self.root / "logs").glob("*.json"):
            said = json.loads(path.read_text(encoding="utf-8"))
            last = self._last(said["origin"])
            found.append(KnownLog(said["origin"], tuple(said["vkeys"]), last.size if last else 0))
        return sorted(found, key=lambda log: log.origin)

    def add_checkpoint(self, body: bytes, now: datetime) -> Answer:
        """Sign a log's new head, or say why not.

        Args:
            body: of the request.
            now: the present, aware.

        Returns:
            200 with the signature line; 400 malformed, 403 not signed by the log, 404 a log unknown here, 409 with the
            size that was signed last where the old size is another, 422 where the last head is not its beginning.
        """
        try:
            request = cosignature.read_request(body)
            text, _ = signed_note.parts(request.checkpoint)
            origin = signed_note.parse_checkpoint_text(text).origin
        except Invalid as error:
            return _refused(400, error.english)
        with self._held():
            verifiers = [signed_note.parse_vkey(vkey) for vkey in self._vkeys(origin)]
            if not verifiers:
                return _refused(404, "This log is not witnessed here.")
            try:
                checkpoint = signed_note.open_checkpoint(request.checkpoint, verifiers, origin)
            except Invalid as error:
                return _refused(403, error.english)
            return self._judge(request, text, checkpoint, now)

    def _judge(self, request: cosignature.Request, text: str, new: signed_note.Checkpoint, now: datetime) -> Answer:
        if request.old > new.size:
            return _refused(400, "The old size is above the new one.")
        last = self._last(new.origin) or signed_note.Checkpoint(new.origin, 0, tlog.EMPTY_ROOT)
        if request.old != last.size or (last.size == new.size and last.root != new.root):
            return Answer(409, f"{last.size}\n", SIZE)
        if not tlog.verify_consistency(last.size, new.size, request.hashes, last.root, new.root):
            return _refused(422, "The last head that was signed here is not the beginning of this one.")
        line = cosignature.cosign(text, self.name, self._key, now)
        self._keep(request.checkpoint, line, new.origin)
        return Answer(200, line)

    def _keep(self, checkpoint: str, line: str, origin: str) -> None:
        (self.root / "heads").mkdir(exist_ok=True)
        fsync_path(self.root)
        replace_file(self._head(origin), cosignature.with_lines(checkpoint, [line]).encode())

    def _last(self, origin: str) -> signed_note.Checkpoint | None:
        """The last head signed, by this witness's own signature: what other hands put there is not taken for it."""
        path = self._head(origin)
        if not path.exists():
            return None
        own = cosignature.parse_witness_key(self.vkey)
        try:
            return signed_note.open_checkpoint(path.read_bytes(), [own], origin)
        except Invalid as error:
            raise Unavailable(
                "L-24",
                "见证人保存的最后一个签名树头已损坏，见证停止，请从副本恢复该文件夹。",
                "The last head that this witness signed is damaged; it signs no more until its folder is restored.",
            ) from error

    def _vkeys(self, origin: str) -> list[str]:
        path = self._log(origin)
        return list(json.loads(path.read_text(encoding="utf-8"))["vkeys"]) if path.exists() else []

    def _log(self, origin: str) -> Path:
        return self.root / "logs" / f"{_file_name(origin)}.json"

    def _head(self, origin: str) -> Path:
        return self.root / "heads" / _file_name(origin)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One request at a time, over threads and processes: the comparison and the keeping belong together."""
        with self._alone, (self.root / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def create(root: Path, name: str) -> WitnessFolder:
    """Make a witness's folder with a new key, durable when it returns.

    Args:
        name: such as ``witness.linshi.gov.cn``; no spaces, no plus.

    Raises:
        Invalid: ``L-01`` where the name cannot stand in a signature.
        Conflict: ``L-25`` where the folder is in use.
    """
    seed = os.urandom(signed_note.KEY_BYTES)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    cosignature.make_witness_key(name, signed_note.public_bytes(key))
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    body = {"format": _FORMAT, "name": name, "seed": base64.b64encode(seed).decode()}
    try:
        descriptor = os.open(root / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(
            "L-25",
            f"{root} 里已有一个见证人，请换一个文件夹。",
            f"{root} holds a witness already; name another folder.",
        ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        json.dump(body, out)
        out.flush()
        os.fsync(out.fileno())
    fsync_path(root)
    return WitnessFolder(root)


def application(folder: WitnessFolder, clock: Callable[[], datetime]) -> Callable[..., list[bytes]]:
    """The WSGI application of a witness: ``POST /add-checkpoint`` and, for people, ``GET /`` with its public key."""

    def answer(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
        said = _answered(folder, environ, clock)
        content = said.text.encode()
        headers = [("Content-Type", said.content_type), ("Content-Length", str(len(content)))]
        start_response(f"{said.status} {'OK' if said.status == 200 else 'Refused'}", headers)
        return [content]

    return answer


def _answered(folder: WitnessFolder, environ: dict[str, object], clock: Callable[[], datetime]) -> Answer:
    method, path = environ["REQUEST_METHOD"], str(environ.get("PATH_INFO", ""))
    if (method, path) == ("GET", "/"):
        return Answer(200, f"{folder.vkey}\n")
    if not path.endswith("/add-checkpoint"):
        return _refused(404, "There is only add-checkpoint here.")
    if method != "POST":
        return _refused(405, "Send it by POST.")
    body = environ["wsgi.input"].read(BODY_BYTES_AT_MOST + 1)  # type: ignore[attr-defined]
    if len(body) > BODY_BYTES_AT_MOST:
        return _refused(413, "The request is too long.")
    try:
        return folder.add_checkpoint(body, clock())
    except (Unavailable, OSError) as error:
        return _refused(500, error.english if isinstance(error, Unavailable) else "The witness's disk refuses.")


def _refused(status: int, english: str) -> Answer:
    return Answer(status, f"{english}\n")


def _file_name(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()
