"""Over every address that carries an id: strangers, other agencies and other roles learn nothing from any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.urls import URLPattern, reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from cunzhen.access.operations import search_items
from cunzhen.accounts.models import ApiToken
from cunzhen.accounts.operations import issue_token
from cunzhen.capture.operations import add_file
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.operations import correct_items
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence
from cunzhen.web.urls import urlpatterns
from tests.web.client import Browser
from tests.web.conftest import Sit
from tests.web.papers import filed, opened, waiting
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
PATTERNS = [p for p in urlpatterns if isinstance(p, URLPattern) and "<uuid:" in str(p.pattern)]
OPEN_TO_ALL = {"sign_in", "ledger_resource"}


def _names(pattern: URLPattern) -> list[str]:
    return re.findall(r"<\w+:(\w+)>", str(pattern.pattern))


def _address(pattern: URLPattern, ids: dict[str, UUID]) -> str:
    return reverse(f"web:{pattern.name}", kwargs={n: ids.get(n, 1) for n in _names(pattern)})


def _methods(pattern: URLPattern) -> Iterator[str]:
    yield from ("head", "patch") if pattern.name == "upload" else ("get", "post")


def _ask(browser: Browser, method: str, address: str) -> tuple[int, bytes]:
    more = {"data": {}} if method in {"get", "post"} else {}
    if method == "patch":
        more = {"data": b"x", "content_type": "application/offset+octet-stream"}
    token = browser.token()["csrfmiddlewaretoken"]
    answer = browser.raw(method, address, headers=TUS | {"X-CSRFToken": token}, **more)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, re.sub(rb'(name="csrf[a-z-]+" (value|content)=")[^"]*', rb"\1", content)


@pytest.fixture
def ids(world: World, tmp_path: Path) -> dict[str, UUID]:
    """One of everything that has an address, at the first agency."""
    clerk = world.actor("clerk")
    (draft, _) = waiting(world, tmp_path)
    transfer = opened(world)
    issue_token(clerk, username="clerk", label="扫描", days=9, now=timezone.now())
    item_id = filed(world, tmp_path / "filed")[0]
    correction = Correction(item_id, 1, title="更正后的题名")
    correct_items(world.actor("archivist"), corrections=[correction], reason="核对原件", now=NOW)
    sequence()
    return {
        "entry_id": LedgerEntry.objects.get(op="correct_items").id,
        "token_id": ApiToken.objects.get().id,
        "draft_id": draft.id,
        "transfer_id": draft.transfer_id,
        "upload_id": add_file(clerk, transfer_id=transfer.id, path="a.pdf", size=10, now=NOW).id,
        "item_id": item_id,
        "search_id": search_items(clerk, query="退休", now=NOW).id,
    }


def test_every_kind_of_id_is_here(ids: dict[str, UUID]) -> None:
    assert {n for p in PATTERNS for n in _names(p) if n != "number"} == set(ids)


def test_another_agency_gets_the_answer_for_what_is_not_there(sit: Sit, ids: dict[str, UUID]) -> None:
    outsider, unknown = sit("outsider"), {n: uuid7() for n in ids}
    for pattern in PATTERNS:
        for method in _methods(pattern):
            theirs, nothing = _address(pattern, ids), _address(pattern, unknown)
            status, body = _ask(outsider, method, theirs)
            other_status, other_body = _ask(outsider, method, nothing)
            assert status == other_status in {404, 405}, (method, pattern.name, status, other_status)
            for name, known in ids.items():
                body = body.replace(str(known).encode(), b"-")
                other_body = other_body.replace(str(unknown[name]).encode(), b"-")
            assert body == other_body, (method, pattern.name)


def test_the_addresses_are_real(sit: Sit, ids: dict[str, UUID]) -> None:
    archivist = sit("archivist")
    for pattern in PATTERNS:
        answers = {_ask(archivist, m, _address(pattern, ids))[0] for m in _methods(pattern)}
        drawn = {"item_page", "item_thumbnail", "rendition"} & {str(pattern.name)}
        # No real picture and no rendition is there; the token is another's.
        if not drawn and pattern.name != "revoke_token":
            assert 404 not in answers, (pattern.name, answers)


def test_nobody_is_let_in_without_signing_in(sit: Sit, ids: dict[str, UUID]) -> None:
    stranger = sit("")
    for pattern in urlpatterns:
        if isinstance(pattern, URLPattern) and pattern.name not in {*OPEN_TO_ALL, "sign_out"}:
            for method in _methods(pattern):
                answer = stranger.raw(
                    method, _address(pattern, ids), headers={"X-CSRFToken": stranger.token()["csrfmiddlewaretoken"]}
                )
                if answer.status_code != 405:
                    assert answer.status_code == 302, (method, pattern.name, answer.status_code)
                    assert answer["Location"].startswith("/sign-in/?next=/"), pattern.name


@pytest.mark.parametrize("who", ["system_officer", "security_officer", "audit_officer"])
def test_officers_see_no_papers(sit: Sit, ids: dict[str, UUID], who: str) -> None:
    officer = sit(who)
    for pattern in PATTERNS:
        for method in _methods(pattern):
            assert _ask(officer, method, _address(pattern, ids))[0] in {404, 405}, (who, method, pattern.name)


REFUSED = {
    "leader": ("/describe/", "/transfers/new/", "/ledger/"),
    "clerk": ("/ledger/",),
    "reviewer": ("/transfers/new/", "/ledger/"),
    "archivist": ("/ledger/",),
    "audit_officer": ("/transfers/", "/transfers/new/", "/describe/", "/items/", "/search/"),
    "system_officer": ("/transfers/", "/describe/", "/items/", "/search/", "/ledger/"),
    "security_officer": ("/transfers/", "/describe/", "/items/", "/search/", "/ledger/"),
}


@pytest.mark.parametrize(("who", "address"), [(w, a) for w, addresses in REFUSED.items() for a in addresses])
def test_what_a_role_may_not_looks_as_if_it_were_not(sit: Sit, who: str, address: str) -> None:
    page = sit(who).get(address, 404)
    nothing = sit(who).get("/no-such-page/", 404)
    assert page.text == nothing.text


@pytest.mark.parametrize("name", ["receive_transfer", "retry_drafts", "return_drafts", "return_draft", "describe"])
def test_a_leader_only_looks(sit: Sit, ids: dict[str, UUID], name: str) -> None:
    (pattern,) = [p for p in PATTERNS if p.name == name]
    assert _ask(sit("leader"), "post", _address(pattern, ids))[0] == 404


def test_a_clerk_does_not_return_papers(sit: Sit, ids: dict[str, UUID]) -> None:
    answer = sit("clerk").post(f"/describe/{ids['draft_id']}/return/", {"reason": "缺页"}, 404)
    assert answer.status == 404
