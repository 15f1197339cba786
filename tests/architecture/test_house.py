"""The house rules that a program can check."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "cunzhen"
CODE = ("src", "tests", "tools", "bench")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONGEST_LINE = 120  # characters, remarks to the linters not counted
# What must stand in no tracked file: places of one machine, and hosts that packages come from. Written apart, so that
# this file does not find itself.
FORBIDDEN = [
    re.compile(rf"(?<![\w./-]){'/wo' + 'rk'}/"),
    re.compile(rf"(?<![\w./-]){'/ro' + 'ot'}/(?!\s)"),
    re.compile(rf"(?<![\w./-]){'/ho' + 'me'}/\w+"),
    re.compile(r"pypi\." + "org|pythonhosted" + r"\.org|registry\.npmjs\." + "org|deb\\.debian\\." + "org"),
    re.compile(r"(?i)--(extra-)?index" + "-url"),
    re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"),
]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
BINARY = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pdf", ".ofd", ".woff2", ".ttf", ".otf", ".zip", ".xlsx", ".webp"}


def _tracked() -> list[Path]:
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:  # an exported tree without git
        names = [p for p in ROOT.rglob("*") if p.is_file() and not {".venv", "var", ".git"} & set(p.parts)]
        return sorted(names)
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def _texts() -> Iterator[tuple[Path, str]]:
    for path in _tracked():
        if path.suffix.lower() in BINARY or "vendor" in path.parts:
            continue
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _python(*folders: str) -> list[Path]:
    paths = [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]
    return [p for p in paths if "migrations" not in p.parts]


def test_imports_run_downwards() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.parametrize("path", _python("src"), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name


def test_functions_are_mostly_short() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in _python("src")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(len(lengths) * 0.9)] <= 30


def test_lines_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _python(*CODE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(re.sub(r"  # (noqa|type: ignore).*", "", line)) > LONGEST_LINE
    ]
    assert long == []


def test_every_setting_is_documented() -> None:
    text = (SOURCE / "config" / "settings.py").read_text(encoding="utf-8")
    text += "".join(p.read_text(encoding="utf-8") for p in (SOURCE / "database").glob("*.py"))
    names = set(re.findall(r'"((?:CUNZHEN|DATABASE)_[A-Z_]+)"', text))
    assert {"CUNZHEN_HOME", "DATABASE_URL", "CUNZHEN_POSTGRES_BIN"} <= names
    guide = (ROOT / "docs" / "operator-guide.md").read_text(encoding="utf-8")
    assert sorted(n for n in names if n not in guide) == []


def test_settings_are_read_in_one_place() -> None:
    """Others take them from Django; the launcher runs before Django does, the command before both."""
    may = {SOURCE / "config" / "settings.py", SOURCE / "config" / "wsgi.py"}
    readers = [
        str(path.relative_to(ROOT))
        for path in _python("src")
        if path not in may
        and path.parent.name not in {"database", "cli"}
        and re.search(r"os\.environ|os\.getenv", path.read_text(encoding="utf-8"))
    ]
    # The fail points of the fault tests, and the readers' own child processes, which have no Django.
    allowed = ("formats/failpoints.py", "capture/readers.py")
    assert sorted(r for r in readers if not r.endswith(allowed)) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}"
        for path, text in _texts()
        for pattern in FORBIDDEN
        for hit in pattern.finditer(text)
    ]
    assert found == []


def test_no_identity_number_outside_samples_and_tests() -> None:
    found = [
        f"{path}: …{number[-4:]}"
        for path, text in _texts()
        if path.parts[0] not in {"samples", "tests", "requirements"}
        for number in re.findall(r"(?<![\dA-Fa-f])\d{17}[\dXx](?![\dA-Fa-f])", text)
        if _is_identity_number(number)
    ]
    assert found == []


def _is_identity_number(number: str) -> bool:
    """GB 11643-1999: a date that can be and the right check character."""
    month, day = int(number[10:12]), int(number[12:14])
    total = sum(int(d) * w for d, w in zip(number[:17], WEIGHTS, strict=True))
    return 1 <= month <= 12 and 1 <= day <= 31 and "10X98765432"[total % 11] == number[17].upper()


def test_this_test_can_find_what_it_looks_for() -> None:
    assert _is_identity_number("11010519491231002X")
    assert not _is_identity_number("110105194912310021")
    assert any(p.search(f"see {'/wo' + 'rk'}/main") for p in FORBIDDEN)
    assert not any(p.search("src/workshop, /workers/") for p in FORBIDDEN)


def test_no_library_comes_before_our_tests(tmp_path: Path) -> None:
    """Some install a package called ``tests``; the programs that tests start must find ours all the same."""
    library = tmp_path / "site-packages"
    (library / "tests").mkdir(parents=True)
    (library / "tests" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", "import tests; print(tests.__file__)"],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), str(library)])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(ROOT / "tests" / "__init__.py"), done.stderr


def test_lock_files_are_hashed_and_name_no_host() -> None:
    for name in ("product", "test"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
        assert pins
        assert all("==" in line for line in pins)
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(pins)
