"""Where stores are: what settings may say, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cunzhen.formats.store_address import S3Address, read_stores

KEYS = {
    "CUNZHEN_STORE_C_ENDPOINT": "https://objects.example:9000/",
    "CUNZHEN_STORE_C_ACCESS_KEY": "name-of-c",
    "CUNZHEN_STORE_C_SECRET_KEY": "secret-of-c",
}


def _read(text: str, **changes: str) -> dict[str, object]:
    values = KEYS | {f"CUNZHEN_STORE_C_{key}": value for key, value in changes.items()}
    return dict(read_stores(text, lambda name: values.get(name, "")))


def test_folders_and_buckets(tmp_path: Path) -> None:
    found = _read(f"a={tmp_path}/a, c=s3://archive/linxian/2026", LOCK_DAYS="3650")
    assert found["a"] == tmp_path / "a"
    place = found["c"]
    assert isinstance(place, S3Address)
    assert (place.bucket, place.prefix, place.endpoint, place.region) == (
        "archive", "linxian/2026", "https://objects.example:9000", "us-east-1"
    )  # fmt: skip
    assert (place.access_key, place.secret_key, place.lock_days) == ("name-of-c", "secret-of-c", 3650)
    assert str(place) == "s3://archive/linxian/2026"
    assert "secret-of-c" not in f"{place!r}{place}{found}"
    assert "name-of-c" not in f"{place!r}{place}{found}"


def test_each_store_has_keys_of_its_own() -> None:
    with pytest.raises(ValueError, match="CUNZHEN_STORE_SITE_B_ENDPOINT"):
        _read("site-b=s3://archive/x")
    for key in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY"):
        with pytest.raises(ValueError, match=f"CUNZHEN_STORE_C_{key}"):
            _read("c=s3://archive", **{key: ""})


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a=", "=/x", "a b=/x", "a/b=/x", "a=/x,,b=/y", "é=/x",
        "a=/x,a=/y", "a-b=/x,a_b=/y", "a=/x,A=/y",
        "a=/x,b=/x", "a=/x,b=/x/y", "a=/x/y,b=/x", "a=/x,b=/x/../x",
        "c=s3://", "c=s3://A", "c=s3://ab/?q", "c=s3://archive/a b", "c=s3://archive/../x",
        "c=s3://archive/aaaaaaaaaaaaaaaaaaaaaaaaa", "c=s3:archive", f"{'n' * 41}=/x",
    ],
)  # fmt: skip
def test_what_is_no_list_of_stores(text: str) -> None:
    with pytest.raises(ValueError):
        _read(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ENDPOINT", "objects.example"), ("ENDPOINT", "ftp://objects.example"), ("ENDPOINT", "https://a/b"),
        ("ENDPOINT", "https://name:hush@objects.example"), ("ENDPOINT", "http://objects.example"),
        ("LOCK_DAYS", "-1"), ("LOCK_DAYS", "1.5"), ("LOCK_DAYS", "99999"), ("LOCK_DAYS", "x"),
    ],
)  # fmt: skip
def test_settings_of_a_bucket_that_cannot_be(key: str, value: str) -> None:
    with pytest.raises(ValueError) as refusal:
        _read("c=s3://archive", **{key: value})
    assert "secret" not in str(refusal.value)
    assert "hush" not in str(refusal.value)


def test_plain_http_is_for_this_machine_or_said_on_purpose() -> None:
    for endpoint in ("http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"):
        assert _read("c=s3://archive", ENDPOINT=endpoint)
    assert _read("c=s3://archive", ENDPOINT="http://objects.example", PLAIN_HTTP="1")


def test_a_secret_in_the_place_is_refused_without_being_told() -> None:
    with pytest.raises(ValueError) as refusal:
        _read("c=s3://name:word-of-c@archive/x")
    assert "word-of-c" not in str(refusal.value)


def test_two_copies_in_one_bucket_and_prefix_are_one() -> None:
    values = KEYS | {name.replace("_C_", "_D_"): value for name, value in KEYS.items()}
    for second in ("s3://archive/x", "s3://archive/x/y", "s3://archive"):
        with pytest.raises(ValueError, match="same place"):
            read_stores(f"c=s3://archive/x,d={second}", lambda name: values.get(name, ""))
    assert len(read_stores("c=s3://archive/x,d=s3://archive/xy", lambda name: values.get(name, ""))) == 2
