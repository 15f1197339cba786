"""Digital one-page papers for the filing benchmark: about 37 KB and 1,450 Chinese characters each, fixed seed."""

from __future__ import annotations

import json
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import typst

SEED = 20261122
CHARACTERS = 1_450
SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林郑"
GIVEN = "秀英伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍建国华文辉力志永健世广义兴良"
SENTENCES = (
    "经审核该职工的档案材料和缴费记录齐全，符合国家规定的退休条件。",
    "视同缴费年限依据招工登记表和历年工资变动审批表认定，实际缴费年限以个人账户记录为准。",
    "用人单位已按规定将拟退休人员名单在本单位公示十日，公示期间没有收到异议。",
    "基本养老金由基础养老金和个人账户养老金组成，对建立个人账户前参加工作的人员加发过渡性养老金。",
    "本表一式三份，社会保险经办机构、用人单位和本人各执一份，涂改无效。",
    "参保人员在不同统筹地区流动就业的，其基本养老保险关系按照规定转移接续。",
    "经办人员应当核对居民身份证原件与档案记载的出生日期，二者不一致时以档案最先记载的为准。",
    "缴费基数按照本人上年度月平均工资核定，低于当地职工平均工资百分之六十的按百分之六十计算。",
)
WEIGHTS, CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
TEMPLATE = """#set page(paper: "a4", margin: 1.6cm)
#set text(font: "Noto Serif CJK SC", size: 9.5pt, lang: "zh")
#align(center)[#text(size: 16pt)[企业职工退休审批表]]
#grid(columns: (3fr, 2fr), [单位名称：{unit}], [日期：{date}])
#table(columns: (auto, 1fr, auto, 1fr),
 [姓名], [{name}], [性别], [{sex}], [公民身份号码], [{number}], [出生年月], [{birth}],
 [参加工作时间], [{start}], [退休时间], [{date}])
{body}
"""


def identity_number(generator: random.Random) -> str:
    """A number with a valid check character, of nobody."""
    head = f"142326{generator.randint(1950, 1970)}{generator.randint(1, 12):02}{generator.randint(1, 28):02}"
    head += f"{generator.randint(0, 999):03}"
    return head + CHECKS[sum(int(c) * w for c, w in zip(head, WEIGHTS, strict=True)) % 11]


def source(number: int) -> str:
    """Typst source of one paper."""
    generator = random.Random(f"{SEED}/{number}")
    identity = identity_number(generator)
    body, length = [], 0
    while length < CHARACTERS - 120:
        sentence = generator.choice(SENTENCES)
        body.append(sentence)
        length += len(sentence)
    date = f"{generator.randint(2012, 2024)}年{generator.randint(1, 12)}月{generator.randint(1, 28)}日"
    return TEMPLATE.format(
        unit=f"临县第{number % 97 + 1}纺织厂",
        date=date,
        name=generator.choice(SURNAMES) + "".join(generator.choices(GIVEN, k=2)),
        sex="女" if int(identity[16]) % 2 == 0 else "男",
        number=identity,
        birth=f"{identity[6:10]}年{int(identity[10:12])}月{int(identity[12:14])}日",
        start=f"{generator.randint(1970, 1990)}年{generator.randint(1, 12)}月",
        body="".join(f"（{i}）{s}" for i, s in enumerate(body, 1)),
    )


def write(folder: Path, first: int, last: int) -> int:
    """Draw papers ``first`` to ``last`` - 1; returns the bytes written."""
    total = 0
    for number in range(first, last):
        data = typst.compile(source(number).encode())
        assert isinstance(data, bytes)
        (folder / f"{number:06}.pdf").write_bytes(data)
        total += len(data)
    return total


def draw(folder: Path, items: int) -> float:
    """Draw the corpus on both cores.

    Returns:
        mean size in bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    step = 50
    with ProcessPoolExecutor(2) as pool:
        starts = range(0, items, step)
        sizes = pool.map(write, [folder] * len(starts), starts, [min(s + step, items) for s in starts])
        return sum(sizes) / items


if __name__ == "__main__":
    print(json.dumps({"name": "corpus", "mean_bytes": draw(Path(sys.argv[1]), int(sys.argv[2]))}))
