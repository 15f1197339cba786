"""Agencies (a tree in time), users, the roles they hold, and the tokens of their programs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import ROLE_LABELS, Role


class Agency(models.Model):
    """An agency during one period of its life; a merger or move is a new row that the old one names as successor."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=50)
    kind = models.CharField(
        max_length=20, default="insurance"
    )  # insurance 社会保险经办机构 | medical 医疗保障 | archive 档案馆
    region_code = models.CharField(max_length=12)  # GB/T 2260, 6 digits, or longer for townships
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    successor = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="predecessors")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")), name="agency_valid"
            )
        ]

    def __str__(self) -> str:
        return self.name


class UserAccounts(BaseUserManager["User"]):
    """Looks users up by their sign-in name."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Sign-in names are compared without case."""
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32, default="")
    username = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=60)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="users")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = UserAccounts()

    USERNAME_FIELD = "username"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fill the node's id on the first save."""
        self.node = self.node or settings.NODE
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.display_name


class RoleGrant(models.Model):
    """One role held by one user for one period; ended rows stay as evidence."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=30, choices=[(r.value, ROLE_LABELS[r][0]) for r in Role])
    granted_by = models.UUIDField()
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"], condition=models.Q(ended_at=None), name="role_grant_once_at_a_time"
            )
        ]


class ApiToken(models.Model):
    """A program's key to the API in one user's name; only its SHA-256 is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=100)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class Refusal(models.Model):
    """When the ledger last took in that an actor may not do something: once a minute, however often it is tried."""

    pk = models.CompositePrimaryKey("actor_id", "operation")
    actor_id = models.UUIDField()
    operation = models.CharField(max_length=60)
    at = models.DateTimeField()
