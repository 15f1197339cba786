"""Kinds of forms: what they are called, which fields they ask beside name and number, and whose date is theirs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from . import words
from .days import month, written

Value = Callable[[random.Random, date], str]


@dataclass(frozen=True)
class Form:
    """One kind of form.

    Args:
        kind: name of the kind of material. category: short name of its category.
        titles: what it is called; a bar marks where a heading may break over two lines.
        shape: form (dated by whoever fills it in), decision (dated by whoever decides), issued (printed by the office).
        subject: person or unit.
        unit: chance that an employer is named on a person's form.
        extras: further labels and values; relative: labels of a second person's name and number.
    """

    kind: str
    category: str
    titles: tuple[str, ...]
    shape: str
    subject: str = "person"
    unit: float = 0.7
    extras: tuple[tuple[tuple[str, ...], Value], ...] = ()
    relative: tuple[str, str] = ("", "")
    name_labels: tuple[str, ...] = words.NAME


def _money(low: int, high: int) -> Value:
    return lambda rng, day: f"{rng.randint(low, high)}.{rng.randint(0, 99):02d}元"


def _months(rng: random.Random, day: date) -> str:
    return rng.choice((f"{rng.randint(60, 420)}", f"{rng.randint(5, 38)}年{rng.randint(0, 11)}个月"))


def _before(years: int) -> Value:
    return lambda rng, day: month(date(day.year - rng.randint(years, years + 9), rng.randint(1, 12), 1), "年月日")


def _event(rng: random.Random, day: date) -> str:
    return written(date(day.year, max(1, day.month - 1), rng.randint(1, 28)), rng.choice(("年月日", "points")))


def _of(*texts: str) -> Value:
    return lambda rng, day: rng.choice(texts)


_WORKED = (words.WORK_START, _before(18))
_PHONE = (words.PHONE, lambda rng, day: f"1{rng.choice('358')}00000{rng.randint(1000, 9999)}")
_HOME = (words.HOME, _of("城关镇南街社区", "东关村12号", "河西乡张家沟村", "新建路15号院", "滨河小区3号楼"))
_NATION = (words.NATION, _of("汉族", "汉", "回族", "满族"))

FORMS: tuple[Form, ...] = (
    Form(
        "退休审批表",
        "养老",
        (
            "企业职工基本养老保险|退休审批表",
            "参保职工退休审批表",
            "职工正常退休|审批表",
            "机关事业单位工作人员退休审批表",
            "职工退休（职）审批表",
        ),
        "decision",
        unit=1.0,
        extras=(
            _WORKED,
            (("退休类别", "退休种类"), _of("正常退休", "特殊工种", "病退")),
            (("累计缴费年限", "缴费年限", "实际缴费年限"), _months),
            _NATION,
        ),
    ),
    Form(
        "基本养老保险待遇核定表",
        "养老",
        ("企业职工基本养老金核定表", "基本养老保险待遇|核定表", "退休人员养老金计发核定表", "职工养老保险待遇核定表"),
        "issued",
        unit=0.8,
        extras=(
            _WORKED,
            (("基础养老金",), _money(500, 1500)),
            (("个人账户养老金",), _money(100, 600)),
            (("月基本养老金", "养老金合计", "月养老金总额"), _money(1800, 4200)),
            (("缴费月数", "累计缴费月数"), _months),
        ),
    ),
    Form(
        "养老保险待遇申报表",
        "养老",
        ("企业职工养老保险待遇申报表", "基本养老保险待遇|申领表", "养老待遇申报表"),
        "form",
        unit=1.0,
        extras=(_WORKED, _PHONE, (("开户银行",), _of("县农商银行", "工商银行", "邮储银行"))),
    ),
    Form(
        "丧葬抚恤待遇核定表",
        "养老",
        ("丧葬补助金和抚恤金|申领表", "企业离退休人员死亡待遇申报表", "参保人员死亡待遇申领表"),
        "form",
        extras=((("死亡时间", "死亡日期"), _event), (("丧葬补助金", "丧葬费"), _money(3000, 9000))),
        relative=("申领人", "申领人身份证号"),
        name_labels=("死亡人员姓名", "死者姓名", "亡故人员姓名", "死亡职工姓名"),
    ),
    Form(
        "养老保险待遇停发审批表",
        "养老",
        ("养老保险待遇停发审批表", "养老待遇|停发（续发）审批表", "退休人员待遇停发审批表"),
        "decision",
        unit=0.5,
        extras=((("停发原因", "变动原因"), _of("死亡", "未按期认证", "服刑")), (("停发时间", "停发年月"), _before(0))),
    ),
    Form(
        "待遇领取资格认证表",
        "管理",
        (
            "养老保险待遇领取资格|认证表",
            "领取养老金资格认证表",
            "异地居住退休人员领取资格认证表",
            "离退休人员生存认证表",
        ),
        "form",
        unit=0.4,
        extras=(_HOME, _PHONE, (("健康状况", "身体状况"), _of("良好", "健在", "一般"))),
    ),
    Form(
        "基本养老保险关系转移接续申请表",
        "管理",
        ("基本养老保险关系转移接续|申请表", "养老保险关系转移申请表", "社会保险关系转移接续申请表"),
        "form",
        unit=0.6,
        extras=(
            (("原参保地", "转出地"), _of("太原市", "西安市", "天津市滨海新区")),
            (("新参保地", "转入地"), _of("吕梁市", "临汾市")),
            _PHONE,
        ),
    ),
    Form(
        "个人参保登记表",
        "管理",
        ("城乡居民基本养老保险|参保登记表", "灵活就业人员参保登记表", "个人参保登记表", "社会保险个人登记表"),
        "form",
        unit=0.0,
        extras=(
            _HOME,
            _PHONE,
            _NATION,
            (("缴费档次",), _of("200元", "500元", "2000元")),
            (("户口性质", "户籍性质"), _of("农业", "非农业")),
        ),
    ),
    Form(
        "参保人员信息变更表",
        "管理",
        ("参保人员基本信息变更申请表", "个人信息变更登记表", "参保人员信息|变更登记表"),
        "form",
        unit=0.7,
        extras=(
            (("变更项目",), _of("出生日期", "姓名", "联系电话")),
            (("变更原因",), _of("与身份证不符", "录入有误")),
            _PHONE,
        ),
    ),
    Form(
        "社会保障卡申领登记表",
        "管理",
        ("社会保障卡申领登记表", "社会保障卡补换卡申请表", "社会保障卡|申领登记表"),
        "form",
        unit=0.5,
        extras=(_PHONE, _HOME, _NATION),
    ),
    Form(
        "异地安置登记表",
        "管理",
        ("基本医疗保险异地安置登记表", "异地居住人员|就医登记备案表", "异地就医备案登记表"),
        "form",
        unit=0.6,
        extras=((("居住地", "安置地"), _of("北京市朝阳区", "海口市", "西安市雁塔区")), _PHONE),
    ),
    Form(
        "失业保险金申领登记表",
        "失业",
        ("失业保险金|申领登记表", "失业人员申领失业保险金登记表", "失业保险待遇申领表"),
        "form",
        unit=1.0,
        extras=((("失业时间",), _event), (("失业原因",), _of("合同期满", "单位裁员", "协商解除")), _PHONE),
        name_labels=(*words.NAME, "失业人员姓名", "失业人员"),
    ),
    Form(
        "工伤认定申请表",
        "工伤",
        ("工伤认定申请表", "职工工伤|认定申请表"),
        "form",
        unit=1.0,
        extras=(
            (("事故时间", "受伤时间", "事故发生时间"), _event),
            (("受伤害部位", "受伤部位"), _of("右手拇指", "左小腿", "腰部")),
            (("诊断结论",), _of("骨折", "挫裂伤")),
        ),
        name_labels=("职工姓名", "受伤害职工", "受伤职工姓名", "工伤职工姓名"),
    ),
    Form(
        "工伤保险待遇核定表",
        "工伤",
        ("工伤保险待遇核定表", "工伤职工|伤残待遇核定表", "一次性伤残补助金核定表"),
        "issued",
        unit=1.0,
        extras=(
            (("伤残等级", "鉴定等级"), _of("九级", "十级", "玖级")),
            (("一次性伤残补助金",), _money(20000, 60000)),
            (("工伤时间", "受伤时间"), _event),
        ),
        name_labels=("工伤职工", "职工姓名", "姓名", "工伤职工姓名"),
    ),
    Form(
        "生育津贴申领表",
        "生育",
        ("职工生育保险待遇|申领表", "生育津贴申领表", "生育保险待遇申报表", "女职工生育待遇申请表"),
        "form",
        unit=1.0,
        extras=(
            (("分娩日期", "生育时间"), _event),
            (("生育津贴", "津贴金额"), _money(8000, 26000)),
            (("分娩方式",), _of("顺产", "剖宫产")),
        ),
        relative=("配偶姓名", "配偶身份证号"),
        name_labels=("女职工姓名", "姓名", "生育职工姓名", "参保人姓名"),
    ),
    Form(
        "医疗费用报销审核表",
        "医疗",
        ("职工医疗费用报销审核表", "基本医疗保险医疗费|报销审批表", "住院医疗费用审核结算表", "医疗费用零星报销审核表"),
        "decision",
        unit=0.9,
        extras=(
            (("住院时间", "入院日期"), _event),
            (("就诊医院", "医院名称"), _of("县人民医院", "市第一人民医院")),
            (("报销金额", "统筹支付"), _money(900, 26000)),
        ),
    ),
    Form(
        "社会保险费补缴申报表",
        "征缴",
        ("社会保险费补缴申报表", "基本养老保险费|补缴申报表", "欠费补缴申请表"),
        "form",
        unit=1.0,
        extras=(
            (("补缴原因",), _of("漏报", "劳动监察责令", "中断缴费")),
            (("补缴金额", "应补金额"), _money(3000, 30000)),
        ),
    ),
    Form(
        "社会保险登记表",
        "管理",
        ("社会保险登记表", "参保单位信息登记表", "单位参保登记表", "缴费单位社会保险登记表"),
        "form",
        subject="unit",
        extras=(
            (("单位类型", "单位性质"), _of("企业", "事业", "民办非企业")),
            (("法定代表人", "负责人"), _of("郭卫东", "杜海宽")),
            _PHONE,
            (("参保人数", "职工人数"), _of("26", "148", "9")),
        ),
    ),
    Form(
        "参保单位变更登记表",
        "管理",
        ("参保单位信息|变更登记表", "社会保险变更登记表", "单位基本信息变更登记表"),
        "form",
        subject="unit",
        extras=(
            (("变更项目", "变更事项"), _of("法定代表人", "单位地址", "开户银行")),
            _PHONE,
            (("变更原因",), _of("股权转让", "搬迁")),
        ),
    ),
    Form(
        "特殊工种退休资格认定表",
        "养老",
        ("特殊工种提前退休|资格认定表", "特殊工种退休资格审批表", "从事特殊工种职工提前退休审批表"),
        "decision",
        unit=1.0,
        extras=(
            _WORKED,
            (("工种名称", "特殊工种名称"), _of("井下掘进工", "电解工", "锅炉工")),
            (("累计年限",), _of("11年3个月", "9年")),
        ),
    ),
)
