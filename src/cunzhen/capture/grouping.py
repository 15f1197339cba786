"""Which files make one item: pure rules on relative paths.

1. The sender's catalogue names them; otherwise
2. the images of one folder whose names are only serials (``001.jpg``, ``第2页.png``) are one item;
3. images with a common stem and consecutive serials from 0 or 1 (``审批表_1.jpg``, ``审批表_2.jpg``) are one item;
4. every other file is one item. A PDF, TIFF or OFD holds its own pages and is never a page of something else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

_PAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".jp2", ".tif", ".tiff"})
_SERIAL = re.compile(r"^(?P<stem>.*?)[\s_\-.·]*(?:第|p|P|page)?[(（\[]?(?P<serial>\d{1,4})[)）\]]?\s*页?$")
_LEAST = 2


@dataclass(frozen=True)
class Group:
    """Files of one item in page order, and what the item is called on the way in."""

    name: str
    paths: tuple[str, ...]


def group_files(paths: Sequence[str], catalogued: Mapping[str, Sequence[str]] | None = None) -> list[Group]:
    """Group relative POSIX paths into items, in natural order of their names.

    Args:
        paths: the files received, without duplicates.
        catalogued: item name to its paths, as the sender's catalogue hangs them; these win over the names' pattern.
    """
    groups = [Group(name, tuple(files)) for name, files in (catalogued or {}).items() if files]
    taken = {p for g in groups for p in g.paths}
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        if path not in taken:
            by_folder[str(PurePosixPath(path).parent)].append(path)
    for folder, files in by_folder.items():
        groups += _group_folder(folder, files)
    return sorted(groups, key=lambda g: natural_key(g.paths[0]))


def _group_folder(folder: str, files: Sequence[str]) -> list[Group]:
    runs: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    singles: list[str] = []
    for path in files:
        pure = PurePosixPath(path)
        match = _SERIAL.match(pure.stem)
        if match and pure.suffix.lower() in _PAGE_SUFFIXES:
            runs[(match["stem"], pure.suffix.lower())].append((int(match["serial"]), path))
        else:
            singles.append(path)
    groups: list[Group] = []
    for (stem, _), members in runs.items():
        members.sort()
        if _is_run(stem, [serial for serial, _ in members], folder):
            name = f"{folder}/{stem}" if stem and folder != "." else stem or folder
            groups.append(Group(name, tuple(path for _, path in members)))
        else:
            singles += [path for _, path in members]
    return groups + [Group(path, (path,)) for path in singles]


def _is_run(stem: str, serials: Sequence[int], folder: str) -> bool:
    """Consecutive from 0 or 1. Bare serials make an item only inside a folder of their own, not loose in the pile."""
    if len(serials) < _LEAST or (not stem and folder == "."):
        return False
    return serials[0] in {0, 1} and all(b - a == 1 for a, b in pairwise(serials))


def natural_key(path: str) -> list[tuple[int, int, str]]:
    """Sort key under which page 2 comes before page 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", path) if part]
