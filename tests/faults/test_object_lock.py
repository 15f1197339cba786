"""F14: a store under object lock. Deleting and overwriting are refused to the service's administrator too, recorded,
and an alarm where they are not. Against Ceph's radosgw, in ``make faults`` only.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from cunzhen.errors import Unavailable
from cunzhen.formats.ocfl import object_path
from cunzhen.ledger.models import LedgerEntry
from cunzhen.preservation import object_lock, queries, s3_store
from cunzhen.preservation.models import Damage, PackageCopy
from cunzhen.preservation.operations import keep_packages, prove_locks, revise_packages, verify_packages
from cunzhen.preservation.rules import Revision, object_id
from tests.faults import ceph
from tests.preservation.conftest import NOW, content, new_package
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


@pytest.fixture(scope="module")
def gateway() -> Iterator[ceph.Ceph]:
    """The running radosgw."""
    if ceph.missing():
        pytest.skip(f"radosgw is not installed: {', '.join(ceph.missing())}")
    with ceph.running() as service:
        yield service


@pytest.fixture
def bucket(gateway: ceph.Ceph, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stores: ``d`` on this machine, ``w`` in a bucket that locks for 30 days."""
    name = f"w{os.urandom(6).hex()}"
    gateway.client(ceph.ACCESS, ceph.SECRET).create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    settings.STORES = {"d": tmp_path / "d", "w": gateway.address(name, 30)}
    monkeypatch.setattr(s3_store, "_CARD_SECONDS", 0.0)
    return name


def _refused(act: Any, **words: object) -> str:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as refusal:
        act(**words)
    return str(refusal.value.response["Error"]["Code"])


def test_nobody_deletes_or_shortens_what_is_kept(bucket: str, gateway: ceph.Ceph) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    revise_packages([Revision(package.id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)], now=NOW)
    admin = gateway.client()
    versions = admin.list_object_versions(Bucket=bucket, Prefix="ocfl/")["Versions"]
    top = f"ocfl/{object_path(object_id(package.id))}/"
    ours = [v for v in versions if v["Key"].startswith(top)]
    assert len(ours) > 12
    for one in ours:
        where = {"Bucket": bucket, "Key": one["Key"], "VersionId": one["VersionId"]}
        held = admin.get_object_retention(**where)["Retention"]
        assert held["Mode"] == "COMPLIANCE"
        assert _refused(admin.delete_object, **where) == "AccessDenied"
        assert _refused(admin.delete_object, **where, BypassGovernanceRetention=True) == "AccessDenied"
    softer = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=60)}
    for who in (admin, gateway.client(ceph.ACCESS, ceph.SECRET)):
        for kind in (softer, softer | {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=2)}):
            said = _refused(who.put_object_retention, **where, Retention=kind, BypassGovernanceRetention=True)
            assert said in {"AccessDenied", "MalformedXML"}
    assert admin.get_object_retention(**where)["Retention"] == held
    assert verify_packages().ok


def test_what_is_written_over_or_hidden_is_found_and_read_from_below(bucket: str, gateway: ceph.Ceph) -> None:
    package = new_package(scan=b"scan" * 2000)
    keep_packages([package], now=NOW)
    admin = gateway.client()
    top = f"ocfl/{object_path(object_id(package.id))}"
    over, hidden = f"{top}/v1/content/originals/0001.tif", f"{top}/v1/content/mets.xml"
    admin.put_object(Bucket=bucket, Key=over, Body=b"forged")
    admin.delete_object(Bucket=bucket, Key=hidden)  # a delete marker
    found = {(b.store, b.problem, b.path) for b in verify_packages().bad}
    assert found == {
        ("w", "P-V-08", "v1/content/originals/0001.tif"),  # what the administrator wrote is not even ours to read
        ("w", "P-V-06", "v1/content/mets.xml"),
    }
    PackageCopy.objects.filter(package_id=package.id, store="d").delete()  # the bucket is all that is left
    queries._inventory.cache_clear()
    assert queries.read_content(package.id, "originals/0001.tif") == b"scan" * 2000
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"
    assert [b for b in verify_packages().bad if b.store == "w"] == []  # put back on top


def test_what_is_rolled_back_is_set_aside_though_its_bytes_stay_locked(bucket: str, gateway: ceph.Ceph) -> None:
    package = new_package()
    with transaction.atomic():
        keep_packages([package], now=NOW)
        transaction.set_rollback(True)
    keep_packages([new_package(package.id, b"another scan")], now=NOW)
    assert verify_packages().ok
    assert queries.read_content(package.id, "originals/0001.tif") == b"another scan"


def test_locks_are_proved_and_recorded(bucket: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_packages([new_package()], now=NOW)
    for _ in range(2):
        (proof,) = prove_locks(world.actor("service"), now=NOW)
        assert proof.passed == ()
        assert set(proof.tried) == {"shorten", "soften", "delete", "delete_bypassing"}
    entries = LedgerEntry.objects.filter(op="prove_locks")
    assert entries.count() == 2
    assert not Damage.objects.filter(store="w").exists()
    # A service that lets it through: the lock is set in no version.
    monkeypatch.setattr(object_lock.ObjectLock, "_hold", lambda *_: None)
    (proof,) = prove_locks(world.actor("service"), now=NOW)
    assert proof.passed
    assert Damage.objects.get(store="w").problems[0][0] == "P-V-20"
    assert entries.count() == 3


def test_a_bucket_without_lock_and_a_machine_without_boto3_are_refused(
    bucket: str, gateway: ceph.Ceph, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.client(ceph.ACCESS, ceph.SECRET).create_bucket(Bucket=f"{bucket}-open")
    settings.STORES = {"w": gateway.address(f"{bucket}-open", 30)}
    with pytest.raises(Unavailable, match="P-46"):
        keep_packages([new_package()], now=NOW)
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> object:
        if name == "boto3":
            raise ImportError(name)
        return real(name, package)

    settings.STORES = {"w": gateway.address(bucket, 31)}
    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(Unavailable, match=r"cunzhen\[object-lock\]"):
        keep_packages([new_package()], now=NOW)
