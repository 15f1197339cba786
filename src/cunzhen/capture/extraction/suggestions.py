"""What the description rules suggest: values with their confidence, place and reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggested value.

    Args:
        field: name such as ``title`` or ``id_number``.
        value: normal form (ISO date with the precision on the paper, 18-character number, kind code).
        confidence: 0.0 to 1.0: reading confidence x certainty of the rule x checks.
        page: 0-based page of the item.
        box: union of the words it stands in, in pixels of the upright page; ``None`` where it stands nowhere.
        source: why, such as ``label:姓名``, ``checksum``, ``title``, ``number`` (derived from the identity number).
        read: lowest reading confidence of its words, whatever the rule; 1.0 for carried text.
        act: of a date, what happened on it (see ``dating``).
    """

    field: str
    value: str
    confidence: float
    page: int
    box: Box | None
    source: str
    read: float = 1.0
    act: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedPerson:
    """A person named on the paper, with the identity number that stands beside the name (empty where none does).

    Args:
        boxes: name first, then number.
        role: ``subject`` for the person the paper is about, ``other`` for relatives and agents.
        read: lowest reading confidence of the name's words, where it stands most clearly; 1.0 for carried text.
    """

    name: str
    id_number: str
    confidence: float
    page: int
    boxes: tuple[Box, ...]
    role: str = "subject"
    read: float = 1.0


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Everything suggested for one item.

    Args:
        fields: field name to suggestions, best first.
        persons: subjects first, in the order of the paper.
        contradictions: codes of what does not fit together, such as ``id_checksum`` or ``two_persons``.
    """

    fields: Mapping[str, tuple[Suggestion, ...]]
    persons: tuple[SuggestedPerson, ...] = ()
    contradictions: tuple[str, ...] = field(default=())

    def best(self, name: str) -> Suggestion | None:
        """The most certain suggestion for a field, if any."""
        found = self.fields.get(name, ())
        return found[0] if found else None

    def value(self, name: str) -> str:
        """Value of the best suggestion, or an empty string."""
        found = self.best(name)
        return found.value if found else ""

    def to_data(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "fields": {name: [asdict(s) for s in found] for name, found in self.fields.items()},
            "persons": [asdict(p) for p in self.persons],
            "contradictions": list(self.contradictions),
        }
