"""Searching, following and rebuilding, on filed items, a real ledger and a real database."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from cunzhen.access import generations
from cunzhen.access.generations import BUILDING, CURRENT, Position, pointed
from cunzhen.access.index import Writer
from cunzhen.access.models import IndexCursor, Search
from cunzhen.access.operations import FOLLOWER_LOCK, export_search, follow_ledger, rebuild_index, search_items
from cunzhen.access.queries import (
    compare_index,
    get_search,
    index_status,
    indexed_items,
    marks,
    recent_searches,
    results,
)
from cunzhen.access.rules import Filters, Results, Sort
from cunzhen.errors import Conflict, Invalid, Missing, Refused, Unavailable
from cunzhen.holdings.queries import index_documents
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.queries import history, last_number
from tests.access import texts
from tests.access.filed import file_papers, follow, ids_of, page
from tests.world import NOW, World

pytestmark = pytest.mark.django_db

NUMBER = "999999196001010012"


def ask(world: World, query: str, *, who: str = "archivist", filters: Filters | None = None, page: int = 1) -> Results:
    """Search and look at one page of the result."""
    actor = world.actor(who)
    return results(actor, search_items(actor, query=query, filters=filters, now=NOW).id, page=page)


def found(world: World, query: str, **more: object) -> set[UUID]:
    """Ids of what is found."""
    return {hit.id for hit in ask(world, query, **more).hits}  # type: ignore[arg-type]


def test_search_items_finds_what_was_filed(world: World, tmp_path: Path) -> None:
    filed = file_papers(
        world, tmp_path, [[page("退休 审批表", "姓名 王秀英")], [page("工伤认定")]], person="王秀英", number=NUMBER
    )
    assert follow() == 2
    wanted = filed[0].id
    assert found(world, '"退休审批表" 王秀英') == {wanted}
    assert found(world, "姓名:王秀英") == found(world, NUMBER) == ids_of(filed)
    assert found(world, filed[1].archival_code) == {filed[1].id}
    assert found(world, "单位:第一小学 年度:2018..2019 类别:养老") == ids_of(filed)
    assert found(world, "年度:2020") == set()
    hit = ask(world, '"退休审批表"').hits[0]
    assert (hit.pages, hit.snippet_page, hit.persons, hit.retention) == ((1,), 1, ("王秀英",), hit.retention)
    assert [s.text for s in hit.snippet if s.marked] == ["退休审批表"]
    assert indexed_items([*ids_of(filed), uuid7()]) == ids_of(filed)
    assert index_status().state == "ready"


def test_search_items_is_refused_without_the_right(world: World) -> None:
    with pytest.raises(Refused):
        search_items(world.actor("system_officer"), query="退休", now=NOW)
    assert not Search.objects.exists()


def test_other_agencies_see_and_count_nothing(world: World, tmp_path: Path) -> None:
    mine = file_papers(world, tmp_path, [[page("退休审批表")]], person="王秀英", number=NUMBER)
    theirs = file_papers(world, tmp_path, [[page("退休审批表")]], person="王秀英", number=NUMBER, who="outsider")
    follow()
    for query in ('"退休审批表"', "王秀英", NUMBER, "姓名:王秀英", "", "-没有", "年度:2019", "全宗:J019"):
        ours, others = ask(world, query), ask(world, query, who="outsider")
        assert {h.id for h in ours.hits} == ids_of(mine), query
        assert {h.id for h in others.hits} == ids_of(theirs), query
        assert ours.total == others.total == 1
        assert all(v.count <= 1 for f in ours.facets for v in f.values)
    search = search_items(world.actor("archivist"), query="王秀英", now=NOW)
    with pytest.raises(Missing):
        results(world.actor("outsider"), search.id)
    with pytest.raises(Missing):
        marks(world.actor("archivist"), theirs[0].id, search.id)


def test_the_query_is_sealed_and_recorded(world: World) -> None:
    actor = world.actor("clerk")
    search = search_items(actor, query=f"王秀英 {NUMBER}", filters=Filters(year=("2019",)), sort=Sort.YEAR, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT query, to_json(access_search.*)::text FROM access_search")
        sealed, row = cursor.fetchone()
    assert "王秀英".encode() not in bytes(sealed)
    assert "王秀英" not in row and NUMBER not in row
    line = history(search.id)[-1]
    assert line.op == "search_items"
    assert line.detail is not None and line.detail["query"] == f"王秀英 {NUMBER}"
    entry = LedgerEntry.objects.get(op="search_items")
    assert NUMBER.encode() not in bytes(entry.body)
    assert get_search(world.actor("archivist"), search.id).query == f"王秀英 {NUMBER}"
    assert [s.id for s in recent_searches(actor)] == [search.id]
    assert recent_searches(world.actor("archivist")) == []


def test_no_personal_number_is_readable_in_the_index_folder(world: World, tmp_path: Path) -> None:
    others = ["13800138000", "6222020200998877660"]
    lines = [
        f"身份证号 {NUMBER} 电话 {others[0]}",
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        f"卡号 {others[1]} 普通文字",
    ]
    file_papers(world, tmp_path, [[page(*lines)]], title=f"{NUMBER}退休审批", person="王秀英", number=NUMBER)
    follow()
    searcher = generations.reader().searcher
    fields = ("exact", "title", "names", "units", "words", "chars", "known", "name", "unit", "number")
    terms = {field: [term for term, _ in searcher.terms_with_prefix(field, "")] for field in fields}
    assert "普通" in terms["exact"] and "p普" in terms["chars"] and "普通" in terms["words"]  # plain text is there
    assert len(terms["number"]) == 3 and all(len(token) == 64 for token in terms.pop("number"))
    for field, found_terms in terms.items():
        for term in found_terms:  # no pair, no run: nothing to put a number together from
            plain = re.sub("#[0-9a-f]{64}", "", term)
            assert not re.search("[0-9]", plain), (field, term)
    data = b"".join(p.read_bytes() for p in generations.root().rglob("*") if p.is_file())
    assert not any(number[:8].encode() in data for number in (NUMBER, *others))
    assert found(world, NUMBER) and found(world, others[0]) and found(world, others[1])


def test_snippets_and_titles_cover_numbers(world: World, tmp_path: Path) -> None:
    file_papers(world, tmp_path, [[page(f"申请人 王秀英 身份证号 {NUMBER} 电话 13800138000")]], title=f"王秀英{NUMBER}")
    follow()
    for query in (NUMBER, "王秀英", '"身份证号"', f'"身份证号{NUMBER}"'):
        hit = ask(world, query).hits[0]
        shown = "".join(s.text for s in (*hit.snippet, *hit.title_segments))
        assert NUMBER not in shown and NUMBER[6:14] not in shown and "13800138000" not in shown
        assert "999999********0012" in shown
        assert hit.pages == (1,)
    marked = "".join(s.text for s in ask(world, NUMBER).hits[0].snippet if s.marked)
    assert marked == "999999********0012"


def test_marks_on_the_scan(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page("标题"), page("本人 退休 审批表 一份", "姓名：王秀英女士")]])
    follow()
    actor = world.actor("reviewer")
    search = search_items(actor, query='"退休审批" 王秀英', now=NOW)
    boxes = marks(actor, filed[0].id, search.id)
    # 退休 is a word of its own, 审批 two thirds of the next; the name lies inside one long word.
    assert boxes == {2: ((60, 0, 100, 30), (120, 0, 160, 30), (60, 40, 120, 70))}
    with pytest.raises(Refused):
        marks(world.actor("audit_officer"), filed[0].id, search.id)
    with pytest.raises(Missing):
        marks(actor, filed[0].id, uuid7())


def test_facets_count_exactly_and_one_condition_at_a_time_can_go(world: World, tmp_path: Path) -> None:
    for year, count in ((2018, 2), (2019, 3)):
        file_papers(world, tmp_path, [[page("退休审批表", f"第{year}{n}份")] for n in range(count)], year=year)
    follow()
    every = ask(world, "退休审批表")
    years = next(f for f in every.facets if f.field == "year")
    assert [(v.value, v.label, v.count, v.chosen) for v in years.values] == [
        ("2019", "2019年", 3, False),
        ("2018", "2018年", 2, False),
    ]
    narrowed = ask(world, "退休审批表", filters=Filters(year=("2018",), series=("YL",)))
    assert narrowed.total == 2
    years = next(f for f in narrowed.facets if f.field == "year")
    assert [(v.value, v.count, v.chosen) for v in years.values] == [("2019", 3, False), ("2018", 2, True)]
    assert [(c.field, c.label) for c in narrowed.conditions] == [
        ("year", "年度：2018年"),
        ("series", "类别：养老保险待遇类"),
    ]
    assert narrowed.conditions[0].remaining == Filters(series=("YL",))
    assert ask(world, "退休审批表", filters=narrowed.conditions[0].remaining).total == 5


def test_pages_of_a_result(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page("退休审批表", f"第 {n} 份")] for n in range(45)])
    follow()
    actor = world.actor("clerk")
    search = search_items(actor, query="退休审批表", sort=Sort.CODE, now=NOW)
    seen = [h.archival_code for p in (1, 2, 3) for h in results(actor, search.id, page=p).hits]
    assert seen == sorted(f.archival_code for f in filed)
    assert results(actor, search.id).pages == 3
    for page_number, size in ((0, 20), (1, 0), (1, 101), (1000, 20)):
        with pytest.raises(Invalid):
            results(actor, search.id, page=page_number, size=size)


def test_following_is_safe_to_repeat_and_says_how_far_behind_it_is(world: World, tmp_path: Path) -> None:
    follow()
    file_papers(world, tmp_path, [[page("退休审批表")]])
    assert index_status().behind == 1  # not even numbered
    assert ask(world, "退休审批表").index_behind == 1
    while sequence():
        pass
    assert ask(world, "退休审批表").index_behind == 1
    assert follow_ledger() == 1
    assert follow_ledger() == 0
    before = generations.position(pointed(CURRENT))
    generations.move(pointed(CURRENT), Position())  # as if killed between commit and cursor
    assert follow_ledger() == 1
    assert generations.position(pointed(CURRENT)).number >= before.number
    result = ask(world, "退休审批表")
    assert (result.total, result.index_behind) == (1, 0)
    assert generations.reader().searcher.num_docs == 1
    assert IndexCursor.objects.get().number == generations.position(pointed(CURRENT)).number


def test_what_is_not_found_yet_is_said_to_be_on_its_way(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the index moves on at the very moment in which a search looks how far it is."""
    follow()
    (filed,) = file_papers(world, tmp_path, [[page("退休审批表")]])
    while sequence():
        pass
    generations.forget_readers()
    real = generations.position

    def moved_on(name: str) -> Position:
        """What another process's follower does: the items, then the cursor."""
        monkeypatch.setattr(generations, "position", real)
        with Writer(generations.open_index(name)) as writer:
            writer.replace([filed.id], index_documents([filed.id]))
            writer.commit()
        generations.move(name, Position(last_number(), ""))
        return real(name)

    monkeypatch.setattr(generations, "position", moved_on)
    result = ask(world, "退休审批表")
    assert result.total == 1 or result.index_behind == 1


