"""Writes on agencies, users, roles, tokens and sign-in; each leaves its ledger entry."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from cunzhen.accounts.models import Agency, ApiToken, RoleGrant, User
from cunzhen.accounts.rules import Actor, Role, check_ending, incompatible
from cunzhen.errors import Conflict, CunzhenError, Invalid, Missing, Refused
from cunzhen.keys import escrow, keystore
from cunzhen.keys.shares import read_share, split
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
    _check_compatible(held)
    user = User(node=settings.NODE, username=username, display_name=display_name, agency=agency, created_at=now)
    _check_strength(password, user)
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


def change_password(actor: Actor, *, old: str, new: str, now: datetime) -> User:
    """Change one's own password; every session but the one that asks for it ends with the old one.

    Sessions carry a digest of the password's hash (Django's session authentication), so none outlives it; the door
    renews its own.

    Raises:
        Refused. Invalid: ``A-12`` the old one is wrong, ``A-13`` the new one is the old, ``A-05`` it is weak.
    """
    actor.require("change_password")
    with transaction.atomic():
        user = _locked(actor, id=actor.id)
        known = user.check_password(old)
        if known:
            if new == old:
                raise Invalid("A-13", "新口令不能与现在的相同，请换一个。", "The new password is the present one.")
            _check_strength(new, user)
            user.set_password(new)
            user.save(update_fields=["password"])
            _record("change_password", actor.id, user.agency_id, user.id, {}, now)
    if not known:
        _enter_refusal(actor, "change_password", now)
        raise Invalid("A-12", "现在的口令不对，请重新输入。", "The present password is wrong; type it again.")
    return user


def reset_password(actor: Actor, *, username: str, now: datetime) -> str:
    """Give somebody who forgot theirs a new password, shown once; what they had open ends.

    Raises:
        Refused. Missing: ``A-08``. Conflict: ``A-14`` one's own, ``A-16`` a user who was shut.
    """
    actor.require("reset_password")
    with transaction.atomic():
        user = _locked(actor, username__iexact=username)
        _check_open(user)
        check_ending((), (), is_own=user.id == actor.id)
        return _give_password("reset_password", actor, user, now)


def shut_user(actor: Actor, *, username: str, now: datetime) -> User:
    """Lock somebody who leaves out at once: account, roles, sessions and tokens end together; the rows stay.

    Raises:
        Refused. Missing: ``A-08``. Conflict: ``A-14``, ``A-15``, ``A-16`` shut already.
    """
    actor.require("shut_user")
    with transaction.atomic():
        user = _locked(actor, username__iexact=username)
        _check_open(user)
        held = _roles_of(user)
        check_ending(held, _held_by_others(user), is_own=user.id == actor.id)
        user.is_active = False
        user.set_unusable_password()  # so that no session of today comes back should the account be opened again
        user.save(update_fields=["is_active", "password"])
        RoleGrant.objects.filter(user=user, ended_at=None).update(ended_at=now)
        tokens = ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
        _record("shut_user", actor.id, user.agency_id, user.id, {"roles": sorted(held), "tokens": tokens}, now)
    return user


def reopen_user(actor: Actor, *, username: str, now: datetime) -> str:
    """Open an account that was shut, with a new password, shown once; roles have to be given anew.

    Raises:
        Refused. Missing: ``A-08``. Conflict: ``A-17`` it is open.
    """
    actor.require("reopen_user")
    with transaction.atomic():
        user = _locked(actor, username__iexact=username)
        if user.is_active:
            raise Conflict("A-17", "这个用户没有停用，不需要启用。", "The account is open already.")
        user.is_active = True
        return _give_password("reopen_user", actor, user, now)


def grant_role(actor: Actor, *, username: str, role: Role, now: datetime) -> User:
    """Give a user a role.

    Raises:
        Refused. Missing: ``A-08``. Conflict: ``A-14`` to oneself, ``A-16`` a user who was shut, ``A-18`` held already.
        Invalid: ``A-04`` roles that exclude each other.
    """
    actor.require("grant_role")
    with transaction.atomic():
        user = _locked(actor, username__iexact=username)
        _check_open(user)
        check_ending((), (), is_own=user.id == actor.id)
        held = _roles_of(user)
        if role in held:
            raise Conflict("A-18", "这个用户已经有这个岗位。", "The user holds that role already.")
        _check_compatible(held | {role})
        RoleGrant(user=user, role=role.value, granted_by=actor.id, granted_at=now).save(force_insert=True)
        _record("grant_role", actor.id, user.agency_id, user.id, {"role": role.value}, now)
    return user


def end_role(actor: Actor, *, username: str, role: Role, now: datetime) -> User:
    """Take a role from a user; the rights go with the next click, for they are asked for at each.

    Raises:
        Refused. Missing: ``A-08``. Conflict: ``A-14``, ``A-15``, ``A-19`` not held.
    """
    actor.require("end_role")
    with transaction.atomic():
        user = _locked(actor, username__iexact=username)
        if role not in _roles_of(user):
            raise Conflict("A-19", "这个用户没有这个岗位，请核对。", "The user does not hold that role.")
        check_ending({role}, _held_by_others(user), is_own=user.id == actor.id)
        RoleGrant.objects.filter(user=user, role=role.value, ended_at=None).update(ended_at=now)
        _record("end_role", actor.id, user.agency_id, user.id, {"role": role.value}, now)
    return user


def issue_token(actor: Actor, *, username: str, label: str, days: int, now: datetime) -> str:
    """Make an API token in one's own name, or with the right in another's; the secret is shown once, never stored.

    Args:
        days: how long it lasts, 1 to 366.

    Raises:
        Refused. Missing: ``A-08``. Invalid: ``A-07``.
    """
    if not 1 <= days <= 366:
        raise Invalid("A-07", "有效期须在 1 至 366 天之间。", "The token must last between 1 and 366 days.")
    with transaction.atomic():
        user = User.objects.filter(username__iexact=username, agency_id__in=actor.agency_ids, is_active=True).first()
        if user is None:
            raise Missing("A-08", "没有这个用户，请核对登录名。", "There is no such user.")
        if actor.id != user.id:
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


def revoke_token(actor: Actor, *, token_id: UUID, now: datetime) -> ApiToken:
    """Take a token back, one's own or with the right another's; safe to repeat.

    Raises:
        Refused. Missing: ``A-20``.
    """
    with transaction.atomic():
        found = ApiToken.objects.select_for_update(of=("self",)).select_related("user")
        token = found.filter(id=token_id, user__agency_id__in=actor.agency_ids).first()
        if token is None:
            raise Missing("A-20", "没有这个令牌，请核对编号。", "There is no such token within your reach.")
        if actor.id != token.user_id:
            actor.require("revoke_token")
        if token.revoked_at is None:
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
            detail = {"user": str(token.user_id)}
            _record("revoke_token", actor.id, token.user.agency_id, token.id, detail, now)
    return token


def set_passphrase(actor: Actor, *, passphrase: str | None, now: datetime) -> None:
    """Seal the home's key store under a passphrase, under another, or under none.

    Processes that run keep the keys they have read; the next start needs the passphrase.

    Args:
        passphrase: at least 16 characters; None to keep the file unsealed again.

    Raises:
        Refused. Invalid: ``K-05`` too short. Unavailable: ``K-01``, ``K-02``, ``K-06``, ``K-08``.
    """
    actor.require("set_passphrase")
    folder = settings.HOME / "keys"
    keys = keystore.load(folder)
    content = keys.to_bytes() if passphrase is None else escrow.seal_keys(keys.to_bytes(), passphrase)
    with transaction.atomic():
        _record("set_passphrase", actor.id, actor.agency_id, actor.agency_id, {"sealed": passphrase is not None}, now)
        keystore.write(folder, content)
    keystore.use_passphrase(passphrase or "")


def share_keys(actor: Actor, *, shares: int, needed: int, now: datetime) -> list[str]:
    """A new set of recovery shares of the key store; sets made before stay good.

    Args:
        shares, needed: as for ``keys.shares.split``.

    Raises:
        Refused. Invalid: ``K-10``. Unavailable: as ``keystore.load``.
    """
    actor.require("share_keys")
    made = split(keystore.load(settings.HOME / "keys"), shares=shares, needed=needed)
    detail = {"shares": shares, "needed": needed, "set": read_share(made[0]).set_id}
    with transaction.atomic():
        _record("share_keys", actor.id, actor.agency_id, actor.agency_id, detail, now)
    return made


def refuse(error: CunzhenError, *, actor: object, now: datetime) -> bool:
    """Enter in the ledger that somebody asked for what they may not do; called by each door where it maps errors.

    Args:
        error: what was raised; only a missing permission (``Actor.require``) leaves an entry.
        actor: who asked, as the door knows them; nothing where it knows nobody.

    Returns:
        Whether an entry was written: one a minute for an actor and operation, so that the ledger cannot be flooded.
    """
    operation = error.params.get("operation")
    if not isinstance(error, Refused) or not isinstance(actor, Actor) or not isinstance(operation, str):
        return False
    return _enter_refusal(actor, operation, now)


def _enter_refusal(actor: Actor, operation: str, now: datetime) -> bool:
    """One statement decides, so that many refusals at once leave one entry."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_NOTE_REFUSAL, [actor.id, operation, now])
            is_new = cursor.fetchone() is not None
        if is_new:
            _record("refuse", actor.id, actor.agency_id, actor.id, {"operation": operation}, now)
    return is_new


