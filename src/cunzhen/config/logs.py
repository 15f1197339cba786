"""How lines of the log are written."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Placed(logging.Formatter):
    """Tells of an error where it happened and of what kind it is; its own words may hold names and numbers."""

    def formatException(self, ei: _Raised) -> str:
        """One line for the error and each of those behind it, and one for each place."""
        lines: list[str] = []
        error = ei[1]
        while error is not None and len(lines) < 200:
            frames = traceback.extract_tb(error.__traceback__)
            lines += [type(error).__name__, *(f"  {f.filename}:{f.lineno} in {f.name}" for f in frames)]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)
