"""Web pages: what a page hides is no text of it, and a hidden row or list is pointed out."""

from __future__ import annotations

import pytest

from tests.notices.reading_desk import grades, read_here

LIST = "<tr><td>序号<td>企业名称<td>绩效等级</tr><tr><td>1<td>演示一有限公司<td>B</tr>"


def page(body: str) -> bytes:
    return f"<html><meta charset='utf-8'><body>{body}</body></html>".encode()


@pytest.mark.parametrize("style", ['style="display:none"', 'style="color:red; Visibility : hidden"', "hidden"])
def test_hidden_text_is_no_text_of_the_page(style: str) -> None:
    found = read_here(page(f"<p {style}>关于演示企业的公示</p><table>{LIST}</table>"), "page.html")
    assert (found.problems, found.notice.stage) == ((), None)


@pytest.mark.parametrize("style", ['style="display: none"', "hidden"])
def test_a_hidden_list_a_hidden_row_and_a_hidden_cell_are_pointed_out(style: str) -> None:
    hidden = f"<tr {style}><td>2<td>演示二有限公司<td>A</tr>"
    cell = f"<tr><td>2<td>演示二有限公司<td>B<span {style}>-</span></tr>"
    for body, where in (
        (f"<table>{LIST}</table><div {style}><table>{LIST}</table></div>", None),
        (f"<table>{LIST}{hidden}</table>", 3),
        (f"<table>{LIST}{cell}</table>", 3),
    ):
        (problem,) = read_here(page(body), "page.html").problems
        assert problem.row == where
        assert "隐藏" in problem.message


def test_a_hidden_row_without_text_is_of_no_interest() -> None:
    found = read_here(page(f"<table>{LIST}<tr hidden><td><td><td></tr></table>"), "page.html")
    assert grades(found.accepted()) == [("B", "national-2020")]


def test_rows_that_stand_under_no_header_are_pointed_out_only_beside_a_list() -> None:
    stray = "<table><tr><td>2<td>演示二有限公司<td>A</tr></table>"
    (problem,) = read_here(page(f"<table>{LIST}</table>{stray}"), "page.html").problems
    assert "上面没有表头" in problem.message
    footer = "<table><tr><td>技术支持：演示科技有限公司<td>2024</tr></table>"
    assert read_here(page(f"<table>{LIST}</table>{footer}"), "page.html").problems == ()
