"""Files that a door hands over in blocks, on a disk of ours for as long as an operation needs them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath


@contextmanager
def on_disk(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[list[tuple[Path, str]]]:
    """Write files out; they go when the context is left.

    Args:
        files: name and content in blocks of each.

    Yields:
        where each lies, and its name.
    """
    with ExitStack() as stack:
        found = []
        for name, blocks in files:
            copy = stack.enter_context(tempfile.NamedTemporaryFile(suffix=_suffix(name)))
            copy.writelines(blocks)
            copy.flush()
            found.append((Path(copy.name), name))
        yield found


def _suffix(name: str) -> str:
    """Of a name from outside, fit for a file of ours: formats are told by content, a name's ending only helps."""
    suffix = PurePosixPath(name).suffix
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 6 else ""
