"""Callers of the API: programs with tokens, browsers with sessions, and papers to ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from cunzhen.accounts.models import Agency, User
from cunzhen.accounts.operations import found_user, issue_token
from cunzhen.accounts.queries import actor_of
from cunzhen.accounts.rules import Role
from tests.world import PASSWORD, World

BASE = "/api/v1"
PDF = Path(__file__).parents[2] / "samples" / "失业待遇" / "失业待遇核定表_冯志强.pdf"
PERSON, NUMBER, HIDDEN = "王秀英", "999999196001010012", "999999********0012"


@dataclass
class Door:
    """The API as each of the cast meets it."""

    world: World
    _clients: dict[str, Client] = field(default_factory=dict)

    def client(self, who: str) -> Client:
        """A program with that user's token; ``anonymous`` has none."""
        if who not in self._clients:
            self._clients[who] = Client(enforce_csrf_checks=True, headers=self._headers(who))
        return self._clients[who]

    def _headers(self, who: str) -> dict[str, str]:
        if who == "anonymous":
            return {}
        agency = self.world.neighbour if who == "outsider" else self.world.agency
        return self._token(agency, getattr(self.world, who).username)

    def _token(self, agency: Agency, username: str) -> dict[str, str]:
        own = actor_of(User.objects.get(username=username, agency=agency))
        token = issue_token(own, username=username, label="test", days=1, now=timezone.now())
        return {"Authorization": f"Bearer {token}"}

    def neighbour(self, role: Role) -> Client:
        """A program of somebody with that role in the other agency."""
        agency = self.world.neighbour
        username = f"other-{role.value}"
        found_user(
            agency=agency, username=username, display_name="邻县人", password=PASSWORD, roles=[role], now=timezone.now()
        )
        return Client(headers=self._token(agency, username))

    def browser(self, who: str) -> Client:
        """A browser in which that user has signed in on the desk's page."""
        client = Client(enforce_csrf_checks=True)
        client.login(username=getattr(self.world, who).username, password=PASSWORD)
        return client

    def get(self, path: str, who: str = "clerk", **query: Any) -> Any:
        """GET below the API's root."""
        return self.client(who).get(BASE + path, query)

    def post(self, path: str, body: Any = None, who: str = "clerk", key: str = "") -> Any:
        """POST JSON below the API's root."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.client(who).post(BASE + path, body or {}, content_type="application/json", headers=headers)

    def send(self, transfer: str, name: str, content: bytes, who: str = "clerk", **more: str) -> Any:
        """Upload one file as a form would."""
        file = SimpleUploadedFile(name, content)
        return self.client(who).post(f"{BASE}/transfers/{transfer}/files", {"file": file, **more})

    def open(self, who: str = "clerk", **more: Any) -> str:
        """The id of a new transfer."""
        done = self.post("/transfers", {"name": "接口批次", **more}, who)
        assert done.status_code == 201, done.content
        return str(done.json()["id"])


Asserted = Callable[..., dict[str, Any]]
