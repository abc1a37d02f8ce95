"""What the columns of a published list are called, and what each of them means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from public_site.notices.grid import Cell

_NAMES: dict[str, str] = {
    "number": "序号 编号 序",
    "name": "企业名称 单位名称 企业(生产线)名称 企业(单位)名称 企业名称(生产线) 企业名 公司名称 企业全称 企业 单位 名称 "
    "排污单位名称 评级企业 评级企业名称 企业详细名称",
    "former_name": "曾用名 原企业名称 原名称 原单位名称 企业原名称 企业曾用名 变更前名称 变更前企业名称",
    "province": "省 省份 省(市) 省(区、市) 省级",
    "city": "地市 设区市 设区的市 城市 市 市州 州市 市(州) 州(市) 盟市 地级市 所在市 所属市 所属地市 所在地市 地市名称 城市名称 市(地)",
    "county": "区县 县区 县(市、区) 县(区、市) 区(县、市) 区(市、县) 县市区 区(县) 县(区) 县(市) 市县 旗县 旗县区 区 县 所在区县 所属区县 "
    "所在县区 所属县区 区县名称 所属区域 所在区域 辖区",
    "place": "所在地 地区 所属地区 所在地区 属地 行政区划 区域 所属辖区 企业所在地 所属地",
    "industry": "行业 行业类别 重点行业类别 行业类型 重点行业 所属行业 行业名称 行业类别(小类) 重点行业类型 评级行业 申报行业 绩效行业 "
    "绩效分级行业 行业分类",
    "grade": "绩效等级 评级结果 评定等级 级别 等级 现等级 绩效评级 绩效分级 评定结果 绩效级别 绩效评级等级 绩效分级等级 绩效评级结果 "
    "绩效分级结果 评级等级 评定级别 企业绩效等级 环保绩效等级 现绩效等级 调整后等级 调整后绩效等级 现级别 拟定等级 拟评等级 拟评定等级 "
    "拟认定等级 复核结果 复核等级 评级 绩效评定等级 绩效评价等级 审核等级 认定等级 评级类别 绩效类别",
    "previous_grade": "原等级 原绩效等级 调整前等级 调整前绩效等级 原级别 原评定等级 原评级结果 原绩效评级 复核前等级 原评级等级",
    "credit_code": "统一社会信用代码 社会信用代码 信用代码 统一信用代码 组织机构代码/统一社会信用代码 统一社会信用代码(18位)",
    "permit": "排污许可证编号 排污许可证号 许可证编号 排污许可编号 排污许可证",
    "line": "生产线 生产线名称 评级生产线 工序 生产工序 生产线(工序) 评级范围 评级单元",
    "site": "厂区 厂址 生产厂区 厂区名称 厂区地址 生产地址 企业地址 地址 详细地址 生产经营场所地址",
    "managed_as": "按级管理 管理等级 管理级别 按级别管理 管控等级 参照管理等级",
    "managed_until": "管理有效期 管理有效期至 管理截止日期 有效期 有效期至 管理期限",
    "lat": "纬度 北纬 纬度(°) 中心纬度",
    "lon": "经度 东经 经度(°) 中心经度",
    "remark": "备注 说明 备注说明 调整说明 变更情况 调整情况",
    "personal": "联系人 联系电话 电话 手机 手机号 联系方式 邮箱 电子邮箱 法定代表人 法人 法人代表 负责人 环保负责人 联系人及电话",
}


def plain(text: str) -> str:
    """A header as it is compared: one width, no spaces, line breaks or closing colon."""
    one_width = unicodedata.normalize("NFKC", text).replace("〔", "(").replace("〕", ")")
    return re.sub(r"[\s\u200b\ufeff*:]+", "", one_width)


_MEANINGS = {plain(name): meaning for meaning, names in _NAMES.items() for name in names.split()}
_SURE = frozenset(_MEANINGS) - {
    "企业",
    "单位",
    "名称",
    "市",
    "区",
    "县",
    "省",
    "说明",
    "地区",
    "区域",
    "电话",
    "评级",
    "序",
}


def headers_of(meaning: str) -> tuple[str, ...]:
    """Every header that means this, the usual one first."""
    return tuple(_NAMES[meaning].split())


@lru_cache(maxsize=4096)
def meaning(header: str) -> str | None:
    return _MEANINGS.get(plain(header)) if len(header) <= 40 else None


def is_header(cells: Sequence[Cell]) -> bool:
    """At least two columns with a known name, one of them unmistakable; or a column that can only be the names."""
    found = [cell for cell in cells if isinstance(cell, str) and cell.strip() and meaning(cell)]
    filled = sum(1 for cell in cells if not isinstance(cell, str) or cell.strip())
    if len(found) >= 2 and 2 * len(found) >= filled:
        return any(plain(cell) in _SURE for cell in found)
    return any(meaning(cell) == "name" and "企业" in plain(cell) and plain(cell) in _SURE for cell in found)


def joined(upper: Sequence[Cell], lower: Sequence[Cell]) -> tuple[Cell, ...] | None:
    """One header from two lines (所在地 over 市 and 区县), or None where the lower line is not a header at all."""
    filled = [cell for cell in lower if not isinstance(cell, str) or cell.strip()]
    if not filled or not all(isinstance(cell, str) and meaning(cell) for cell in filled):
        return None
    width = max(len(upper), len(lower))
    first, second = ([*cells, *[""] * (width - len(cells))] for cells in (upper, lower))
    pairs = zip(first, second, strict=True)
    return tuple(below if isinstance(below, str) and below.strip() else above for above, below in pairs)