def test_acts_that_are_not_about_items_do_not_make_the_index_late(world: World, tmp_path: Path) -> None:
    file_papers(world, tmp_path, [[page("退休审批表")]])
    follow()
    for _ in range(3):
        ask(world, "退休审批表")
    while sequence():
        pass
    assert index_status().behind == 0
    number = generations.position(pointed(CURRENT)).number
    assert follow_ledger() == 0
    assert generations.position(pointed(CURRENT)).number > number


def test_many_small_steps_end_where_one_large_step_ends(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page(f"第{n}份")] for n in range(7)])
    while sequence():
        pass
    steps = [follow_ledger(limit=2) for _ in range(6)]
    assert sum(steps) == 7
    assert indexed_items(ids_of(filed)) == ids_of(filed)


@pytest.mark.parametrize("harm", ["lost", "other version", "other dictionary", "bit", "cut", "emptied", "cursor"])
def test_a_broken_index_is_rebuilt_from_zero(world: World, tmp_path: Path, harm: str) -> None:
    filed = file_papers(world, tmp_path, [[page("退休审批表", f"第{n}份")] for n in range(5)])
    follow()
    name = pointed(CURRENT)
    folder = generations.root() / name
    match harm:
        case "lost":
            shutil.rmtree(generations.root())
        case "other version":
            (folder / "schema.json").write_text(
                json.dumps(json.loads((folder / "schema.json").read_text()) | {"version": 0})
            )
        case "other dictionary":
            (folder / "schema.json").write_text(
                json.dumps(json.loads((folder / "schema.json").read_text()) | {"dictionary": "x"})
            )
        case "bit":
            largest = max(folder.glob("*.term"), key=lambda p: p.stat().st_size)
            data = bytearray(largest.read_bytes())
            data[len(data) // 2] ^= 4
            largest.write_bytes(data)
            assert compare_index().damaged == (largest.name,)
            (folder / "suspect").touch()
        case "cut":
            next(folder.glob("*.idx")).write_bytes(b"")
            generations.forget_readers()
        case "emptied":
            (folder / "meta.json").unlink()
        case "cursor":
            (folder / "cursor.json").write_text("{")
    follow()
    assert found(world, "退休审批表") == ids_of(filed)
    report = compare_index()
    assert (report.missing, report.extra, report.damaged) == ((), (), ())
    if harm != "cursor":
        assert pointed(CURRENT) != name and pointed(BUILDING) == ""
        assert not folder.exists()


def test_an_index_that_followed_another_ledger_is_rebuilt(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page("退休审批表")]])
    follow()
    name = pointed(CURRENT)
    followed = generations.position(name)
    for elsewhere in (Position(followed.number + 50, followed.entry), Position(followed.number, str(uuid7()))):
        generations.move(pointed(CURRENT), elsewhere)  # the database went back to a backup, or on from one
        follow()
        assert pointed(CURRENT) != name
        assert indexed_items(ids_of(filed)) == ids_of(filed)
        name = pointed(CURRENT)


