"""Fetch the browser libraries again from their published packages and hold them to the recorded hashes.

Run `python -m tools.vendor` to re-create the folder `static/vendor/`, or `python -m tools.vendor --record` after
changing a version in LIBRARIES, which writes the new hashes. `npm pack` is asked; which registry answers is npm's
own setting, so a closed network points npm at its mirror. The product itself never runs npm.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "src" / "cunzhen" / "ui" / "static" / "vendor"
RECORD = VENDOR / "VENDORED.json"


@dataclass(frozen=True)
class Library:
    """One published package and the members of it that pages load."""

    name: str
    version: str
    licence: str
    members: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder under static/vendor, named so that two versions can stand side by side."""
        return f"{self.name}-{self.version}"


LIBRARIES = (
    Library("htmx.org", "2.0.11", "0BSD", ("dist/htmx.min.js", "LICENSE")),
    Library("idiomorph", "0.8.0", "0BSD", ("dist/idiomorph-ext.min.js", "LICENSE")),
    # The map comes along because hashed static files refuse a script whose source map is missing.
    Library("tus-js-client", "4.3.1", "MIT", ("dist/tus.min.js", "dist/tus.min.js.map", "LICENSE")),
)


def unpack(library: Library) -> dict[str, bytes]:
    """The wanted members of one package as published, by file name.

    Errors: CalledProcessError when npm fails, KeyError when the package lacks a member.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"{library.name}@{library.version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
        )
        archive = next(Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as packed:
            return {Path(member).name: _member(packed, member) for member in library.members}


def entry(library: Library, files: dict[str, bytes]) -> dict[str, object]:
    """The line of VENDORED.json for one library: what it is and the SHA-256 of each file."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return {"name": library.name, "version": library.version, "licence": library.licence, "files": hashes}


def main(arguments: Sequence[str] | None = None) -> int:
    """Re-create every library; 1 when a published file differs from the recorded hash, and nothing is written then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the hashes of what was fetched")
    record = parser.parse_args(arguments).record
    fetched = {library: unpack(library) for library in LIBRARIES}
    entries = [entry(library, files) for library, files in fetched.items()]
    if not record and entries != json.loads(RECORD.read_text(encoding="utf-8")):
        print("The published files differ from VENDORED.json; nothing was written.")
        return 1
    for library, files in fetched.items():
        _write(VENDOR / library.folder, files)
    RECORD.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    return 0


def _member(packed: tarfile.TarFile, member: str) -> bytes:
    content = packed.extractfile(f"package/{member}")
    if content is None:
        raise KeyError(member)
    return content.read()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    raise SystemExit(main())
