"""Every Chinese text on a screen has its English, and the compiled catalogues are those of the sources."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest

from tools.compile_messages import CATALOGUE, PACKAGE, problems, read_po, source_texts, template_texts, write_mo

CATALOGUES = sorted(PACKAGE.glob(f"*/{CATALOGUE}"))


def test_no_text_lacks_english_and_no_entry_is_left_over() -> None:
    assert problems() == []


def test_a_missing_text_is_noticed(tmp_path: Path) -> None:
    room = tmp_path / "room"
    (room / "templates").mkdir(parents=True)
    (room / "templates" / "page.html").write_text('{% trans "新的一句" %}', encoding="utf-8")
    assert problems(tmp_path) == ["room: no English for '新的一句'"]


def test_the_forms_of_texts_in_templates() -> None:
    counted = "{% blocktrans with n=page.count|number %}共 {{ n }} 件{% endblocktrans %}"
    source = '{% trans "甲" %}' + counted + '{{ x|default:_("乙") }}'
    assert set(template_texts(source)) == {"甲", "乙", "共 %(n)s 件"}


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda path: path.parts[-5])
def test_python_reads_the_compiled_catalogue(po: Path) -> None:
    entries = read_po(po.read_text(encoding="utf-8"))
    with po.with_suffix(".mo").open("rb") as compiled:
        loaded = gettext.GNUTranslations(compiled)
    assert len(entries) > 1
    for text, english in entries.items():
        assert loaded.gettext(text) == english if text else True


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda path: path.parts[-5])
def test_english_keeps_the_values_and_the_marks_of_the_text(po: Path) -> None:
    for text, english in read_po(po.read_text(encoding="utf-8")).items():
        if text:
            for pattern in (r"%\(\w+\)[sd]", r"</?\w+>"):
                assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, english)), text


def test_compiling_is_repeatable() -> None:
    assert write_mo({"乙": "b", "甲": "a"}) == write_mo({"甲": "a", "乙": "b"})


def test_the_desk_and_the_components_have_texts() -> None:
    assert source_texts(PACKAGE / "web")
    assert source_texts(PACKAGE / "ui")