def test_a_broken_index_never_stops_filing_and_searches_say_so(world: World, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as none:
        ask(world, "退休")
    assert none.value.code == "S-01"
    assert index_status().state == "missing"
    file_papers(world, tmp_path, [[page("退休审批表")]])
    follow()
    folder = generations.root() / pointed(CURRENT)
    for path in folder.glob("*.idx"):
        path.write_bytes(b"\0" * 100)
    generations.forget_readers()
    with pytest.raises(Unavailable) as broken:
        ask(world, "退休审批表")
    assert broken.value.code == "S-02"
    assert indexed_items([uuid7()]) == set()
    more = file_papers(world, tmp_path, [[page("退休审批表", "又一份")]])
    assert len(more) == 1
    follow()
    assert ask(world, "退休审批表").total == 2


def test_the_old_index_serves_while_the_new_one_is_built(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page("退休审批表", f"第{n}份")] for n in range(3)])
    follow()
    old = pointed(CURRENT)
    seen: list[tuple[int, int]] = []

    def look(done: int, total: int) -> None:
        seen.append((done, total))
        assert pointed(CURRENT) == old and pointed(BUILDING) not in {"", old}
        assert index_status().state == "rebuilding"
        assert found(world, "退休审批表") == ids_of(filed)

    assert rebuild_index(look) == 3
    assert len(seen) == 1 and seen[0][0] == seen[0][1] > 3
    assert pointed(CURRENT) != old and pointed(BUILDING) == ""
    assert [p.name for p in generations.root().iterdir() if p.is_dir()] == [pointed(CURRENT)]
    assert found(world, "退休审批表") == ids_of(filed)


