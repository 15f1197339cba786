"""Who appears in the hard papers. Nobody of them exists: sequence parts and unit bodies are those kept for samples."""

from __future__ import annotations

from dataclasses import dataclass

from ..draw_samples.cast import identity_number, old_identity_number, unit_code

CENTRE = "柳林县社会保险中心"
CITY = "吕梁市社会保险中心"


@dataclass(frozen=True)
class Person:
    """A fictional person."""

    name: str
    sex: str
    birth: str
    number: str

    @property
    def old_number(self) -> str:
        """The number of fifteen digits on papers before 1999."""
        return old_identity_number(self.number)

    @property
    def pair(self) -> tuple[str, str]:
        """Name and number for the truth."""
        return (self.name, self.number)

    @property
    def born(self) -> str:
        """Date of birth with points."""
        return f"{self.birth[:4]}.{int(self.birth[4:6])}.{int(self.birth[6:])}"


@dataclass(frozen=True)
class Unit:
    """A fictional employer."""

    name: str
    code: str


def _person(name: str, sex: str, birth: str, sequence: str, division: str = "142327") -> Person:
    return Person(name, sex, birth, identity_number(division, birth, sequence))


HE = _person("贺兰英", "女", "19680917", "996")
QIAO = _person("乔安平", "男", "19591203", "997")
MU = _person("穆怀远", "男", "19750608", "999", "142326")
LV = _person("吕秀芬", "女", "19720221", "998", "142332")
FAN = _person("樊三有", "男", "19630419", "997", "142326")
OUYANG = _person("欧阳静", "女", "19891011", "996", "141102")
QU = _person("渠志刚", "男", "19820726", "999", "141181")
CHE = _person("车海霞", "女", "19930305", "998", "141124")
WU = _person("武俊", "男", "19771130", "997")
XIE = _person("解立新", "男", "19661008", "999", "142333")
DU = _person("杜月娥", "女", "19700514", "996", "142329")
LUO = _person("雒文斌", "男", "19870102", "997", "142326")
LU = _person("逯小梅", "女", "19950823", "998", "141125")
WEI = _person("尉秉德", "男", "19400312", "999")
AYI = _person("阿依古丽·买买提", "女", "19940617", "000", "141102")
BI = _person("毕云霄", "男", "19910409", "999", "141128")
JI = _person("冀桂兰", "女", "19430228", "996")
CROWD = (
    _person("侯建兵", "男", "19780312", "999"),
    _person("康润梅", "女", "19810925", "998", "142326"),
    _person("成乃柱", "男", "19690107", "997"),
    _person("游彩霞", "女", "19850530", "996", "141125"),
    _person("申屠勇", "男", "19900214", "999", "141125"),
    _person("弓玉珍", "女", "19740816", "996", "142330"),
    _person("靳海平", "男", "19831119", "997", "142326"),
    _person("蔚巧云", "女", "19920703", "998", "141124"),
    _person("党小军", "男", "19860428", "999", "142332"),
    _person("原爱莲", "女", "19710609", "000"),
    _person("巩志伟", "男", "19971222", "997", "141125"),
    _person("双秀琴", "女", "19790318", "998", "142326"),
    _person("折成虎", "男", "19760902", "999", "142325"),
    _person("岳丽", "女", "19880115", "996", "141102"),
)
WORKERS = (
    _person("智海龙", "男", "19840511", "999"),
    _person("薄晓琴", "女", "19900817", "996", "142326"),
    _person("郄文亮", "男", "19760304", "997", "142331"),
    _person("仝志英", "女", "19870228", "998", "142333"),
    _person("慕容海", "男", "19930612", "999", "141125"),
    _person("呼延秀梅", "女", "19811030", "996", "141129"),
    _person("卫三保", "男", "19670909", "997"),
    _person("吉旺", "男", "19951125", "999", "141124"),
    _person("要粉兰", "女", "19740207", "998", "142301"),
)

PUMP = Unit("柳林县三川河水泵制造有限公司", unit_code("91141125", "00007011"))
GRAIN = Unit("吕梁市凤山粮油购销有限公司", unit_code("91141102", "0000702X"))
HEAT = Unit("孝义市胜溪湖供热有限公司", unit_code("91141181", "00007038"))
SCHOOL = Unit("中阳县柏洼山中心小学", unit_code("12141129", "00007046"))
FOREST = Unit("交口县云梦山国有林场", unit_code("12141130", "00007054"))
HOTEL = Unit("临县碛口古渡客栈有限公司", unit_code("91141124", "00007062"))
COAL = Unit("柳林县青龙洼选煤有限公司", unit_code("91141125", "00007070"))
UNITS = (PUMP, GRAIN, HEAT, SCHOOL, FOREST, HOTEL, COAL)
PERSONS = (HE, QIAO, MU, LV, FAN, OUYANG, QU, CHE, WU, XIE, DU, LUO, LU, WEI, AYI, BI, JI, *CROWD, *WORKERS)

# The one number whose check character is wrong: what the paper says, not what would be right.
WRONG_CHECK = QIAO.number[:17] + ("3" if QIAO.number[17] != "3" else "4")
