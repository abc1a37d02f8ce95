"""Who is found in the register for a row: also under a name with a slip, without its place, or in short. SQL only."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, text

from public_site import drafts, publishing
from public_site.amendments import CannotAmend
from public_site.drafts import Draft
from public_site.matching import Matcher
from public_site.standings import EnterpriseNameRecord, EnterpriseRecord, name_columns
from tests.desk import DRAFTER, Desk, row

CODE, OTHER_CODE = "91350100M000100Y43", "91130200699229617X"
KNOWN = (
    "重庆宏声纸箱有限责任公司", "重庆市乐缘复合包装制品有限责任公司", "首钢股份公司迁安钢铁公司", "演示建陶", "重庆演示一厂有限公司",
)  # fmt: skip


def asked(desk: Desk, draft: Draft) -> dict[str, list[str]]:
    """Candidates by the name of the row that asks."""
    with desk.database.reading() as connection:
        found = list(drafts.rows(connection, draft.id, only_open=True))
    return {r.content["name"]: [c.name for c in r.match.candidates] for r in found}


def test_names_that_are_only_alike_are_found_for_a_person_to_judge(desk: Desk) -> None:
    desk.publish([row(name, "B") for name in KNOWN], on="2022-05-01")
    alike = {
        "重庆宏生纸箱有限公司": 0, "宏声纸箱有限责任公司": 0, "重慶宏聲（集團）紙箱有限公司": 0, "重庆宏声纸相箱有限公司": 0, "重庆市宏声箱有限公司": None,
        "重庆乐绿复合包装制品有限公司": 1, "乐缘复合包装制品（重庆）有限公司": 1, "重庆乐缘复合包装有限公司": 1, "首钢迁钢": 2,
        "演示建筑陶瓷有限公司": 3, "重庆演示二厂有限公司": None, "重庆演示汽车有限公司": None,
    }  # fmt: skip
    draft = desk.draft([row(name, "A") for name in alike], on="2023-05-01")
    assert asked(desk, draft) == {name: [KNOWN[at]] for name, at in alike.items() if at is not None}


def test_a_slip_is_found_where_the_list_names_only_the_city_or_no_place_at_all(desk: Desk) -> None:
    shijiazhuang = {"地市": "石家庄市", "区县": "藁城区"}
    desk.publish([row("河北演示宏声铸造有限公司", "B", **shijiazhuang)], on="2022-05-01", issuer="河北省生态环境厅")
    rows = [
        row("河北演示宏生铸造有限公司", "A", 区县="", 地市="石家庄市"),
        row("演示宏声铸造有限公司", "A", 区县=""),
    ]
    draft = desk.draft(rows, on="2023-05-01", issuer="河北省生态环境厅")
    assert [len(candidates) for candidates in asked(desk, draft).values()] == [1, 1]


def test_a_merged_district_is_the_place_that_it_became(desk: Desk) -> None:
    was, became = {"地市": "济南市", "区县": "莱城区"}, {"地市": "济南市", "区县": "莱芜区"}
    desk.publish([row("演示钢铁有限公司", "B", **was), row("演示焦化有限公司", "B", 地市="莱芜市", 区县="钢城区")],
                 on="2022-05-01", issuer="山东省生态环境厅")  # fmt: skip
    draft = desk.draft([row("演示钢铁有限公司", "A", **became), row("演示焦化有限公司", "A", 地市="济南市", 区县="钢城区")],
                       on="2023-05-01", issuer="山东省生态环境厅")  # fmt: skip
    with desk.database.reading() as connection:
        assert drafts.statuses(connection, draft.id) == {"matched": 2}


def test_names_a_sign_apart_in_one_list_are_kept_apart_by_the_list_itself(desk: Desk) -> None:
    draft = desk.draft([row("演示宏声纸箱有限公司", "B"), row("演示宏盛纸箱有限公司", "A")])
    assert asked(desk, draft) == {}


def merged(desk: Desk) -> int:
    """Two enterprises with a code each that were found to be one; the survivor's id."""
    desk.publish([row("演示纸箱厂", "B", 统一社会信用代码=CODE), row("演示印刷厂", "A", 统一社会信用代码=OTHER_CODE)],
                 on="2022-05-01")  # fmt: skip
    one, other = (desk.enterprise(name).line.id for name in ("演示纸箱厂", "演示印刷厂"))
    desk.approve(publishing.draft_merge(desk.database, one, other, reason="同一家", by=DRAFTER, at=datetime.now(UTC)))
    return other