def test_a_rebuild_that_was_cut_off_goes_on_where_it_was(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page(f"第{n}份")] for n in range(3)])
    follow()
    building = generations.create()
    generations.point(BUILDING, building)
    generations.create()  # left over from another attempt
    assert follow_ledger() == 3
    assert pointed(CURRENT) == building
    assert len([p for p in generations.root().iterdir() if p.is_dir()]) == 1
    assert indexed_items(ids_of(filed)) == ids_of(filed)


def test_one_follower_at_a_time(world: World, tmp_path: Path, other_connection: object) -> None:
    file_papers(world, tmp_path, [[page("退休审批表")]])
    while sequence():
        pass
    with other_connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT pg_advisory_lock(%s)", [FOLLOWER_LOCK])
    assert follow_ledger() == 0
    with pytest.raises(Conflict):
        rebuild_index()
    with other_connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT pg_advisory_unlock(%s)", [FOLLOWER_LOCK])
    assert follow_ledger() == 1


def test_a_rebuild_refuses_to_fill_the_disk(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_papers(world, tmp_path, [[page("退休审批表")]])
    follow()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000))
    with pytest.raises(Unavailable) as full:
        rebuild_index()
    assert full.value.code == "S-42"
    assert ask(world, "退休审批表").total == 1


