"""People and employers made up from a seed. Sequence parts and unit bodies are those kept for samples."""

from __future__ import annotations

import random

from ...draw_samples.cast import identity_number, unit_code
from ..cast import Person, Unit

_COMMON = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
_RARE = "逯郄蔚亢冀原弓雒要呼渠郗宁苗卜霍闫牛卫解景栗暴申和晋桑浑虎岐庾郇乐成路游尉麻支佘荆鹿海缑綦隽僧"
_DOUBLE = ("欧阳", "上官", "司马", "令狐", "慕容", "皇甫", "尉迟", "呼延")
_GIVEN = {
    "男": "建国军强伟志明勇杰峰海涛斌刚平东文辉永林俊飞宏亮军利成福生宝根贵有才忠义仁德礼孝春来喜柱虎旺拴锁狗树茂森岩峻皓睿轩",
    "女": "秀英芳丽娟敏静霞艳玲桂兰珍梅红燕娜莉萍翠香彩云月娥巧爱莲凤仙花琴瑞雪婷欣怡雅洁慧琳蕊馨玥婕",
}
_OTHER_PEOPLES = ("古丽娜尔·阿布都", "买买提·艾山", "扎西顿珠", "巴图巴雅尔", "阿依努尔")
_DIVISIONS = ("142327", "141124", "141181", "142326", "141102", "142301", "142332", "140105", "140602", "142625")
_PLACES = (
    "方山县",
    "石楼县",
    "岚县",
    "兴县",
    "文水县",
    "汾阳市",
    "介休市",
    "平遥县",
    "洪洞县",
    "霍州市",
    "祁县",
    "左权县",
)
_BRANDS = (
    "鑫源|晋泰|恒通|金穗|黄土坡|三晋|聚义|龙门沟|汇丰源|绿野|瑞祥|白马山|同心|宝峪|汾水|昌盛|云顶|德润|南山沟|万泉"
)
_TRADES = (
    "煤业有限公司", "化工有限责任公司", "食品加工厂", "机械制造有限公司", "建筑工程有限公司", "商贸有限公司", "物业服务有限公司", "汽车运输队",
    "农业开发有限公司", "水泥厂", "陶瓷有限公司", "家政服务有限公司", "酒业股份有限公司", "洗煤厂", "电子科技有限公司", "纺织厂",
)  # fmt: skip
_PUBLIC = (
    "第三中学",
    "人民医院",
    "实验小学",
    "图书馆",
    "园林绿化所",
    "水文站",
    "敬老院",
    "文化馆",
    "林业工作站",
    "幼儿园",
)


class Cast:
    """Whoever a pile needs, never the same twice."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.persons: list[Person] = []
        self.units: list[Unit] = []
        self.place = rng.choice(_PLACES)

    def person(self, sex: str = "", born: tuple[int, int] = (1950, 2000)) -> Person:
        """A new person born in one of the years (both included)."""
        rng = self.rng
        sex = sex or rng.choice("男女")
        while True:
            name = self._name(sex)
            birth = f"{rng.randint(*born)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
            # The last but one digit tells the sex: odd for men.
            sequence = rng.choice(("997", "999") if sex == "男" else ("996", "998", "000"))
            person = Person(name, sex, birth, identity_number(rng.choice(_DIVISIONS), birth, sequence))
            if all(p.name != name and p.number != person.number for p in self.persons):
                self.persons.append(person)
                return person

    def unit(self) -> Unit:
        """A new employer."""
        rng = self.rng
        while True:
            name = self.place if rng.random() < 0.8 else rng.choice(_PLACES)
            public = rng.random() < 0.25
            name += rng.choice(_PUBLIC) if public else rng.choice(_BRANDS.split("|")) + rng.choice(_TRADES)
            if all(u.name != name for u in self.units):
                body = f"0000{rng.randint(8000, 9999)}"
                unit = Unit(name, unit_code(("12" if public else "91") + rng.choice(_DIVISIONS), body))
                self.units.append(unit)
                return unit

    def _name(self, sex: str) -> str:
        rng = self.rng
        roll = rng.random()
        if roll < 0.03:
            return rng.choice(_OTHER_PEOPLES)
        surname = rng.choice(_DOUBLE) if roll < 0.07 else rng.choice(_RARE) if roll < 0.22 else rng.choice(_COMMON)
        given = rng.sample(_GIVEN[sex], 1 if rng.random() < 0.22 else 2)
        return surname + "".join(given)
