"""What the command says to people: one line at a time, nothing in it that a terminal would obey.

A file's name and a paper's title come from outside. A control character in them could colour, move or erase what stands
on the terminal, a new line could forge a line of ours, and a bidirectional override shows ``fdp.exe`` as ``exe.pdf``.
So every such character is shown as its code (Unicode TR 36, 3.1 and 3.6). Everything is said through here; no other
module of this package prints.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

# Control, format (bidirectional and invisible) and private surrogate characters, line and paragraph separators. Private
# use characters stay: they stand for rare characters of names.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0001-\U000e007f]"
)


def shown(text: str) -> str:
    """The text with every character that a terminal would obey, or not show, as ``\\x1b``, ``\\u202e``."""
    return _UNSAFE.sub(_code, text)


def _code(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def say(*lines: str, to: TextIO | None = None) -> None:
    """Print lines, each as one line whatever it holds.

    Args:
        *lines: texts of one line.
        to: standard output when None.
    """
    out = sys.stdout if to is None else to
    for line in lines:
        print(shown(line), file=out)
    out.flush()


def complain(*lines: str) -> None:
    """The same on standard error."""
    say(*lines, to=sys.stderr)


def say_over(line: str, *, is_last: bool) -> None:
    """Write a line on standard error over the one before, as progress does on a terminal.

    Args:
        is_last: whether the next line begins anew.
    """
    sys.stderr.write(f"\r{shown(line)}" + ("\n" if is_last else ""))
    sys.stderr.flush()


def say_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line; unsafe characters as JSON's own escapes, so that it reads back the same."""
    print(_UNSAFE.sub(_json_code, json.dumps(value, ensure_ascii=False, default=str)), flush=True)


def _json_code(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
