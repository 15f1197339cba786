"""Who is let in: bearer tokens while they last, sessions with their CSRF token, nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cunzhen.accounts.models import ApiToken
from cunzhen.accounts.operations import issue_token
from tests.api.doors import BASE, Asserted, Door
from tests.world import NOW

pytestmark = pytest.mark.django_db


def _get(token: str) -> int:
    return Client(headers={"Authorization": f"Bearer {token}"}).get(f"{BASE}/transfers").status_code


def test_a_token_lets_in_while_it_lasts(door: Door) -> None:
    clerk = door.world.actor("clerk")
    token = issue_token(clerk, username="clerk", label="", days=1, now=timezone.now())
    assert _get(token) == 200
    assert _get(token[:-1]) == 401
    assert _get("") == 401
    ApiToken.objects.update(revoked_at=NOW)
    assert _get(token) == 401
    ApiToken.objects.update(revoked_at=None, expires_at=timezone.now() - timedelta(seconds=1))
    assert _get(token) == 401


def test_a_user_who_left_is_let_in_no_more(door: Door) -> None:
    browser = door.browser("clerk")
    assert browser.get(f"{BASE}/transfers").status_code == 200
    assert door.get("/transfers").status_code == 200
    door.world.clerk.is_active = False
    door.world.clerk.save()
    assert door.get("/transfers").status_code == 401
    assert browser.get(f"{BASE}/transfers").status_code == 401


def test_nobody_is_told_how_to_sign_in(door: Door, is_problem: Asserted) -> None:
    refused = door.get("/transfers", who="anonymous")
    is_problem(refused, 401, "API-02")
    assert refused["WWW-Authenticate"].startswith("Bearer")
    is_problem(door.post("/transfers", {"name": "批次"}, "anonymous"), 401, "API-02")


def test_a_session_writes_only_with_its_csrf_token(door: Door, is_problem: Asserted) -> None:
    browser = door.browser("clerk")
    body = {"name": "批次"}
    is_problem(browser.post(f"{BASE}/transfers", body, content_type="application/json"), 403, "API-09")
    browser.get("/sign-in/")
    token = browser.cookies["csrftoken"].value if "csrftoken" in browser.cookies else ""
    if not token:
        from django.middleware.csrf import _get_new_csrf_string

        token = _get_new_csrf_string()
        browser.cookies["csrftoken"] = token
    headers = {"X-CSRFToken": token}
    done = browser.post(f"{BASE}/transfers", body, content_type="application/json", headers=headers)
    assert done.status_code == 201, done.content


def test_a_dead_token_does_not_fall_back_on_the_session(door: Door, is_problem: Asserted) -> None:
    browser = door.browser("clerk")
    is_problem(browser.get(f"{BASE}/transfers", headers={"Authorization": "Bearer cz_gone"}), 401)
    is_problem(browser.get(f"{BASE}/transfers", headers={"Authorization": "Basic Y2xlcms6eA=="}), 401)
