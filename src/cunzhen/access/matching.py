"""From a parsed query to a tantivy query. The authorisation filter is part of every one that leaves this module."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

import tantivy
from tantivy import Occur
from tantivy import Query as Tantivy

from cunzhen.access.folding import Reading, asked_words, fold, fold_code
from cunzhen.access.index import LETTERS, number_token, schema
from cunzhen.access.language import Kind, Query, Term
from cunzhen.access.rules import Filters
from cunzhen.access.vocabulary import is_known

_BOOSTS = {"exact": 2.0, "title": 4.0, "names": 6.0, "units": 3.0}
_WHOLE_NAME_BOOST = 12.0
_WIDEST_YEAR = 9999
_MOST_TERMS = 64

Labels = Mapping[str, Mapping[str, str]]


def authorised(query: Query, filters: Filters, agencies: Collection[UUID], labels: Labels, *, loose: bool) -> Tantivy:
    """The query, the filters and the actor's reach as one.

    Args:
        query: as parsed.
        filters: chosen values.
        agencies: the only agencies whose items may be found or counted.
        labels: field to code to Chinese label, so that 类别:养老 finds its code.
        loose: whether long terms also match by their words.
    """
    parts = [(Occur.Must, _silent(_any_value("agency", sorted(map(str, agencies)))))]
    parts += [(Occur.Must, _silent(_any_value(name, values))) for name, values in filters.values().items()]
    compiler = _Compiler(labels, loose)
    parts += [(Occur.Must, compiler.group(group)) for group in query.groups]
    return Tantivy.boolean_query(parts)


def is_loose(query: Query) -> bool:
    """Whether some term may match by its words only."""
    return any(t.kind is Kind.FREE and bool(asked_words(t.text)) for t in query.wanted)


def phrase(field: str, parts: Sequence[str]) -> Tantivy:
    """Items in whose field these symbols stand in a row, on one page or in one value.

    Args:
        field: ``exact``, ``title``, ``names`` or ``units``.
        parts: at least one symbol.
    """
    if len(parts) == 1:
        return Tantivy.term_query(schema(), "chars", LETTERS[field] + parts[0], "basic")
    if isinstance(parts, str) and is_known(parts):
        return Tantivy.term_query(schema(), "known", LETTERS[field] + parts, "basic")
    # Every second pair covers all characters: half the postings to read, the same answer.
    starts = [*range(0, len(parts) - 2, 2), len(parts) - 2]
    pairs = [(at, parts[at] + parts[at + 1]) for at in starts]
    if len(pairs) == 1:
        return Tantivy.term_query(schema(), field, pairs[0][1], "freq")
    return Tantivy.phrase_query(schema(), field, list(pairs))


class _Compiler:
    def __init__(self, labels: Labels, loose: bool) -> None:
        self.labels = labels
        self.loose = loose

    def group(self, terms: Sequence[Term]) -> Tantivy:
        """Any of the terms."""
        queries = [self._negated(t) if t.negated else self._term(t) for t in terms]
        return _any(queries)

    def _negated(self, term: Term) -> Tantivy:
        return Tantivy.boolean_query([(Occur.Must, _silent(Tantivy.all_query())), (Occur.MustNot, self._term(term))])

    def _term(self, term: Term) -> Tantivy:
        if term.kind is Kind.FREE:
            return self._free(term.text)
        plain = _PLAIN_TERMS.get(term.kind)
        return plain(term) if plain else self._coded(term)

    def _free(self, text: str) -> Tantivy:
        """As it stands, anywhere, first; for long terms all its words too."""
        choices = [Tantivy.boost_query(text_phrase(field, text), boost) for field, boost in _BOOSTS.items()]
        choices.append(Tantivy.boost_query(_whole("name", text), _WHOLE_NAME_BOOST))
        if "-" in fold_code(text):
            choices.append(_code(text))
        asked = asked_words(text) if self.loose else []
        if asked:
            terms = [Tantivy.term_query(schema(), "words", word, "freq") for word in asked]
            choices.append(Tantivy.boolean_query([(Occur.Must, t) for t in terms]))
        return _any(choices)

    def _coded(self, term: Term) -> Tantivy:
        """A code of a list, or its Chinese label or a part of it."""
        field = str(term.kind)
        wanted = fold(term.text)
        labels = self.labels.get(field, {})
        codes = [c for c in labels if fold(c) == wanted] or [c for c, name in labels.items() if wanted in fold(name)]
        return _any_value(field, codes or [term.text])


def text_phrase(field: str, text: str) -> Tantivy:
    """``phrase`` for text as typed; a run of eleven digits is taken as a whole number, and as digits too."""
    parts = Reading(text).symbols(number_token)
    plain = fold(text)
    if not plain:
        return Tantivy.empty_query()
    if isinstance(parts, str):
        return phrase(field, parts)
    return _any([phrase(field, parts), phrase(field, plain)])


def _name(text: str) -> Tantivy:
    """A whole name; with a star, names that hold the rest."""
    bare = text.strip("*＊")
    if bare != text and fold(bare):
        return text_phrase("names", bare)
    return _whole("name", text)


def _whole(field: str, text: str) -> Tantivy:
    return Tantivy.term_query(schema(), field, fold(text), "basic")


def _code(text: str) -> Tantivy:
    return Tantivy.term_query(schema(), "code", fold_code(text.rstrip("*-·")), "basic")


def _years(low: int, high: int) -> Tantivy:
    upper = min(high, _WIDEST_YEAR)
    return Tantivy.range_query(schema(), "year", tantivy.FieldType.Integer, low, upper)


_PLAIN_TERMS: Mapping[Kind, Callable[[Term], Tantivy]] = {
    Kind.PHRASE: lambda term: text_phrase("exact", term.text),
    Kind.NUMBER: lambda term: Tantivy.term_query(schema(), "number", number_token(term.text), "basic"),
    Kind.NAME: lambda term: _name(term.text),
    Kind.UNIT: lambda term: _any([text_phrase("units", term.text), _whole("unit", term.text)]),
    Kind.TITLE: lambda term: text_phrase("title", term.text),
    Kind.CODE: lambda term: _code(term.text),
    Kind.YEAR: lambda term: _years(term.low, term.high),
}


def _any_value(field: str, values: Sequence[str]) -> Tantivy:
    if field == "year":
        return _any([_years(int(v), int(v)) for v in values])
    if len(values) > _MOST_TERMS:
        return Tantivy.term_set_query(schema(), field, list(values))
    # A set of terms is unrolled over the whole index for every question; single terms are skipped through.
    return _any([Tantivy.term_query(schema(), field, v, "basic") for v in values])


def _any(queries: Sequence[Tantivy]) -> Tantivy:
    if len(queries) == 1:
        return queries[0]
    if not queries:
        return Tantivy.empty_query()
    return Tantivy.boolean_query([(Occur.Should, q) for q in queries])


def _silent(query: Tantivy) -> Tantivy:
    """A condition that says nothing about relevance."""
    return Tantivy.const_score_query(query, 0.0)
