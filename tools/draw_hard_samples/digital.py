"""Two papers that were born digital, set by a typesetter: text in two columns, and a table over two pages."""

from __future__ import annotations

import io
import random
import tempfile
from pathlib import Path

import pikepdf
import pypdfium2
import typst
from PIL import Image, ImageDraw

from ..draw_samples.fonts import TYPESETTER_FOLDERS
from ..draw_samples.raster import Box, pressed
from ..draw_samples.sheet import Facts, Seal
from .cast import CENTRE, CROWD, LU, PUMP, WORKERS, XIE
from .page import face_at

DPI = 200
PROMISE = Facts(
    "申报承诺书", "灵活就业人员参加企业职工基本养老保险告知承诺书", "管理", (XIE.pair,), "", "", "2021-04-15", 2021
)
_STAFF = (LU, *CROWD, *WORKERS)
BASES = Facts(
    "缴费基数核定表",
    "二〇二一年度职工缴费工资基数核定明细",
    "征缴",
    tuple(person.pair for person in _STAFF),
    PUMP.name,
    PUMP.code,
    "2021-04-26",
    2021,
)
_HEAD = """#set document(date: none)
#set page(paper: "a4", margin: (x: 20mm, y: 22mm), background: image("mark.png", width: 210mm))
#set text(lang: "zh", size: 10.5pt, cjk-latin-spacing: none)
"""


def promise_pdf() -> bytes:
    """A promise in two columns of wrapped paragraphs; name and number stand inside a paragraph."""
    body = f"""
#set text(font: "Noto Serif CJK SC")
#align(center)[#text(size: 16pt, weight: "bold")[灵活就业人员参加企业职工基本养老保险\\ 告知承诺书]]
#v(4mm)
#set par(justify: true, first-line-indent: (amount: 2em, all: true), leading: 0.9em)
#columns(2, gutter: 9mm)[
{_clauses()}

*九、承诺人信息*

本人{XIE.name}，男，公民身份号码{XIE.number}，户籍地柳林县柳林镇锄沟村，现以灵活就业人员身份申请自2021年5月起\
参加企业职工基本养老保险，选择按月缴费，缴费档次为全口径平均工资的百分之六十。\
本人已阅读并理解上述告知内容，所填写的信息真实、准确、完整，愿意承担不实承诺的法律责任。

#v(6mm)
#par(first-line-indent: 0em)[承诺人（签名）：{XIE.name}]
#par(first-line-indent: 0em)[经办机构：{CENTRE}]
#par(first-line-indent: 0em)[二〇二一年四月十五日]
#place(dx: 24mm, dy: -26mm, image("seal.png", width: 38mm))
]
"""
    return compile_paper(body, CENTRE)


def _clauses() -> str:
    clauses = (
        (
            "一、告知事项",
            "为方便群众办事，根据国务院关于全面推行证明事项和涉企经营许可事项告知承诺制的意见，现将有关事项告知如下。",
        ),
        (
            "二、参保条件",
            "在法定劳动年龄内，未与用人单位建立劳动关系，也未在其他统筹地区参加企业职工基本养老保险的人员，"
            "可以在户籍地或者居住证所在地以个人身份参保。已经按月领取基本养老保险待遇的人员不再参保。",
        ),
        (
            "三、缴费办法",
            "缴费比例为百分之二十，其中百分之八记入个人账户。缴费基数可在全省上年度全口径城镇单位就业人员平均工资的"
            "百分之六十至百分之三百之间自行选择，一个自然年度内选定后不再变更。可以按月、按季、按半年或者按年缴纳。",
        ),
        (
            "四、中断与续缴",
            "因故中断缴费的，中断前后的缴费年限合并计算；除国家另有规定外，不得以事后追补的方式增加缴费年限。"
            "就业后应当由用人单位办理接续，避免重复缴费。重复缴费的部分予以清退。",
        ),
        (
            "五、待遇领取",
            "达到法定退休年龄并且累计缴费满十五年的，从批准的次月起按月领取基本养老金。累计不足十五年的，可以延长缴费，"
            "也可以申请转入城乡居民基本养老保险，按照规定享受相应待遇。",
        ),
        (
            "六、承诺方式与责任",
            "申请人自愿选择告知承诺的，不再提交就业状况证明。经办机构将通过部门间信息共享进行核查。发现承诺不实的，"
            "终止办理并责令限期整改；已经参保的，清退不符合规定的缴费；骗取待遇的，依法追回并记入信用记录。",
        ),
        (
            "七、信息使用",
            "申请人同意经办机构依法查询、核实其户籍、就业、工商登记等信息，经办机构对所获取的信息负有保密义务，"
            "不得用于与社会保险经办无关的用途。",
        ),
        (
            "八、其他",
            "本告知承诺书经签字后生效，与参保登记材料一并归档。对办理结果有异议的，可以依法申请行政复议或者提起行政诉讼。"
            "咨询电话0358-0000415，办公时间为每周一至周五上午八时至十二时、下午三时至六时，法定节假日除外。",
        ),
    )
    return "\n\n".join(f"*{head}*\n\n{text}" for head, text in clauses)


