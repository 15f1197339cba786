"""The stored form of a page's words and its plain text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cunzhen.formats.page_text import PageText, Word, plain_text

WORDS = st.lists(st.builds(Word, st.text(min_size=1), st.just((1, 2, 3, 4)), st.just(0.5), st.integers(0, 3)))


@given(WORDS)
def test_the_plain_text_needs_no_words_to_be_made(words: list[Word]) -> None:
    page = PageText(100, 200, 0, 0.0, False, tuple(words), "pdf")
    stored = page.to_json()
    assert plain_text(stored) == page.text == PageText.from_json(stored).text


def test_words_of_a_line_join_as_they_are_written() -> None:
    words = [Word(t, (0, 0, 1, 1), 1.0, line) for t, line in (("退休", 0), ("审批表", 0), ("Form", 1), ("A1", 1))]
    assert PageText(1, 1, 0, 0.0, False, tuple(words), "pdf").text == "退休审批表\nForm A1"
