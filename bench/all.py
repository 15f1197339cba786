"""Run every benchmark, each on a home and an embedded database of its own; each prints one JSON object."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cunzhen.database.launcher import ensure_running

HERE = Path(__file__).parent


def main() -> int:
    """Run those named on the command line, or all; 1 where one fails."""
    words = sys.argv[1:]
    cut = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    names = words[:cut] or sorted(
        p.stem for p in HERE.glob("*.py") if p.stem not in {Path(__file__).stem, "__init__", "corpus"}
    )
    return max(run(name, words[cut:]) for name in names)


def run(name: str, options: list[str]) -> int:
    """One benchmark to its end.

    Args:
        name: of its file, without ``.py``.
        options: passed on to it, such as ``--items 1000``.
    """
    with tempfile.TemporaryDirectory(prefix="cunzhen-bench-") as folder:
        Path(folder).chmod(0o711)
        home = Path(folder) / "home"
        cunzhen = [sys.executable, "-m", "cunzhen.cli.main", "--home", str(home)]
        subprocess.run([*cunzhen, "init", "--json"], check=True, stdout=subprocess.DEVNULL)
        with ensure_running(home) as server:
            environment = os.environ | server.environment
            environment |= {"CUNZHEN_HOME": str(home), "DJANGO_SETTINGS_MODULE": "cunzhen.config.settings"}
            command = [sys.executable, "-m", f"bench.{name}", *options]
            return subprocess.run(command, env=environment, cwd=HERE.parent, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
