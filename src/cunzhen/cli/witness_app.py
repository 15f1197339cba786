"""What the web server loads to serve a witness; its folder is named by ``CUNZHEN_WITNESS_DIR``."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from cunzhen.ledger.witness import WitnessFolder, application

serve = application(WitnessFolder(Path(os.environ["CUNZHEN_WITNESS_DIR"])), lambda: datetime.now(UTC))
