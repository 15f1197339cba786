"""``python -m cunzhen.cli``: the same as the ``cunzhen`` command."""

from __future__ import annotations

import sys

from cunzhen.cli.main import main

sys.exit(main())
