"""The commands as a clerk types them: what they print, their exit codes, and that a refusal changes nothing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from public_site.commands import app
from tests.desk import Desk, row
from tests.search.meili_server import KEY, Meili, serving
from tests.test_publishing import CHONGQING

README = Path(__file__).parents[1] / "README.md"


def zip_bomb() -> bytes:
    """A workbook of a few hundred kilobytes that would inflate to a gigabyte."""
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed)
    book.add_worksheet().write_row(0, 0, ["企业名称", "行业类别", "绩效等级"])
    book.close()
    archive = zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED)
    with archive, archive.open("xl/worksheets/sheet2.xml", "w", force_zip64=True) as sheet:
        for _ in range(256):
            sheet.write(b"0" * (1 << 22))
    return packed.getvalue()


class Shell:
    """Runs public-site with a data folder of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(
        self,
        *words: str | Path,
        typed: str | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "public_site", *map(str, words)],
            env=os.environ | {"PUBLIC_SITE_DATA": str(self.data), "COLUMNS": "200"} | environment,
            input=typed, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def files(self) -> dict[str, bytes]:
        return {str(f.relative_to(self.data)): f.read_bytes() for f in sorted(self.data.rglob("*")) if f.is_file()}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data")


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_checking_the_real_notice_reports_it_whole_and_writes_nothing(shell: Shell) -> None:
    done = shell("take-in", CHONGQING, "--check", "--json")
    assert done.returncode == 0, done.stderr
    told = report(done)
    notice = told["notice"]
    assert notice["title"] == "重庆市生态环境局关于重庆市2024年第一批重点行业企业大气污染防治绩效评级结果的公告"
    assert (notice["issuer"], notice["issued_on"], notice["stage"]) == ("重庆市生态环境局", "2024-04-24", "decided")
    assert (notice["scope"], notice["number"]) == ("increment", None)
    assert [(c["grade"], c["local"], c["count"]) for c in notice["stated_counts"]] == [("B", False, 3), ("A", True, 2)]
    assert [(r["name"], r["place"], r["grade"], r["scheme"]) for r in told["rows"]] == [
        ("重庆京东方光电科技有限公司", "两江新区", "A", "local"),
        ("重庆京东方显示技术有限公司", "两江新区", "A", "local"),
        ("重庆宏声纸箱有限责任公司", "涪陵区", "B", "national-2020"),
        ("重庆市乐缘复合包装制品有限责任公司", "南岸区", "B", "national-2020"),
        ("重庆市东鹏智能家居有限公司", "永川区", "B", "national-2020"),
    ]
    assert {"row", "industry", "label", "scale", "previous_grade", "managed_as"} <= set(told["rows"][0])
    assert told["rows"][0]["match"] == {"status": "new", "enterprise_id": None, "candidates": [],
                                        "reason": "登记中没有此代码、名称或相近名称"}  # fmt: skip
    assert told["problems"] == []
    assert not shell.data.exists()


