"""Who appears in the papers: ten persons, walk-ons for lists, six employers. Nobody of them exists.

The sequence part of every identity number is 000 or 996 to 999, which are not given to ordinary persons
(GB 11643-1999 keeps 996 to 999 for centenarians), and the body of every unit code starts with 0000.
"""

from __future__ import annotations

from dataclasses import dataclass

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

AGENCY = "临县社会保险中心"


def identity_number(division: str, birth: str, sequence: str) -> str:
    """18-character identity number with its check character (GB 11643-1999); ``birth`` is YYYYMMDD."""
    body = division + birth + sequence
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, ID_WEIGHTS, strict=True)) % 11]


def old_identity_number(number: str) -> str:
    """The 15-digit form that was in use before 1999."""
    return number[:6] + number[8:17]


def organisation_code(body: str) -> str:
    """Nine-character organisation code (GB 11714) of an 8-character body."""
    total = sum("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(c) * w for c, w in zip(body, ORG_WEIGHTS, strict=True))
    return body + "0123456789X0"[(11 - total % 11) % 11]


def unit_code(head: str, body: str) -> str:
    """统一社会信用代码 (GB 32100-2015) of authority, type and division (8 characters) and an organisation code."""
    text = head + organisation_code(body)
    total = sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(text))
    return text + USCC_ALPHABET[(31 - total % 31) % 31]


@dataclass(frozen=True)
class Person:
    """One fictional person; ``birth`` is YYYYMMDD as the identity number has it."""

    name: str
    sex: str
    birth: str
    id_number: str
    note: str = ""

    @property
    def born(self) -> str:
        """Birth date as forms write it."""
        return f"{self.birth[:4]}年{int(self.birth[4:6])}月{int(self.birth[6:])}日"

    @property
    def born_month(self) -> str:
        """Birth year and month, as most forms ask."""
        return f"{self.birth[:4]}年{int(self.birth[4:6])}月"

    @property
    def card(self) -> str:
        """Personal number inside the agency's system."""
        return "1411" + self.id_number[8:16]


@dataclass(frozen=True)
class Employer:
    """One fictional employer with its code and its number in the agency's books."""

    name: str
    uscc: str
    number: str
    head: str
    clerk: str
    address: str
    phone: str

    @property
    def organisation(self) -> str:
        """The old organisation code as papers before 2015 print it."""
        return f"{self.uscc[8:16]}-{self.uscc[16]}"


def _person(name: str, sex: str, birth: str, sequence: str, division: str = "142326", note: str = "") -> Person:
    return Person(name, sex, birth, identity_number(division, birth, sequence), note)


XUE = _person("薛玉梅", "女", "19640312", "000", note="birth date conflicts: 1963-08-12 on the hire form of 1986")
GAO = _person("高守田", "男", "19501002", "997", note="15-digit number on the handbook of 1994")
LI = _person("李㛃", "女", "19860520", "998", note="rare character U+36C3 in the name")
LIU = _person("刘锦荣", "男", "19711108", "999")
ZHANG = _person("张改莲", "女", "19690715", "996")
WANG = _person("王海平", "男", "19780127", "997")
CHENG = _person("成晓燕", "女", "19900903", "998")
FENG = _person("冯志强", "男", "19851230", "999")
QIN = _person("秦二娃", "男", "19580218", "997")
BAI = _person("白若溪", "女", "20010611", "000", division="141124")
PERSONS = (XUE, GAO, LI, LIU, ZHANG, WANG, CHENG, FENG, QIN, BAI)

EXTRAS = (
    _person("任建国", "男", "19680405", "997"),
    _person("郝春香", "女", "19720919", "996"),
    _person("李爱平", "女", "19751123", "998"),
    _person("王凤英", "女", "19660130", "000"),
    _person("张拴柱", "男", "19630826", "999"),
    _person("刘计平", "男", "19800214", "997"),
    _person("高翠娥", "女", "19790606", "996"),
    _person("闫保生", "男", "19560712", "999"),
    _person("康丽娟", "女", "19880301", "998"),
    _person("郭永红", "男", "19741017", "997"),
    _person("武美丽", "女", "19920428", "000"),
    _person("薛继平", "男", "19831205", "999"),
    _person("赵秀珍", "女", "19700322", "996"),
    _person("李林生", "男", "19811109", "999"),
    _person("张爱花", "女", "19780516", "996"),
    _person("王建明", "男", "19690827", "999"),
    _person("高巧云", "女", "19850213", "996"),
    _person("刘保成", "男", "19761201", "999"),
    _person("秦改英", "女", "19730630", "996"),
    _person("任晓东", "男", "19900718", "999"),
    _person("白玉兰", "女", "19820425", "996"),
    _person("冯建平", "男", "19720111", "999"),
    _person("李雪梅", "女", "19870906", "996"),
    _person("王桂珍", "女", "19680314", "998"),
    _person("张志远", "男", "19791022", "997"),
    _person("郝丽萍", "女", "19840507", "998"),
    _person("刘慧芳", "女", "19910129", "996"),
    _person("高文斌", "男", "19750803", "999"),
    _person("康秀丽", "女", "19771117", "996"),
    _person("薛志华", "男", "19830620", "999"),
    _person("武玉珍", "女", "19710412", "996"),
    _person("郭晓霞", "女", "19930908", "998"),
    _person("任志杰", "男", "19861215", "997"),
    _person("闫秀芳", "女", "19740226", "998"),
    _person("秦小军", "男", "19890731", "997"),
    _person("闫晓东", "男", "19820919", "999"),
)

WEAVING_OLD = "临县晋昌纺织厂"
WEAVING = Employer(
    "临县晋昌纺织有限责任公司",
    unit_code("91141124", "00009001"),
    "14112400018",
    "郝振邦",
    "白秀兰",
    "临县城北关街18号",
    "4422018",
)
CEMENT = Employer(
    "临县湫水水泥有限公司",
    unit_code("91141124", "00009002"),
    "14112400127",
    "任国栋",
    "李春生",
    "临县白文镇湫水路2号",
    "4460127",
)
DATES = Employer(
    "临县碛畔枣业食品有限公司",
    unit_code("91141124", "00009003"),
    "14112400365",
    "高凤山",
    "薛彩云",
    "临县碛畔工业园区6号",
    "4481365",
)
BUILDING = Employer(
    "临县岩浪建筑安装有限公司",
    unit_code("91141124", "00009004"),
    "14112400412",
    "刘岩",
    "郭小芳",
    "临县湫滨路56号",
    "4425412",
)
SCHOOL = Employer(
    "临县望湫第二小学校", unit_code("12141124", "00009005"), "14112400533", "王丽萍", "张慧", "临县望湫街9号", "4426533"
)
HOTEL = Employer(
    "临县黄河驿酒店管理有限公司",
    unit_code("91141124", "00009006"),
    "14112400688",
    "冯海燕",
    "任小丽",
    "临县黄河驿路1号",
    "4427688",
)
EMPLOYERS = (WEAVING, CEMENT, DATES, BUILDING, SCHOOL, HOTEL)
