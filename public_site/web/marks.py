"""The grade marks: the outline of each (letter + shape + colour), how it is said aloud, and what else the map draws.

What this module knows that no other does: the shape alone tells the grades apart on a black and white print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from public_site import grades, languages
from public_site.languages import N_, Words, _


@dataclass(frozen=True, slots=True)
class Mark:
    """How a grade is drawn (in a box 40 high) and said aloud."""

    slug: str
    spoken: str
    path: str
    width: int = 40
    baseline: float = 27
    ring: bool = False


def _pill(slug: str, spoken: str, width: int) -> Mark:
    path = f"M20 4h{width - 40}a16 16 0 0 1 0 32H20a16 16 0 0 1 0-32z"
    return Mark(slug, spoken, path, width=width, baseline=26.5)


_CIRCLE = "M20 2a18 18 0 1 1 0 36a18 18 0 1 1 0-36z"
_DISC = "M20 5a15 15 0 1 1 0 30a15 15 0 1 1 0-30z"
_SQUARE = "M8 3h24a5 5 0 0 1 5 5v24a5 5 0 0 1-5 5H8a5 5 0 0 1-5-5V8a5 5 0 0 1 5-5z"
_HEXAGON = "M11 3.5h18L38.5 20 29 36.5H11L1.5 20z"
_DIAMOND = "M20 1 39 20 20 39 1 20z"

_MARKS = {
    "A+": Mark("ap", N_("A+级，卓越级"), _DISC, baseline=26, ring=True),
    "A": Mark("a", N_("A级"), _CIRCLE),
    "B": Mark("b", N_("B级"), _SQUARE),
    "B-": Mark("bm", N_("B-级"), _SQUARE),
    "C": Mark("c", N_("C级"), _HEXAGON),
    "D": Mark("d", N_("D级"), _DIAMOND),
    "引领性": _pill("l", N_("引领性"), 84),
    "非引领性": _pill("nl", N_("非引领性"), 102),
}
_ENGLISH_MARKS = _MARKS | {"引领性": _pill("l", "引领性", 108), "非引领性": _pill("nl", "非引领性", 144)}


class _Marks(Mapping[str, Mark]):
    """The marks by the grade's label, as wide as the current language writes them."""

    def __getitem__(self, label: str) -> Mark:
        return (_MARKS if languages.current() == languages.CHINESE else _ENGLISH_MARKS)[label]

    def __iter__(self) -> Iterator[str]:
        return iter(_MARKS)

    def __len__(self) -> int:
        return len(_MARKS)


MARKS = _Marks()


def map_grade(label: str) -> str:
    """What a mark on the map says, in words: a grade's title, or what stands in its place."""
    return _(grades.grade(label).title if label in MARKS else _MAP_OTHERS[label].spoken)


# What is known of where enterprises without a point are, by the level of the division that they are counted at.
PRECISIONS = Words(
    {
        "county": N_("位置为县级"),
        "city": N_("在市内，位置未载明"),
        "province": N_("在省内，位置未载明"),
    }
)


def map_marks() -> dict[str, dict[str, Any]]:
    """Every mark of the map for the script that draws it, by label: slug, letter, spoken, path, width, baseline, ring."""
    drawn = {label: (_(label), mark) for label, mark in MARKS.items()}
    drawn |= {label: ("＝" if label == "incomparable" else "", mark) for label, mark in _MAP_OTHERS.items()}
    return {
        label: {"slug": mark.slug, "letter": letter, "spoken": _(mark.spoken), "path": mark.path, "width": mark.width,
                "baseline": mark.baseline, "ring": mark.ring}
        for label, (letter, mark) in drawn.items()
    }  # fmt: skip


def map_words() -> dict[str, str]:
    """What the script of the map says; `{name}` stands for what it fills in."""
    return {name: _(text) for name, text in _MAP_WORDS.items()}


_MAP_WORDS = {
    "ten_thousands": N_("{count}万"),
    "enterprise": N_("{name}，{grade}"),
    "cluster": N_("{count} 家企业：{grades}"),
    "between": N_("，"),
    "division": N_("{place}：{count} 家企业，{precision}"),
    "all_of": N_("{place}的全部企业"),
    "without_point": N_("其中 {count} 家的公告没有写明具体位置（{precision}）。"),
    "marks_failed": N_("地图上的标记没有取到，请稍后再移动一下地图；名单不受影响。"),
    "ground_failed": N_("底图没有取到；标记和名单不受影响。"),
    "close": N_("关闭"),
    "closer": N_("放大"),
    "farther": N_("缩小"),
}
# Enterprises without an overall grade: shapes that no grade has.
_MAP_OTHERS = {
    "incomparable": Mark("other", N_("各单元等级不可比"), "M20 3 38 36H2z", baseline=32),
    "none": Mark("other", N_("没有已公布的等级"), "M20 12a8 8 0 1 1 0 16a8 8 0 1 1 0-16z"),
}
# In a drawing that stands alone; the same as in site.css, for a light ground.
MAP_COLOURS = {"A+": "#0a5234", "A": "#1a7446", "B": "#1d5fa6", "B-": "#8db4dd", "C": "#8a5a06", "D": "#8f1f2d",
               "引领性": "#5a3d8a", "非引领性": "#b7a3d6", "incomparable": "#7d8288", "none": "#d0d3d6"}  # fmt: skip
