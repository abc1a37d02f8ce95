"""The counted columns: every value has a small number, so that counts come back as vectors and facets are sums.

An enterprise has one value in each column. Its small traits together are one value ("grade:B" and "stage:decided" …),
its industries another (`prepared.py` says why); here such a value is taken apart again. Number 0 stands for no value.
The numbers of one enterprise are also kept side by side in one word of 64 bits: who looks at few reads one column.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from public_site.faults import NotReady
from public_site.search import prepared
from public_site.search.cells import Flags, Numbers

COLUMNS = ("traits", "industries", "province", "city", "county")
PLACES = COLUMNS[2:]
FACETS = {"industries": "industry", **{place: place for place in PLACES}}
_BITS = {"traits": 16, "industries": 16, "province": 8, "city": 11, "county": 13}
# What is chosen among small traits, by facet: the values of which one must be there (False: none may be there).
Choices = Mapping[str, tuple[frozenset[str], bool]]
Facet = tuple[tuple[str, int], ...]


class TooManyValues(NotReady):
    """A column has more different values than numbers."""

    def __init__(self, column: str) -> None:
        super().__init__(f"检索列 {column} 的不同取值超过 {(1 << _BITS[column]) - 1} 个，索引未更新，请检查登记数据。")


class Numbering:
    """Gives values their numbers while documents are written."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self._numbers = {
            column: {value: number for number, value in enumerate(known.get(column, ()), 1)} for column in COLUMNS
        }

    def numbers(self, values: Mapping[str, Any]) -> tuple[dict[str, int], int]:
        """The number of each column's value, and all of them in one word; what is not of a column is passed over.

        Raises: TooManyValues.
        """
        numbers: dict[str, int] = {}
        word = 0
        for column, bits in _BITS.items():
            number = 0
            if column in values:
                known = self._numbers[column]
                value = values[column]
                number = numbers[column] = known.get(value) or known.setdefault(value, len(known) + 1)
                if number >> bits:
                    raise TooManyValues(column)
            word = word << bits | number
        return numbers, word

    def values(self) -> dict[str, list[str]]:
        """Every value in the order of its number, by column."""
        return {column: list(numbers) for column, numbers in self._numbers.items()}


_MASKS = np.array([(1 << bits) - 1 for bits in _BITS.values()], np.uint64)[:, None]
_SHIFTS = np.array([sum(list(_BITS.values())[at + 1 :]) for at in range(len(_BITS))], np.uint64)[:, None]


def apart(words: NDArray[np.uint64]) -> dict[str, Numbers]:
    """The numbers of each column out of such words."""
    return dict(zip(_BITS, ((words >> _SHIFTS) & _MASKS).astype(np.int64), strict=True))


