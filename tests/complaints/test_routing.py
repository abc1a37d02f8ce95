"""Which body, why, and by when: exhaustive over a small country."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import pytest

from public_site import places
from public_site.complaints import clocks, routing
from public_site.complaints.routing import Body, Matter

BOTH = frozenset({"pollution", "objection"})
BODIES = {
    body.id: body
    for body in (
        Body("fuling", "涪陵局", "county", ("500102",), BOTH, "chongqing"),
        Body("nanan", "南岸局", "county", ("500108",), frozenset({"pollution"}), "chongqing"),
        Body("chongqing", "重庆局", "province", ("500000",), BOTH, "ministry"),
        Body("ministry", "部", "nation", (), BOTH, ""),
        Body("duty", "值班席", "nation", (), BOTH, ""),
    )
}
PLACES = ("", "500102", "500108", "500103", "500000", "370300", "999999")


def test_every_matter_goes_to_one_uninvolved_competent_body_with_a_sentence() -> None:
    about: tuple[str | None, ...] = (None, *BODIES)
    involved = [
        frozenset(some) for n in range(3) for some in itertools.combinations(("fuling", "nanan", "chongqing"), n)
    ]
    for kind, place, issuer, whom, had in itertools.product(
        BOTH, PLACES, (None, "500000", "500102", "370000"), about, involved
    ):
        found = routing.route(Matter(kind, place, issuer, whom, had), BODIES)
        assert found.body.id == "duty" or (kind in found.body.competences and found.body.id not in had | {whom})
        assert found.body.name in found.sentence
        assert "{" not in found.sentence
        if whom is None and kind == "pollution" and found.body.id != "duty":
            lower = [b for b in BODIES.values() if b.id not in had and kind in b.competences and b.covers(place)]
            assert found.body in lower
            assert routing.LEVELS.index(found.body.level) == min(routing.LEVELS.index(b.level) for b in lower)


@pytest.mark.parametrize(("matter", "body", "rule"), [
    (Matter("pollution", "500102"), "fuling", "lowest"),
    (Matter("pollution", "500103"), "chongqing", "lowest"),
    (Matter("pollution", "370300"), "duty", "duty"),
    (Matter("pollution", ""), "duty", "duty"),
    (Matter("pollution", "500102", about="fuling"), "chongqing", "above"),
    (Matter("pollution", "500102", about="chongqing"), "ministry", "above"),
    (Matter("pollution", "500102", about="ministry"), "duty", "duty"),
    (Matter("objection", "500102", issuer="500000"), "chongqing", "issuer"),
    (Matter("objection", "500108", issuer="500108"), "duty", "duty"),
    (Matter("objection", "500102", issuer="500000", about="chongqing"), "ministry", "above"),
])  # fmt: skip
def test_the_rules_in_plain_cases(matter: Matter, body: str, rule: str) -> None:
    found = routing.route(matter, BODIES)
    assert (found.body.id, found.rule) == (body, rule)


def test_what_lies_in_a_zone_without_a_code_goes_to_the_zones_authority_before_its_countys() -> None:
    zone = Body("liangjiang", "两江新区局", "county", ("500100:两江新区", "500102:两江新区"), BOTH, "chongqing")
    among = BODIES | {"liangjiang": zone}
    for place in ("500100", "500102"):
        found = routing.route(Matter("pollution", place, zone="两江新区"), among)
        assert found.body == zone
        assert "两江新区" in found.sentence
    assert routing.route(Matter("pollution", "500102", zone="重庆高新区"), among).body.id == "fuling"
    assert (
        routing.route(Matter("pollution", "500100", zone="两江新区", about="liangjiang"), among).body.id == "chongqing"
    )
    assert routing.route(Matter("pollution", "130200", zone="两江新区"), among).body.id == "duty", (
        "a namesake elsewhere"
    )
    assert places.is_zone("两江新区")
    assert not places.is_zone("500102")


def test_two_that_fit_alike_are_left_to_a_person() -> None:
    twin = replace(BODIES["fuling"], id="twin")
    found = routing.route(Matter("pollution", "500102"), BODIES | {"twin": twin})
    assert found.body.id == "duty"


def test_every_kind_has_every_clock_everywhere() -> None:
    codes = ["", *(p.code for p in places.children()), "350100", "350102", "500102"]
    for kind, name, code in itertools.product(BOTH, clocks.NAMES, codes):
        found = clocks.clock(kind, name, code)
        assert found.count > 0 and found.basis and found.unit in ("day", "working")
        assert found.due(date(2026, 3, 2)) > date(2026, 3, 2)


@pytest.mark.parametrize(("clock", "since", "due"), [
    (("pollution", "accept", "500102"), date(2026, 3, 2), date(2026, 3, 17)),
    (("pollution", "accept", "350102"), date(2026, 3, 2), date(2026, 3, 4)),
    (("pollution", "accept", "350102"), date(2025, 9, 30), date(2025, 10, 10)),  # the holiday of October
    (("pollution", "accept", "350102"), date(2025, 9, 26), date(2025, 9, 29)),  # a Sunday that is worked
    (("pollution", "finish", "350000"), date(2026, 3, 2), date(2026, 4, 1)),
    (("pollution", "return", ""), date(2040, 3, 1), date(2040, 3, 11)),  # a year whose holidays nobody knows
])  # fmt: skip
def test_days_and_working_days_are_counted_as_the_calendar_has_them(
    clock: tuple[str, str, str], since: date, due: date
) -> None:
    assert clocks.clock(*clock).due(since) == due
    assert (clocks.clock(*clock).due(since, 3) - due).days == 3
