"""Generated papers for the search tests: fixed seeds, fictional people, the mixtures that forms have."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cunzhen.formats.identifiers import identity_check_character
from cunzhen.holdings.rules import IndexDocument

AGENCY = UUID("01900000-0000-7000-8000-0000000000a1")
NEIGHBOUR = UUID("01900000-0000-7000-8000-0000000000b2")
FILED = datetime(2026, 11, 1, tzinfo=UTC)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林郑𠮷欧阳司马诸葛"
# Rare characters of Extension A and B, and a compatibility ideograph that must not be normalised away when stored.
GIVEN = "秀英伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍建国㛃䶮𠮷𡋾𤊟𬀩𪨶\uf92c"
_TERMS = (
    "退休审批表 养老保险 待遇核定 缴费基数 参保登记 关系转移 接续联系函 工伤认定 失业金申领 生育津贴 稽核通知书 人员增减 "
    "身份证号 单位名称 统一社会信用代码 缴费年限 视同缴费 出生年月 参加工作时间 社会保险事业管理局 审核意见 经办人 复核 盖章"
)
TRADE = _TERMS.split()
LOOSE = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
LATIN = ("PDF/A-2b", "OFD", "No.", "GB/T 18894", "Ａ４", "ver2.0", "ID", "①", "㎡", "ﬁle")
BREAKS = ("\n", " ", "\u3000", "\t", "")


def number(rng: random.Random, *, fifteen: bool = False) -> str:
    """An identity number that belongs to nobody: division 999999 was never given."""
    born = datetime(1940, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(20_000))
    body: str = f"999999{born:%Y%m%d}{rng.randrange(1000):03d}"
    return body[:6] + body[8:] if fifteen else body + identity_check_character(body)


def name(rng: random.Random) -> str:
    """A name of two to four characters."""
    surname = rng.choice([*SURNAMES[:21], "欧阳", "司马", "诸葛"])
    return surname + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))


def page(rng: random.Random, *inserts: str) -> str:
    """One page of text: words of the trade, loose characters, dates, amounts, latin, broken lines."""
    parts: list[str] = list(inserts)
    for _ in range(rng.randrange(10, 60)):
        match rng.randrange(8):
            case 0 | 1 | 2:
                parts.append(rng.choice(TRADE))
            case 3 | 4:
                parts.append("".join(rng.choice(LOOSE) for _ in range(rng.randrange(1, 9))))
            case 5:
                parts.append(
                    rng.choice((f"{rng.randrange(1990, 2026)}年{rng.randrange(1, 13)}月", f"{rng.random() * 9e4:.2f}"))
                )
            case 6:
                parts.append(rng.choice(LATIN))
            case 7:
                parts.append(rng.choice("，。、：；（）《》“”-/·"))
    rng.shuffle(parts)
    return "".join(part + rng.choice(BREAKS) for part in parts)


def item(rng: random.Random, at: int, **given: object) -> IndexDocument:
    """One item; anything given replaces what would be drawn."""
    person, unit = (
        name(rng),
        f"{rng.choice(('临县', '方山县', '离石区'))}{rng.choice(('第一', '红旗', '吕梁'))}{rng.choice(('小学', '机械厂', '医院'))}",
    )
    values: dict[str, object] = {
        "id": UUID(int=0x01930000_0000_7000_8000_000000000000 + at),
        "agency_id": AGENCY,
        "fonds": "J019",
        "archival_code": f"J019-ZY·SBYL·{2010 + at % 15}-{at + 1:06d}",
        "title": f"{person}{rng.choice(TRADE)}",
        "year": 2010 + at % 15,
        "series": rng.choice(("GL", "ZJ", "YL")),
        "kind": "pension_approval",
        "retention": rng.choice(("Y", "50", "")),
        "units": (unit,),
        "person_names": (person,),
        "id_numbers": (number(rng),),
        "page_texts": tuple(page(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))),
        "held": False,
        "document_date": f"{2010 + at % 15}-03-0{1 + at % 9}",
        "filed_at": FILED + timedelta(seconds=at),
    }
    return IndexDocument(**(values | given))  # type: ignore[arg-type]
