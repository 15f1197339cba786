"""What a comparison of catalogue and packages can find, in words, and the command that mends each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

ROW_ALTERED, ROW_MISSING, ROW_EXTRA = "H-50", "H-51", "H-52"
ITEM_MISSING, NEVER_FILED, NOT_TOLD = "H-53", "H-54", "H-55"
SETUP, PEOPLE, COUNTER, CHANGES_MISSING = "H-56", "H-57", "H-58", "H-59"

WORDS: dict[str, tuple[str, str]] = {
    "H-50": ("目录行与保存包不一致。", "A row of the catalogue differs from its package."),
    "H-51": ("保存包中有的内容，目录中缺少这一行。", "The catalogue lacks a row that the package stands for."),
    "H-52": ("目录中多出保存包里没有的一行。", "The catalogue has a row that no package stands for."),
    "H-53": (
        "账本和存储中有这个保存包，目录中没有这件档案。",
        "Ledger and stores have this package; the catalogue has no item.",
    ),
    "H-54": (
        "目录中有这件档案，账本中没有它的归档记录。",
        "The catalogue has this item; the ledger never saw it filed.",
    ),
    "H-55": (
        "账本中有这个保存包，各存储中都没有完好的内容可以核对。",
        "The ledger names this package; no store has it whole enough to compare with.",
    ),
    "H-56": (
        "机构、保管期限表、全宗或类别与登记包不一致。",
        "Agencies, schedules, fonds or series differ from the registry's package.",
    ),
    "H-57": (
        "人员或单位的登记与各件档案的著录不一致。",
        "A row of persons or employers does not follow from what the papers say.",
    ),
    "H-58": ("档号流水与已给出的档号不一致。", "A counter of archival codes differs from the codes given."),
    "H-59": ("账本中有这个变更集，登记中没有。", "The ledger names this change-set; the register lacks it."),
}
_MEND = {SETUP: "--setup", PEOPLE: "--derived", COUNTER: "--derived", CHANGES_MISSING: "--missing"}


@dataclass(frozen=True, slots=True)
class CatalogueFinding:
    """One thing in which the catalogue and the packages disagree.

    Args:
        code: of the wording.
        table, key, columns: which row, and which of its columns; no columns where all of it is concerned.
        package: that it belongs to, None where it belongs to none.
        archival_code: that the package bears, empty where that is not known.
        reason: why a package tells nothing, empty otherwise.
    """

    code: str
    table: str
    key: str
    columns: tuple[str, ...] = ()
    package: UUID | None = None
    archival_code: str = ""
    reason: str = ""

    @property
    def message(self) -> str:
        """Chinese sentence."""
        return WORDS[self.code][0]

    @property
    def english(self) -> str:
        """English sentence."""
        return WORDS[self.code][1]

    @property
    def mend(self) -> str:
        """The command that mends it."""
        if self.code in _MEND:
            return f"cunzhen rebuild {_MEND[self.code]}"
        if self.code == NOT_TOLD:
            return f"cunzhen repair {self.package}"
        return f"cunzhen rebuild --items {self.package}"  # a code may be what was altered
