"""What the query found is marked in the name as it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public_site.search import highlight


def marked(name: str, text: str) -> str:
    return "".join(f"<{piece}>" if hit else piece for piece, hit in highlight(name, text))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("重庆宏声纸箱有限责任公司", "宏声", "重庆<宏声>纸箱有限责任公司"),
        ("重慶宏聲紙箱", "宏声", "重慶<宏聲>紙箱"),
        ("普阳水泥（集团）有限公司", "水泥集团", "普阳<水泥（集团>）有限公司"),
        ("普阳水泥（集团）有限公司", "公司 普阳", "<普阳>水泥（集团）有限<公司>"),
        ("ＴＣＬ电子", "tcl", "<ＴＣＬ>电子"),
        ("河北普阳钢铁", "puyang", "河北<普阳>钢铁"),
        ("河北普阳钢铁", "pygt", "河北<普阳钢铁>"),
        ("单县东方家具厂", "shanxian", "<单县>东方家具厂"),
        ("宏声纸箱有限责任公司", "宏声纸箱有限公司", "<宏声纸箱>有限责任公司"),
        ("江江江", "江江", "<江江江>"),
        ("河北普阳钢铁", "***", "河北普阳钢铁"),
        ("<script>alert(1)</script>厂", "script", "<<script>>alert(1)</<script>>厂"),
    ],
)
def test_hits_are_marked(name: str, text: str, expected: str) -> None:
    assert marked(name, text) == expected


@given(st.text(max_size=30), st.text(max_size=64))
def test_the_pieces_always_make_up_the_name(name: str, text: str) -> None:
    assert "".join(piece for piece, _ in highlight(name, text)) == name
