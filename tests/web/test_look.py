"""The look as rules: contrast, weight, marks that are told apart without colour, templates that escape."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from public_site import grades, shipped
from public_site.web import marks

CSS = (shipped.STATIC / "site.css").read_text()
TEMPLATES = sorted(shipped.TEMPLATES.rglob("*.html"))


def _tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


LIGHT = _tokens(CSS.partition("@media")[0])
DARK = LIGHT | _tokens(CSS.partition("@media (prefers-color-scheme: dark)")[2].partition("\n  }")[0])
CHOSEN_DARK = LIGHT | _tokens(CSS.partition(':root[data-scheme="dark"]')[2].partition("}")[0])


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    channels = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_dark_by_choice_is_dark_as_the_system_has_it() -> None:
    assert CHOSEN_DARK == DARK != LIGHT


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_has_enough_contrast_in_both_schemes(scheme: dict[str, str]) -> None:
    grounds = [scheme[name] for name in ("paper", "surface", "sunken", "notice")]
    for text in ("ink", "muted", "link", "link-hover"):
        assert min(_contrast(scheme[text], ground) for ground in grounds) >= 4.5, text
    for mark in ("ap", "a", "b", "c", "d", "l"):
        assert _contrast(scheme[f"grade-{mark}"], scheme["grade-ink"]) >= 4.5, mark
        assert min(_contrast(scheme[f"grade-{mark}"], scheme[g]) for g in ("paper", "surface")) >= 4.5, mark
    assert _contrast(scheme["brand"], scheme["brand-ink"]) >= 4.5
    assert _contrast(scheme["wrong"], scheme["surface"]) >= 4.5
    assert _contrast(scheme["ink"], scheme["mark"]) >= 4.5
    assert _contrast(scheme["link"], scheme["mark"]) >= 4.5
    assert _contrast(scheme["focus"], scheme["focus-ink"]) >= 4.5
    assert min(_contrast(scheme["edge"], scheme[g]) for g in ("paper", "surface")) >= 3


def test_the_style_sheet_is_light() -> None:
    assert len(CSS.encode()) <= 30_000


def test_every_grade_has_a_mark_of_its_own_without_colour() -> None:
    assert list(marks.MARKS) == [grade.label for grade in grades.grades()]
    assert len({mark.slug for mark in marks.MARKS.values()}) == len(marks.MARKS)
    # B and B- share an outline: one is filled, the other hollow (and the letters differ).
    assert ".grade-bm .shape" in CSS
    outlines = [mark.path for label, mark in marks.MARKS.items() if label != "B-"]
    assert len(set(outlines)) == len(outlines)


@pytest.mark.parametrize("template", TEMPLATES, ids=[path.parent.name + "/" + path.name for path in TEMPLATES])
def test_no_template_switches_escaping_off_or_styles_in_place(template: Path) -> None:
    source = template.read_text()
    assert not re.search(r"\|\s*safe|autoescape|Markup|<style|\sstyle=|\son\w+=", source)
    # The number of the site's filing must lead there (互联网信息服务管理办法); a link loads nothing by itself.
    source = source.replace('<a href="https://beian.miit.gov.cn/"', "<a")
    assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", source)


def test_style_and_script_name_no_foreign_address() -> None:
    for file in ("site.css", "site.js"):
        assert not re.search(
            r"https?://|//\w", re.sub(r"/\*.*?\*/", "", (shipped.STATIC / file).read_text(), flags=re.DOTALL)
        )
