"""Papers for the filing benchmark, fixed seed: digital one-page ones of 1,450 Chinese characters, or scanned forms."""

from __future__ import annotations

import json
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy
import typst
from PIL import Image

SEED = 20261122
CHARACTERS = 1_450
SAMPLES = Path(__file__).parents[1] / "samples"
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


def draw_scans(folder: Path, items: int) -> float:
    """A4 scans at 300 dpi: the samples' pages of that kind over and over, each with grain of its own.

    Returns:
        mean size in bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = [p for p in sorted(SAMPLES.rglob("*.jpg")) if "hard" not in p.parts and _is_a4_300(p)]
    total = 0
    for number in range(items):
        with Image.open(pages[number % len(pages)]) as page:
            pixels = numpy.asarray(page.convert("RGB")).astype(numpy.int16)
        grain = numpy.random.default_rng((SEED, number)).integers(-6, 7, pixels.shape[:2], dtype=numpy.int16)
        noisy = Image.fromarray(numpy.clip(pixels + grain[..., None], 0, 255).astype(numpy.uint8))
        # Letters, for names that end in serial numbers would make all of them pages of one item.
        path = folder / f"{number:06}.jpg".translate(str.maketrans("0123456789", "abcdefghij"))
        noisy.save(path, quality=80, dpi=(300, 300))
        total += path.stat().st_size
    return total / items


def _is_a4_300(path: Path) -> bool:
    try:
        with Image.open(path) as page:
            page.load()
            return page.size == (2480, 3508)
    except OSError:  # one of the bad files
        return False


if __name__ == "__main__":
    print(json.dumps({"name": "corpus", "mean_bytes": draw(Path(sys.argv[1]), int(sys.argv[2]))}))
