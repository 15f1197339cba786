"""What is wrong with a file, as data; the wording stands in ``data/findings.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cunzhen.capture.messages import wording
from cunzhen.errors import Invalid


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding on a file.

    Args:
        code: numbered finding such as ``T-US-01``.
        params: values for its wording; never names or numbers of people.
    """

    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def returns(self) -> bool:
        """Whether the file goes back to its sender; otherwise it is only a warning."""
        return wording(self.code).severity == "returned"


def unreadable(code: str, **params: str | int | float) -> Invalid:
    """The exception that stops the reading of one file; ``problem_of`` turns it back into data."""
    words = wording(code)
    return Invalid(code, f"{words.text(params)}。{words.remedy()}。", words.text(params, "en"), **params)


def problem_of(error: Invalid) -> Problem:
    """The finding that ``unreadable`` was made from."""
    return Problem(error.code, {k: v for k, v in error.params.items() if isinstance(v, str | int | float)})
