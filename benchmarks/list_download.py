"""What the download of a list of 1,000,000 lines adds to the process: `make bench-download`.

The lines are those of a small demo register, over and over: what is measured is the way from ids to bytes, which reads,
writes and sends a batch at a time, whoever the enterprises are.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

from sqlalchemy import text

from public_site import publishing, records, register
from public_site.database import Database
from public_site.demo.register import fill
from public_site.settings import Settings
from public_site.web import answers, csv_lines, list_files

_KINDS: dict[str, Callable[[Generator[records.EnterpriseLine], int], Generator[bytes]]] = {
    "csv": lambda lines, _: answers.lines_of_csv(["id"], csv_lines.written(lines)),
    "excel.csv": lambda lines, _: answers.lines_of_csv(["id"], list_files.guarded(csv_lines.written(lines))),
    "geojson": lambda lines, number: answers.stream_features(list_files.features(lines), 0, number),
}


def main() -> None:
    """Prints, for each kind of file, bytes, seconds and the megabytes added to the process at its largest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    wanted = parser.parse_args()
    csv_lines.LONGEST_SECONDS = 3600  # measured is memory, also on a busy machine
    with tempfile.TemporaryDirectory() as folder:
        database = _register(Path(folder))
        with database.reading() as connection:
            ids = [int(i) for (i,) in connection.execute(text("SELECT id FROM enterprise"))]
        _download(database, ids, "csv", len(ids))  # what is loaded once is not what a download adds
        for kind in _KINDS:
            before = _megabytes()
            begun = time.monotonic()
            size = _download(database, ids, kind, wanted.lines)
            seconds = time.monotonic() - begun
            print(
                f"{kind}: {wanted.lines:,} lines, {size / 1e6:.0f} MB in {seconds:.1f} s, +{_megabytes() - before:.0f} MB"
            )


def _download(database: Database, ids: list[int], kind: str, lines: int) -> int:
    batches = (ids[: min(len(ids), lines - start)] for start in range(0, lines, len(ids)))
    with database.reading() as connection:
        number = register.latest_number(connection)
        found = csv_lines.lines(database, connection, number, batches, None)
        return sum(len(piece) for piece in _KINDS[kind](found, number))


def _register(folder: Path) -> Database:
    settings = Settings(data=folder, demo=True)
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    fill(database, settings, 500, lambda *_: None)
    return database


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
