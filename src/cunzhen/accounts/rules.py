"""Who may do what: roles, permissions named after operations, and the actor that every operation takes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from cunzhen.errors import Conflict, Refused


class Role(StrEnum):
    """The roles of an agency. The three officers hold no business rights, nor each other's (DA/T 92-2022)."""

    CLERK = "clerk"
    ARCHIVIST = "archivist"
    REVIEWER = "reviewer"
    LEADER = "leader"
    SYSTEM_OFFICER = "system_officer"
    SECURITY_OFFICER = "security_officer"
    AUDIT_OFFICER = "audit_officer"


ROLE_LABELS: dict[Role, tuple[str, str]] = {
    Role.CLERK: ("录入员", "Clerk"),
    Role.ARCHIVIST: ("档案员", "Archivist"),
    Role.REVIEWER: ("审核员", "Reviewer"),
    Role.LEADER: ("领导", "Leader"),
    Role.SYSTEM_OFFICER: ("系统管理员", "System officer"),
    Role.SECURITY_OFFICER: ("安全保密员", "Security officer"),
    Role.AUDIT_OFFICER: ("安全审计员", "Audit officer"),
}

_READ = frozenset({"search_items", "view_item", "view_page", "view_transfer"})
_CAPTURE = frozenset(
    {"open_transfer", "add_files", "receive_transfer", "read_drafts", "retry_drafts", "describe_draft"}
)
_FILE = frozenset({"file_drafts", "return_drafts", "close_transfer"})
_CORRECT = frozenset({"correct_items", "view_corrections"})
_BACKUP = frozenset({"back_up", "restore_backup", "record_drill"})
_EXPORT = frozenset({"export_items", "export_transfers"})
_UPKEEP = frozenset({"view_system", "retry_failed"})
_KEEP_WHOLE = frozenset({"view_preservation", "scrub_copies", "repair_packages"})
_OWN_ACCOUNT = frozenset({"change_password"})  # everybody's, with the account that is theirs

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.CLERK: _OWN_ACCOUNT | _READ | _CAPTURE | frozenset({"file_drafts"}),
    Role.ARCHIVIST: _OWN_ACCOUNT
    | _READ
    | _CAPTURE
    | _FILE
    | _EXPORT
    | _CORRECT
    | _KEEP_WHOLE
    | frozenset({"add_renditions", "record_drill", "verify_archive"}),
    Role.REVIEWER: _OWN_ACCOUNT | _READ | _FILE | _EXPORT | _CORRECT | frozenset({"describe_draft"}),
    Role.LEADER: _OWN_ACCOUNT | _READ | _EXPORT | frozenset({"view_corrections", "view_preservation"}),
    # Accounts are opened and shut by the one officer, their roles given and ended by the other.
    Role.SYSTEM_OFFICER: _OWN_ACCOUNT
    | _KEEP_WHOLE
    | frozenset({"view_users", "shut_user", "reopen_user", "reset_password", "set_store_policy"})
    | frozenset({"back_up", "record_drill"})
    | _UPKEEP,
    Role.SECURITY_OFFICER: _OWN_ACCOUNT
    | frozenset(
        {"view_users", "grant_role", "end_role", "issue_token", "revoke_token", "set_passphrase", "share_keys"}
    ),
    Role.AUDIT_OFFICER: _OWN_ACCOUNT | frozenset({"view_ledger", "view_preservation", "verify_archive"}),
}

# The machine's own acts: filing, checks and upkeep, nothing that shows or gives away content beyond that.
SERVICE_PERMISSIONS = (
    _CAPTURE
    | _FILE
    | _READ
    | _KEEP_WHOLE
    | _UPKEEP
    | _BACKUP
    | frozenset({"fold_changes", "mend_catalogue", "verify_archive", "view_ledger"})
)

# Roles that one person can never hold together: the officers with one another and with any business role.
OFFICERS = frozenset({Role.SYSTEM_OFFICER, Role.SECURITY_OFFICER, Role.AUDIT_OFFICER})


@dataclass(frozen=True)
class Actor:
    """Whoever acts, as every operation sees them.

    Args:
        id: the user's id, or the service's.
        name: shown on pages and receipts.
        kind: ``user`` or ``service``.
        agency_id: the agency the actor belongs to.
        agency_ids: every agency within reach (the agency and those below it).
        permissions: names of operations.
        roles: for display and menus only; decisions use permissions.
    """

    id: UUID
    name: str
    kind: str
    agency_id: UUID
    agency_ids: frozenset[UUID]
    permissions: frozenset[str]
    roles: frozenset[str] = frozenset()

    def may(self, operation: str) -> bool:
        """Whether the actor may call the operation at all."""
        return operation in self.permissions

    def require(self, operation: str) -> None:
        """Refuse unless the actor may.

        Raises:
            Refused: ``A-01``.
        """
        if not self.may(operation):
            raise Refused(
                "A-01",
                "您的岗位没有这项权限。如工作需要，请联系本单位安全保密员授权。",
                "Your role does not allow this. Ask your agency's security officer if your work needs it.",
                operation=operation,
            )


def incompatible(roles: frozenset[Role]) -> bool:
    """Whether one person may not hold these roles together."""
    return bool(roles & OFFICERS) and len(roles) > 1


def permissions_of(roles: frozenset[Role]) -> frozenset[str]:
    """Union of what the roles allow."""
    return frozenset().union(*(PERMISSIONS[r] for r in roles))


def check_ending(roles: Collection[Role], held_by_others: Collection[Role], *, is_own: bool) -> None:
    """Whether these roles of a user may end now.

    Args:
        roles: that would end.
        held_by_others: roles of the agency's other users.
        is_own: whether the user asks for it themselves.

    Raises:
        Conflict: ``A-14`` nobody ends their own account or roles, ``A-15`` nobody else is that officer.
    """
    if is_own:
        raise Conflict(
            "A-14",
            "不能停用自己的账号、重设自己的口令或变更自己的岗位，请由另一位管理人员办理。",
            "Nobody shuts their own account, resets their own password or changes their own roles.",
        )
    last = sorted(ROLE_LABELS[role][0] for role in OFFICERS & set(roles) - set(held_by_others))
    if last:
        raise Conflict(
            "A-15",
            f"本机构只有这一位{'、'.join(last)}，请先用 cunzhen user 设立接任的人。",
            "Nobody else of the agency is this officer; set up a successor with cunzhen user first.",
        )