def test_a_notice_goes_from_file_to_register_by_two_people(shell: Shell) -> None:
    taken = shell("take-in", CHONGQING, "--by", "甲")
    assert taken.returncode == 0
    assert "新建第 1 号草稿，5 行" in taken.stdout
    assert shell("publish", "1", "--by", "甲").returncode == 2
    published = shell("publish", "1", "--by", "乙")
    assert published.returncode == 0, published.stderr
    assert "第 1–11 条" in published.stdout
    assert "localhost/log\n11\n" in published.stdout
    status = shell("status")
    assert "登记：第 11 条" in status.stdout
    assert "落后" not in status.stdout
    assert shell("verify").returncode == 0
    again = shell("take-in", CHONGQING, "--by", "甲")
    assert "已经发布过" in again.stdout
    assert "第 11 条" in shell("status").stdout


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("等级.csv", "企业名称,行业类别,绩效等级\n演示厂,包装印刷,E\n".encode(), "等级"),
        ("形近字.csv", "企业名称,行业类别,绩效等级\n演示厂,包装印刷,\u0410\n".encode(), "字母"),
        ("缺列.csv", "单位地址,行业类别,绩效等级\n某地,包装印刷,A\n".encode(), "企业名称"),
        ("编码.csv", "企业名称,行业类别,绩效等级\n演示厂,包装印刷,A\n".encode("utf-16-le"), "编码"),
        (
            "代码.csv",
            "企业名称,统一社会信用代码,行业类别,绩效等级\n演示厂,91350100M000100Y44,包装印刷,A\n".encode(),
            "校验",
        ),
        ("浮点.csv", "企业名称,统一社会信用代码,行业类别,绩效等级\n演示厂,9.11E+17,包装印刷,A\n".encode(), "数字"),
        ("空.csv", b"", "空"),
        ("炸弹.xlsx", zip_bomb(), "结构异常"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_with_its_cell_and_nothing_changes(
    shell: Shell, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    shell("take-in", CHONGQING, "--by", "甲")
    before = shell.files()
    file = tmp_path / name
    file.write_bytes(content)
    taken, checked = shell("take-in", file), shell("take-in", file, "--check", "--json")
    for done in (taken, checked):
        assert done.returncode == 2, done.stdout
        assert says in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    (problem, *_) = report(checked)["problems"]
    assert problem["file"] == name
    assert problem["message"]
    assert problem["remedy"]
    assert shell.files() == before


def test_one_bad_file_among_several_stops_them_all(shell: Shell, tmp_path: Path) -> None:
    bad = tmp_path / "空.csv"
    bad.touch()
    assert shell("take-in", CHONGQING, bad).returncode == 2
    assert not (shell.data / "register.db").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("publish", "7", "--by", "乙"), "没有第 7 号草稿"),
        (("take-in", str(CHONGQING), "--issued-on", "24.4.2024"), "YYYY-MM-DD"),
        (("take-in", str(CHONGQING), "--stage", "final"), "proposed、decided"),
        (("decide", "1", "0", "maybe"), "same、renamed、new、skip"),
        (("correct", "3", "--reason", "x", "--grade", "A"), "没有第 3 条"),
        (("serve", "--host", "0.0.0.0"), "PUBLIC_SITE_BASE_URL"),
        (("serve", "--parts", "public,moon"), "moon"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_with_exit_code_2(
    shell: Shell, words: tuple[str, ...], says: str
) -> None:
    done = shell(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_rebuilding_gives_back_what_was_lost(shell: Shell) -> None:
    import sqlite3

    shell("take-in", CHONGQING, "--by", "甲")
    shell("publish", "1", "--by", "乙")
    with sqlite3.connect(shell.data / "register.db") as database:
        database.execute("DELETE FROM holding")
    assert "standings" in shell("verify").stdout
    assert shell("rebuild").returncode == 0
    assert shell("verify").returncode == 0


def test_verify_takes_a_checkpoint_that_someone_kept(shell: Shell, tmp_path: Path) -> None:
    shell("take-in", CHONGQING, "--by", "甲")
    checkpoint = shell("publish", "1", "--by", "乙").stdout.partition("\n")[2]
    kept = tmp_path / "checkpoint.txt"
    kept.write_text(checkpoint, encoding="utf-8")
    assert shell("verify", "--checkpoint", kept).returncode == 0
    kept.write_text(checkpoint.replace("\n11\n", "\n12\n"), encoding="utf-8")
    assert shell("verify", "--checkpoint", kept).returncode == 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_clerk_answers_a_question_of_identity(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    file = desk.write([row("演示纸箱有限公司", "A")], on="2023-05-01")
    desk.database.close()
    shell = Shell(desk.settings.data)
    taken = shell("take-in", file, "--by", "甲")
    assert "第 0 项 演示纸箱有限公司" in taken.stdout
    assert "待判断 1 行" in taken.stdout
    assert shell("publish", "2", "--by", "乙").returncode == 2
    assert shell("decide", "2", "0", "same", "2", "--by", "甲").returncode == 0
    assert shell("publish", "2", "--by", "乙").returncode == 0


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_second_person_sees_what_would_be_appended_and_nothing_is(desk: Desk) -> None:
    desk.publish([row("演示甲有限公司", "A"), row("演示乙有限公司", "A")], on="2022-05-01")
    title = "截至2023年12月31日重庆市重点行业绩效评级A级、B级企业名单的公告"
    file = desk.write([row("演示甲有限公司", "B"), row("演示丙有限公司", "A")], on="2023-12-31", title=title)
    before = desk.latest
    desk.database.close()
    shell = Shell(desk.settings.data)
    assert "未再列入" in shell("take-in", file, "--by", "甲").stdout
    shown = shell("draft", "2").stdout
    assert "downgraded\t演示甲有限公司\t包装印刷\tA → B" in shown
    assert "no_longer_listed\t演示乙有限公司\t包装印刷\tA" in shown
    assert f"登记：第 {before} 条" in shell("status").stdout


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_mere_check_shows_the_same_differences_and_makes_no_draft(desk: Desk) -> None:
    desk.publish([row("演示甲有限公司", "A"), row("演示宏声纸箱有限公司", "A")], on="2022-05-01")
    file = desk.write([row("演示甲有限公司", "B", 原等级="C"), row("演示宏生纸箱有限公司", "A")], on="2023-12-31")
    desk.database.close()
    shell = Shell(desk.settings.data)
    shown = shell("take-in", file, "--check").stdout
    assert "downgraded\t演示甲有限公司\t包装印刷\tA → B（通知称原为 C）" in shown
    assert "还不能发布：还有 1 行不知道是哪家企业" in shown
    told = report(shell("take-in", file, "--check", "--json"))
    (candidate,) = told["rows"][1]["match"]["candidates"]
    assert (candidate["name"], candidate["score"], candidate["reason"]) == (
        "演示宏声纸箱有限公司", 85, "名称差 1 个字，读音相同；同在涪陵区",
    )  # fmt: skip
    seen = told["preview"]
    assert (seen["draft"], seen["down"]["total"], seen["asked"], seen["disagreements"]["total"]) == (None, 1, 1, 1)
    assert shell("drafts").stdout == ""


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_row_may_mean_the_new_enterprise_of_a_row_before_it(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限责任公司", "B"), row("演示纸箱有限公司", "A", industry="工业涂装")])
    desk.database.close()
    shell = Shell(desk.settings.data)
    assert "#0 演示纸箱有限责任公司" in shell("take-in", file, "--by", "甲").stdout
    assert shell("decide", "1", "1", "same", "#0", "--by", "甲").returncode == 0
    assert shell("publish", "1", "--by", "乙").returncode == 0
    assert "第 4 条" in shell("status").stdout


def test_a_missing_search_index_does_not_undo_a_publication(shell: Shell) -> None:
    shell("take-in", CHONGQING, "--by", "甲")
    (shell.data / "search").write_text("not a folder", encoding="utf-8")
    done = shell("publish", "1", "--by", "乙")
    assert (done.returncode, "第 1–11 条" in done.stdout) == (0, True)
    assert "没有追上" in done.stderr


def test_the_commands_keep_the_index_on_a_search_server_where_one_is_named(shell: Shell, tmp_path: Path) -> None:
    meili, key_file = Meili(), tmp_path / "key"
    key_file.write_text(KEY)
    with serving(meili) as url:
        named = {"PUBLIC_SITE_MEILI_URL": url, "PUBLIC_SITE_MEILI_KEY_FILE": str(key_file)}
        shell("take-in", CHONGQING, "--by", "甲")
        done = shell("publish", "1", "--by", "乙", **named)
        assert (done.returncode, done.stderr) == (0, "")
        assert "search：第 11 条\n" in shell("status", **named).stdout
        assert "search" in shell("verify", **named).stdout
        assert shell("rebuild", "search", **named).stdout == "search：已按登记重建至第 11 条。\n"
        meili.indexes.clear()
        assert shell("verify", **named).returncode == 1
    done = shell("rebuild", "search", **named)
    assert (done.returncode, "检索服务暂不可用" in done.stderr) == (2, True)
    assert "search：第 0 条，落后 11 条" in shell("status", **named).stdout
    done = shell("status", **named | {"PUBLIC_SITE_MEILI_KEY_FILE": str(tmp_path)})
    assert (done.returncode, "PUBLIC_SITE_MEILI_KEY_FILE" in done.stderr) == (2, True)


def test_a_checkpoint_that_is_no_text_is_refused_in_a_sentence(shell: Shell, tmp_path: Path) -> None:
    shell("take-in", CHONGQING, "--by", "甲")
    bad = tmp_path / "checkpoint"
    bad.write_bytes(b"\xff\xfe\x00")
    done = shell("verify", "--checkpoint", bad)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_what_is_published_is_amended_by_two_people_and_undone(shell: Shell) -> None:
    shell("take-in", CHONGQING, "--by", "甲")
    shell("publish", "1", "--by", "乙")
    journey: list[tuple[tuple[str, ...], str]] = [
        (("amend", "2", "--lat", "29.56", "--lon", "106.55"), "更改第 2 号企业的登记信息"),
        (("undo", "12"), "收回第 12 条"),
        (("site", "7", "东厂区"), "更改第 7 号评级单元的厂区"),
        (("merge", "2", "4"), "第 2 号企业并入第 4 号"),
        (("undo", "15"), "收回第 15 条"),
        (("merge", "2", "4"), "第 2 号企业并入第 4 号"),
        (("split", "4", "--entry", "3", "--to", "2"), "第 4 号企业拆分"),
    ]
    for draft, (words, says) in enumerate(journey, start=2):
        made = shell(*words, "--reason", "核对原件", "--by", "甲")
        assert (made.returncode, says in made.stdout) == (0, True), made.stdout + made.stderr
        done = shell("publish", str(draft), "--by", "乙")
        assert done.returncode == 0, done.stderr
    for words in (
        ("undo", "1"),
        ("merge", "2", "2"),
        ("site", "2", "东厂区"),
        ("split", "2", "--entry", "99", "--to", "4"),
    ):
        refused = shell(*words, "--reason", "核对原件", "--by", "甲")
        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False), words
    assert shell("verify").returncode == 0


def test_the_readme_describes_every_command() -> None:
    readme = README.read_text(encoding="utf-8")
    names = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]
    assert len(names) >= 12
    assert [n for n in names if f"public-site {n}" not in readme] == []
