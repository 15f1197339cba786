"""The five ways an operation can say no. Each door maps them once; nothing else is raised on purpose."""

from __future__ import annotations


class CunzhenError(Exception):
    """Common root, so that a door can catch what operations raise and nothing else.

    Args:
        code: stable code of the wording, such as ``T-IN-03``.
        message: Chinese sentence that says what is wrong and what to do next.
        english: the same in English.
        params: values for programs; never personal data.
    """

    def __init__(self, code: str, message: str, english: str = "", **params: object) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.english = english or message
        self.params = params

    def __reduce__(self) -> tuple[object, ...]:
        """So that a child process can hand it to its parent."""
        return _made_again, (type(self), self.code, self.message, self.english, self.params)


def _made_again(
    kind: type[CunzhenError], code: str, message: str, english: str, params: dict[str, object]
) -> CunzhenError:
    return kind(code, message, english, **params)


class Refused(CunzhenError):
    """The actor may not do this (403)."""


class Invalid(CunzhenError):
    """The input cannot be accepted as it is (422)."""


class Conflict(CunzhenError):
    """Somebody was faster, or the state does not allow it (409)."""


class Missing(CunzhenError):
    """There is no such thing within the actor's reach (404)."""


class Unavailable(CunzhenError):
    """A disk, store, engine or queue cannot serve now (503, 507, 429)."""