def test_the_code_of_a_merged_enterprise_means_the_survivor_also_where_that_has_another_code(desk: Desk) -> None:
    survivor = merged(desk)
    draft = desk.draft([row("演示纸箱厂", "C", 统一社会信用代码=CODE, 区县="南岸区")], on="2023-05-01")
    with desk.database.reading() as connection:
        (found,) = drafts.rows(connection, draft.id)
    assert (found.match.status, found.match.enterprise_id, found.match.reason) == (
        "matched", survivor, "信用代码与名称一致",
    )  # fmt: skip
    desk.approve(draft)
    assert desk.enterprise("演示印刷厂").line.credit_code == OTHER_CODE


def test_the_code_of_a_merged_enterprise_under_a_strange_name_asks_for_the_survivor(desk: Desk) -> None:
    merged(desk)
    draft = desk.draft([row("别的名称有限公司", "C", 统一社会信用代码=CODE, 区县="南岸区")], on="2023-05-01")
    assert asked(desk, draft) == {"别的名称有限公司": ["演示印刷厂"]}


def test_nobody_else_can_be_given_the_code_of_a_merged_enterprise(desk: Desk) -> None:
    survivor = merged(desk)
    desk.publish([row("演示铸造厂", "B")], on="2022-06-01")
    how: dict[str, Any] = {"reason": "补代码", "by": DRAFTER, "at": datetime.now(UTC)}
    with pytest.raises(CannotAmend, match=f"第 {survivor} 号企业已登记此代码"):
        publishing.draft_enterprise_change(
            desk.database, desk.enterprise("演示铸造厂").line.id, {"credit_code": CODE}, **how
        )
    publishing.draft_enterprise_change(desk.database, survivor, {"credit_code": CODE}, **how)


def test_candidates_of_a_draft_made_before_they_had_scores_can_still_be_chosen(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "C")], on="2023-05-01")
    with desk.database.writing() as connection:
        connection.execute(text("UPDATE draft_row SET candidates = '[[2,\"演示纸箱有限责任公司\"]]'"))
    assert asked(desk, draft) == {"演示纸箱有限公司": ["演示纸箱有限责任公司"]}
    publishing.decide(desk.database, draft.id, 0, "same", 2, by=DRAFTER)
    desk.approve(draft)
    assert desk.enterprise("演示纸箱有限责任公司").line.overall_grade == "C"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_thousands_of_rows_are_matched_against_a_large_register_in_seconds(desk: Desk) -> None:
    chance = Random(5)
    signs, products = (
        "宏声东方显示光电乐缘鹏智能佳瑞盛泰金华德信恒远",
        ("铸造", "纸箱", "包装制品", "复合材料", "金属制品"),
    )

    def name() -> str:
        return "唐山" + "".join(chance.choices(signs, k=2)) + chance.choice(products) + "有限公司"

    line = ("130000", "130200", "130208")
    known = [{"enterprise_id": n, "ordinal": 0, "name": made} | name_columns(made, line)
             for n in range(1, 20_001) if (made := name())]  # fmt: skip
    facts = [_enterprise(k, line) for k in known]
    with desk.database.writing() as connection:
        connection.execute(insert(EnterpriseRecord), facts)
        connection.execute(insert(EnterpriseNameRecord), known)
    rows = [(at, _said(name(), line)) for at in range(2_000)]
    began = time.process_time()
    with desk.database.reading() as connection:
        answers = Matcher(connection).answers(rows)
    assert time.process_time() - began < 20
    assert max(len(answer.candidates) for answer in answers) <= 8


def _enterprise(known: dict[str, Any], line: tuple[str, str, str]) -> dict[str, Any]:
    blank = dict.fromkeys(EnterpriseRecord.model_fields)
    place = dict(zip(("province", "city", "county"), line, strict=True))
    return blank | place | {"id": known["enterprise_id"], "name": known["name"], "normal_name": known["normal_name"],
                            "overall_reason": "no_grade", "excellence": 0, "touched": 1}  # fmt: skip


def _said(name: str, line: tuple[str, str, str]) -> dict[str, Any]:
    place = dict(zip(("province", "city", "county"), line, strict=True))
    return {"name": name, "former_name": None, "credit_code": None, "place": "唐山市丰润区"} | place
