"""A time-stamping authority for the tests: the command ``openssl ts``, by itself or behind a small server."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from cunzhen.formats import time_stamp

TEXT = b"archive.example/ledger\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
POLICY = "1.3.6.1.4.1.32473.1"
STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
CONFIGURATION = f"""\
[ tsa ]
default_tsa = authority
[ authority ]
default_policy = {POLICY}
signer_digest = sha256
ess_cert_id_alg = sha256
"""
JUNK = random.Random(3161).randbytes(900)
PAGE = "<!doctype html><title>登录</title>".encode() * 20


class Authority:
    """A root, and a time-stamping authority under it that answers by the command ``openssl ts``."""

    def __init__(self, folder: Path, name: str = "sister agency", purpose: ObjectIdentifier = STAMPING) -> None:
        folder.mkdir()
        self.folder = folder
        # RSA signatures are all of one length, so that one certificate can stand in the place of another.
        self.root_key = rsa.generate_private_key(65537, 2048)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self.certificate(f"{name} root", self.root_key, issuer=f"{name} root", authority=True)
        self.issuer = self.root.subject
        self.signer = self.certificate(f"{name} stamps", self.key, purpose=purpose)
        (folder / "serial").write_text("41\n")
        self.write_signer(self.signer)

    def certificate(
        self,
        subject: str,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
        *,
        issuer: str | None = None,
        signing: rsa.RSAPrivateKey | None = None,
        authority: bool = False,
        purpose: ObjectIdentifier | None = STAMPING,
        number: int | None = None,
        days: tuple[int, int] = (-2, 9),
        padding: int = 0,
    ) -> x509.Certificate:
        now = datetime.now(UTC).replace(microsecond=0)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(issuer) if issuer else self.root.subject)
            .public_key(key.public_key())
            .serial_number(number or x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key((signing or self.root_key).public_key()),
                critical=False,
            )
        )
        if purpose and not authority:
            made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        if padding:
            other = x509.UnrecognizedExtension(
                ObjectIdentifier("1.3.6.1.4.1.32473.2"), b"\x04\x82\x01\x00" + b"x" * 256
            )
            made = made.add_extension(other, critical=False)
        return made.sign(signing or self.root_key, hashes.SHA256())

    def write_signer(self, certificate: x509.Certificate) -> None:
        (self.folder / "signer.pem").write_bytes(pem(certificate))
        (self.folder / "key.pem").write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def reply(
        self, question: bytes, *, digests: str = "sha256, sha512", certs: Sequence[x509.Certificate] = ()
    ) -> bytes:
        """What ``openssl ts -reply`` answers; ``certs`` are sent along in this order."""
        lines = f"digests = {digests}\nserial = {self.folder / 'serial'}\n"
        if certs:
            (self.folder / "certs.pem").write_bytes(b"".join(map(pem, certs)))
            lines += f"certs = {self.folder / 'certs.pem'}\n"
        (self.folder / "ts.cnf").write_text(CONFIGURATION + lines)
        (self.folder / "question").write_bytes(question)
        openssl(self.folder, "-reply", "-config", "ts.cnf", "-queryfile", "question", "-signer", "signer.pem",
                 "-inkey", "key.pem", "-out", "answer")  # fmt: skip
        return (self.folder / "answer").read_bytes()

    def stamp(self, text: bytes = TEXT) -> bytes:
        return self.reply(time_stamp.ask_for(text).body)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", "ts", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@dataclass
class Server:
    """Where the authority listens, and the headers of what it was sent."""

    url: str
    over: Event
    heard: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def served(tsa: Authority) -> Iterator[Server]:
    """The authority behind an address, which also answers wrongly where it is asked to."""
    made = Server("", Event())

    class Handler(_Handler):
        authority, place = tsa, made

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    made.url = f"http://127.0.0.1:{listening.server_port}"
    thread = Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        listening.shutdown()
        listening.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    authority: Authority
    place: Server

    def do_POST(self) -> None:
        self.place.heard.append({name.lower(): value for name, value in self.headers.items()})
        question = self.rfile.read(int(self.headers["Content-Length"]))
        path = unquote(self.path)
        if path.startswith("/to/"):
            self.answer(b"", 302, path.removeprefix("/to/"))
        elif path == "/silent":
            self.place.over.wait(30)
        elif path == "/slow":
            self.trickle()
        elif path == "/other":
            self.wfile.write(b"220 mail.example ESMTP\r\n")
        elif path == "/500":
            self.answer(PAGE, 500)
        elif path == "/replay":
            self.answer(self.authority.stamp())
        else:
            bodies = {"/junk": JUNK, "/empty": b"", "/page": PAGE, "/huge": b"\x30" * 3_000_000}
            self.answer(bodies[path] if path in bodies else self.authority.reply(question))

    def answer(self, body: bytes, status: int = 200, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # hung up on, as it should be
            self.close_connection = True

    def trickle(self) -> None:
        """A byte now and then, so that no single read takes long."""
        try:
            for byte in b"HTTP/1.0 200 OK\r\n" + b"X-Long: " + b"x" * 600:
                self.wfile.write(bytes([byte]))
                if self.place.over.wait(0.05):
                    return
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
