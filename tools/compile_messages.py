"""Compile the English catalogues and say which screen texts still lack English.

Run `python -m tools.compile_messages` after changing a text: it writes django.mo beside every django.po of the
package. `--check` writes nothing; it exits 1 when a text has no English, an entry is no longer used, or a compiled
catalogue is older than its source. Screen texts are Chinese in the sources, so only English needs a catalogue.
"""

from __future__ import annotations

import argparse
import ast
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "cunzhen"
CATALOGUE = "locale/en/LC_MESSAGES/django.po"

_TEXT = r'"([^"\n]*)"'
_TRANS = re.compile(r"\{%\s*trans(?:late)?\s+" + _TEXT)
_ARGUMENT = re.compile(r"_\(" + _TEXT + r"\)")
_BLOCK = re.compile(r"\{%\s*blocktrans(?:late)?\b[^%]*%\}(.*?)\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL)
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)^msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_MO_MAGIC = 0x950412DE


def source_texts(room: Path) -> set[str]:
    """Every text that the templates and modules of one room hand to gettext."""
    templates = {text for path in room.rglob("*.html") for text in template_texts(path.read_text(encoding="utf-8"))}
    modules = {text for path in room.rglob("*.py") for text in module_texts(path.read_text(encoding="utf-8"))}
    return templates | modules


def template_texts(source: str) -> Iterator[str]:
    """Texts of one template, as gettext knows them: variables of a block stand as %(name)s."""
    for pattern in (_TRANS, _ARGUMENT):
        yield from pattern.findall(source)
    for block in _BLOCK.findall(source):
        yield _VARIABLE.sub(r"%(\1)s", block.replace("%", "%%"))


def module_texts(source: str) -> Iterator[str]:
    """Texts of one Python module: the first argument of ``_`` and ``gettext``."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        text = node.args[0]
        if node.func.id in {"_", "gettext"} and isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield text.value


def read_po(text: str) -> dict[str, str]:
    """The entries of a catalogue in order, its header under the empty text. Plural and context forms are not used."""
    return {_joined(msgid): _joined(msgstr) for msgid, msgstr in _ENTRY.findall(text)}


def _joined(parts: str) -> str:
    return "".join(str(ast.literal_eval(part)) for part in re.findall(r'"(?:[^"\\]|\\.)*"', parts))


def write_mo(entries: Mapping[str, str]) -> bytes:
    """The same entries in the compiled form of GNU gettext, revision 0: two sorted tables, then the strings."""
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    tables_at, strings_at = 28, 28 + 16 * len(pairs)
    tables, strings = b"", b""
    for column in (0, 1):
        for pair in pairs:
            tables += struct.pack("<II", len(pair[column]), strings_at + len(strings))
            strings += pair[column] + b"\0"
    head = struct.pack("<7I", _MO_MAGIC, 0, len(pairs), tables_at, tables_at + 8 * len(pairs), 0, strings_at)
    return head + tables + strings


def problems(package: Path = PACKAGE) -> list[str]:
    """What is missing, left over or out of date in the catalogues of a package, a line each."""
    rooms = sorted(path for path in package.iterdir() if path.is_dir())
    catalogues = {room: _catalogue(room) for room in rooms}
    english = {text for entries in catalogues.values() for text, said in entries.items() if said}
    found: list[str] = []
    for room in rooms:
        texts = source_texts(room)
        found += [f"{room.name}: no English for {text!r}" for text in sorted(texts - english)]
        found += [f"{room.name}: no longer used: {text!r}" for text in sorted(catalogues[room].keys() - texts - {""})]
        po = room / CATALOGUE
        if po.exists() and _compiled(po) != write_mo(catalogues[room]):
            found.append(f"{room.name}: the compiled catalogue is out of date")
    return found


def _catalogue(room: Path) -> dict[str, str]:
    po = room / CATALOGUE
    return read_po(po.read_text(encoding="utf-8")) if po.exists() else {}


def _compiled(po: Path) -> bytes:
    mo = po.with_suffix(".mo")
    return mo.read_bytes() if mo.exists() else b""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile every catalogue; 1 when something is missing or left over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if not parser.parse_args(arguments).check:
        for po in sorted(PACKAGE.glob(f"*/{CATALOGUE}")):
            po.with_suffix(".mo").write_bytes(write_mo(read_po(po.read_text(encoding="utf-8"))))
    found = problems()
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
