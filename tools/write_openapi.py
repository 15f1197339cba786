"""Write ``docs/openapi.json`` anew: ``python -m tools.write_openapi`` (``--check`` only compares)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

SNAPSHOT = Path(__file__).parents[1] / "docs" / "openapi.json"


def document() -> str:
    """The API's OpenAPI document as text; Django is set up."""
    from cunzhen.api.urls import api

    return json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), ensure_ascii=False, indent=1, default=str) + "\n"


def main() -> int:
    """0 where the snapshot is (now) as the code says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    args = parser.parse_args()
    import django

    with tempfile.TemporaryDirectory() as home:
        os.environ.update(CUNZHEN_HOME=home, DJANGO_SETTINGS_MODULE="cunzhen.config.settings")
        django.setup()
        text = document()
    same = SNAPSHOT.exists() and SNAPSHOT.read_text(encoding="utf-8") == text
    if args.check:
        print("the snapshot is current" if same else "the snapshot is old: python -m tools.write_openapi")
        return 0 if same else 1
    SNAPSHOT.write_text(text, encoding="utf-8")
    print(f"wrote {SNAPSHOT}" if not same else "nothing had changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
