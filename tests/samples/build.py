"""The samples that are built, not committed: every label, header, format, encoding and damage that notices come with.

`python -m tests.samples.build FOLDER` writes them for a person to open. What each must give is committed beside the other
samples: `good/NAME.json` and `bad/NAME.notes`. The shapes are those of the published notices; all names are fictional.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from tests.samples import damaged, shapes, writers
from tests.samples.writers import Sheet

Build = Callable[[], bytes]
FORMATS: dict[str, Callable[[Sheet], bytes]] = {
    "csv": writers.csv_file, "xlsx": writers.xlsx, "html": writers.html,
    "docx": writers.word, "xls": writers.xls, "pdf": writers.pdf,
}  # fmt: skip
LABELS = (
    "A", "A级", "A类", "A+", "A+级", "卓越级", "B", "B级", "B-", "B-级", "C级", "D级", "引领性", "绩效引领性",
    "绩效引领性企业", "引领性企业", "引领性\n生产线", "非引领性", "A（地方标准）", "地方B级", "拟A级", "按B-级管理",
)  # fmt: skip
NO_LABELS = (
    "B（含B-）级", "B级(含B-)", "保障类", "民生保障", "战略新兴", "豁免", "自主减排企业", "绿色标杆", "绿色环保引领企业",
    "环保信用绿牌", "环保信用蓝牌", "黄牌", "红色", "黑",
)  # fmt: skip
HEADERS = {
    "name": ("企业名称", "单位名称", "企业（生产线）名称"),
    "place": ("地市", "设区市", "城市", "区县", "所在地"),
    "industry": ("行业", "行业类别", "重点行业类别", "行业类型"),
    "grade": ("绩效等级", "评级结果", "评定等级", "级别"),
    "previous": ("原等级",),
    "code": ("统一社会信用代码",),
    "permit": ("排污许可证编号",),
    "remark": ("备注",),
}
_CELLS = {"name": "演示{}有限公司", "place": "重庆市", "industry": "铸造", "grade": "B级", "previous": "C级",
          "code": "91130200699229617X", "permit": "91130200699229617X001P", "remark": "演示"}  # fmt: skip
_DISGUISES: tuple[Callable[[str], str], ...] = (
    str,
    " ".join,
    lambda header: f"{header[: len(header) // 2]}\n{header[len(header) // 2 :]}",
    lambda header: f"　{header}：",
    lambda header: header.translate(str.maketrans("（）", "()")) + " ",
)


def _labels() -> dict[str, Build]:
    """Each label in turn in another format, in a notice that may use it."""
    made: dict[str, Build] = {}
    for at, label in enumerate(LABELS):
        title = "重庆市生态环境局关于2026年演示绩效评级结果的" + ("公示" if "拟" in label else "公告")
        sheet = Sheet(
            (("企业名称", "行业类别", "原等级", "绩效等级"), ("演示一有限公司", "", "C级", label)),
            above=(title, "重庆市生态环境局", "2026年6月1日"),
        )
        ending = list(FORMATS)[at % len(FORMATS)]
        made[f"label_{at + 1:02}.{ending}"] = partial(FORMATS[ending], sheet)
    return made


def _no_labels() -> dict[str, Build]:
    made: dict[str, Build] = {}
    for at, label in enumerate(NO_LABELS):
        sheet = Sheet((("序号", "企业名称", "绩效等级"), (1, "演示一有限公司", label)))
        ending = list(FORMATS)[at % len(FORMATS)]
        made[f"no_label_{at + 1:02}.{ending}"] = partial(FORMATS[ending], sheet)
    return made


def _headers() -> dict[str, Build]:
    """Each name of each column, in turn in another format and written with spaces, line breaks or wide signs."""
    made: dict[str, Build] = {}
    for meaning, names in HEADERS.items():
        for name in names:
            at = len(made)
            used = {"name": "企业名称", "grade": "绩效等级", meaning: _DISGUISES[at % len(_DISGUISES)](name)}
            rows = [[_CELLS[key].format(number) for key in used] for number in "一二"]
            if meaning in ("code", "permit"):
                rows = rows[:1]
            ending = list(FORMATS)[at % len(FORMATS)]
            made[f"header_{at + 1:02}_{meaning}.{ending}"] = partial(
                FORMATS[ending], Sheet((tuple(used.values()), *rows))
            )
    return made


@cache
def good() -> dict[str, Build]:
    return _labels() | _headers() | shapes.good()


@cache
def bad() -> dict[str, Build]:
    return _no_labels() | shapes.bad() | damaged.bad()


def written(name: str, folder: Path) -> Path:
    """A sample as a file in a folder."""
    path = folder / name
    path.write_bytes((good() | bad())[name]())
    return path


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for sample in good() | bad():
        written(sample, target)
