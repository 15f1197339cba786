"""The cast of the tests: two agencies and the people in them, made once for a test that asks for ``world``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from cunzhen.accounts.models import Agency, User
from cunzhen.accounts.operations import found_agency, found_user
from cunzhen.accounts.queries import actor_of, service_actor
from cunzhen.accounts.rules import Actor, Role
from cunzhen.holdings.models import Fonds
from cunzhen.holdings.operations import found_fonds, install_schedule

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PASSWORD = "Lin-county-2026!"


@dataclass(frozen=True)
class World:
    """临县 with everybody in it, 方山县 as the neighbour who must see nothing of it."""

    agency: Agency
    neighbour: Agency
    fonds: Fonds
    neighbour_fonds: Fonds
    clerk: User
    archivist: User
    reviewer: User
    leader: User
    system_officer: User
    security_officer: User
    audit_officer: User
    outsider: User

    def actor(self, name: str) -> Actor:
        """The actor for one of the cast, or the machine's (``service``)."""
        return service_actor(self.agency) if name == "service" else actor_of(getattr(self, name))


def build_world() -> World:
    """Make the cast in the current database."""
    agency = found_agency(name="临县社会保险中心", region_code="141124", valid_from=date(2003, 12, 1), now=NOW)
    neighbour = found_agency(name="方山县社会保险中心", region_code="141128", valid_from=date(1990, 1, 1), now=NOW)
    schedule = install_schedule(actor_id=agency.id, agency_id=agency.id, now=NOW)
    users = {
        role.value: found_user(
            agency=agency,
            username=role.value,
            display_name=name,
            password=PASSWORD,
            roles=[role],
            now=NOW,
        )
        for role, name in zip(Role, ("郭秀琴", "薛建平", "康玉梅", "李国强", "王志远", "张慧敏", "刘海燕"), strict=True)
    }
    outsider = found_user(
        agency=neighbour, username="outsider", display_name="邻县人", password=PASSWORD, roles=[Role.ARCHIVIST], now=NOW
    )
    return World(
        agency=agency,
        neighbour=neighbour,
        fonds=found_fonds(
            keeper=agency, code="J019", name="临县社会保险中心", schedule=schedule, actor_id=agency.id, now=NOW
        ),
        neighbour_fonds=found_fonds(
            keeper=neighbour, code="J019", name="方山县社会保险中心", schedule=schedule, actor_id=neighbour.id, now=NOW
        ),
        outsider=outsider,
        **users,
    )
