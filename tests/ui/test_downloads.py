"""Downloads: whatever a file was called, the answer is one that a browser saves."""

from __future__ import annotations

from io import BytesIO

import pytest

from cunzhen.ui.downloads import sent_file


@pytest.mark.parametrize(
    ("name", "mime", "told", "kind"),
    [
        ("扫描/a.pdf", "application/pdf", 'filename="a.pdf"', "application/pdf"),
        ("C:\\x\\a.pdf", "application/pdf", 'filename="a.pdf"', "application/pdf"),
        ("a\r\nSet-Cookie: b", "text/html\r\nX: y", 'filename="a__Set-Cookie: b"', "application/octet-stream"),
        ("folder/", "", 'filename="file"', "application/octet-stream"),
    ],
)
def test_names_and_types_do_no_harm(name: str, mime: str, told: str, kind: str) -> None:
    response = sent_file(BytesIO(b"abc"), name=name, mime=mime, size=3)
    assert response["Content-Disposition"] == f"attachment; {told}"
    assert (response["Content-Type"], response["Content-Length"]) == (kind, "3")
    assert b"".join(response) == b"abc"  # type: ignore[arg-type]
