"""A prefix of a bucket in an S3 service: what is written is read back, what fails is tried again for a while.

Services ignore conditions and checksums, drop what they acknowledged, cut bodies short or alter them, and answer with
errors that mean nothing. So a condition and a checksum are always sent, but only bytes that were read back with the
right SHA-512 count as written. Tries are bounded, with random pauses, within a deadline.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store as Client

from cunzhen.errors import Unavailable
from cunzhen.formats.durable import unavailable
from cunzhen.formats.store_address import S3Address
from cunzhen.preservation import bucket_refusals as refusals
from cunzhen.preservation.bucket_values import Body, Limits, Listed, Patience

if TYPE_CHECKING:
    from obstore.store import S3Credential

# The smallest part of a multipart upload is 5 MiB; parts and ranges of this size bound memory and single requests.
PART = 8 * 1024 * 1024
_MOST_PARTS = 9_000
_IN_MEMORY = 4 * 1024 * 1024
_LARGEST_UNKNOWN = 64 * 1024 * 1024  # no journal, card or inventory grows beyond this
_ATTEMPTS = 6
_DENIED_ATTEMPTS = 2
_FAILURES = (BaseError, OSError)
_T = TypeVar("_T")
_A = TypeVar("_A")


class Bucket:
    """One prefix of one bucket.

    Args:
        name: what settings call the store; stands in messages.
        address: where it is.
        limits: how long it is tried.
        spool: folder of this machine for what is too large for memory; files in it have no names.
    """

    def __init__(self, name: str, address: S3Address, limits: Limits, spool: Path) -> None:
        self.name = name
        self.limits = limits
        self._client = _client(address, limits)
        self._spool = spool

    def patience(self, byte_count: int = 0) -> Patience:
        """Time for one act: the deadline, and a second for every megabyte."""
        return Patience(self.limits.deadline + byte_count / 1_000_000)

    def put(self, key: str, body: Body, patience: Patience, *, replace: bool = False) -> None:
        """Write a key and read it back; returns only when the right bytes were read.

        Args:
            key: below the prefix.
            body: what to write.
            patience: of the act that this belongs to.
            replace: whether another content may be there.

        Raises:
            Conflict: ``P-02`` other bytes are there already.
            Unavailable: ``P-42`` to ``P-45``.
        """
        mine = replace  # whether what lies there can only be ours
        for attempt in range(_ATTEMPTS):
            failure = self._try_put(key, body, overwrite=mine)
            # An answer that got lost, and bytes that came out wrong, are both told from what can be read now.
            found, unread = self._read_back(key, body.size)
            if found == body.sha512:
                return
            taken = isinstance(failure, AlreadyExistsError)
            mine = mine or not taken
            last = failure or unread
            if attempt + 1 == _ATTEMPTS or _is_final(last, attempt) or not patience.pause(attempt):
                raise refusals.put_refused(self.name, last, acknowledged=failure is None, taken=taken and bool(found))
        raise AssertionError("the last attempt returns or raises")

    def read(self, key: str, patience: Patience) -> bytes | None:
        """The bytes of a small key; None where there is none.

        Raises:
            Unavailable: ``P-42``, ``P-44``.
        """
        return self._patiently(lambda: self._whole(key), patience)

    def sha512(self, key: str, size: int, patience: Patience) -> str | None:
        """Digest of what can be read now; None where there is none.

        Args:
            key: below the prefix.
            size: that it is expected to have; decides how it is asked for.
        """
        return self._patiently(lambda: self._sha512_once(key, size), patience)

    def size(self, key: str, patience: Patience) -> int | None:
        """Size of a key by its head, None where there is none: asked of the key itself, not of a listing."""
        return self._patiently(lambda: self._size(key), patience)

    def open(self, key: str, patience: Patience) -> BinaryIO | None:
        """A copy of a key's bytes on this machine, to be read from its beginning; None where there is none."""
        size = self.size(key, patience)
        return None if size is None else self._patiently(lambda: self._fetched(key, size), patience)

    def listed(self, prefix: str, patience: Patience) -> Iterator[Listed]:
        """Every key below a prefix (by whole path segments), in the order of the service."""
        last, attempt = "", 0
        while True:
            try:
                for chunk in self._client.list(prefix or None, offset=last or None, chunk_size=1000):
                    for one in chunk:
                        last, attempt = one["path"], 0
                        yield Listed(last, one["size"], one["last_modified"])
                return
            except _FAILURES as failure:
                attempt += 1
                if attempt == _ATTEMPTS or _is_final(failure, attempt) or not patience.pause(attempt):
                    raise refusals.refused(self.name, failure) from None

    def has_any(self, prefix: str, patience: Patience) -> bool:
        """Whether a listing has any key below a prefix."""
        return next(iter(self.listed(prefix, patience)), None) is not None

    def move(self, source: str, target: str, patience: Patience) -> None:
        """Copy a key inside the service, compare the copy with it, then delete it; a key that is gone already is fine.

        Raises:
            Unavailable: ``P-42`` to ``P-45``.
        """
        size = self.size(source, patience)
        if size is None:
            return
        digest = self.sha512(source, size, patience)

        def copied() -> bool:
            self._client.copy(source, target, overwrite=True)
            return self._sha512_once(target, size) == digest

        if digest is not None and not self._patiently(copied, patience):
            raise refusals.put_refused(self.name, None, acknowledged=True)
        self.delete(source, patience)

    def delete(self, key: str, patience: Patience) -> None:
        """Take a key away; one that is not there is fine.

        Raises:
            Unavailable: ``P-42``, ``P-44``.
        """

        def deleted() -> None:
            with suppress(FileNotFoundError):
                self._client.delete(key)

        self._patiently(deleted, patience)

    def side_by_side(self, act: Callable[[_A], object], things: Sequence[_A], patience: Patience) -> None:
        """One act on each of some things, as many at a time as there are connections; the first refusal ends all."""
        if not things:
            return
        with ThreadPoolExecutor(max_workers=self.limits.connections, thread_name_prefix="s3") as pool:
            running = {pool.submit(act, thing) for thing in things}
            done, waiting = wait(running, return_when=FIRST_EXCEPTION)
            if waiting:
                patience.ended.set()
                for one in waiting:
                    one.cancel()
        refused = [one.exception() for one in done if one.exception() is not None]
        if refused:
            raise refused[0] or AssertionError("unreachable")

    def spooled(self) -> BinaryIO:
        """A file of this machine without a name.

        Raises:
            Unavailable: ``P-10``, ``P-11``.
        """
        try:
            self._spool.mkdir(parents=True, exist_ok=True, mode=0o700)
            return TemporaryFile(dir=self._spool)  # whoever asks closes it
        except OSError as error:
            raise unavailable(error, refusals.SPOOL) from error

    def _patiently(self, act: Callable[[], _T], patience: Patience) -> _T:
        for attempt in range(_ATTEMPTS):
            try:
                return act()
            except Unavailable:
                raise
            except _FAILURES as failure:
                if attempt + 1 == _ATTEMPTS or _is_final(failure, attempt) or not patience.pause(attempt):
                    raise refusals.refused(self.name, failure) from None
        raise AssertionError("the last attempt returns or raises")

    def _try_put(self, key: str, body: Body, *, overwrite: bool) -> Exception | None:
        """One try; what went wrong, None where the service said that nothing did."""
        try:
            if body.size <= PART:
                data = b"".join(body.blocks(PART))
                self._client.put(key, data, mode="overwrite" if overwrite else "create", use_multipart=False)
            elif overwrite or self._size(key) is None:
                # A multipart upload takes no condition.
                part = max(PART, body.size // _MOST_PARTS + 1)
                self._client.put(key, body.blocks(part), use_multipart=True, chunk_size=part, max_concurrency=2)
            else:
                return AlreadyExistsError()
        except _FAILURES as failure:
            return failure
        return None

    def _read_back(self, key: str, size: int) -> tuple[str | None, Exception | None]:
        try:
            return self._sha512_once(key, size), None
        except _FAILURES as failure:
            return None, failure

    def _whole(self, key: str) -> bytes | None:
        try:
            return b"".join(self._blocks(key, None))
        except FileNotFoundError:
            return None

    def _size(self, key: str) -> int | None:
        try:
            return int(self._client.head(key)["size"])
        except FileNotFoundError:
            return None

    def _sha512_once(self, key: str, size: int) -> str | None:
        """Digest, None where there is no such key, and of less than everything where its size is another."""
        digest = hashlib.sha512()
        try:
            for block in self._blocks(key, size):
                digest.update(block)
        except FileNotFoundError:
            return None
        return digest.hexdigest()

    def _fetched(self, key: str, size: int) -> BinaryIO | None:
        stream: BinaryIO = BytesIO() if size <= _IN_MEMORY else self.spooled()
        try:
            for block in self._blocks(key, size):
                self._spool_block(stream, block)
        except FileNotFoundError:
            stream.close()
            return None
        stream.seek(0)
        return stream

    def _spool_block(self, stream: BinaryIO, block: bytes) -> None:
        try:
            stream.write(block)
        except OSError as error:
            raise unavailable(error, refusals.SPOOL) from error

    def _blocks(self, key: str, size: int | None) -> Iterator[bytes]:
        """All bytes of a key; a large one by ranges, so that no request has to last long.

        Args:
            size: that it should have; of a key with another one a block of another size is given and no more.
        """
        if size is None or size <= PART:
            answer = self._client.get(key)
            most = _LARGEST_UNKNOWN if size is None else size
            yield bytes(answer.bytes()) if answer.meta["size"] <= most else bytes(most + 1)
            return
        for low in range(0, size, PART):
            # One byte more than there should be, so that a key that is too long does not pass.
            high = low + PART if low + PART < size else size + 1
            yield bytes(self._client.get(key, options={"range": (low, high)}).bytes())


def _is_final(failure: Exception | None, attempt: int) -> bool:
    """Whether another try cannot help; a refusal of access may be a passing one, once."""
    return isinstance(failure, PermissionDeniedError | UnauthenticatedError) and attempt + 1 >= _DENIED_ATTEMPTS


def _client(address: S3Address, limits: Limits) -> Client:
    options: dict[str, object] = {
        "allow_http": address.endpoint.startswith("http://"),
        "timeout": timedelta(seconds=limits.timeout),
        "connect_timeout": timedelta(seconds=min(5.0, limits.timeout)),
    }
    if address.authority:
        options["root_certificate"] = address.authority
    # The keys come by a function, so that no variable of the environment can mix in, and no text of the client has
    # them.
    return Client(
        address.bucket,
        prefix=address.prefix or None,
        config={
            "endpoint": address.endpoint,
            "region": address.region,
            "checksum_algorithm": "SHA256",
            "virtual_hosted_style_request": address.virtual_hosts,
            "skip_signature": False,
        },
        client_options=options,  # type: ignore[arg-type]
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=limits.timeout)},
        credential_provider=partial(_credential, address),
    )


def _credential(address: S3Address) -> S3Credential:
    return {
        "access_key_id": address.access_key,
        "secret_access_key": address.secret_key,
        "token": None,
        "expires_at": None,
    }