def test_the_index_agrees_with_the_catalogue_or_says_where_not(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page(f"第{n}份")] for n in range(4)])
    follow()
    assert (compare_index().missing, compare_index().extra) == ((), ())
    stranger = texts.item(random.Random(1), 1)
    with Writer(generations.open_index(pointed(CURRENT))) as writer:
        writer.replace([filed[0].id, stranger.id], [stranger])
        writer.commit()
    report = compare_index()
    assert (report.missing, report.extra) == ((filed[0].id,), (stranger.id,))


def test_export_search_holds_what_the_search_finds_in_its_order(world: World, tmp_path: Path) -> None:
    papers = [[page("退休 审批表", f"姓名 王秀英 {n}")] for n in range(5)]
    file_papers(world, tmp_path, papers, person="王秀英", number=NUMBER)
    file_papers(world, tmp_path, [[page("工伤认定")]], title="工伤认定书")
    file_papers(world, tmp_path, [[page("退休 审批表")]], who="outsider")
    follow()
    leader = world.actor("leader")
    search = search_items(leader, query="退休", sort=Sort.CODE, now=NOW)
    export = export_search(leader, search_id=search.id, form="csv", now=NOW)
    rows = list(export.rows)
    assert export.count == len(rows) == 5
    assert [r.id for r in rows] == [h.id for h in results(leader, search.id).hits]
    assert {number for r in rows for _, number in r.persons} == {"999999********0012"}
    (line,) = [entry for entry in history(search.id) if entry.op == "export_items"]
    assert line.actor_id == leader.id and line.detail is not None
    assert (line.detail["count"], line.detail["query"], line.detail["form"]) == (5, "退休", "csv")


def test_export_search_is_for_those_with_the_right_and_within_reach(world: World, tmp_path: Path) -> None:
    search = search_items(world.actor("leader"), query="退休", now=NOW)
    for who in ("clerk", "service", "audit_officer"):
        with pytest.raises(Refused, match="A-01"):
            export_search(world.actor(who), search_id=search.id, form="csv", now=NOW)
    with pytest.raises(Missing, match="S-14"):
        export_search(world.actor("outsider"), search_id=search.id, form="csv", now=NOW)
    file_papers(world, tmp_path, [[page("退休 审批表")]])
    follow()
    theirs = search_items(world.actor("outsider"), query="退休", now=NOW)
    assert export_search(world.actor("outsider"), search_id=theirs.id, form="csv", now=NOW).count == 0
