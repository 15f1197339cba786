"""The describing form's rows, apart from any page."""

from __future__ import annotations

from cunzhen.capture.rules import Description
from cunzhen.holdings.rules import NamedPerson
from cunzhen.web.describing import field_rows
from cunzhen.web.naming import cover_name

NUMBER = "11010519491231002X"  # the standard's own example, GB 11643


def test_a_number_has_a_place_of_its_own() -> None:
    person = NamedPerson("薛玉梅", NUMBER, page=0, box=(10, 20, 60, 40))
    described = Description("retirement_approval", "YL", "退休审批表", 2019, persons=(person,))
    found = {"value": NUMBER, "confidence": 0.97, "page": 1, "box": [10, 60, 260, 80], "source": "checksum"}
    rows = {r.name: r for r in field_rows(described, {"fields": {"id_number": [found]}}, [], {}, {})}
    assert (rows["persons-0-name"].page, rows["persons-0-name"].box) == (0, (10, 20, 60, 40))
    number = rows["persons-0-id_number"]
    assert (number.page, number.box_text, number.unsure) == (1, "10,60,260,80", False)
    bare = {r.name: r for r in field_rows(described, {"fields": {}}, [], {}, {})}
    assert bare["persons-0-id_number"].box is None


def test_names_of_files_are_covered_only_where_they_hold_an_identity_number() -> None:
    assert cover_name(f"退休/{NUMBER}_审批表.pdf") == "退休/110105********002X_审批表.pdf"
    for name in (
        "hard/Epson_20200713083355.jpg",
        "IMG_20240411_093012.jpg",
        "110105194912310021.pdf",
        "13800000312.jpg",
    ):
        assert cover_name(name) == name
