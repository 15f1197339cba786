"""The filing link's checks: every one passes on a good item and fails on its own fault, and on nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cunzhen.capture import checks
from cunzhen.formats.archival_code import DEFAULT_TEMPLATE

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FILE = checks.FileFacts(
    path="originals/0001.jpg",
    promised_sha256="aa",
    real_sha256="aa",
    promised_sm3="bb",
    real_sm3="bb",
    promised_bytes=100,
    real_bytes=100,
    puid="fmt/43",
    extension="jpg",
    format_extensions=("jpg", "jpeg"),
    present=True,
    encrypted=False,
    readable=True,
    pages=1,
    expected_pages=1,
)
GOOD = checks.ItemFacts(
    values={"kind": "retirement_approval", "title": "退休审批表", "year": "2016", "document_date": "2016-01-20"},
    persons=(("张秀兰", "11010519491231002X"),),
    required=("title", "year", "person_name"),
    archival_code="J019-ZY·SBYL·2016-000012",
    code_template=DEFAULT_TEMPLATE,
    previous_serial=11,
    serial=12,
    code_taken=False,
    same_content=(),
    kind_known=True,
    schedule_row=True,
    files=(FILE,),
    declared_items=3,
    received_items=3,
    declared_bytes=300,
    received_bytes=300,
    package_paths=("originals/0001.jpg", "mets.xml"),
    described_paths=("mets.xml", "originals/0001.jpg"),
    page_count=1,
    scanner="scanner 1.0",
)


def failed(facts: checks.ItemFacts) -> list[str]:
    return [r.code for r in checks.failures(checks.run_filing_checks(facts, NOW))]


def values(**changes: str) -> checks.ItemFacts:
    return replace(GOOD, values={**GOOD.values, **changes})


def file(**changes: object) -> checks.ItemFacts:
    return replace(GOOD, files=(replace(FILE, **changes),))  # type: ignore[arg-type]


def test_a_good_item_passes_every_check_of_the_catalogue() -> None:
    results = checks.run_filing_checks(GOOD, NOW)
    assert [r.code for r in results] == [c.code for c in checks.load_checks()]
    assert {r.result for r in results} == {"pass"}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (file(real_sha256="ab"), "F-AU-01"),
        (file(real_sm3="bc"), "F-AU-01"),
        (values(title="长" * 301), "F-AU-02"),
        (values(document_date="2016年1月"), "F-AU-03"),
        (values(document_date="2016-02-30"), "F-AU-03"),
        (values(birth_date="19660101"), "F-AU-03"),
        (values(uscc="91350100M000100Y44"), "F-AU-04"),
        (replace(GOOD, persons=(("张秀兰", "110105194912310021"),)), "F-AU-04"),
        (values(year="2027", document_date="2027-01-01"), "F-AU-05"),
        (values(document_date="2026-11-23", year="2026"), "F-AU-05"),
        (values(document_date="2015-01-20", year="2016"), "F-AU-05"),
        (replace(GOOD, page_count=0), "F-AU-05"),
        (values(title="退休\u200b审批表"), "F-AU-06"),
        (replace(GOOD, archival_code="J019-ZY·SBYL·2016-12"), "F-AU-07"),
        (replace(GOOD, same_content=("J019-ZY·SBYL·2015-000001",)), "F-AU-08"),
        (replace(GOOD, code_taken=True), "F-AU-08"),
        (file(real_bytes=99), "F-AU-09"),
        (replace(GOOD, files=()), "F-AU-10"),
        (file(present=False), "F-AU-10"),
        (replace(GOOD, described_paths=("mets.xml",)), "F-AU-11"),
        (replace(GOOD, package_paths=(*GOOD.package_paths, "mets.xml")), "F-AU-11"),
        (replace(GOOD, received_items=2), "F-IN-01"),
        (replace(GOOD, received_bytes=299), "F-IN-02"),
        (replace(GOOD, persons=()), "F-IN-03"),
        (values(title=" "), "F-IN-03"),
        (replace(GOOD, serial=13), "F-IN-04"),
        (file(expected_pages=3), "F-IN-05"),
        (replace(GOOD, schedule_row=False), "F-IN-06"),
        (file(puid="fmt/999"), "F-US-01"),
        (file(puid=""), "F-US-01"),
        (file(extension="pdf"), "F-US-02"),
        (file(readable=False), "F-US-03"),
        (file(encrypted=True), "F-US-04"),
        (replace(GOOD, infected=True), "F-SA-02"),
    ],
)
def test_each_fault_fails_its_own_check_only(facts: checks.ItemFacts, code: str) -> None:
    assert failed(facts) == [code]


def test_an_empty_file_is_unreadable_without_blaming_its_format() -> None:
    assert failed(file(real_bytes=0, promised_bytes=0, puid="")) == ["F-US-03"]


def test_without_a_scanner_viruses_are_not_assessed() -> None:
    results = {r.code: r.result for r in checks.run_filing_checks(replace(GOOD, scanner=""), NOW)}
    assert results["F-SA-01"] == results["F-SA-02"] == "not_assessed"


def test_what_the_sender_did_not_say_is_not_applicable() -> None:
    facts = replace(GOOD, declared_items=-1, declared_bytes=-1, archival_code="", serial=-1)
    facts = replace(facts, files=(replace(FILE, promised_sha256="", promised_sm3="", promised_bytes=-1),))
    results = {r.code: r.result for r in checks.run_filing_checks(facts, NOW)}
    assert {c for c, r in results.items() if r == "not_applicable"} == {
        "F-AU-01", "F-AU-07", "F-AU-09", "F-IN-01", "F-IN-02", "F-IN-04",
    }  # fmt: skip


def test_the_day_is_that_of_china() -> None:
    late = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)  # already 2027 in China
    facts = values(year="2027", document_date="2027-01-01")
    assert [r.code for r in checks.failures(checks.run_filing_checks(facts, late))] == []


def test_the_first_item_of_a_run_is_number_one() -> None:
    assert failed(replace(GOOD, previous_serial=-1, serial=1)) == []
    assert failed(replace(GOOD, previous_serial=-1, serial=2)) == ["F-IN-04"]


def test_every_check_has_its_wording_in_both_languages() -> None:
    findings = checks.load_findings()
    assert set(findings) == {c.code for c in checks.load_checks()}
    for check in checks.load_checks():
        finding = findings[check.code]
        assert finding.zh and finding.en and finding.remedy_zh and finding.remedy_en
        assert finding.property == check.property in {"authenticity", "integrity", "usability", "safety"}


def test_findings_can_be_filled_from_the_results() -> None:
    faults = [file(real_sha256="ab"), replace(GOOD, received_items=2), replace(GOOD, serial=13), file(puid="")]
    for facts in faults:
        for result in checks.failures(checks.run_filing_checks(facts, NOW)):
            wording = checks.load_findings()[result.code]
            assert "{" not in wording.zh.format(**result.params) + wording.en.format(**result.params)


def test_params_carry_no_personal_data() -> None:
    facts = replace(GOOD, persons=(("张秀兰\u200b", "110105194912310021"),))
    shown = str([r.params for r in checks.run_filing_checks(facts, NOW)])
    assert "张秀兰" not in shown and "110105194912310021" not in shown
