"""The fictional register: read here by simple means of its own, then by the intake itself."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from lxml import html
from openpyxl import load_workbook
from stdnum.cn import uscc

from public_site import demo, grades, notices, places
from public_site.demo import geography, naming
from public_site.demo.schedule import occasions
from public_site.demo.trades import all_trades


@dataclass
class Table:
    """A notice as a naive reader sees it: the text around the table, and its rows by heading."""

    plan: demo.PlannedNotice
    text: str
    rows: list[dict[str, str]] = field(default_factory=list)


def _cells(path: Path) -> Iterator[list[str]]:
    if path.suffix == ".csv":
        data = path.read_bytes()
        text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "gb18030")
        yield from csv.reader(text.splitlines())
    elif path.suffix == ".xlsx":
        for row in load_workbook(path, read_only=True).active.iter_rows(values_only=True):
            yield [str(cell or "") for cell in row]
    elif path.suffix == ".html":
        page = html.fromstring(path.read_bytes())
        for element in page.iter("p", "tr"):
            yield [" ".join(cell.itertext()) for cell in (element if element.tag == "tr" else [element])]
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        start = lines.index("序号 |")
        yield from ([line] for line in lines[:start])
        cells = [line.removesuffix("|").strip() for line in lines[start:]]
        width = cells.index("1")
        yield from (cells[at : at + width] for at in range(0, len(cells), width))


def _table(path: Path, plan: demo.PlannedNotice) -> Table:
    table, headings = Table(plan, ""), []
    for cells in _cells(path):
        plain = [re.sub(r"\s", "", cell) for cell in cells]
        if plain[0] == "序号":
            headings = plain
        elif headings and plain[0].isdigit():
            table.rows.append(dict(zip(headings, plain, strict=False)))
        else:
            table.text += "".join(plain) + "\n"
    return table


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> demo.Plan:
    return demo.write_notices(tmp_path_factory.mktemp("demo"), 5000)


@pytest.fixture(scope="module")
def tables(plan: demo.Plan) -> list[Table]:
    return [_table(path, notice) for path, notice in zip(plan.paths, plan.notices, strict=True)]


@pytest.fixture(scope="module")
def readings(plan: demo.Plan) -> list[notices.Reading]:
    return [notices.read(path) for path in plan.paths]


@pytest.fixture(scope="module")
def rows(tables: list[Table]) -> list[dict[str, str]]:
    return [row for table in tables if table.plan.fictional for row in table.rows]


@cache
def _grade(label: str) -> str:
    return grades.read_label(label).grade


def _industry(row: dict[str, str]) -> grades.Industry:
    written = row.get("行业类别") or row["重点行业类别"]
    local = "地方" in written or "地方" in row["绩效等级"]
    found = grades.industry(re.sub("[（(]地方标准[）)]", "", written), "local" if local else "national-2020")
    assert found.known, written
    return found


def _name(row: dict[str, str]) -> str:
    return row["企业名称"].replace("(", "（").replace(")", "）")


def test_there_are_sixty_fictional_notices_after_the_real_one_and_their_names_sort_by_date(plan: demo.Plan) -> None:
    assert plan.notices[0].file == demo.REAL_NOTICE
    assert not plan.notices[0].fictional
    assert "重庆宏声纸箱有限责任公司" in plan.paths[0].read_text(encoding="utf-8")
    fictional = plan.notices[1:]
    assert len(fictional) == 60
    assert all(notice.fictional for notice in fictional)
    assert [n.file for n in plan.notices] == sorted(n.file for n in plan.notices)
    assert [n.issued_on for n in fictional] == sorted(n.issued_on for n in fictional)
    assert {n.issued_on[:4] for n in fictional} == {str(year) for year in range(2019, 2027)}
    assert {path.suffix for path in plan.paths} == {".csv", ".xlsx", ".html", ".txt"}
    assert {n.stage for n in fictional} == {"proposed", "decided"}


def test_the_folder_holds_nothing_but_notices_and_the_two_lists(plan: demo.Plan) -> None:
    listed = {notice.file for notice in plan.notices} | {"manifest.json", "corrections.json"}
    assert {path.name for path in plan.folder.iterdir()} == listed
    manifest = json.loads((plan.folder / "manifest.json").read_text(encoding="utf-8"))
    assert [notice["file"] for notice in manifest] == [notice.file for notice in plan.notices]


def test_every_fictional_name_and_title_says_that_it_is_fiction(plan: demo.Plan, rows: list[dict[str, str]]) -> None:
    assert all("演示" in row["企业名称"] for row in rows)
    assert all(not row.get("曾用名") or "演示" in row["曾用名"] for row in rows)
    assert all(notice.title.endswith("（演示）") for notice in plan.notices[1:])
    assert all(notice.url.startswith("https://demo.invalid/") for notice in plan.notices[1:])


def test_the_register_has_as_many_enterprises_as_asked_for(rows: list[dict[str, str]]) -> None:
    names = {_name(row) for row in rows}
    renamed = {(row["曾用名"], _name(row)) for row in rows if row.get("曾用名")}
    appeared = len(names) - len({old for old, _ in renamed} & names)
    assert 4850 <= appeared <= 5000, "some are only in a proposal, a few in none"
    assert len(renamed) >= 40


def test_a_name_stands_for_one_enterprise_in_one_place(rows: list[dict[str, str]]) -> None:
    cities: dict[str, set[str]] = defaultdict(set)
    counties: dict[str, set[str]] = defaultdict(set)
    codes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["企业名称"].startswith("演示"):
            continue  # namesakes in several provinces
        city = next((row[heading] for heading in ("地市", "设区市") if heading in row), "")
        county = row.get("区县") or row.get("县（市、区）") or ""
        cities[_name(row)] |= {geography.short_name(city)} - {""}
        counties[_name(row)] |= {county} - {""}
        codes[row.get("统一社会信用代码") or ""].add(_name(row))
    assert all(len(found) <= 1 for found in (*cities.values(), *counties.values()))
    renamed = {frozenset((row["曾用名"], _name(row))) for row in rows if row.get("曾用名")}
    assert all(len(names) == 1 or frozenset(names) in renamed for code, names in codes.items() if code)


def test_a_few_names_are_borne_in_several_provinces(readings: list[notices.Reading]) -> None:
    homes = defaultdict(set)
    for row in (row for reading in readings for row in reading.rows):
        homes[row.name].add(row.province)
    several = {name: provinces for name, provinces in homes.items() if len(provinces) > 1}
    assert set(several) == {"演示宏泰水泥有限公司", "演示鑫源铸业有限公司", "演示华美家具有限公司"}


def test_credit_codes_are_valid_and_belong_to_nobody(rows: list[dict[str, str]]) -> None:
    codes = {row["统一社会信用代码"] for row in rows if row.get("统一社会信用代码")}
    assert all(uscc.is_valid(code) and code[8:11] == "YY0" for code in codes)
    assert 0.55 < len(codes) / 5000 < 0.65
    assert all(row["排污许可证编号"] == f"{row['统一社会信用代码']}001P" for row in rows if row.get("排污许可证编号"))


def test_every_place_is_found_and_points_lie_near_it(rows: list[dict[str, str]]) -> None:
    for code in geography.SHARES:
        for home in geography.province(code).homes.items:
            found = places.find(f"{home.city}{home.county or ''}", code)
            assert len(found) == 1, (home.city, home.county)
    names = {_name(row) for row in rows}
    points = {_name(row): (float(row["纬度"]), float(row["经度"])) for row in rows if row.get("纬度")}
    assert 0.6 < len(points) / len(names) < 0.8
    assert all(18 < latitude < 54 and 73 < longitude < 136 for latitude, longitude in points.values())
    tangshan = [point for name, point in points.items() if name.startswith("唐山")]
    assert all(abs(latitude - 39.63) < 0.2 and abs(longitude - 118.18) < 0.2 for latitude, longitude in tangshan)


def test_the_sentence_of_counts_is_true(tables: list[Table]) -> None:
    for table in tables:
        counted: Counter[tuple[bool, str]] = Counter()
        for row in table.rows:
            label = grades.read_label(row["绩效等级"])
            counted[label.local or "地方标准" in "".join(row.values()), label.grade] += 1
        stated = re.findall(r"(地方标准)?(A\+级|[ABCD]-?级|非?引领性)企业(\d+)家", table.text)
        assert {(bool(local), _grade(label)): int(count) for local, label, count in stated} == dict(counted), table.plan


def test_grades_keep_to_the_level_sets_of_their_industries(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert _industry(row).allows(_grade(row["绩效等级"])), row
    levels = {"leading": ("引领性", "非引领性"), "four": ("A", "B", "C", "D"), "letters": ("A", "B", "B-", "C", "D")}
    for trade in all_trades().values():
        for written in trade.written:
            found = grades.industry(written, "local" if trade.local else "national-2020")
            assert found.known
            assert found.name == trade.industry
            assert all(found.allows(grade) for grade in levels[trade.levels])


@dataclass
class Replay:
    """A naive fold: what each unit was last decided to be."""

    kinds: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)  # any name borne → the first one
    held: dict[tuple[str, str, str], str] = field(default_factory=dict)
    listed_by: dict[tuple[str, str, str], str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def tell(self, table: Table) -> None:
        present = {self._row(row, table.plan.stage) for row in table.rows}
        if "截至" in table.plan.title:
            issuer = table.plan.issuer
            gone = {u for u, by in self.listed_by.items() if by == issuer and u not in present}
            self.kinds["no_longer_listed"] += len(gone)
            for unit in gone:
                del self.listed_by[unit]
        if table.plan.stage == "decided":
            self.listed_by |= dict.fromkeys(present, table.plan.issuer)

    def _row(self, row: dict[str, str], stage: str) -> tuple[str, str, str]:
        name = _name(row)
        first = self.names.setdefault(name, self.names.get(row.get("曾用名", ""), name))
        unit = (first, _industry(row).name, row.get("生产线", ""))
        grade, before = _grade(row["绩效等级"]), self.held.get(unit)
        if row.get("原等级") and _grade(row["原等级"]) != before:
            self.wrong.append(f"{unit}: {row['原等级']} but {before}")
        if (expected := re.search(r"由(.+)降为(.+)", row.get("备注", ""))) and before:
            assert (_grade(expected[1]), _grade(expected[2])) == (before, grade)
        if stage == "proposed":
            self.kinds["proposed"] += 1
            return unit
        better = None if before is None else grades.better(grade, before)
        kind = (
            "graded" if before is None else "confirmed" if before == grade else "upgraded" if better else "downgraded"
        )
        self.kinds["managed_as" if "进行管理" in row.get("备注", "") else kind] += 1
        self.held[unit] = grade
        return unit


def test_what_notices_say_of_earlier_grades_agrees_with_earlier_notices(tables: list[Table]) -> None:
    replay = Replay()
    for table in tables[1:]:
        replay.tell(table)
    assert not replay.wrong
    enough = {"graded": 5000, "confirmed": 1000, "upgraded": 50, "downgraded": 150, "no_longer_listed": 30}
    assert all(replay.kinds[kind] >= count for kind, count in enough.items()), replay.kinds
    assert replay.kinds["managed_as"] >= 5
    assert replay.kinds["proposed"] >= 100
    assert sum(grade == "A+" for grade in replay.held.values()) >= 20
    share = Counter(replay.held.values())
    assert share["D"] < share["A"] < share["B"]
    assert share["D"] < 0.05 * len(replay.held)


def test_enterprises_have_several_industries_branches_plants_lines_and_near_twins(rows: list[dict[str, str]]) -> None:
    industries, labels = defaultdict(set), defaultdict(set)
    for row in rows:
        industries[_name(row)].add(_industry(row).name)
        labels[_name(row)].add((grades.read_label(row["绩效等级"]).scale, _industry(row).source))
    several = sum(len(found) > 1 for found in industries.values()) / len(industries)
    assert 0.10 < several < 0.20
    assert sum(len({scale for scale, _ in found}) > 1 for found in labels.values()) > 20, "not comparable: two scales"
    for ending in ("分公司", "焦化厂", "粉磨站"):
        assert any(name.endswith(ending) for name in industries), ending
    assert any("不含" in row.get("生产线", "") for row in rows)
    words = {word for trade in all_trades().values() for word in trade.words}
    twins = {naming.twin(name, word) for name in industries for word in words if word in name.split("演示")[1][1:]}
    assert len(twins & set(industries)) >= 5


def test_a_decision_differs_here_and_there_from_its_proposal(tables: list[Table]) -> None:
    results: dict[tuple[str, str], list[dict[tuple[str, str, str], str]]] = defaultdict(list)
    for occasion, table in zip(occasions(), tables[1:], strict=True):
        if occasion.kind in ("proposal", "decision", "relay"):
            said = {
                (_name(row), _industry(row).name, row.get("生产线", "")): _grade(row["绩效等级"]) for row in table.rows
            }
            results[occasion.province, str(occasion.issued_on.year)].append(said)
    assert len(results) == 5
    for proposed, decided, *relayed in results.values():
        assert set(decided) <= set(proposed)
        assert all(set(said.items()) < set(decided.items()) for said in relayed)
    changed = [
        unit for proposed, decided, *_ in results.values() for unit in proposed if decided.get(unit) != proposed[unit]
    ]
    assert len(changed) >= 5
    assert [len(notices_of_it) for notices_of_it in results.values()].count(3) == 1, "one decision published twice"


def test_corrections_name_a_row_that_nothing_later_speaks_of(plan: demo.Plan, tables: list[Table]) -> None:
    assert {mended.action for mended in plan.corrections} == {"corrected", "withdrawn"}
    assert len(plan.corrections) >= 10
    files = [table.plan.file for table in tables]
    for mended in plan.corrections:
        at = files.index(mended.file)
        named = [row for row in tables[at].rows if _name(row) == mended.name]
        assert mended.industry in {_industry(row).name for row in named}
        later = [row for table in tables[at + 1 :] for row in table.rows if _name(row) == mended.name]
        assert all(_industry(row).name != mended.industry for row in later)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    one, two, other = (
        demo.write_notices(tmp_path / name, 300, seed) for name, seed in (("one", 7), ("two", 7), ("other", 8))
    )
    assert [path.read_bytes() for path in one.paths] == [path.read_bytes() for path in two.paths]
    assert one.notices == two.notices
    assert one.corrections == two.corrections
    assert [path.read_bytes() for path in one.paths] != [path.read_bytes() for path in other.paths]


@pytest.mark.parametrize("enterprises", [0, 1, 25])
def test_a_tiny_register_leaves_empty_notices_out(tmp_path: Path, enterprises: int) -> None:
    told: list[tuple[int, int]] = []
    plan = demo.write_notices(tmp_path, enterprises, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (enterprises, enterprises)
    assert all(path.is_file() for path in plan.paths)
    assert all(notice.rows for notice in plan.notices)


def test_brands_do_not_repeat_and_twins_are_nobody_elses_name() -> None:
    brands = [naming.brand(count) for count in range(200_000)]
    assert len(set(brands)) == len(brands)
    twin = naming.twin("唐山演示宏达钢铁有限公司", "钢铁")
    assert twin == "唐山演示宏大钢铁有限公司"
    assert "宏大" not in brands


def test_the_intake_reads_every_file_without_a_problem_or_a_question(
    readings: list[notices.Reading], tables: list[Table]
) -> None:
    for reading, table in zip(readings, tables, strict=True):
        assert not reading.problems, [str(problem) for problem in reading.problems[:5]]
        assert not reading.questions, (table.plan.file, reading.questions)
        notice, planned = reading.notice, table.plan
        assert (notice.title, notice.issuer) == (planned.title, planned.issuer)
        assert (str(notice.issued_on), notice.stage) == (planned.issued_on, planned.stage)
        assert (notice.scope == "snapshot") == ("截至" in notice.title)
        assert bool(notice.objection_window) == (notice.stage == "proposed")
        assert {row.scheme for row in reading.rows} <= {_scheme_of(planned), "local"}


def _scheme_of(planned: demo.PlannedNotice) -> str:
    return "national-2026" if planned.issued_on > "2026" else "national-2020"


def test_the_intake_understands_every_cell(readings: list[notices.Reading], tables: list[Table]) -> None:
    for reading, table in zip(readings, tables, strict=True):
        assert reading.row_count == len(table.rows) == table.plan.rows
        for row, written in zip(reading.rows, table.rows, strict=True):
            assert (row.grade, row.industry) == (_grade(written["绩效等级"]), _industry(written).name)
            assert row.former_name == (written.get("曾用名") or None)
            assert row.previous_grade == (_grade(written["原等级"]) if written.get("原等级") else None)
            assert (row.line or "", row.credit_code or "") == (
                written.get("生产线", ""), written.get("统一社会信用代码", ""),
            )  # fmt: skip
            assert row.province
            assert row.city or row.county or row.zone == "西咸新区" or row.province in ("110000", "120000", "500000")
            assert bool(row.managed_as) == bool(row.managed_until) == ("进行管理" in written.get("备注", ""))
            assert (row.lat is not None) == bool(written.get("纬度"))


def test_corrections_name_rows_as_the_intake_counts_them(plan: demo.Plan, readings: list[notices.Reading]) -> None:
    by_file = {reading.notice.file_name: reading for reading in readings}
    for mended in plan.corrections:
        row = next(row for row in by_file[mended.file].rows if row.row == mended.row)
        assert (row.name.replace("(", "（").replace(")", "）"), row.industry) == (mended.name, mended.industry)
        assert row.grade != mended.grade
