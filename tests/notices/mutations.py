"""`make fuzz-notices`: random accidents to every good sample; none may crash, hang, or give another grade in silence.

Each damaged file is parsed in a forked child under the limits of the real one, for at most 10 seconds of its own time (and
60 on the wall: other work on the machine is no hang); the parent must never raise. What is checked of a reading that is accepted (no problem found):

* A container with checksums (XLSX, DOCX, ZIP) or compressed pages (PDF), damaged from outside: every row is exactly as it
  was. Checksums make a byte that changes the meaning visible, so nothing at all may differ.
* Other files, and the parts inside a container whose checksums were made right again: the file may now say something
  else, as a letter B overwritten by an A does. So a row is as it was when its name still has the same grade. One that is
  not must be explained by its own changed cell: the label as written differs from what stood in that row by a few
  characters, and read alone gives the row's grade. As the damage is in one spot, only one row may differ, or all rows of
  a table whose one grade stands above it: then that heading changed, or it says no grade any more and the next source
  speaks (heading, title, file name: the whole text is the label). A row whose name changed must have the grade of the row
  that stood there.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import random
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import IO, Any, cast

from public_site import grades as scale
from public_site import notices
from public_site.notices import (
    child,
    csv_file,
    docx_file,
    file_gate,
    html_page,
    pdf_file,
    plain_text,
    reading,
    sandbox,
    xls_file,
    xlsx_file,
    zip_file,
    zip_gate,
)
from public_site.notices.grid import Unreadable
from tests.notices.reading_desk import SAMPLES, TODAY, summary
from tests.samples import build

LIMITS = notices.Limits(seconds=60)
MOST_SECONDS = 10
# Loaded before the fork, so that each child need not.
PRELOADED = (csv_file, docx_file, html_page, pdf_file, plain_text, xls_file, xlsx_file, zip_file, zip_gate)
_SEALED = (".xlsx", ".docx", ".zip", ".pdf")
_PARTS = (".xlsx", ".docx")
_MOST_MEMORY = 600 << 20  # more than the parent has


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One small accident: a byte changed, lost, added or doubled, a few bytes cut out, or the end missing."""
    at = chance.randrange(len(data))
    match chance.randrange(6):
        case 0 | 1:
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + data[at + 1 :]
        case 3:
            return data[:at] + bytes([chance.randrange(256)]) + data[at:]
        case 4:
            return data[:at] + data[at + chance.randrange(1, 12) :]
        case _:
            return data[: max(1, at)]


