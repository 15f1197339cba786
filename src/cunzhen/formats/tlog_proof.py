"""Files that prove offline that an entry stands in a log, as C2SP tlog-proof defines them."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass

from cunzhen.errors import Invalid
from cunzhen.formats import signed_note
from cunzhen.formats.tlog import HASH_BYTES, LEVEL_AT_MOST, leaf_hash, verify_inclusion

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Proof:
    """A ``.tlog-proof`` file: an entry's index, its audit path, a signed checkpoint, and data nobody vouches for."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def write_proof(proof: Proof) -> str:
    """The text of a ``.tlog-proof`` file."""
    extra = [] if proof.extra is None else [f"extra {base64.b64encode(proof.extra).decode()}"]
    path = [base64.b64encode(sibling).decode() for sibling in proof.hashes]
    return "\n".join([_HEADER, *extra, f"index {proof.index}", *path, "", proof.checkpoint])


def parse_proof(text: str) -> Proof:
    """Read a ``.tlog-proof`` file; nothing is verified yet.

    Raises:
        Invalid: ``L-06`` where it is malformed.
    """
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != _HEADER or not lines:
        raise _not_proof()
    extra = _decoded(lines.pop(0)[6:]) if lines[0].startswith("extra ") else None
    index = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines.pop(0) if lines else "", re.ASCII)
    hashes = tuple(_decoded(line) for line in lines)
    if index is None or len(hashes) > LEVEL_AT_MOST or any(len(sibling) != HASH_BYTES for sibling in hashes):
        raise _not_proof()
    return Proof(int(index[1]), hashes, checkpoint, extra)


def verify_proof(
    text: str, entry: bytes, verifiers: Collection[signed_note.Verifier], origin: str
) -> signed_note.Checkpoint:
    """The checkpoint under which the entry is proven to stand in the log.

    Args:
        entry: the entry's own bytes, from a source that the caller chose; the file's ``extra`` is not trusted.
        verifiers: keys that the caller trusts for this origin.

    Raises:
        Invalid: ``L-06`` where the proof is malformed or does not lead to the root; ``L-01`` to ``L-03`` where the
            checkpoint is not to be trusted.
    """
    proof = parse_proof(text)
    checkpoint = signed_note.open_checkpoint(proof.checkpoint, verifiers, origin)
    if not verify_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.hashes, checkpoint.root):
        raise Invalid("L-06", "证明不成立：该条目不在账本中。", "The proof fails: the entry is not in the log.")
    return checkpoint


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _not_proof() from None


def _not_proof() -> Invalid:
    return Invalid("L-06", "证明文件格式不对。", "The proof file is malformed.")
