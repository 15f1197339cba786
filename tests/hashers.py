"""Argon2 at its lowest cost: the same code path as in the product, without its deliberate slowness."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """For the tests only."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1
