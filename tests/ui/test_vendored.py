"""The browser libraries in the checkout are the published ones, with their licences, and nothing else beside them."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tools.vendor import LIBRARIES, RECORD, VENDOR, Library, entry

UI = VENDOR.parent.parent


def _recorded() -> list[dict[str, object]]:
    loaded: list[dict[str, object]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_every_file_has_its_recorded_hash(library: Library) -> None:
    files = {path.name: path.read_bytes() for path in (VENDOR / library.folder).iterdir()}
    assert entry(library, files) in _recorded()


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_every_library_carries_its_licence(library: Library) -> None:
    assert (VENDOR / library.folder / "LICENSE").read_text(encoding="utf-8").strip()
    assert library.licence in {"0BSD", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Apache-2.0"}


def test_nothing_unrecorded_is_shipped() -> None:
    recorded = {f"{line['name']}-{line['version']}/{name}" for line in _recorded() for name in dict(line["files"])}  # type: ignore[call-overload]
    shipped = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert shipped == recorded | {RECORD.name}


def test_a_changed_byte_is_noticed() -> None:
    library = LIBRARIES[0]
    files = {path.name: path.read_bytes() for path in (VENDOR / library.folder).iterdir()}
    files["htmx.min.js"] += b" "
    changed = entry(library, files)
    assert changed not in _recorded()
    assert hashlib.sha256(files["htmx.min.js"]).hexdigest() in json.dumps(changed)


def test_pages_name_only_vendored_files() -> None:
    named = {
        match
        for template in (UI / "templates").rglob("*.html")
        for match in re.findall(r'static "(vendor/[^"]+)"', template.read_text(encoding="utf-8"))
    }
    assert named
    assert [path for path in sorted(named) if not (UI / "static" / path).is_file()] == []
