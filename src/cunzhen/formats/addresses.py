"""Addresses of other machines."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def is_address(url: str) -> bool:
    """Whether something is an http or https address without query or fragment."""
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and has_port and not parts.fragment


def without_password(url: str) -> str:
    """An address as it may be shown: name and password are left out."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