_NOTE_REFUSAL = """
INSERT INTO accounts_refusal (actor_id, operation, at) VALUES (%s, %s, %s)
ON CONFLICT (actor_id, operation) DO UPDATE SET at = excluded.at
WHERE accounts_refusal.at <= excluded.at - interval '1 minute' RETURNING at
"""


def _locked(actor: Actor, **which: object) -> User:
    """A user of the actor's agencies, held; with the agency, so that two officers cannot end each other's last role."""
    user = User.objects.filter(agency_id__in=actor.agency_ids, **which).first()
    if user is None:
        raise Missing("A-08", "没有这个用户，请核对登录名。", "There is no such user.")
    Agency.objects.select_for_update().get(id=user.agency_id)
    return User.objects.select_for_update().get(id=user.id)


def _check_open(user: User) -> None:
    if not user.is_active:
        raise Conflict("A-16", "这个用户已经停用。", "The account has been shut.")


def _check_compatible(roles: frozenset[Role]) -> None:
    if incompatible(roles):
        raise Invalid(
            "A-04",
            "三员（系统管理员、安全保密员、安全审计员）不能互相兼任，也不能兼任业务岗位。",
            "The three officers exclude each other and every business role.",
        )


def _check_strength(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            "A-05",
            "口令太弱：至少 10 个字符，不能是常见口令，也不能与登录名相近。请换一个。",
            "The password is too weak: at least 10 characters, not a common one, not like the sign-in name.",
        ) from error


def _give_password(op: str, actor: Actor, user: User, now: datetime) -> str:
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["is_active", "password"])
    _record(op, actor.id, user.agency_id, user.id, {}, now)
    return password


def _roles_of(user: User) -> frozenset[Role]:
    held = RoleGrant.objects.filter(user=user, ended_at=None).values_list("role", flat=True)
    return frozenset(Role(role) for role in held)


def _held_by_others(user: User) -> frozenset[Role]:
    """Roles that others of the same agency hold who can still sign in."""
    others = RoleGrant.objects.filter(user__agency_id=user.agency_id, user__is_active=True, ended_at=None)
    return frozenset(Role(role) for role in others.exclude(user=user).values_list("role", flat=True).distinct())


def _record(
    op: str, actor_id: UUID, agency_id: UUID, subject: UUID, detail: Mapping[str, object], now: datetime
) -> None:
    with transaction.atomic():
        record(
            [NewEntry(op=op, actor_id=actor_id, agency_id=agency_id, subjects=(Subject(subject),), detail=detail)],
            at=now,
        )
