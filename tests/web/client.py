"""A browser of the tests without scripts: it reads every page it gets as strictly as a judge, and sends real forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode, urljoin

import html5lib
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from django.http import HttpResponse
from django.test import Client

from cunzhen.formats.identifiers import is_identity_number

FIELDS = "input:not([type=hidden]):not([type=submit]), select, textarea"
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_ENGLISH = re.compile(r"\b[a-z]{2,}(?: [a-z]{2,}){2,}\b")
_NUMBER = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")
_ADDRESSES = ("href", "src", "action", "hx-get", "hx-post", "formaction", "poster", "data-src")
_SPOKEN = ("title", "alt", "aria-label", "placeholder")
# Words that stay as they are on a page of the other language.
_ALWAYS = ("中文", "English", "薛玉梅", "退休审批表", "退休", "纺织厂")  # the last ones are examples of queries


@dataclass
class Page:
    """One answer that is a page."""

    response: HttpResponse
    url: str
    soup: BeautifulSoup = field(repr=False)

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        """What a person reads, blanks run together."""
        return " ".join(" ".join(t for _, t in shown(self.soup)).split())

    @property
    def h1(self) -> str:
        return _words(self.soup.h1)

    @property
    def title(self) -> str:
        return _words(self.soup.title)

    def one(self, selector: str) -> Tag:
        """The only element of that kind."""
        found = self.soup.select(selector)
        assert len(found) == 1, f"{len(found)} of {selector} on {self.url}"
        return found[0]

    def values(self, form: Tag) -> dict[str, Any]:
        """What the form would send as it stands."""
        sent: dict[str, Any] = {}
        for each in form.select("input[name], select[name], textarea[name]"):
            name = str(each["name"])
            if each.name == "select":
                chosen = each.select("option[selected]") or each.select("option")[:1]
                sent[name] = str(chosen[0].get("value", "")) if chosen else ""
            elif each.name == "textarea":
                sent[name] = each.get_text()
            elif each.get("type") in {"checkbox", "radio"}:
                if each.has_attr("checked"):
                    sent[name] = str(each.get("value", "on"))
            elif each.get("type") not in {"submit", "file"}:
                sent.setdefault(name, []).append(str(each.get("value", "")))
        return sent

    def field(self, name: str) -> str:
        """What stands in a field."""
        each = self.one(f"[name='{name}']:not([type=hidden])")
        if each.name == "select":
            return "".join(str(o.get("value")) for o in each.select("option[selected]"))
        return str(each.get("value", ""))


class Browser:
    """Somebody at the desk: signed in, in one language, forms protected as they are for real."""

    def __init__(self, user: object | None = None, allowed: Callable[[], Collection[str]] = tuple) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.allowed = allowed
        if user is not None:
            self.client.force_login(user)  # type: ignore[arg-type]

    def speak(self, language: str) -> Browser:
        """Go on in a language that was chosen before."""
        self.client.cookies["django_language"] = language
        return self

    def get(self, url: str, status: int = 200, **headers: str) -> Page:
        """Open a page."""
        return self._read(self.raw("get", url, headers=headers), url, status)

    def raw(self, method: str, url: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """Any request; the answer is not read."""
        return getattr(self.client, method)(url, headers=headers or {}, **more)

    def submit(self, page: Page, selector: str, status: int = 200, **changed: Any) -> Page:
        """Fill in a form of a page, send it, and follow to where it leads."""
        form = page.one(selector)
        data = page.values(form) | {k.replace("__", "-"): v for k, v in changed.items()}
        url = urljoin(page.url, str(form.get("action") or page.url))
        if form.get("method", "get").lower() == "get":
            return self.get(f"{url.partition('?')[0]}?{urlencode(data, doseq=True)}", status)
        return self.follow(
            self.raw("post", url, data=data, headers={"Referer": f"http://testserver{page.url}"}), url, status
        )

    def post(
        self, url: str, data: dict[str, Any] | None = None, status: int = 200, headers: dict[str, str] | None = None
    ) -> Page:
        """Post without a page before it, with the token that any page of the desk carries."""
        return self.follow(self.raw("post", url, data=(data or {}) | self.token(), headers=headers), url, status)

    def token(self) -> dict[str, str]:
        """The token against forged requests."""
        found = BeautifulSoup(self.raw("get", "/sign-in/").content, "html5lib")
        return {"csrfmiddlewaretoken": str(found.select("input[name=csrfmiddlewaretoken]")[0]["value"])}

    def follow(self, response: HttpResponse, url: str, status: int = 200) -> Page:
        """Where an answer leads."""
        while response.status_code in {301, 302}:
            url = response["Location"]
            assert url.startswith("/"), url
            response = self.raw("get", url)
        return self._read(response, url, status)

    def _read(self, response: HttpResponse, url: str, status: int) -> Page:
        assert response.status_code == status, (
            f"{response.status_code} at {url}: {response.content[:600].decode(errors='replace')}"
        )
        html = response.content.decode("utf-8")
        part = not html.lstrip().startswith("<!doctype")
        soup = BeautifulSoup(html, "html5lib")
        problems = [*_syntax(html, part), *_structure(soup, part), *_secrets(soup, url)]
        problems += _language(soup, {*_ALWAYS, *self.allowed()})
        assert not problems, f"{url}:\n" + "\n".join(problems)
        return Page(response, url, soup)


def _words(tag: Tag | None) -> str:
    return " ".join(tag.get_text(" ").split()) if tag else ""


def shown(soup: Tag) -> Iterator[tuple[Tag, str]]:
    """Stretches of text that a person reads or hears, with the element they stand in."""
    for text in soup.find_all(string=True):
        parent = text.parent
        if type(text) is not NavigableString or parent is None or parent.name in {"script", "style", "template"}:
            continue
        if text.strip():
            yield parent, str(text)
    for each in soup.find_all(True):
        for name in _SPOKEN:
            if each.get(name):
                yield each, str(each[name])


def _syntax(html: str, part: bool) -> Iterator[str]:
    parser = html5lib.HTMLParser(strict=False)
    if part:
        parser.parseFragment(html)
    else:
        parser.parse(html)
    for place, code, details in parser.errors:
        yield f"not HTML at {place}: {code} {details}"


def _structure(soup: BeautifulSoup, part: bool) -> Iterator[str]:
    ids = [str(t["id"]) for t in soup.select("[id]")]
    yield from (f"id twice: {i}" for i in sorted({i for i in ids if ids.count(i) > 1}))
    if not part:
        if not _words(soup.title).partition(" - ")[0].strip():
            yield "no title"
        if len(soup.select("h1")) != 1:
            yield f"{len(soup.select('h1'))} h1"
        if not soup.html or not soup.html.get("lang"):
            yield "no language"
        yield from (
            f"link to nowhere: #{a['href'][1:]}" for a in soup.select("a[href^='#']") if a["href"][1:] not in ids
        )
    yield from _scripts(soup)
    yield from _names(soup, ids)
    for form in soup.select("form[method=post]"):
        if not form.select("input[name=csrfmiddlewaretoken]"):
            yield f"form without token: {form.get('action')}"
    for image in soup.select("img:not([alt])"):
        yield f"picture without words: {image.get('src')}"
    for table in soup.select("table"):
        if not table.select("caption") or table.select("th:not([scope])"):
            yield "table without caption or scope"


def _scripts(soup: BeautifulSoup) -> Iterator[str]:
    for script in soup.select("script"):
        if not script.get("src") and script.get("type") != "application/json":
            yield "inline script"
    if soup.select("style"):
        yield "inline style sheet"
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            if name == "style" or name.startswith(("on", "hx-on", "hx-vals", "hx-vars")):
                yield f"inline {name} on {tag.name}"
            if name in _ADDRESSES and (str(value).startswith("javascript:") or "://" in str(value)):
                yield f"address {value}"


def _names(soup: BeautifulSoup, ids: Collection[str]) -> Iterator[str]:
    for each in soup.select(FIELDS):
        labels = soup.select(f"label[for='{each.get('id')}']") if each.get("id") else []
        words = [_words(x) for x in labels] + [_words(p) for p in each.find_parents("label")]
        if not any(words) and not each.get("aria-label") and not each.get("aria-labelledby"):
            yield f"field without label: {each.get('name') or each.get('id')}"
    for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list"):
        for each in soup.select(f"[{name}]"):
            yield from (
                f"{name} names no element: {i}" for i in str(each[name]).split() if i not in ids and "__n__" not in i
            )
    for link in soup.select("a[href]:not([aria-hidden=true]), button, summary, h1, h2, h3, th"):
        if not _words(link) and not link.get("aria-label"):
            yield f"{link.name} without words: {str(link)[:120]}"
    for button in soup.select("button:not([type])"):
        yield f"button without type: {_words(button)}"


def _secrets(soup: BeautifulSoup, url: str) -> Iterator[str]:
    for parent, text in shown(soup):
        yield from (f"identity number in clear in {parent.name}: {n[:6]}…" for n in _found(text))
    for tag in soup.find_all(True):
        for name in _ADDRESSES:
            yield from (f"identity number in {name}" for _ in _found(unquote(str(tag.get(name, "")))))
    yield from ("identity number in the address" for _ in _found(unquote(url)))


def _found(text: str) -> list[str]:
    return [n for n in _NUMBER.findall(text) if is_identity_number(n)]


def _language(soup: BeautifulSoup, allowed: Collection[str]) -> Iterator[str]:
    page = str(soup.html.get("lang", "")) if soup.html else ""
    pattern = {"en": _CHINESE, "zh-CN": _ENGLISH}.get(page)
    if pattern is None:
        return
    for parent, text in shown(soup):
        nearest = parent if parent.has_attr("lang") else parent.find_parent(lang=True)
        if parent.name == "kbd" or (nearest and nearest["lang"] != page):
            continue
        left = text
        for each in sorted(filter(None, allowed), key=len, reverse=True):
            left = left.replace(each, " ")
        if pattern.search(left):
            yield f"not in the page's language ({parent.name}): {text.strip()[:80]}"
