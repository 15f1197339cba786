"""The proof of one item: what it shows, when it is refused, and that the zip can be checked without us."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from cunzhen.errors import Missing, Unavailable
from cunzhen.formats import tlog_proof
from cunzhen.formats.cosignature import Request, read_addresses, with_lines, write_request
from cunzhen.holdings.models import Component, Item
from cunzhen.holdings.operations import export_proof
from cunzhen.holdings.proofs import proof_of
from cunzhen.ledger import queries
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.tiles import current, own_verifier, own_vkey
from cunzhen.ledger.witness import create
from cunzhen.preservation.queries import open_content
from tests.web.papers import filed
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(world: World, tmp_path: Path) -> Item:
    ids = filed(world, tmp_path, 2)
    sequence()
    return Item.objects.get(id=ids[0])


def witnessed(settings: Settings, folder: Path) -> str:
    """One witness signs the head; as it lies in the ledger's folder afterwards."""
    witness = create(folder / "witness", "witness.example/w")
    witness.trust(own_vkey())
    settings.WITNESSES = read_addresses(f"{witness.vkey} http://127.0.0.1:1")
    head = queries.head().signed_note_text
    line = witness.add_checkpoint(write_request(Request(0, (), head)), timezone.now()).text
    (current().root / "witnessed").write_text(with_lines(head, [line]), encoding="utf-8")
    return witness.name


def test_it_leads_to_the_head_that_others_have_signed(item: Item, settings: Settings, tmp_path: Path) -> None:
    assert proof_of(item).seen == ()
    name = witnessed(settings, tmp_path)
    found = proof_of(item)
    assert [who for who, _ in found.seen] == [name]
    proof = tlog_proof.parse_proof(found.text)
    assert proof.extra is not None and json.loads(proof.extra)["op"] == "file_drafts"
    head = tlog_proof.verify_proof(found.text, proof.extra, [own_verifier()], own_verifier().name)
    assert (head.size, head.root.hex(), proof.index) == (found.size, found.root_hex, found.number)


def test_before_it_is_numbered(world: World, tmp_path: Path) -> None:
    [item_id, *_] = filed(world, tmp_path, 1)
    with pytest.raises(Missing, match="L-60"):
        proof_of(Item.objects.get(id=item_id))


def test_an_altered_digest_of_the_catalogue_is_told(item: Item) -> None:
    Item.objects.filter(id=item.id).update(content_sha256="0" * 64)
    item.refresh_from_db()
    with pytest.raises(Unavailable, match="L-62"):
        proof_of(item)


def test_an_item_that_the_ledger_knows_nothing_of_is_told(item: Item) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_subject WHERE subject_id = %s", [item.id])
    with pytest.raises(Unavailable, match="L-63"):
        proof_of(item)


def test_an_altered_entry_has_no_proof(item: Item) -> None:
    number = proof_of(item).number
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET body = replace(convert_from(body, 'UTF8'), 'file_drafts', 'file_draftz')::bytea"
            " WHERE id = (SELECT entry_id FROM ledger_leaf WHERE number = %s)",
            [number],
        )
    with pytest.raises(Unavailable, match="L-13"):
        proof_of(item)


def test_taken_out_it_is_recorded_and_only_for_those_who_may_see_the_item(item: Item, world: World) -> None:
    with pytest.raises(Missing, match="H-01"):
        export_proof(world.actor("outsider"), item_id=item.id, now=NOW)
    before = LedgerEntry.objects.filter(op="export_proof").count()
    found, packed = export_proof(world.actor("clerk"), item_id=item.id, now=NOW)
    assert found.id == item.id and LedgerEntry.objects.filter(op="export_proof").count() == before + 1
    with zipfile.ZipFile(io.BytesIO(packed)) as out:
        assert out.testzip() is None
        names = out.namelist()
    assert names == [f"{item.archival_code}.tlog-proof", "keys.txt", "check_proof.py", "说明.txt"]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program of the zip, where nothing of ours can be imported."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "check_proof.py", *words],
        cwd=folder, env={}, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_the_zip_is_checked_on_a_machine_without_us(
    item: Item, world: World, settings: Settings, tmp_path: Path
) -> None:
    name = witnessed(settings, tmp_path)
    _, packed = export_proof(world.actor("clerk"), item_id=item.id, now=NOW)
    folder = tmp_path / "elsewhere"
    with zipfile.ZipFile(io.BytesIO(packed)) as out:
        out.extractall(folder)
    originals = []
    for component in Component.objects.filter(item=item).order_by("number"):
        path = folder / f"original-{component.number}"
        with open_content(item.id, component.path) as content:
            path.write_bytes(content.read())
        originals.append(path.name)
    good = run(folder, "--file", *originals)
    assert good.returncode == 0, good.stdout + good.stderr
    assert name in good.stdout and str(proof_of(item).number) in good.stdout
    (folder / originals[0]).write_bytes((folder / originals[0]).read_bytes() + b" ")
    assert run(folder, "--file", *originals).returncode == 1
    assert run(folder).returncode == 0, "the entry itself still stands"
    [proof] = folder.glob("*.tlog-proof")
    text = proof.read_text(encoding="utf-8")
    proof.write_text(text.replace("index ", "index 1"), encoding="utf-8")
    assert run(folder).returncode != 0
