"""Reads about actors: who is this, what may they do, whom do they reach."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import QuerySet

from cunzhen.accounts.clock import TOLERANCE
from cunzhen.accounts.models import Agency, ApiToken, RoleGrant, User
from cunzhen.accounts.rules import SERVICE_PERMISSIONS, Actor, Role, permissions_of
from cunzhen.errors import Missing
from cunzhen.ledger.queries import history

_SERVICE_NAMESPACE = UUID("6f1b5d1e-6f0b-5f5e-9a0e-2f6c1f6d3a10")
_LOOKED_AT = 50  # entries about a user among which the latest sign-ins are looked for
_REACH = """
WITH RECURSIVE tree AS (SELECT id FROM accounts_agency WHERE id = %(agency)s
UNION SELECT a.id FROM accounts_agency a JOIN tree t ON a.parent_id = t.id) SELECT id FROM tree
"""
_RIGHTS = """
WITH RECURSIVE tree AS (SELECT id FROM accounts_agency WHERE id = %(agency)s
UNION SELECT a.id FROM accounts_agency a JOIN tree t ON a.parent_id = t.id) SELECT 'agency', '', id FROM tree
UNION ALL SELECT 'role', role, NULL FROM accounts_rolegrant WHERE user_id = %(user)s AND ended_at IS NULL
"""


def actor_of(user: User) -> Actor:
    """The actor for a signed-in user: rights and reach as they are now."""
    with connection.cursor() as cursor:  # one question, for it is asked on every request
        cursor.execute(_RIGHTS, {"agency": user.agency_id, "user": user.id})
        found = cursor.fetchall()
    roles = frozenset(Role(role) for kind, role, _ in found if kind == "role")
    return Actor(
        id=user.id,
        name=user.display_name,
        kind="user",
        agency_id=user.agency_id,
        agency_ids=frozenset(agency for kind, _, agency in found if kind == "agency"),
        permissions=permissions_of(roles) if user.is_active else frozenset(),
        roles=frozenset(r.value for r in roles),
    )


def service_actor(agency: Agency | None = None) -> Actor:
    """The machine itself, with ingest, verify and upkeep rights only (architecture.md 4a)."""
    home = agency or Agency.objects.filter(valid_to=None, parent=None).order_by("valid_from", "id").first()
    if home is None:
        raise Missing(
            "A-02",
            "系统中还没有机构。请先运行 cunzhen found --agency 名称 --region 行政区划代码 --fonds 全宗号。",
            "There is no agency yet. Run cunzhen found --agency NAME --region CODE --fonds CODE first.",
        )
    return Actor(
        id=uuid5(_SERVICE_NAMESPACE, f"{home.id}"),
        name="存真系统",
        kind="service",
        agency_id=home.id,
        agency_ids=reach(home.id),
        permissions=SERVICE_PERMISSIONS,
        roles=frozenset({"service"}),
    )


def reach(agency_id: UUID) -> frozenset[UUID]:
    """The agency and every agency below it."""
    with connection.cursor() as cursor:
        cursor.execute(_REACH, {"agency": agency_id})
        return frozenset(row[0] for row in cursor.fetchall())


def actor_names(ids: set[UUID]) -> dict[UUID, str]:
    """Display names of users by id; the service's ids are named as the system."""
    names = {u.id: u.display_name for u in User.objects.filter(id__in=ids).only("id", "display_name")}
    services = {uuid5(_SERVICE_NAMESPACE, str(a)) for a in Agency.objects.values_list("id", flat=True)}
    return names | {i: "存真系统" for i in ids & services}


def actor_of_token(secret: str, *, now: datetime) -> Actor | None:
    """The actor behind an API token, or None where it is unknown, expired, revoked or its user inactive.

    One that was issued at a time that has not come yet lets nobody in either: the clock was wrong then or is now.
    """
    digest = hashlib.sha256(secret.encode()).digest()
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=digest, revoked_at=None, expires_at__gt=now, user__is_active=True)
        .filter(created_at__lte=now + TOLERANCE)
        .first()
    )
    return actor_of(token.user) if token else None


@dataclass(frozen=True)
class SignIn:
    """One sign-in, or one that was refused."""

    at: datetime
    address: str
    refused: bool


def users_within(actor: Actor) -> list[tuple[User, list[Role]]]:
    """Users of the actor's agencies by sign-in name, each with the roles held now.

    Raises:
        Refused: ``A-01``.
    """
    actor.require("view_users")
    users = list(User.objects.filter(agency_id__in=actor.agency_ids).order_by("username"))
    held: dict[UUID, list[Role]] = {}
    grants = RoleGrant.objects.filter(user__in=users, ended_at=None).order_by("role")
    for user_id, role in grants.values_list("user_id", "role"):
        held.setdefault(user_id, []).append(Role(role))
    return [(user, held.get(user.id, [])) for user in users]


def tokens_within(actor: Actor, *, now: datetime) -> QuerySet[ApiToken]:
    """Tokens that let in now: one's own, and with the right those of all users within reach, oldest first."""
    alive = ApiToken.objects.filter(revoked_at=None, expires_at__gt=now, user__is_active=True).select_related("user")
    if actor.may("revoke_token"):
        return alive.filter(user__agency_id__in=actor.agency_ids).order_by("id")
    return alive.filter(user_id=actor.id).order_by("id")


def own_tokens(actor: Actor, *, now: datetime) -> QuerySet[ApiToken]:
    """The actor's own tokens that let in now, newest first."""
    return ApiToken.objects.filter(user_id=actor.id, revoked_at=None, expires_at__gt=now).order_by("-id")


def latest_sign_ins(actor: Actor, limit: int) -> list[SignIn]:
    """The actor's own latest sign-ins and refused ones, newest first; found among the last things done to the account.

    Args:
        limit: at most so many.
    """
    lines = [line for line in history(actor.id, _LOOKED_AT) if line.op in {"sign_in", "refuse_sign_in"}]
    return [
        SignIn(line.at, str((line.detail or {}).get("address", "")), line.op == "refuse_sign_in")
        for line in reversed(lines[-limit:])
    ]
