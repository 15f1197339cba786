"""Who may do what: roles, permissions named after operations, and the actor that every operation takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from cunzhen.errors import Refused


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

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.CLERK: _READ | _CAPTURE | frozenset({"file_drafts"}),
    Role.ARCHIVIST: _READ | _CAPTURE | _FILE | frozenset({"verify_archive"}),
    Role.REVIEWER: _READ | _FILE | frozenset({"describe_draft"}),
    Role.LEADER: _READ,
    Role.SYSTEM_OFFICER: frozenset({"manage_users", "view_system"}),
    Role.SECURITY_OFFICER: frozenset({"grant_roles", "issue_token"}),
    Role.AUDIT_OFFICER: frozenset({"view_ledger", "verify_archive"}),
}

# The machine's own acts: filing, checks and upkeep, nothing that shows or gives away content beyond that.
SERVICE_PERMISSIONS = _CAPTURE | _FILE | _READ | frozenset({"verify_archive", "view_ledger", "view_system"})

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
