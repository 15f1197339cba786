"""Where stores of packages are: a folder of this machine, or a prefix of a bucket in an S3 service."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Keys end at 1,024 bytes; the longest path inside a package and its folder leave this much for a prefix.
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_PREFIX_BYTES = 24
_LONGEST_LOCK_DAYS = 36_525

LookUp = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class S3Address:
    """A prefix of a bucket, and how to get there.

    Args:
        bucket, prefix: where packages lie; the prefix may be empty.
        endpoint: address of the service, with its scheme.
        region: as the service calls it.
        access_key, secret_key: of an account that this store alone uses; in no message and no log.
        lock_days: for how many days nobody may delete what is written (object lock, COMPLIANCE); 0 for none.
        authority: certificates (PEM) of the authority that signed the service's; empty for the system's.
        virtual_hosts: whether the bucket stands in the host's name instead of the path.
    """

    bucket: str
    prefix: str
    endpoint: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    lock_days: int = 0
    authority: str = field(default="", repr=False)
    virtual_hosts: bool = False

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


StorePlace = Path | S3Address


def read_stores(text: str, look_up: LookUp) -> dict[str, StorePlace]:
    """The stores that ``name=folder,name=s3://bucket/prefix`` names.

    Args:
        text: of the setting.
        look_up: a further setting of a store by its name, such as ``CUNZHEN_STORE_B_ENDPOINT``; empty where not set.

    Raises:
        ValueError: says in English what is wrong.
    """
    found: dict[str, StorePlace] = {}
    for part in text.split(","):
        name, equals, place = (word.strip() for word in part.partition("="))
        if not equals or not place or not _NAME.fullmatch(name):
            raise ValueError(f"{name[:60]!r} is not followed by =folder or =s3://bucket/prefix")
        if _variable(name) in {_variable(other) for other in found}:
            raise ValueError(f"two stores are called {name!r}")
        found[name] = _s3_address(name, place, look_up) if place.startswith("s3:") else Path(place).resolve()
    _require_apart(found)
    return found


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _require_apart(stores: dict[str, StorePlace]) -> None:
    """Two copies in one place are one copy."""
    names = list(stores)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            if _overlap(stores[one], stores[other]):
                raise ValueError(f"stores {one!r} and {other!r} lie in the same place")


def _overlap(one: StorePlace, other: StorePlace) -> bool:
    if isinstance(one, Path) and isinstance(other, Path):
        return one == other or one in other.parents or other in one.parents
    if isinstance(one, S3Address) and isinstance(other, S3Address):
        first, second = f"{one.prefix}/".lstrip("/"), f"{other.prefix}/".lstrip("/")
        same = (one.endpoint, one.bucket) == (other.endpoint, other.bucket)
        return same and (first.startswith(second) or second.startswith(first))
    return False


def _s3_address(name: str, place: str, look_up: LookUp) -> S3Address:
    parts = urlsplit(place)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or parts.query or parts.fragment:
        raise ValueError(f"store {name!r}: its place is not s3://bucket/prefix")
    if prefix and (not _PREFIX.fullmatch(prefix) or len(prefix) > _PREFIX_BYTES):
        raise ValueError(f"store {name!r}: a prefix has up to {_PREFIX_BYTES} letters, digits and . _ - /")
    given = {key: look_up(f"CUNZHEN_STORE_{_variable(name)}_{key}") for key in _SETTINGS}
    for key in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY"):
        if not given[key]:
            raise ValueError(f"store {name!r} needs CUNZHEN_STORE_{_variable(name)}_{key}")
    return S3Address(
        bucket=parts.netloc,
        prefix=prefix,
        endpoint=_endpoint(name, given["ENDPOINT"], plain=given["PLAIN_HTTP"] == "1"),
        region=given["REGION"] or "us-east-1",
        access_key=given["ACCESS_KEY"],
        secret_key=given["SECRET_KEY"],
        lock_days=_days(name, given["LOCK_DAYS"] or "0"),
        authority=given["AUTHORITY"],
        virtual_hosts=given["VIRTUAL_HOSTS"] == "1",
    )


_SETTINGS = (
    "ENDPOINT",
    "REGION",
    "ACCESS_KEY",
    "SECRET_KEY",
    "LOCK_DAYS",
    "AUTHORITY",
    "VIRTUAL_HOSTS",
    "PLAIN_HTTP",
)


def _endpoint(name: str, text: str, *, plain: bool) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"store {name!r}: its endpoint must look like https://host:port")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"store {name!r}: no name or password belongs into its endpoint")
    if parts.scheme == "http" and not plain and not _is_this_machine(parts.hostname):
        raise ValueError(f"store {name!r}: http:// needs CUNZHEN_STORE_{_variable(name)}_PLAIN_HTTP=1")
    return text.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _days(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > _LONGEST_LOCK_DAYS:
        raise ValueError(f"store {name!r}: the days of its lock must lie between 0 and {_LONGEST_LOCK_DAYS}")
    return int(text)