class Columns:
    """What the numbers of one index mean."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        parts: dict[str, Callable[[str], Iterable[str]]] = {
            "traits": prepared.trait_values,
            "industries": prepared.industry_values,
        }
        self._meanings = {column: _Meaning(values[column], parts.get(column, _as_it_is)) for column in COLUMNS}

    def size(self, column: str) -> int:
        """The length of a vector of counts of this column."""
        return self._meanings[column].size

    def facet(self, column: str, counts: Numbers) -> Facet:
        """The single values with how often each occurs, most frequent first."""
        meaning = self._meanings[column]
        places, found = _ordered(meaning.summed(counts))
        return tuple(zip(map(meaning.singles.__getitem__, places), found, strict=True))

    def facets_of_few(self, numbers: Mapping[str, Sequence[int]]) -> dict[str, Facet]:
        """All facets of a handful of enterprises by the number of each in every column: quicker than whole vectors."""
        found: dict[str, list[tuple[str, int]]] = {facet: [] for facet in prepared.TRAIT_FACETS}
        for column, of_each in numbers.items():
            meaning = self._meanings[column]
            tally = Counter(place for number in of_each for place in meaning.places_of(number))
            ordered = sorted((-count, place) for place, count in tally.items())
            if column != "traits":
                found[FACETS[column]] = [(meaning.singles[place], -count) for count, place in ordered]
                continue
            for count, place in ordered:
                facet, value = meaning.parted[place]
                found[facet].append((value, -count))
        return {facet: tuple(values) for facet, values in found.items()}

    def trait_facets(self, counts: Numbers, chosen: Choices) -> dict[str, Facet]:
        """Each small trait counted among what passes the choices of all other facets."""
        meaning = self._meanings["traits"]
        found: dict[str, list[tuple[str, int]]] = {facet: [] for facet in prepared.TRAIT_FACETS}
        places, tally = _ordered(self._tally(counts, chosen) if chosen else meaning.summed(counts))
        for at, count in zip(places, tally, strict=True):
            facet, value = meaning.parted[at]
            found[facet].append((value, count))
        return {facet: tuple(values) for facet, values in found.items()}

    def _tally(self, counts: Numbers, chosen: Choices) -> Numbers:
        meaning = self._meanings["traits"]
        passing = {facet: self._passing(*choice) for facet, choice in chosen.items()}
        failures = sum((~kept for kept in passing.values()), np.zeros(meaning.size, np.int64))
        tally = meaning.summed(np.where(failures == 0, counts, 0))
        for facet, kept in passing.items():
            here = meaning.of_facet(facet)
            tally[here] += meaning.summed(np.where((failures == 1) & ~kept, counts, 0))[here]
        return tally

    def passing(self, chosen: Choices) -> Flags:
        """Which numbers stand for traits that pass every choice."""
        found = np.ones(self.size("traits"), np.bool_)
        for choice in chosen.values():
            found &= self._passing(*choice)
        return found

    def holding(self, column: str, wanted: Collection[str]) -> Flags:
        """Which numbers stand for values that hold one of these single values."""
        return self._meanings[column].holding(wanted)

    def _passing(self, wanted: frozenset[str], there: bool) -> Flags:
        holding = self.holding("traits", wanted)
        return holding if there else ~holding


def _as_it_is(value: str) -> tuple[str, ...]:
    return (value,)


class _Meaning:
    """The single values that each number of a column stands for."""

    def __init__(self, values: Sequence[str], apart: Callable[[str], Iterable[str]]) -> None:
        taken_apart = [tuple(apart(value)) for value in values]
        self.size = len(values) + 1
        self.singles = sorted({single for singles in taken_apart for single in singles})
        self.parted = [(facet, value) for facet, _, value in (single.partition(":") for single in self.singles)]
        self._place = {single: at for at, single in enumerate(self.singles)}
        self._apart = [(), *taken_apart]
        # Number and place of each single value in it, side by side: a table of noughts and ones would mostly be noughts.
        self._numbers = np.array([number for number, singles in enumerate(taken_apart, 1) for _ in singles], np.int64)
        self._places = np.array([self._place[one] for singles in taken_apart for one in singles], np.int64)

    def places_of(self, number: int) -> list[int]:
        """Where the single values of a number stand."""
        return [self._place[single] for single in self._apart[number]]

    def summed(self, counts: Numbers) -> Numbers:
        """How often each single value occurs."""
        total = np.bincount(self._places, weights=counts[self._numbers], minlength=len(self.singles))
        return total.astype(np.int64)

    def holding(self, wanted: Collection[str]) -> Flags:
        meant = np.zeros(len(self.singles), np.bool_)
        meant[[self._place[value] for value in wanted if value in self._place]] = True
        found = np.zeros(self.size, np.bool_)
        found[self._numbers[meant[self._places]]] = True
        return found

    def of_facet(self, facet: str) -> slice:
        """Where the facet's values stand: they are sorted, so side by side."""
        return slice(bisect_left(self.singles, f"{facet}:"), bisect_left(self.singles, f"{facet};"))


def _ordered(counts: Numbers) -> tuple[list[int], list[int]]:
    """The places that are counted at all with their counts, most frequent first, equally frequent ones by place."""
    places = np.flatnonzero(counts)
    found = counts[places]
    order = np.argsort(-found, kind="stable")
    return places[order].tolist(), found[order].tolist()
