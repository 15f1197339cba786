"""What the ledger proves of one item: the entry of its filing, under a head that others have signed too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from cunzhen.errors import Missing, Unavailable
from cunzhen.formats import signed_note, tlog_proof
from cunzhen.holdings.models import Item
from cunzhen.holdings.rules import FILING_OPS
from cunzhen.ledger.proof_package import proof_package
from cunzhen.ledger.queries import first_entry, proof
from cunzhen.ledger.witnesses import seen_by


@dataclass(frozen=True)
class ItemProof:
    """The entry of an item's filing, just now found to lead to a signed head.

    Args:
        number: of the entry.
        size, root_hex: of the head.
        seen: witnesses that signed that head, and when each did (aware).
        text: the ``.tlog-proof`` file.
    """

    number: int
    size: int
    root_hex: str
    seen: tuple[tuple[str, datetime], ...]
    text: str


def proof_of(item: Item) -> ItemProof:
    """Prove an item's filing anew: row, tiles and signed head must agree, and the digest must be the item's.

    Raises:
        Missing: ``L-60`` while the entry has no number, ``L-16`` or ``L-17`` while it is not published.
        Unavailable: ``L-13`` where the ledger disagrees with itself, ``L-62`` where the catalogue's digest is not the
            one that was recorded, ``L-63`` where it knows nothing of the filing.
    """
    entry = first_entry(item.id, FILING_OPS)
    if entry is None:
        raise Unavailable(
            "L-63",
            "账本中找不到这件档案的归档记录：记录被删，或目录被改动。请通知安全审计员，运行 cunzhen verify。",
            "The ledger has no entry of this item's filing: it was taken out, or the catalogue was altered. Run "
            "cunzhen verify.",
        )
    if entry[1] is None:
        raise Missing(
            "L-60", "这件档案的归档记录还没有编号，请稍后再试。", "The entry has no number yet; try again soon."
        )
    text = proof(entry[1])
    read = tlog_proof.parse_proof(text)
    head = signed_note.parse_checkpoint_text(signed_note.parts(read.checkpoint)[0])
    said = {part["id"]: part["sha256"] for part in json.loads(read.extra or b"{}")["subjects"]}
    if said.get(str(item.id)) != item.content_sha256:
        raise Unavailable(
            "L-62",
            "目录中的内容摘要与归档时记入账本的不同：目录被改动过。请通知安全审计员，运行 cunzhen verify。",
            "The catalogue's digest is not the one recorded at filing: the catalogue was altered. Run cunzhen verify.",
        )
    return ItemProof(entry[1], head.size, head.root.hex(), tuple(seen_by(read.checkpoint)), text)


def packed_proof(item: Item) -> bytes:
    """The proof as a zip that can be checked anywhere.

    Raises:
        Missing, Unavailable: as ``proof_of``.
    """
    found = proof_of(item)
    return proof_package(found.text, item.archival_code, _READ_ME.format(code=item.archival_code, number=found.number))


_READ_ME = """存真证明：档号 {code}，存证账本第 {number} 条

怎样核对（任何装有 Python 3.8 以上的电脑，不用联网，不用安装）：
1. 把本压缩包解开到一个文件夹。
2. 把从档案系统下载的原件（有几个就按原来的次序写几个）放在旁边，执行
   python3 check_proof.py --file 原件1 原件2
   不写 --file 则只核对账本记录本身。
3. keys.txt 里的公钥与本证明一同发出。请与机构公布的公钥、见证机构公布的公钥比对；比对一致，证明才对第三方有效。

Proof of {code}, entry {number} of the ledger

How to check it (any computer with Python 3.8 or later; no network, nothing to install):
1. Unpack this zip into a folder.
2. Put the originals beside it and run  python3 check_proof.py --file ORIGINAL1 ORIGINAL2
   (in their order; without --file only the entry itself is checked).
3. The keys in keys.txt came with the proof: compare them with those that the agency and its witnesses publish.
"""
