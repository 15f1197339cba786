"""What somebody takes along who wants to prove an entry elsewhere: proof, keys, and a program that needs neither us nor
a network.
"""

from __future__ import annotations

import io
import zipfile
from importlib.resources import files

from django.conf import settings

from cunzhen.formats import cosignature
from cunzhen.ledger import tiles

PROGRAM = "check_proof.py"
_KEYS = "keys.txt"
# The same bytes each time: a zip's own times would say when it was packed, which proves nothing.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def proof_package(proof: str, name: str, read_me: str) -> bytes:
    """A zip with the proof, the public keys, the program that checks it and a word to the reader.

    Args:
        proof: text of a ``.tlog-proof`` file.
        name: of that file, without the suffix.
        read_me: what the reader is told first.
    """
    program = files("cunzhen.ledger").joinpath(PROGRAM).read_bytes()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as out:
        for path, data in (
            (f"{name}.tlog-proof", proof.encode()),
            (_KEYS, public_keys().encode()),
            (PROGRAM, program),
            ("说明.txt", read_me.encode()),
        ):
            out.writestr(zipfile.ZipInfo(path, _NO_TIME), data)
    return content.getvalue()


def public_keys() -> str:
    """The ledger's key and those of its witnesses, one a line."""
    own = [
        "# 账本公钥。请与机构公布的、或另处留存的核对。 The ledger's key: compare it with one kept elsewhere.",
        tiles.own_vkey().strip(),
    ]
    witnesses = [cosignature.make_witness_key(one.witness.name, one.witness.public) for one in settings.WITNESSES]
    note = "# 见证人公钥，请向见证机构核对。 Keys of witnesses: ask them."
    return "\n".join([*own, *([note, *witnesses] if witnesses else []), ""])
