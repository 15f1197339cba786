"""What can be a person's name or an employer's name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources

_WORDS: Mapping[str, str] = json.loads(
    resources.files("cunzhen.capture").joinpath("data/name_words.json").read_text(encoding="utf-8")
)
_SURNAMES = frozenset(_WORDS["surnames"])
_DOUBLE = frozenset(_WORDS["double_surnames"].split())
# Names of other peoples, written by sound: 阿依古丽, 扎西次仁, 那木吉拉.
_TRANSLITERATED = re.compile(f"[{_WORDS['transliteration']}]{{3,10}}")
# Words that begin like a name; where one stands for a name a person looks.
_COMMON_WORD = frozenset(_WORDS["common_words"].split())
# Words that begin a sentence or a clause; no name begins with them.
_CLAUSE_WORD = frozenset(_WORDS["clause_words"].split())
# Characters of sentences; in a name only behind a surname (李自成).
_GRAMMAR = re.compile("[已不将须需与及或者该其并且被把让则至等给自某]")
# Words of forms and grammar: no name contains them.
_IMPOSSIBLE = re.compile(
    r"[的了们]|单位|公司|公[民示告司]|平均|宗教|信仰|证号|样[章本]|曾用|婚姻|血型|身高|服务处所|全年|"
    r"应[缴发]|实[缴发]|申领|申报人|领取人|当事人|类别|声明|稽核|意见|盖章|签[字名章]|"
    r"日期|号码|代码|姓名|性别|身份|人员|合计|小计|备注|参保|养老|保险|社保|年度|月份|男性|"
    r"女性|经办|审核|复核|审批|申请|材料|情况|证明|名称|电话|地址|登记|缴费|金额|万元|工伤|退休|失业|生育|医疗|医院|银行|部门|机构|委员|农村|农业|"
    r"城镇|居民|职工|学历|印章|认定|核定|鉴定|级别|年限|工龄|工资|基数|标准|津贴|补助|支付|账户|账号|户口|户籍|姓[名氏]"
)
# Answers that stand in cells beside names; as parts of a name they are harmless (李新增, 王保安).
_ANSWER = re.compile(
    r"基本|以上|以下|年月|主管|中心|办公|非农|工人|干部|党员|团员|群众|高中|初中|大专|本科|中专|小学|硕士|博士|[汉回满壮蒙]族?|增加|减少|新增|"
    r"续保|停保|转入|转出|调入|调出|辞职|解除|终止|合同|正常|固定|临时|安置|常住|连续|方式|时间|计算|计发|应缴|任职|同意|符合.*|查验|属实|无误|"
    r"管理.?|车间|车祸|右[手足].*|左[手足].*|平均|明细|全额|人数|公章|照片|变更|等级|领取|发放|开户|户名|家庭|关系|配偶|父亲|母亲|儿子|女儿|"
    r"长子|次子|长女|次女|女婿|儿媳|孙子|孙女|外孙女?|岳父|岳母|公公|婆婆|兄弟|姐妹|姐弟|兄妹|哥哥|弟弟|姐姐|妹妹|侄[子女]|"
    r"夫妻|妻子?|丈夫|民族|籍贯|文化|程度|文化程度|本人|他人|负责.*|联系.*|代理.*|监护.*|法定.*|代表|以[上下内].*|不详|同上|"
    r"如[上下].*|无|健在|健康|良好|在职|死亡|正式|普通.*|特殊.*|一般|城乡|企业|机关|事业|个体|灵活|就业|司机|文员|会计|出纳|厨师|焊工|钳工|"
    r"电工|冷作工?|高级.?|中级.?|初级.?|技师|教师|护士|医生|医师|矿工|经理|厂长|主任|科长|局长|校长|院长|保安|门卫|保洁|后勤|行政|财务|人事|"
    r"销售|技术.?|生产.?|采煤.?|掘进.?|通风.?|机电.?|运输.?|.+[省市县区乡街部处局厅所站厂矿店社]|.+[务资事保合销术产法宣]科|"
    r".+[定知明申请告决]书|.+[表册证卡函]|.+[期限项]"
)
_NAME = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff]{2,4}")
_LONG_NAME = re.compile(r"[\u4e00-\u9fff]{2,10}(?:[·•.][\u4e00-\u9fff]{1,10}){1,3}")
_NAME_HEAD = re.compile(
    r"((?:[\u4e00-\u9fff]{2,10}(?:[·•][\u4e00-\u9fff]{1,10}){1,3})|[\u3400-\u4dbf\u4e00-\u9fff]{2,4}?)"
    r"(?=$|[,.;:()\[\]、。\d/|\"'“”A-Za-z]|(?:先生|女士|同志)|[男女](?:$|[,.;、。(]))"
)
_WITHOUT_SURNAME, _OTHER_PEOPLES, _FOUR = 0.84, 0.93, 4

_UNIT_END = (
    "公司|集团|厂|矿|局|中心|学校|小学|中学|大学|学院|医院|卫生院|卫生室|卫生所|诊所|幼儿园|银行|信用社|联社|合作社|商店|商行|超市|饭店|酒店|宾馆|事务所|"
    "委员会|村委会|居委会|政府|办公室|支队|大队|中队|供电所|服务站|收费站|气象站|工作站|加油站|电站|车站|站|研究院|研究所|设计院|福利院|养老院|敬老院|法院|检察院|报社|出版社|旅行社|分社|总社|供销社|"
    "服务部|经营部|门市部|项目部|营业部|总店|药店|药房|分店|协会|学会|联合会|工会|妇联|分公司|支行|分行|煤矿|电厂|农场|林场|牧场|市场|商场|公园|陵园|剧院|图书馆|文化馆|博物馆|档案馆|"
    "作坊|工作室|门诊部|管理处|管理所|办事处|招待所|税务所|派出所|粮站|药厂|酒厂|工厂|合伙\\)|合伙企业\\)|工程队|车队|联盟|基金会|商会|厅|部|店|馆|所|社|院|队|行|园|场"
)
_UNIT_FULL = re.compile(rf"[\u4e00-\u9fffA-Za-z0-9()·&、-]{{1,40}}(?:{_UNIT_END})(?:\([^()]{{1,12}}\))?")
_UNIT_TAIL = re.compile(r"有限责任公司|股份有限公司|有限公司|集团公司|总公司|分公司|煤矿|[^\W\d_]{2}厂")
_LEADS = (
    "登记为",
    "变更为",
    "更名为",
    "工作单位",
    "用人单位",
    "参保单位",
    "所在单位",
    "原单位",
    "单位",
    "我市",
    "我县",
    "我区",
    "我处",
    "我局",
    "你处",
    "在",
    "于",
    "系",
    "调入",
    "调往",
    "原",
    "对",
    "向",
    "给",
)
# A name in running text begins behind punctuation or one of the words that lead up to it.
_UNIT_HEAD = re.compile(
    r"(?:(?:^|[^\u4e00-\u9fff()])(?:系|为|在|由|原|与|经查|原在|兹有|你单位)?|于|在|系|为|调入|入职|单位)([\u4e00-\u9fff()]{2,22})$"
)
_UNIT_NOISE = re.compile(r"^[:;.,、]+|(?:\((?:盖章|公章|章|印章|签章|单位盖章|单位公章)\)|盖章|公章|[:;.,、])+$")
_AGENCY = re.compile(
    r"社会保险|社保|人力资源|劳动和社会保障|劳动保障|劳动局|医疗保障|医保|人社|税务|经办机构|就业服务|就业和人才|鉴定委员会|民政|公安|档案|养老保险|失业保险|工伤保险|市场监督|工商行政"
)
_UNIT_SHORT = 4
_CUT_OFF = re.compile("[省市县区镇乡](?!政|级|直|属|内|外|域|长|委|区)")
# What stands in a cell of its own and ends like this is the label of another value.
_LABEL_LIKE = re.compile(
    r"(?:号码?|代码|编号|时间|日期|年月|名称|姓名|金额|年限|意见|类别|性质|地址|电话|方式|等级|部位|原因|状况|补助金|养老金):?$"
)
_LOOSE_UNIT = re.compile(r"[\u4e00-\u9fffA-Za-z0-9()·&、-]{4,40}(?<![表书单册函])")


def read_name(text: str) -> tuple[str, float]:
    """A name that makes up the whole text and how certain it looks (0 where it cannot be one)."""
    text = text.strip("·•.,、:;'\"*_-|/")
    if _LONG_NAME.fullmatch(text):
        return text.replace("•", "·").replace(".", "·"), 0.97
    certainty = _certainty(text)
    return (text, certainty) if certainty else ("", 0.0)


def _certainty(text: str) -> float:
    """How much a text without dots looks like a name."""
    if len(text) > _FOUR:
        return _OTHER_PEOPLES if _TRANSLITERATED.fullmatch(text) else 0.0
    if not _NAME.fullmatch(text) or text[:2] in _CLAUSE_WORD or _IMPOSSIBLE.search(text) or _ANSWER.fullmatch(text):
        return 0.0
    if text[:2] in _DOUBLE and len(text) > len("欧阳"):
        return 1.0
    if text[0] in _SURNAMES and text not in _COMMON_WORD:
        return 0.9 if len(text) == _FOUR else 1.0
    if _TRANSLITERATED.fullmatch(text):
        return _OTHER_PEOPLES
    return 0.0 if _GRAMMAR.search(text) else _WITHOUT_SURNAME


def read_leading_name(text: str) -> tuple[str, float]:
    """A name at the beginning of a text, ended by punctuation, a number, sex or a title."""
    found = _NAME_HEAD.match(text.lstrip(":;,、_"))
    return read_name(found.group(1)) if found else ("", 0.0)


def is_surname(text: str) -> bool:
    """Whether a single character is a common surname."""
    return text in _SURNAMES


def read_unit(text: str) -> tuple[str, float]:
    """An employer's name that makes up the whole text and how certain it looks (0 where it cannot be one)."""
    bare = _UNIT_NOISE.sub("", text)
    if _CUT_OFF.match(bare):
        # A place without its name: the first character was not read.
        return bare, 0.84
    if _UNIT_FULL.fullmatch(bare):
        return bare, 1.0 if len(bare) >= _UNIT_SHORT else 0.9
    if _LOOSE_UNIT.fullmatch(bare) and re.search(r"[\u4e00-\u9fff]{3}", bare) and not re.search(r"[0-9]{4}", bare):
        return bare, 0.82
    return "", 0.0


def is_whole_unit(text: str) -> bool:
    """Whether a text is an employer's name from beginning to end."""
    return read_unit(text)[1] >= 1


def units_in_text(text: str) -> list[tuple[int, int]]:
    """Ranges of employers' names inside running text."""
    out: list[tuple[int, int]] = []
    for tail in _UNIT_TAIL.finditer(text):
        head = _UNIT_HEAD.search(text, max(out[-1][1] if out else 0, tail.start() - 26), tail.start())
        if head:
            lead = (
                max(head.group(1).rfind(w) + len(w) for w in _LEADS if w in head.group(1))
                if any(w in head.group(1) for w in _LEADS)
                else 0
            )
            out.append((head.start(1) + lead, tail.end()))
    return out


def is_agency(unit: str) -> bool:
    """Whether a unit is an office of the trade itself: the author of papers rather than an insured employer."""
    return _AGENCY.search(unit) is not None


def is_label_like(text: str) -> bool:
    """Whether a text ends like the label of some value, known to the vocabulary or not."""
    return _LABEL_LIKE.search(text) is not None
