"""ocfl-py, another program than ours, says whether a storage root and its objects are valid OCFL."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ocfl.layout import Layout
from ocfl.layout_registry import add_layout
from ocfl.storage_root import StorageRoot
from ocfl.validator import Validator

NAME = "0004-hashed-n-tuple-storage-layout"


class _HashedTuples(Layout):  # type: ignore[misc]
    """The layout that ocfl-py does not know, from the text of the extension; its validator needs only the name."""

    def __init__(self) -> None:
        super().__init__()
        self.NAME, self.DESCRIPTION = NAME, "hashed n-tuples"
        self.PARAMS: dict[str, object] = {}

    def identifier_to_path(self, identifier: str) -> str:
        digest = hashlib.sha256(identifier.encode()).hexdigest()
        return "/".join([digest[0:3], digest[3:6], digest[6:9], digest])


add_layout(NAME, _HashedTuples)


def assert_valid_root(root: Path, objects: int) -> None:
    """Every object valid, none missing, nothing else in the tree."""
    found = StorageRoot(root=str(root))
    valid = found.validate(log_errors=True)
    assert valid, str(found.log)
    assert (found.num_objects, found.good_objects) == (objects, objects), found.errors
    for place in found.object_paths():
        identifier = json.loads((root / place / "inventory.json").read_bytes())["id"]
        assert place == _HashedTuples().identifier_to_path(identifier)


def verdict(folder: Path) -> tuple[bool, str]:
    """Whether one object is valid, warnings and errors in words."""
    validator = Validator(log_warnings=True, log_errors=True)
    valid = validator.validate_object(str(folder))
    return valid, validator.status_str()
