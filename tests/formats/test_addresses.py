"""Addresses of other machines: which are some, and what of them may be shown."""

from __future__ import annotations

import pytest

from cunzhen.formats.addresses import is_address, without_password


@pytest.mark.parametrize(
    "url", ["http://tsa.example", "https://tsa.example:8443/a/b?c=d", "https://a:b@10.0.0.1/", "http://[::1]:80/"]
)
def test_some(url: str) -> None:
    assert is_address(url)


@pytest.mark.parametrize(
    "url",
    ["", "tsa.example", "file:///etc/hostname", "ftp://tsa.example/", "http://", "https:///tsa", "http://a:b@c:d/",
     "http://[::1/", "http://tsa.example:99999/", "javascript:alert(1)", "https://tsa.example/#x"],
)  # fmt: skip
def test_none(url: str) -> None:
    assert not is_address(url)


def test_a_password_is_not_shown() -> None:
    assert without_password("https://a:b%40@tsa.example:8443/x") == "https://tsa.example:8443/x"
    assert without_password("https://tsa.example/x") == "https://tsa.example/x"
