"""Ceph's S3 gateway for the tests of object lock: one monitor, one OSD in memory, one radosgw, all on loopback.

The programs are Debian's (``apt-get install radosgw ceph-mon ceph-osd ceph-common``); nothing of the system's own Ceph
is touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from cunzhen.formats.store_address import S3Address

PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool")
ACCESS, SECRET = "locked-store", "locked-store-key"
ADMIN_ACCESS, ADMIN_SECRET = "administrator", "administrator-key"
_PORTS = range(29_000, 32_000, 100)  # below those that the kernel gives to callers
_FIRST_STEPS_SECONDS = 90
_CONF = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{base},v1:127.0.0.1:{second}]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = 1073741824
memstore page set = false
ms bind port min = {low}
ms bind port max = {high}
run dir = {folder}/run
admin socket = {folder}/run/$name.asok
pid file = {folder}/run/$name.pid
log file = {folder}/$name.log
crash dir = {folder}/run
mon data = {folder}/mon
osd data = {folder}/osd
keyring = {folder}/keyring
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw data = {folder}/rgw
keyring = {folder}/keyring
rgw thread pool size = 32
rgw run sync thread = false
rgw enable gc threads = false
rgw enable lc threads = false
"""


def missing() -> list[str]:
    """Programs that this machine does not have."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@dataclass(frozen=True)
class Ceph:
    """The running gateway."""

    endpoint: str

    def client(self, access: str = ADMIN_ACCESS, secret: str = ADMIN_SECRET) -> Any:
        """boto3, as the service's administrator unless another is named."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=access,
            aws_secret_access_key=secret,
        )

    def address(self, bucket: str, days: int) -> S3Address:
        """Of a store that locks for so many days."""
        return S3Address(bucket, "", self.endpoint, "us-east-1", ACCESS, SECRET, lock_days=days)


@contextmanager
def running() -> Iterator[Ceph]:
    """Start the gateway, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="cunzhen-ceph-") as name:
        cluster = _Cluster(Path(name), _free_ports())
        try:
            yield cluster.start()
        finally:
            cluster.stop()


class _Cluster:
    def __init__(self, folder: Path, base: int) -> None:
        self._folder, self._base = folder, base
        self._conf = ["-c", str(folder / "ceph.conf")]
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> Ceph:
        """Everything, in the order in which it needs one another."""
        fsid, osd = str(uuid4()), str(uuid4())
        self._write(fsid)
        base = self._base
        place = f"[v2:127.0.0.1:{base},v1:127.0.0.1:{base + 1}]"
        self._run("monmaptool", "--create", "--addv", "a", place, "--fsid", fsid, f"{self._folder}/monmap")
        self._run("ceph-mon", *self._conf, "--mkfs", "-i", "a", "--monmap", f"{self._folder}/monmap", "--keyring",
                  f"{self._folder}/keyring")  # fmt: skip
        self._begin("ceph-mon", "-i", "a")
        self._run("ceph", *self._conf, "osd", "new", osd)
        self._run("ceph-osd", *self._conf, "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._begin("ceph-osd", "-i", "0")
        self._run("ceph", *self._conf, "osd", "crush", "add", "osd.0", "1.0", "host=h", "root=default")
        admin = ["radosgw-admin", *self._conf, "-n", "client.rgw.a", "user", "create"]
        self._run(*admin, "--uid=store", "--display-name=store", f"--access-key={ACCESS}", f"--secret-key={SECRET}")
        self._run(*admin, "--uid=admin", "--display-name=admin", f"--access-key={ADMIN_ACCESS}",
                  f"--secret-key={ADMIN_SECRET}", "--system", "--admin")  # fmt: skip
        self._begin("radosgw", "-n", "client.rgw.a")
        endpoint = f"http://127.0.0.1:{base + 90}"
        self._await(endpoint)
        return Ceph(endpoint)

    def stop(self) -> None:
        """Everything, the other way round."""
        for process in reversed(self._running):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _write(self, fsid: str) -> None:
        for name in ("mon", "osd", "rgw", "run"):
            (self._folder / name).mkdir()
        values = {"gateway": self._base + 90, "low": self._base + 10, "high": self._base + 80}
        text = _CONF.format(fsid=fsid, folder=self._folder, base=self._base, second=self._base + 1, **values)
        (self._folder / "ceph.conf").write_text(text)
        key = subprocess.run(["ceph-authtool", "--gen-print-key"], capture_output=True, text=True, check=True)
        caps = "".join(f'\tcaps {part} = "allow *"\n' for part in ("mon", "osd", "mgr"))
        names = ("mon.", "osd.0", "client.admin", "client.rgw.a")
        keyring = "".join(f"[{name}]\n\tkey = {key.stdout.strip()}\n{caps}" for name in names)
        (self._folder / "keyring").write_text(keyring)

    def _run(self, *words: str) -> None:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_FIRST_STEPS_SECONDS, check=False)
        if done.returncode:
            raise RuntimeError(f"{words[0]} failed: {done.stderr[-2000:]}")

    def _begin(self, program: str, *words: str) -> None:
        with (self._folder / f"{program}.out").open("wb") as out:
            self._running.append(
                subprocess.Popen([program, *self._conf, "-f", *words], stdout=out, stderr=out, start_new_session=True)
            )

    def _await(self, endpoint: str) -> None:
        until = time.monotonic() + _FIRST_STEPS_SECONDS
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(endpoint, timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        logs = [f"{path.name}: {path.read_text(errors='replace')[-1500:]}" for path in self._folder.glob("*.out")]
        raise RuntimeError(f"radosgw did not answer: {logs}")


def _free_ports() -> int:
    for base in _PORTS:
        try:
            for number in (0, 1, 90):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", base + number))
        except OSError:
            continue
        return base
    raise RuntimeError("no free ports for Ceph")
