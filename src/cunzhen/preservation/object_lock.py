"""Object lock (WORM): what is written to a store may be deleted or replaced by nobody before its days have passed.

An extra: ``boto3`` is needed for it, and a bucket that was made with object lock. COMPLIANCE is the mode that not even
the service's administrator can lift.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cunzhen.errors import Unavailable
from cunzhen.formats.store_address import S3Address
from cunzhen.preservation import bucket_refusals as refusals
from cunzhen.preservation.rules import LockProof

log = logging.getLogger("cunzhen.preservation")
_CONNECTIONS = 8
_BLOCK = 1024 * 1024
_PROOF = "lock-proof"
_REFUSALS = {"AccessDenied", "InvalidRequest", "MethodNotAllowed", "ObjectLocked", "InvalidRetentionPeriod"}


class ObjectLock:
    """The lock of one store; without days in the settings every method does nothing.

    Args:
        name: what settings call the store.
        address: where it is, and for how many days it locks.
    """

    def __init__(self, name: str, address: S3Address) -> None:
        self._name = name
        self._address = address

    @property
    def days(self) -> int:
        """For how many days it locks, 0 for not at all."""
        return self._address.lock_days

    def require(self) -> None:
        """See that the bucket can lock.

        Raises:
            Unavailable: ``P-46``.
        """
        if not self._address.lock_days:
            return
        found = self._call("get_object_lock_configuration").get("ObjectLockConfiguration", {})
        if found.get("ObjectLockEnabled") != "Enabled":
            raise refusals.lock_refused(
                self._name,
                "这个桶没有启用对象锁定，请新建启用的桶。",
                "the bucket was made without it; make one with it.",
            )

    def hold(self, keys: Sequence[str]) -> None:
        """Lock what was just written, and read back that it is locked.

        Raises:
            Unavailable: ``P-46``.
        """
        if not self._address.lock_days or not keys:
            return
        until = datetime.now(UTC) + timedelta(days=self._address.lock_days)
        with ThreadPoolExecutor(max_workers=_CONNECTIONS, thread_name_prefix="lock") as pool:
            list(pool.map(lambda key: self._hold(key, until), keys))

    def restore(self, key: str, sha512: str) -> bool:
        """Put an earlier version of a key on top again, one that has the right bytes.

        Whoever has rights may write over a locked key or hide it behind a delete marker; the locked bytes stay below.

        Args:
            key: below the prefix.
            sha512: of the right bytes.

        Returns:
            whether there was one.

        Raises:
            Unavailable: ``P-46``.
        """
        if not self._address.lock_days:
            return False
        full = self._full(key)
        listed = self._call("list_object_versions", Prefix=full).get("Versions", [])
        for version in (one["VersionId"] for one in listed if one["Key"] == full):
            if self._sha512(full, version) == sha512:
                source = {"Bucket": self._address.bucket, "Key": full, "VersionId": version}
                self._call("copy_object", Key=full, CopySource=source)
                log.warning(
                    "P-46 store %s: the newest version of a key was not the right one; it was put back", self._name
                )
                return True
        return False

    def prove(self) -> LockProof:
        """Try what the lock should refuse, on an object made for that: deleting it, and shortening its time.

        Raises:
            Unavailable: ``P-46`` where it cannot be tried.
        """
        full = self._full(_PROOF)
        self._clear_old(full)
        version = self._call("put_object", Key=full, Body=b"cunzhen lock proof\n").get("VersionId", "")
        until = datetime.now(UTC) + timedelta(days=1)
        self._hold(_PROOF, until)
        shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": until - timedelta(hours=12)}
        softer = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
        tries: dict[str, dict[str, object]] = {
            "shorten": {"Retention": shorter, "BypassGovernanceRetention": True},
            "soften": {"Retention": softer, "BypassGovernanceRetention": True},
            "delete": {},
            "delete_bypassing": {"BypassGovernanceRetention": True},
        }
        passed = []
        for name, words in tries.items():
            act = "put_object_retention" if "Retention" in words else "delete_object"
            if not self._is_refused(act, Key=full, VersionId=version, **words):
                passed.append(name)
        return LockProof(self._name, tuple(tries), tuple(passed))

    def _sha512(self, full: str, version: str) -> str:
        """Digest of one version; of one that somebody else wrote and keeps from us, nothing."""
        try:
            body = self._call("get_object", Key=full, VersionId=version)["Body"]
        except Unavailable as refusal:
            if refusal.params.get("answer") in _REFUSALS:
                return ""
            raise
        digest = hashlib.sha512()
        for block in body.iter_chunks(_BLOCK):
            digest.update(block)
        return digest.hexdigest()

    def _is_refused(self, name: str, **words: object) -> bool:
        try:
            self._call(name, **words)
        except Unavailable as refusal:
            if refusal.params.get("answer") in _REFUSALS:
                return True
            raise
        return False

    def _clear_old(self, full: str) -> None:
        """Take away the objects of earlier proofs whose time is over; the lock keeps the others."""
        for one in self._call("list_object_versions", Prefix=full).get("Versions", []):
            self._is_refused("delete_object", Key=one["Key"], VersionId=one["VersionId"])

    def _hold(self, key: str, until: datetime) -> None:
        wanted = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
        self._call("put_object_retention", Key=self._full(key), Retention=wanted)
        found = self._call("get_object_retention", Key=self._full(key)).get("Retention", {})
        # Services keep whole seconds.
        if found.get("Mode") != "COMPLIANCE" or found["RetainUntilDate"] < until - timedelta(seconds=2):
            raise refusals.lock_refused(
                self._name, "服务接受了锁定却没有保留。", "the service took the lock and did not keep it."
            )

    def _full(self, key: str) -> str:
        return f"{self._address.prefix}/{key}" if self._address.prefix else key

    def _call(self, name: str, **words: object) -> Any:
        act = getattr(self._client, name)
        exceptions = importlib.import_module("botocore.exceptions")
        try:
            return act(Bucket=self._address.bucket, **words)
        except (exceptions.ClientError, exceptions.BotoCoreError) as failure:
            code = getattr(failure, "response", {}).get("Error", {}).get("Code", type(failure).__name__)
            raise refusals.lock_refused(
                self._name, f"服务答复 {code}。请检查桶的设置和密钥的权限。", f"the service says {code}.", answer=code
            ) from None

    @cached_property
    def _client(self) -> Any:
        try:
            boto3 = importlib.import_module("boto3")
        except ImportError:
            raise _no_boto3(self._name) from None
        config = importlib.import_module("botocore.config").Config(
            retries={"total_max_attempts": 3, "mode": "standard"}
        )
        return boto3.client(
            "s3",
            endpoint_url=self._address.endpoint,
            region_name=self._address.region,
            aws_access_key_id=self._address.access_key,
            aws_secret_access_key=self._address.secret_key,
            config=config,
        )


def _no_boto3(name: str) -> Unavailable:
    return refusals.lock_refused(
        name,
        "没有安装 boto3。请安装扩展 cunzhen[object-lock]。",
        "boto3 is not installed; install the extra cunzhen[object-lock].",
    )
