"""What the workers do to keep copies whole: the rolling scrub, and mending what somebody asks for."""

from __future__ import annotations

from django.utils import timezone

from cunzhen.accounts.queries import service_actor
from cunzhen.errors import Missing
from cunzhen.jobs import enqueue, every, job, stopping
from cunzhen.preservation.condition import bad_packages
from cunzhen.preservation.operations import repair_packages, roll_scrub

MENDED_AT_ONCE = 50  # then other jobs have their turn


@every(15.0)
def scrub() -> None:
    """Copies whose check is due, or a round that somebody asked for; it may go on for hours in this tick's thread."""
    try:
        actor = service_actor()
    except Missing:
        return  # no agency yet, so nothing is kept
    roll_scrub(actor, clock=timezone.now, stop=stopping)


@job("repair_packages")
def repair_packages_job(skip: int) -> None:
    """Mend some bad copies, then queue the rest; those that cannot be mended are passed over."""
    bad = bad_packages()
    chosen = bad[skip : skip + MENDED_AT_ONCE]
    report = repair_packages(service_actor(), clock=timezone.now, package_ids=chosen, stop=stopping)
    left = {one.package_id for one in report.copies if one.outcome not in {"mended", "found_whole"}}
    if len(bad) > skip + MENDED_AT_ONCE:
        enqueue("repair_packages", lock="repair_packages", skip=skip + len(left))