def damaged_inside(data: bytes, chance: random.Random) -> bytes:
    """A container with an accident to one of its parts, and every checksum right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        hit = chance.choice([name for name in old.namelist() if name.endswith((".xml", ".rels"))])
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, damaged(part, chance) if name == hit else part)
    return stream.getvalue()


def read_forked(data: bytes, name: str) -> tuple[notices.Reading, float]:
    """The same as `notices.read`, but the child is forked: thousands of files need no new interpreter each.

    Also the seconds of its own time that the child took.
    """
    media = file_gate.media_type(name)
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            os.close(ours)
            gc.disable()
            child.limit(_memory() + _MOST_MEMORY, MOST_SECONDS)
            with os.fdopen(theirs, "wb") as output:
                sys.addaudithook(child._refuse)
                child.say(data, media, LIMITS, output)
        os._exit(0)
    os.close(theirs)
    spool = sandbox.Spool()
    parsed: sandbox.Spool | Unreadable = spool
    try:
        with os.fdopen(ours, "rb", buffering=0) as stream:
            last = sandbox._spooled(cast("Any", _Forked(stream)), spool, LIMITS, None)
        sandbox._judge(last)
    except Unreadable as fault:
        parsed = fault
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
        used = os.wait4(pid, 0)[2]
    source = reading.Source(name, media, hashlib.sha256(data).hexdigest(), len(data))
    return reading.understood(parsed, source, today=TODAY), used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class _Forked:
    stdout: IO[bytes]


def _memory() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


# --- what is checked


def complaint(name: str, before: Sequence[notices.Row], after: notices.Reading, *, sealed: bool) -> str | None:
    """What is wrong with an accepted reading of a damaged file; None where nothing is."""
    if after.problems:
        return f"{name} hangs" if any("还没有读完" in problem.message for problem in after.problems) else None
    if sealed:
        same = [summary(row) for row in before] == [summary(row) for row in after.rows]
        return None if same else f"{name}: other rows behind checksums that hold"
    return _unexplained(name, after.notice.title, before, list(after.rows))


def _unexplained(name: str, title: str, before: Sequence[notices.Row], after: Sequence[notices.Row]) -> str | None:
    held: dict[str, set[tuple[str | None, str | None]]] = {}
    for row in before:
        held.setdefault(row.name, set()).add(_says(row))
    others = [row for row in after if _says(row) not in held.get(row.name, set())]
    changed = []
    for row in others:
        was = _stood_there(before, row)
        if _says(row) == _says(was):
            continue  # only the name is another
        next_source = row.label in (title, Path(name).stem)
        if not (next_source or _is_small_change(was.label, row.label)) or _reads_otherwise(row):
            return f"{name}: “{row.name}” is {row.grade} by “{row.label}”, was {was.grade} by “{was.label}”"
        changed.append(row)
    of_one_heading = len({row.label for row in changed}) == 1 and len({row.label for row in before}) < len(before)
    return f"{name}: {len(changed)} rows changed at once" if len(changed) > 1 and not of_one_heading else None


def _says(row: notices.Row) -> tuple[str | None, str | None]:
    return row.grade, row.managed_as


def _stood_there(before: Sequence[notices.Row], row: notices.Row) -> notices.Row:
    """The row of the whole file that this one was: by its name, else by its place, else by what is most alike."""
    same_name = [one for one in before if one.name == row.name]
    same_place = [one for one in before if (one.sheet, one.row) == (row.sheet, row.row)]
    like = max(before, key=lambda one: SequenceMatcher(None, one.name, row.name).ratio())
    return same_name[0] if same_name else like if like.name[-6:] == row.name[-6:] or not same_place else same_place[0]


def _is_small_change(was: str, now: str) -> bool:
    kept = sum(block.size for block in SequenceMatcher(None, was, now, autojunk=False).get_matching_blocks())
    return was != now and max(len(was), len(now)) - kept <= 12


def _reads_otherwise(row: notices.Row) -> bool:
    try:
        label = scale.read_label(row.label)
    except scale.GradeFault:
        return False  # a heading, or words around a label
    return label.grade not in (row.grade, row.managed_as)


# --- the sweep


def _samples() -> Iterator[tuple[str, bytes]]:
    for path in sorted((SAMPLES / "good").iterdir()):
        if path.suffix != ".json":
            yield path.name, path.read_bytes()
    for name, make in sorted(build.good().items()):
        yield name, make()


def sweep(count: int, seed: int) -> Counter[str]:
    """So many accidents, spread over all good samples in turn.

    Raises: AssertionError with every damaged file that was not borne, and where it is kept
    """
    wrong: list[str] = []
    chance, tally = random.Random(seed), Counter[str]()
    samples = list(_samples())
    chance.shuffle(samples)
    whole: dict[str, list[notices.Row]] = {}
    for at in range(count):
        name, data = samples[at % len(samples)]
        if name not in whole:
            whole[name] = list(read_forked(data, name)[0].accepted().rows)
        inside = name.endswith(_PARTS) and chance.random() < 0.6
        bytes_now = damaged_inside(data, chance) if inside else damaged(data, chance)
        after, seconds = read_forked(bytes_now, name)
        told = (
            f"{name} hangs"
            if seconds > MOST_SECONDS - 1
            else complaint(name, whole[name], after, sealed=name.endswith(_SEALED) and not inside)
        )
        if told:
            kept = Path(tempfile.mkdtemp()) / name
            kept.write_bytes(bytes_now)
            wrong.append(f"{told} (accident {at} of seed {seed}): {kept}")
        tally["accepted" if not after.problems else "refused in words"] += 1
        tally["said to be broken by the child's last resort"] += any("无法解析" in p.message for p in after.problems)
        tally["ended without a last word"] += any("内存或时间" in p.message for p in after.problems)
        tally["slowest, ms"] = max(tally["slowest, ms"], int(1000 * seconds))
    assert not wrong, "\n".join(wrong)
    return tally


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20240424
    for what, number in sorted(sweep(count, seed).items()):
        sys.stdout.write(f"{number:>7,}  {what}\n")


if __name__ == "__main__":
    main()