def bases_pdf() -> bytes:
    """A table of persons that runs over to a second page, where its head is repeated."""
    rows = []
    for number, person in enumerate(_STAFF, 1):
        wage = 2950 + (number * 733) % 2600
        paid = max(wage, 3162)
        rows.append(
            f"[{number}], [{person.name}], [{person.number}], [{wage}.00], [{paid}.00], [{paid * 0.08:.2f}], "
            f"[{paid * 0.16:.2f}],"
        )
    body = f"""
#set text(font: "Noto Sans CJK SC")
#align(center)[#text(size: 15pt, weight: "bold")[二〇二一年度职工缴费工资基数核定明细]]
#v(2mm)
#grid(columns: (1fr, auto), [缴费单位：{PUMP.name}], [信用代码：{PUMP.code}])
#v(1mm)
#set text(size: 9.5pt)
#table(columns: (10mm, 20mm, 46mm, 1fr, 1fr, 1fr, 1fr), align: center + horizon, \
inset: (y: 4.6mm, x: 1mm), stroke: 0.4pt,
table.header([序号], [职工], [证件号码], [申报\\ 工资], [核定\\ 基数], [个人\\ 8%], [单位\\ 16%]),
{chr(10).join(rows)}
)
#v(3mm)
核定说明：低于下限的按下限3162元核定，高于上限的按上限15810元核定。本表自2021年1月起执行，差额在五月征期一并补收。核定结果已由单位经办人确认，如有异议请于十五日内提出复核。

#v(4mm)
#align(right)[{CENTRE}\\ 2021.4.26]
#place(right, dx: -2mm, dy: -24mm, image("seal.png", width: 38mm))
"""
    return compile_paper(body, CENTRE)


def compile_paper(body: str, ring: str) -> bytes:
    """Typeset a paper; ``ring`` is the text of the seal that it may place as ``seal.png``."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        _mark().save(at / "mark.png")
        seal = Seal(0, 0, ring, "样章", angle=7)
        pressed(seal, 150, random.Random(ring)).save(at / "seal.png")
        (at / "paper.typ").write_text(_HEAD + body, encoding="utf-8")
        compiled = typst.compile(str(at / "paper.typ"), font_paths=TYPESETTER_FOLDERS, ignore_system_fonts=True)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(compiled)) as pdf:
        pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def _mark() -> Image.Image:
    picture = Image.new("L", (420, 594), 255)
    layer = Image.new("L", (270, 150), 255)
    ImageDraw.Draw(layer).text((135, 75), "样本", font=face_at("black", 92), fill=244, anchor="mm")
    turned = layer.rotate(-24, expand=True, fillcolor=255)
    for across, down in ((0.3, 0.2), (0.68, 0.5), (0.32, 0.8)):
        left = round(picture.width * across - turned.width / 2)
        picture.paste(turned, (left, round(picture.height * down - turned.height / 2)))
    return picture


def text_lines(data: bytes) -> list[tuple[int, int, list[tuple[str, Box]]]]:
    """For each page its width, height and lines as set, in the order of the file; boxes in pixels at ``DPI``."""
    pages = []
    document = pypdfium2.PdfDocument(data)
    for page in document:
        width, height = page.get_size()
        scale = DPI / 72
        pages.append((round(width * scale), round(height * scale), _page_lines(page.get_textpage(), height, scale)))
    document.close()
    return pages


def _page_lines(text: pypdfium2.PdfTextPage, height: float, scale: float) -> list[tuple[str, Box]]:
    found: list[tuple[str, Box]] = []
    chars: list[tuple[str, tuple[float, float, float, float]]] = []
    for number in range(text.count_chars()):
        char = text.get_text_range(number, 1)
        if not char.strip():
            continue
        left, bottom, right, top = text.get_charbox(number, loose=True)
        if chars and _breaks(chars[-1][1], (left, bottom, right, top)):
            found.append(_joined(chars, height, scale))
            chars = []
        chars.append((char, (left, bottom, right, top)))
    return [*found, _joined(chars, height, scale)] if chars else found


def _breaks(last: tuple[float, float, float, float], now: tuple[float, float, float, float]) -> bool:
    """Whether a character starts another line or cell: off the line, or a wide gap to the right."""
    size = last[3] - last[1]
    return abs(now[1] - last[1]) > size * 0.4 or now[0] - last[2] > size * 0.9 or now[0] < last[0]


def _joined(chars: list[tuple[str, tuple[float, float, float, float]]], height: float, scale: float) -> tuple[str, Box]:
    boxes = [box for _, box in chars]
    x0, x1 = min(b[0] for b in boxes), max(b[2] for b in boxes)
    y0, y1 = height - max(b[3] for b in boxes), height - min(b[1] for b in boxes)
    box = (round(x0 * scale), round(y0 * scale), round(x1 * scale), round(y1 * scale))
    return "".join(char for char, _ in chars), box
