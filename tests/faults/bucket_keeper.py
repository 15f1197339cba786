"""A process that keeps packages until it is killed, and says of each, one a line, when it was acknowledged.

Run as a program: ``python -P bucket_keeper.py BATCHES``; stores and database come from the environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

PER_BATCH = 2


def environment(stores: Mapping[str, object], **more: str) -> dict[str, str]:
    """For such a process, on the database of the tests.

    Args:
        stores: as in the settings; addresses are given with their keys.
    """
    from django.db import connection

    from cunzhen.formats.store_address import S3Address

    s = connection.settings_dict
    url = f"postgresql://{s['USER']}:{quote(s['PASSWORD'])}@/{s['NAME']}?host={quote(s['HOST'], safe='')}"
    found = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **more}
    found["CUNZHEN_STORES"] = ",".join(f"{name}={place}" for name, place in stores.items())
    for name, place in stores.items():
        if isinstance(place, S3Address):
            known = {"ENDPOINT": place.endpoint, "ACCESS_KEY": place.access_key, "SECRET_KEY": place.secret_key}
            found |= {f"CUNZHEN_STORE_{name.upper()}_{key}": value for key, value in known.items()}
    return found


def main(batches: int) -> None:
    """Keep, acknowledge, and go on."""
    import django

    ours = ModuleType("tests")  # a library of the tests' brings a package of this name
    ours.__path__ = [str(Path(__file__).parents[1])]
    sys.modules["tests"] = ours
    django.setup()
    from cunzhen.preservation.operations import keep_packages
    from tests.preservation.conftest import NOW, new_package

    print("ready", flush=True)
    for number in range(batches):
        packages = [new_package(scan=f"{number}-{n}".encode() * 500) for n in range(PER_BATCH)]
        print("begins", *(p.id for p in packages), flush=True)
        keep_packages(packages, now=NOW)
        print("acknowledged", *(p.id for p in packages), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
