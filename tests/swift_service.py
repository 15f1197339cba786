"""A real S3 service for the tests: OpenStack Swift with its s3api, four small servers on loopback, one disk, one copy.

Run as ``python -P tests/swift_service.py FOLDER SERVER`` it becomes one of the servers. Swift reads its
hash suffix from a fixed place in ``/etc``; here the file of the folder is named to it first.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cunzhen.formats.store_address import S3Address

SERVERS = {"account": 1, "container": 2, "object": 3, "proxy": 0}
ACCESS, SECRET = "test:tester", "testing-key"
OTHER_ACCESS, OTHER_SECRET = "test:other", "other-key"
REGION = "us-east-1"
PIPELINE = "catch_errors gatekeeper healthcheck listing_formats s3api tempauth bulk slo dlo symlink proxy-server"
_PORTS = range(21_000, 29_000, 10)  # below those that the kernel gives to callers


@dataclass(frozen=True)
class Swift:
    """The running service."""

    endpoint: str

    def client(self) -> Any:
        """boto3, another program than ours, to look at what lies in it and to tamper with it."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS,
            aws_secret_access_key=SECRET,
        )

    def bucket(self, name: str) -> None:
        """Make a bucket."""
        self.client().create_bucket(Bucket=name)

    def address(self, bucket: str, prefix: str = "", **changes: Any) -> S3Address:
        """Of a store in it."""
        values = {"endpoint": self.endpoint, "region": REGION, "access_key": ACCESS, "secret_key": SECRET}
        return S3Address(bucket, prefix, **(values | changes))

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """All keys below a prefix."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def download(self, bucket: str, prefix: str, folder: Path) -> Path:
        """Everything below a prefix as files, by boto3."""
        client = self.client()
        for key in self.keys(bucket, prefix):
            path = folder / key.removeprefix(prefix).lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, key, str(path))
        return folder


@contextmanager
def running(cache: Path) -> Iterator[Swift]:
    """Start the service, and stop it at the end.

    Args:
        cache: folder that outlives the run; rings are built in it once for each set of ports.
    """
    with _folder() as folder:
        (folder / "disks" / "d1").mkdir(parents=True)
        base = _free_ports()
        _configure(folder, base, _rings(cache, base))
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        servers = []
        try:
            for server in SERVERS:
                log = (folder / f"{server}.log").open("wb")
                words = [sys.executable, "-P", __file__, str(folder), server]
                servers.append(subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True))
            endpoint = f"http://127.0.0.1:{base}"
            _await(endpoint, servers, folder)
            yield Swift(endpoint)
        finally:
            for process in servers:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory where that can be, for Swift syncs every file.

    Swift keeps what it knows of an object in extended attributes of its file, which not every file system has.
    """
    place = next((place for place in ("/dev/shm", tempfile.gettempdir()) if _has_attributes(place)), None)
    if place is None:
        raise RuntimeError("Swift needs a temporary folder with extended attributes: set TMPDIR")
    with tempfile.TemporaryDirectory(prefix="cunzhen-swift-", dir=place) as name:
        yield Path(name)


def _has_attributes(place: str) -> bool:
    with suppress(OSError), tempfile.NamedTemporaryFile(dir=place) as file:
        os.setxattr(file.name, "user.cunzhen", b"1")
        return True
    return False


def _free_ports() -> int:
    for base in _PORTS:
        try:
            for number in SERVERS.values():
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", base + number))
        except OSError:
            continue
        return base
    raise RuntimeError("no free ports for Swift")


def _rings(cache: Path, base: int) -> Path:
    folder = cache / f"rings-{base}"
    if not (folder / "object.ring.gz").exists():
        folder.mkdir(parents=True, exist_ok=True)
        code = (
            "import sys; from swift.common.ring import RingBuilder; folder, base = sys.argv[1], int(sys.argv[2])\n"
            "for number, name in enumerate(('account', 'container', 'object'), 1):\n"
            "    builder = RingBuilder(4, 1, 0)\n"
            "    builder.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': base + number, 'device': 'd1',\n"
            "                     'weight': 1.0, 'meta': '', 'replication_ip': '127.0.0.1',\n"
            "                     'replication_port': base + number})\n"
            "    builder.rebalance(seed='1')\n"
            "    builder.get_ring().save(f'{folder}/{name}.ring.gz')\n"
        )
        subprocess.run([sys.executable, "-c", code, str(folder), str(base)], check=True)
    return folder


def _configure(folder: Path, base: int, rings: Path) -> None:
    for ring in rings.glob("*.ring.gz"):
        (folder / ring.name).symlink_to(ring)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = cunzhen\nswift_hash_path_prefix = tests\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    for server, number in SERVERS.items():
        name = "proxy" if server == "proxy" else server
        text = (
            f"[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {base + number}\nworkers = 0\nmount_check = false\n"
            f"devices = {folder}/disks\nswift_dir = {folder}\nuser = {user}\nlog_level = ERROR\n"
            f"[pipeline:main]\npipeline = {PIPELINE if server == 'proxy' else server + '-server'}\n"
            f"[app:{server}-server]\nuse = egg:swift#{name}\n"
        )
        if server == "proxy":
            text += "account_autocreate = true\n"
            for part in PIPELINE.split()[:-1]:
                text += f"[filter:{part}]\nuse = egg:swift#{part}\n"
                if part == "tempauth":
                    text += f"user_test_tester = {SECRET} .admin\nuser_test_other = {OTHER_SECRET}\n"
                if part == "s3api":
                    text += f"location = {REGION}\n"
        (folder / f"{server}.conf").write_text(text)


def _await(endpoint: str, servers: list[subprocess.Popen[bytes]], folder: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        gone = [p for p in servers if p.poll() is not None]
        if gone:
            logs = "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in folder.glob("*.log"))
            raise RuntimeError(f"Swift did not start: {logs}")
        try:
            with urllib.request.urlopen(f"{endpoint}/healthcheck", timeout=5):
                pass
            Swift(endpoint).client().list_buckets()
            return
        except Exception:  # it is still starting; the time is bounded above
            time.sleep(0.2)
    raise RuntimeError("Swift did not answer within a minute")


def _serve(folder: str, server: str) -> int:
    utils = importlib.import_module("swift.common.utils")
    utils.SWIFT_CONF_FILE = f"{folder}/swift.conf"
    module = importlib.import_module("swift.obj.server" if server == "object" else f"swift.{server}.server")
    sys.argv = [server, f"{folder}/{server}.conf"]
    return int(module.main() or 0)


if __name__ == "__main__":
    sys.exit(_serve(*sys.argv[1:]))
