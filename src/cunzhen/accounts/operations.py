"""Writes on agencies, users, roles, tokens and sign-in; each leaves its ledger entry."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from cunzhen.accounts.models import Agency, ApiToken, RoleGrant, User
from cunzhen.accounts.rules import Actor, Role, incompatible
from cunzhen.errors import Conflict, Invalid, Missing, Refused
from cunzhen.ledger.operations import NewEntry, Subject, record


def found_agency(
    *, name: str, region_code: str, valid_from: date, now: datetime, parent: Agency | None = None
) -> Agency:
    """Register an agency; part of setting up a home, where nobody can sign in yet."""
    agency = Agency(
        node=settings.NODE,
        name=name,
        short_name=name[:50],
        region_code=region_code,
        parent=parent,
        valid_from=valid_from,
    )
    with transaction.atomic():
        agency.save(force_insert=True)
        _record("found_agency", agency.id, agency.id, agency.id, {"name": name, "region": region_code}, now)
    return agency


def found_user(
    *, agency: Agency, username: str, display_name: str, password: str, roles: Collection[Role], now: datetime
) -> User:
    """Make a user with roles during set-up, on the machine itself (``cunzhen user``); later roles need an officer.

    Raises:
        Invalid: ``A-04`` roles that exclude each other, ``A-05`` a weak password.
        Conflict: ``A-06`` the sign-in name is taken.
    """
    held = frozenset(roles)
    if incompatible(held):
        raise Invalid(
            "A-04",
            "三员（系统管理员、安全保密员、安全审计员）不能互相兼任，也不能兼任业务岗位。",
            "The three officers exclude each other and every business role.",
        )
    user = User(node=settings.NODE, username=username, display_name=display_name, agency=agency, created_at=now)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            "A-05",
            "口令太弱：至少 10 个字符，不能是常见口令，也不能与登录名相近。请换一个。",
            "The password is too weak: at least 10 characters, not a common one, not like the sign-in name.",
        ) from error
    user.set_password(password)
    with transaction.atomic():
        if User.objects.filter(username__iexact=username).exists():
            raise Conflict("A-06", "这个登录名已被使用，请换一个。", "That sign-in name is taken.")
        user.save(force_insert=True)
        RoleGrant.objects.bulk_create(
            RoleGrant(user=user, role=role.value, granted_by=user.id, granted_at=now) for role in sorted(held)
        )
        _record("found_user", user.id, agency.id, user.id, {"roles": sorted(held)}, now)
    return user


def sign_in(*, username: str, password: str, address: str, now: datetime) -> User:
    """Check a person's name and password and record the outcome, either way.

    Raises:
        Refused: ``A-03``; the message does not tell which of the two was wrong.
    """
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        known = User.objects.filter(username__iexact=username).first()
        if known is not None:
            _record("refuse_sign_in", known.id, known.agency_id, known.id, {"address": address}, now)
        raise Refused("A-03", "登录名或口令不对，请重新输入。", "The sign-in name or the password is wrong.")
    _record("sign_in", user.id, user.agency_id, user.id, {"address": address}, now)
    return user


def issue_token(actor: Actor, *, username: str, label: str, days: int, now: datetime) -> str:
    """Make an API token in a user's name; the secret is returned once and never stored.

    Args:
        days: how long it lasts, 1 to 366.
    """
    if not 1 <= days <= 366:
        raise Invalid("A-07", "有效期须在 1 至 366 天之间。", "The token must last between 1 and 366 days.")
    with transaction.atomic():
        user = User.objects.filter(username__iexact=username, agency_id__in=actor.agency_ids, is_active=True).first()
        if user is None:
            raise Missing("A-08", "没有这个用户，请核对登录名。", "There is no such user.")
        if actor.kind == "user" and actor.id != user.id:
            actor.require("issue_token")
        secret = "cz_" + secrets.token_urlsafe(32)
        token = ApiToken(
            user=user,
            label=label,
            digest=hashlib.sha256(secret.encode()).digest(),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        token.save(force_insert=True)
        _record("issue_token", actor.id, user.agency_id, token.id, {"user": str(user.id), "days": days}, now)
    return secret


def _record(op: str, actor_id: UUID, agency_id: UUID, subject: UUID, detail: dict[str, object], now: datetime) -> None:
    with transaction.atomic():
        record(
            [NewEntry(op=op, actor_id=actor_id, agency_id=agency_id, subjects=(Subject(subject),), detail=detail)],
            at=now,
        )
