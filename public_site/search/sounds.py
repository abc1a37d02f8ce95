"""How a name sounds: pinyin and initials, for those who type `hongsheng` or `hszx`.

A character may have several readings (重 chong or zhong); all that are in use count, because place names have the rare
ones (单县 is Shànxiàn). What is looked up are pairs of neighbouring syllables and runs of initials: a query matches when
each of its pairs (or runs) occurs in the name. ü may be typed v or u.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from itertools import pairwise, product
from operator import add
from pathlib import Path
from typing import Any, cast

import orjson

from public_site import workings
from public_site.search.text import START

SPLITS = 8
RUN = 4
RUN_MARK = "="

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_OF_PLACES = {
    "乐": "lao", "会": "kuai", "单": "shan", "厦": "xia", "台": "tai", "堡": "pu", "大": "dai", "尉": "yu", "洞": "tong",
    "泌": "bi", "浒": "xu", "浚": "xun", "涡": "guo", "牟": "mu", "番": "pan", "秘": "bi", "筠": "jun", "荥": "ying",
    "莘": "xin", "蔚": "yu", "蚌": "beng", "铅": "yan", "长": "chang", "阿": "e", "隆": "long", "犍": "qian", "六": "lu",
}  # fmt: skip
Hearing = Callable[[str], tuple[str, ...]]


@cache
def _toneless(syllable: str) -> tuple[str, ...]:
    """lǜ → lv, lu."""
    plain = unicodedata.normalize("NFD", syllable)
    with_v = "".join("v" if mark == "\u0308" else mark for mark in plain if mark == "\u0308" or mark in _LETTERS)
    with_v = with_v.replace("uv", "v")
    return (with_v, with_v.replace("v", "u")) if "v" in with_v else (with_v,)


@cache
def _dictionary() -> tuple[dict[str, str], frozenset[str]]:
    """Every character with its readings, the usual one first, and every syllable there is; worked out of pypinyin's
    dictionaries (a second, and 60 MB) once."""
    came_from = f"pypinyin {version('pypinyin')} {Path(__file__).read_text(encoding='utf-8')}".encode()
    kept = workings.kept("sounds", came_from)
    if kept is None:
        kept = orjson.dumps(_worked_out())
        workings.keep("sounds", came_from, kept)
    told = orjson.loads(kept)
    return told["readings"], frozenset(told["syllables"])


def _worked_out() -> dict[str, Any]:
    """The readings of a character are its usual one, those that it has in the words of the dictionary of phrases, and that of
    a place; the list of single characters also holds readings that no living word uses (有 as wei, 限 as wen), which would
    treble the index."""
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    in_use: dict[str, dict[str, None]] = {}
    for word, syllables in phrases_dict.items():
        if len(word) == len(syllables):
            for character, (syllable, *_) in zip(word, syllables, strict=True):
                in_use.setdefault(character, {}).update(dict.fromkeys(_toneless(syllable)))
    readings = {}
    every: dict[str, None] = {}
    for code, tones in cast("Mapping[int, str]", pinyin_dict).items():
        character = chr(code)
        usual, *others = (_toneless(tone) for tone in tones.split(","))
        of_place = [_OF_PLACES[character]] if character in _OF_PLACES else []
        readings[character] = " ".join(dict.fromkeys([*usual, *in_use.get(character, ()), *of_place]))
        every |= dict.fromkeys(plain for syllables in (usual, *others) for plain in syllables)
    return {"readings": readings, "syllables": list(every)}


def make_ready() -> None:
    """Read the dictionary now instead of while a visitor waits."""
    _dictionary()


@cache
def readings(character: str) -> tuple[str, ...]:
    """The syllables a character may stand for, the usual one first; a letter or digit stands for itself."""
    told = _dictionary()[0].get(character)
    return (character,) if told is None else tuple(told.split())


@cache
def initials(character: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(syllable[0] for syllable in readings(character)))


@lru_cache(maxsize=200_000)
def _pairs(two: str) -> tuple[str, ...]:
    return tuple(f"{first}'{second}" for first in readings(two[0]) for second in readings(two[1]))


@lru_cache(maxsize=200_000)
def _said_pairs(two: str) -> str:
    return " ".join(_pairs(two))


def _said_runs(characters: str, before: str = "") -> str:
    return " ".join(f"{before}{RUN_MARK}{''.join(run)}" for run in product(*map(initials, characters)))


@cache
def _only_initial(character: str) -> str:
    """The initial of a character, a blank where it has several."""
    of_character = initials(character)
    return of_character[0] if len(of_character) == 1 else " "


def _runs(name: str) -> Iterator[str]:
    plain = "".join(map(_only_initial, name))
    for start in range(len(name) - RUN + 1):
        run = plain[start : start + RUN]
        yield _said_runs(name[start : start + RUN]) if " " in run else RUN_MARK + run


def sounds(name: str) -> str:
    """Everything under which the sound of a name can be looked up, separated by spaces: its first syllable, pairs, runs
    of initials.

    Runs are of four initials; those of three are found as the beginning of one, or at the end of the name.
    """
    if not name:
        return ""
    found = [f"{START}{syllable}'" for syllable in readings(name[0])]
    found.append(_said_runs(name[:2], START))
    found += map(_said_pairs, map(add, name, name[1:]))
    found += _runs(name)
    if len(name) >= RUN - 1:
        found.append(_said_runs(name[1 - RUN :]))
    return " ".join(found)


@cache
def _syllables() -> frozenset[str]:
    every = _dictionary()[1]
    return frozenset(syllable for syllable in every if syllable and (len(syllable) > 1 or syllable in "aeo"))


@cache
def _beginnings() -> frozenset[str]:
    """Syllables not typed to their end."""
    return frozenset(syllable[:length] for syllable in _syllables() for length in range(1, len(syllable)))


@lru_cache(maxsize=4096)
def splits(letters: str) -> tuple[tuple[str, ...], ...]:
    """The ways to read letters as whole syllables, those with the fewest syllables first: xian, xi'an."""
    ways: list[list[tuple[str, ...]]] = [[()]]
    for end in range(1, len(letters) + 1):
        here: list[tuple[str, ...]] = []
        for start in range(max(0, end - 6), end):
            if letters[start:end] in _syllables():
                here.extend((*way, letters[start:end]) for way in ways[start])
        ways.append(sorted(here, key=lambda way: (len(way), way))[:SPLITS])
    return tuple(ways[-1])


