"""The sentence of counts ("认定B级企业3家、地方标准A级企业2家"): a checksum that the notice itself gives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from public_site.notices import dates, words
from public_site.notices.values import StatedCount

_LABEL = (
    r"(?P<local>地方标准|地方)?(?:环保)?(?:绩效)?(?P<grade>A\+|B-|[ABCD]|非?引领性|卓越级)"
    r"(?:等?[级类])?(?P<with>\(含B-级?\)|含B-级?)?(?:\(卓越级?\))?(?:[级类])?(?P<local_after>\(地方标准\))?(?:的?(?:企业|生产线))*"
)
_COUNT = re.compile(
    rf"(?<![A-Z0-9])(?P<label>{_LABEL})(?:(?:共计|共|为|有|:|\()?(?P<count>\d{{1,6}})(?:家|个|户|条)"
    r"|(?<=[级类性)])(?P<bare>\d{1,5})(?=[、,;。(]|$))"
)
_COUNT_FIRST = re.compile(
    rf"(?P<count>\d{{1,6}})(?:家|个|户|条)(?:企业|生产线)*(?:评定|认定|评|定)?为(?P<label>{_LABEL})"
)
_HAN_COUNT = re.compile(r"(?<![一-鿿])?([一二两三四五六七八九十]{1,3})(?=(?:家|户|条)(?:企业|生产线|[、,;。(]|$))")
_OTHER_TOTALS = re.compile(r"累计|目标|力争|共有|现有|已有|达到|总数|截至")


def stated_in(text: str) -> tuple[StatedCount, ...]:
    """The counts a sentence states about its own list; running totals and targets are left out."""
    plain = _HAN_COUNT.sub(lambda han: str(dates.number(han[1].replace("两", "二"))), words.plain(text))
    found: list[StatedCount] = []
    matches = [*_COUNT.finditer(plain), *_COUNT_FIRST.finditer(plain)]
    for match in sorted(matches, key=lambda match: match.start()):
        clause = re.split(r"[。;；]", plain[: match.start()])[-1]
        if _OTHER_TOTALS.search(re.split(r"[,，]", clause)[-1]):
            continue
        grade: str | None = "A+" if match["grade"] == "卓越级" else match["grade"]
        if clause.endswith("含") and grade == "B-" and found and found[-1].grade == "B":
            found[-1] = replace(found[-1], grade=None, label=f"{found[-1].label}(含B-)")
        if match["with"]:
            grade = None  # covers B and B-
        is_local = bool(match["local"] or match["local_after"])
        count = match["count"] or match["bare"]
        found.append(StatedCount(match["label"], grade, is_local, int(count)))
    return tuple(dict.fromkeys(found))


class Tally:
    """How many rows, and how many enterprises, the list really has of each grade."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, bool], int] = {}
        self._names: dict[tuple[str, bool], set[int]] = {}

    def add(self, name: str, grade: str, *, local: bool) -> None:
        """One listed row."""
        key = (grade, local)
        self._rows[key] = self._rows.get(key, 0) + 1
        self._names.setdefault(key, set()).add(hash(name))

    def beside(self, stated: Iterable[StatedCount]) -> list[tuple[StatedCount, int]]:
        """Each stated count with what the rows hold of it: "家" may count rows or enterprises, whichever fits."""
        counts = tuple(stated)
        apart = any(count.local for count in counts)
        found: list[tuple[StatedCount, int]] = []
        for count in counts:
            keys = self._keys(count, apart)
            rows = sum(self._rows.get(key, 0) for key in keys)
            names = len(set().union(*(self._names.get(key, set()) for key in keys)))
            found.append((count, names if count.count == names else rows))
        return found

    def differences(self, stated: Iterable[StatedCount]) -> list[tuple[StatedCount, int]]:
        """Stated counts that the rows do not bear out, with the number of rows there are.

        A label may be stated twice; any statement that fits is enough.
        """
        beside = self.beside(stated)
        right = {(count.grade, count.local) for count, found in beside if count.count == found}
        wrong: dict[tuple[str | None, bool], tuple[StatedCount, int]] = {}
        for count, found in beside:
            wrong.setdefault((count.grade, count.local), (count, found))
        return [difference for key, difference in wrong.items() if key not in right]

    def _keys(self, count: StatedCount, apart: bool) -> list[tuple[str, bool]]:
        labels = (count.grade,) if count.grade else ("B", "B-")
        return [(label, local) for label in labels for local in ((count.local,) if apart else (False, True))]
