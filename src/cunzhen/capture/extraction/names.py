"""What can be a person's name or an employer's name."""

from __future__ import annotations

import re

_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐"
    "费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁"
    "杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚"
    "程嵇邢滑裴陆荣翁荀羊惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸"
    "司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄"
    "晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙"
    "乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖闫付代覃岳帅郧亢况有琴商牟佘佴伯赏墨哈谯笪年爱阳佟言福邸苑仝冶栗来战门撒闪晋原要侍麦苟"
    "鹿青訚官展由覃亓仉郇桥初凡种楚折信雒智候部撖续崞郄"
)
_DOUBLE = frozenset(
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 令狐 慕容 夏侯 司徒 宇文 长孙 端木 呼延 南宫 独孤 西门 轩辕 拓跋 司空 钟离 闻人 澹台 公冶 赫连 "
    "濮阳 淳于 单于 太叔 申屠 仲孙 鲜于 闾丘 亓官 司寇 子车 颛孙 巫马 公西 漆雕 乐正 壤驷 公良 夹谷 宰父 谷梁 百里 东郭 南门 羊舌 微生 梁丘 "
    "左丘 东门 第五 完颜 叶赫 纳兰 爱新 那拉 富察 万俟 墨台 哈尔 胡延 即墨 达奚 褚师".split()
)
# Characters that write the names of other peoples: 阿依古丽, 扎西次仁, 那木吉拉.
_TRANSLITERATED = re.compile(
    "[阿巴扎才索达洛格旦仁次尼多拉买吾艾依帕玛热库斯图赛木加努克苏哈吐麦尔古丽曼江提汗孜娜力米吉布迪西卡萨其穆伊玉如合依再乌那勒德朝日乐"
    "白音娅花琪根宝道包色央宗卓嘎普桑坚赞顿珠罗桑益旺姆措贡觉丹增云登巷甲热都拜肉孜沙塔铁铜奴亚森牙生麻]{3,10}"
)
# Words that begin with a surname and are rather words than names; where one stands for a name a person looks.
_COMMON_WORD = frozenset(
    "应付 应收 有效 有权 有无 有限 和平 万元 全部 全体 全额 全称 任意 任期 成立 成员 时间 时限 时效 时期 时段 计算 计发 计划 计入 项目 国家 国有 文件 文化 文书 文号 方面 "
    "方案 平均 高度 高于 高等 高温 安全 安排 安置 安装 常年 常住 严格 严重 严禁 党员 党委 连续 连同 明确 明显 明细 公示 公章 公告 公开 公民 公安 公共 养护 管理 管辖 温度 "
    "单独 单方 单据 花费 水平 水电 金额 金融 费率 费款 支出 支持 支取 解除 解决 解释 充分 达到 包含 程序 程度 曾经 权益 权利 权限 终止 终结 终身 原件 原因 后续 后期 简称 "
    "习惯 元整 家庭 家属 车间 车辆 能够 能力 利息 利用 利益 凡是 初次 初审 初步 要求 展开 言行 查明 查询 查验 查阅 年龄 年限 年度 年满 年终 年均 来源 来自 门诊 信息 信用 "
    "信件 部分 种类 知晓 知悉 施行 施工 步骤 双方 宣传 左右 房屋 房产 井下 路程 路费 谈话 贡献 劳动 劳保 充足 满足 满意 空缺 关闭 关注 商定 商业 麻醉 强制 季度 何时 何地 何种 何人 "
    "项下 许可 严肃 水利 宗教 康复 余额 余下 章程 范围 方向 花名 常规 顾客 和解 农村 农业 农户 充电 连带 原籍 明示 广大 古稀".split()
)
# Words that begin a sentence or a clause; no name begins with them.
_CLAUSE_WORD = frozenset(
    "应当 应缴 应予 应该 应按 应由 应于 于是 于今 有关 有下 相关 相应 相当 相符 相同 符合 和其 和个 和单 经办 从事 任何 关于 关系 通过 通知 通报 方式 方法 方可 由于 由本 由其 由用 "
    "向社 向我 向本 向其 向单 申请 申报 申领 申诉 支付 包括 费用 部门 单位 公司 养老 新增 新农 要件 如下 如有 如需 如果 以上 以下 以及 以内 其他 其中 其余 本人 本市 本县 本省 本级 本次 "
    "本单 本表 本年 该职 该单 该同 上述 下列 下述 予以 属于 属实 根据 按照 按规 按月 依法 依据 依照 现将 现予 特此 为此 因此 因病 因工 对于 或者 及其 并且 已按 已经 已将 未按 未经 "
    "不得 不予 不符 不服 可以 必须 需要 自愿 自行 负责 具有 具备 条件 名单 名义 异议 一式 收到 收讫 执行 办理 接续 组成 记载 记录 规定 标准 审核 核定 核准 审批 待遇 同意 情况 "
    "情形 范畴 到异 式三 各执 涂改 无效 齐全 公示 拟退 载的 案记".split()
)
# Characters of sentences; in a name only behind a surname (李自成), some never.
_GRAMMAR = re.compile("[已不将须需与及或者该其并且被把让则至等给自某]")
_NEVER = re.compile("[的了们]")
# Words of forms: no name contains them.
_FORM_WORD = re.compile(
    r"单位|公司|公[民示告司]|平均|宗教|信仰|证号|样[章本]|曾用|婚姻|血型|身高|服务处所|全年|"
    r"应[缴发]|实[缴发]|申领|申报人|领取人|当事人|类别|声明|稽核|意见|盖章|签[字名章]|"
    r"日期|号码|姓名|性别|身份|人员|合计|小计|备注|参保|养老|保险|社保|年度|月份|男性|"
    r"女性|经办|审核|复核|审批|申请|材料|情况|证明|名称|电话|地址|登记|缴费|金额|万元|工伤|退休|失业|生育|医疗|医院|银行|部门|机构|委员|农村|农业|"
    r"城镇|居民|职工|学历|印章|认定|核定|鉴定|级别|年限|工龄|工资|基数|标准|津贴|补助|支付|账户|账号|户口|户籍|姓[名氏]"
)
# Answers that stand in cells beside names; as parts of a name they are harmless (李新增, 王保安).
_ANSWER = re.compile(
    r"基本|以上|以下|年月|主管|中心|办公|非农|工人|干部|党员|团员|群众|高中|初中|大专|本科|中专|小学|硕士|博士|[汉回满壮蒙]族?|增加|减少|新增|"
    r"续保|停保|转入|转出|调入|调出|辞职|解除|终止|合同|正常|固定|临时|安置|常住|连续|方式|时间|计算|计发|应缴|任职|同意|符合.*|查验|属实|无误|"
    r"管理.?|车间|车祸|右[手足].*|左[手足].*|平均|明细|全额|人数|公章|照片|变更|等级|领取|发放|开户|户名|家庭|关系|配偶|父亲|母亲|儿子|女儿|"
    r"长子|次子|长女|次女|民族|籍贯|文化|程度|文化程度|本人|他人|负责.*|联系.*|代理.*|监护.*|法定.*|代表|以[上下内].*|不详|同上|"
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
_LEADS = ("在", "于", "系", "调入", "调往", "原", "对", "向", "给")
# A name in running text begins behind punctuation or one of the words that lead up to it.
_UNIT_HEAD = re.compile(
    r"(?:(?:^|[^\u4e00-\u9fff()])(?:系|为|在|由|原|与|经查|原在|兹有|你单位)?|于|在|系|为|调入|入职|单位)([\u4e00-\u9fff()]{2,22})$"
)
_UNIT_NOISE = re.compile(r"^[:;.,、]+|(?:\((?:盖章|公章|章|印章|签章|单位盖章|单位公章)\)|盖章|公章|[:;.,、])+$")
_AGENCY = re.compile(
    r"社会保险|社保|人力资源|劳动和社会保障|劳动保障|劳动局|医疗保障|医保|人社|税务|经办机构|就业服务|就业和人才|鉴定委员会|民政|公安|档案|养老保险|失业保险|工伤保险|市场监督|工商行政"
)
_UNIT_SHORT = 4
_LOOSE_UNIT = re.compile(r"[\u4e00-\u9fffA-Za-z0-9()·&、-]{4,40}(?<![表书单册函])")


def read_name(text: str) -> tuple[str, float]:
    """A name that makes up the whole text and how certain it looks (0 where it cannot be one)."""
    text = text.strip("·•.,、:;'\"*_-|/")
    if _LONG_NAME.fullmatch(text):
        return text.replace("•", "·").replace(".", "·"), 0.97
    if text[:2] in _CLAUSE_WORD or _NEVER.search(text):
        return "", 0.0
    if len(text) > _FOUR:
        return (text, _OTHER_PEOPLES) if _TRANSLITERATED.fullmatch(text) else ("", 0.0)
    if not _NAME.fullmatch(text) or _FORM_WORD.search(text) or _ANSWER.fullmatch(text):
        return "", 0.0
    if text[:2] in _DOUBLE and len(text) > len("欧阳"):
        return text, 1.0
    if text in _COMMON_WORD:
        return text, _WITHOUT_SURNAME
    if text[0] in _SURNAMES:
        return text, 0.9 if len(text) == _FOUR else 1.0
    if _TRANSLITERATED.fullmatch(text):
        return text, _OTHER_PEOPLES
    return ("", 0.0) if _GRAMMAR.search(text) else (text, _WITHOUT_SURNAME)


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
    if _UNIT_FULL.fullmatch(bare):
        return bare, 1.0 if len(bare) >= _UNIT_SHORT else 0.9
    if _LOOSE_UNIT.fullmatch(bare) and re.search(r"[\u4e00-\u9fff]{3}", bare) and not re.search(r"[0-9]{4}", bare):
        return bare, 0.82
    return "", 0.0


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