def unfinished(letters: str) -> list[tuple[tuple[str, ...], str]]:
    """The ways to read letters as whole syllables and the beginning of one more: hong + she, puyang + g."""
    found: list[tuple[tuple[str, ...], str]] = []
    for end in range(len(letters) - 1, max(0, len(letters) - 6), -1):
        if letters[end:] in _beginnings():
            found.extend((way, letters[end:]) for way in splits(letters[:end]))
    return found[:SPLITS]


def is_spelled(term: str) -> bool:
    """Could this be pinyin or initials: two or more plain letters?"""
    return len(term) >= 2 and _LETTERS.issuperset(term)


def split_pairs(way: tuple[str, ...]) -> tuple[str, ...]:
    """What to look up for one way of reading: its neighbouring pairs, or the first syllable of a name."""
    if len(way) == 1:
        return (f"{START}{way[0]}'",)
    return tuple(dict.fromkeys(f"{first}'{second}" for first, second in pairwise(way)))


def initial_runs(letters: str) -> tuple[str, ...]:
    """What to look up for letters read as initials: two are the beginning of a name, three the beginning of a run."""
    if len(letters) == 2:
        return (START + RUN_MARK + letters,)
    return tuple(dict.fromkeys(RUN_MARK + letters[i : i + RUN] for i in range(max(1, len(letters) - RUN + 1))))


def pinyin_pairs_of(name: str) -> tuple[tuple[str, ...], ...]:
    """For each pair of neighbours in Chinese text, all its readings: what sounds the same shares one of each."""
    return tuple(dict.fromkeys(_pairs(name[i : i + 2]) for i in range(len(name) - 1)))


def sounding(name: str, term: str) -> list[tuple[int, int]]:
    """Where in a normal name the letters of a term are heard: whole syllables, else initials."""
    for sought in splits(term):
        found = list(_heard(name, sought, readings))
        if found:
            return found
    return list(_heard(name, tuple(term), initials)) if len(term) > 1 else []


def _heard(name: str, sought: tuple[str, ...], heard_as: Hearing) -> Iterator[tuple[int, int]]:
    for start in range(len(name) - len(sought) + 1):
        window = name[start : start + len(sought)]
        if all(part in heard_as(character) for part, character in zip(sought, window, strict=True)):
            yield start, start + len(sought)
