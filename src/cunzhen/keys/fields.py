"""Django field whose column holds ciphertext only."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from cunzhen.keys.sealing import seal, unseal


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """Text that is encrypted on its way into the database and decrypted on its way out.

    Args:
        purpose: names the key (see ``keys.sealing.seal``); part of the stored meaning, never change it.

    Equality look-ups go through a blind index column beside it, never through this one.
    """

    def __init__(self, *args: Any, purpose: str, **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Keep the purpose in migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, list(args), {**kwargs, "purpose": self.purpose}

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Encrypt."""
        return None if value is None else seal(self.purpose, str(value).encode())

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> str | None:
        """Decrypt."""
        return None if value is None else unseal(self.purpose, bytes(value)).decode()

    def to_python(self, value: Any) -> Any:
        """Forms and fixtures hand over plain text."""
        return value
