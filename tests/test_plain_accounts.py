"""An enterprise that nothing amended is told straight from its entries: the same bytes as by way of the whole story."""

from __future__ import annotations

from dataclasses import asdict, replace

import orjson
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from public_site import folding, plain_accounts, register, testimony
from tests import trails

PLAIN_ACTS = ("grade", "grade", "grade", "manage", "delist", "notice")
plain_steps = st.builds(lambda step, act: replace(step, act=act), trails.steps(), st.sampled_from(PLAIN_ACTS))
days = st.sampled_from(("2019-01-01", *trails.DAYS, "2027-01-01"))
AWAY_AND_BACK = [
    trails.Step(act, 0, 0, grade, "decided", day, 0, None, 0)
    for act, grade, day in (("grade", "B", "2020-02-15"), ("delist", "B", "2021-02-15"), ("grade", "B", "2022-02-15"))
]


@hypothesis_settings(max_examples=150)
@given(history=st.lists(plain_steps, min_size=1, max_size=20), day=days)
@example(history=AWAY_AND_BACK, day="2027-01-01")
def test_both_tellings_are_the_same_bytes(history: list[trails.Step], day: str) -> None:
    entries = trails.Scribe().tell(history)
    for enterprise in {e.enterprise for e in entries if e.enterprise}:
        trail = [e for e in entries if e.enterprise == enterprise]
        said = orjson.loads(orjson.dumps([asdict(e) for e in trail]))
        assert plain_accounts.is_plain(said)
        folded = folding.fold(enterprise, trail)
        assert folded is not None
        assert (folded.facts, folded.names) == (plain_accounts.facts(said[0]), plain_accounts.names(said[0]))
        whole = testimony.account(folded, trail, day, set(), set())
        assert _canonical(plain_accounts.account(said, day)) == _canonical(whole)


def test_what_an_amendment_touches_is_not_plain() -> None:
    made = {"kind": "enterprise_registered", "data": {"name": "演示甲有限公司"}}
    for kind in register.KINDS:
        plain = kind in register.GRADE_KINDS - {"cited"} | {"enterprise_registered"}
        assert plain_accounts.is_plain([made, {"kind": kind, "data": {}}]) == plain, kind
    assert not plain_accounts.is_plain([made | {"data": {"name": "演示甲有限公司", "split_from": 7}}])


def _canonical(told: object) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
