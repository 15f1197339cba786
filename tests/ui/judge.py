"""What every page must be, checked on its HTML: valid, labelled, one heading, nothing a strict CSP forbids."""

from __future__ import annotations

from collections import Counter

import html5lib
from bs4 import BeautifulSoup, Tag

UNLABELLED = {"hidden", "submit", "button"}


def faults(html: str, *, whole: bool = True) -> list[str]:
    """Everything wrong with a page, or with a part of one where ``whole`` is False; an empty list is a good page."""
    soup = BeautifulSoup(html, "html5lib")
    found = [*_syntax(html, whole), *_ids(soup), *_fields(soup), *_policy(soup), *_pieces(soup)]
    return [*found, *_frame(soup)] if whole else found


def _syntax(html: str, whole: bool) -> list[str]:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(html) if whole else parser.parseFragment(html)
    return [f"line {at[0]}: {code} {data or ''}" for at, code, data in parser.errors]


def _ids(soup: BeautifulSoup) -> list[str]:
    ids = Counter(str(tag["id"]) for tag in soup.find_all(id=True))
    found = [f"id twice: {name}" for name, times in ids.items() if times > 1]
    for tag in soup.find_all(True):
        for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers"):
            named = tag.get(attribute)
            names = str(named).split() if isinstance(named, str) else list(named or ())
            found += [f"{tag.name} {attribute} names nothing: {name}" for name in names if name not in ids]
    return found


def _fields(soup: BeautifulSoup) -> list[str]:
    found = []
    labelled = {label.get("for") for label in soup.find_all("label")}
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") in UNLABELLED or field.find_parent("template"):
            continue
        named = field.get("aria-label") or field.get("aria-labelledby") or field.find_parent("label")
        if not named and field.get("id") not in labelled:
            found.append(f"{field.name} without label: {field.get('name') or field.get('id')}")
    found += [f"button without words: {b}" for b in soup.find_all("button") if not _words(b)]
    found += [
        f"link without words: {a.get('href')}" for a in soup.find_all("a") if not _words(a) and not a.get("aria-hidden")
    ]
    forms = [f for f in soup.find_all("form") if str(f.get("method", "")).lower() == "post"]
    found += [
        f"form without token: {f.get('action')}" for f in forms if not f.find("input", {"name": "csrfmiddlewaretoken"})
    ]
    return found


def _words(tag: Tag) -> str:
    return tag.get_text(strip=True) or str(tag.get("aria-label") or "")


def _policy(soup: BeautifulSoup) -> list[str]:
    found = [f"inline style on {tag.name}" for tag in soup.find_all(style=True)]
    found += ["style element" for _ in soup.find_all("style")]
    for script in soup.find_all("script"):
        if not script.get("src") and script.get("type") != "application/json":
            found.append("inline script")
    for tag in soup.find_all(True):
        found += [f"{name} on {tag.name}" for name in tag.attrs if name.startswith("on") or name.startswith("hx-on")]
        for name in ("src", "href", "action"):
            if str(tag.get(name, "")).startswith(("http:", "https:", "//", "javascript:", "data:")):
                found.append(f"foreign {name}: {tag[name]}")
    return found


def _pieces(soup: BeautifulSoup) -> list[str]:
    found = ["image without alt" for image in soup.find_all("img") if image.get("alt") is None]
    found += ["table without caption" for table in soup.find_all("table") if not table.find("caption")]
    found += ["th without scope" for th in soup.find_all("th") if not th.get("scope")]
    return found


def _frame(soup: BeautifulSoup) -> list[str]:
    html = soup.find("html")
    title = soup.title.get_text(strip=True) if soup.title else ""
    found = [] if isinstance(html, Tag) and html.get("lang") in {"zh-CN", "en"} else ["no language"]
    found += [] if title and not title.startswith("-") else ["no title"]
    found += [] if len(soup.find_all("h1")) == 1 else [f"{len(soup.find_all('h1'))} h1"]
    found += [] if len(soup.find_all("main")) == 1 else ["not one main"]
    skip = soup.find("a", class_="skip")
    return found if skip else [*found, "no skip link"]
