"""A compose file read as `docker compose` reads it, and its services' own commands executed without a container.

What stands in a file is taken as it is: command, environment, health check. Only what a container would give is put in its
place: host names, ports, folders, the interpreter.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:[-?])([^}]*))?\}")
_PROGRAMS = {"public-site": [sys.executable, "-m", "public_site"], "python": [sys.executable]}


class VariableMissing(Exception):
    """A variable that the file insists on."""


def read(file: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in. Raises: VariableMissing."""

    def filled(found: re.Match[str]) -> str:
        name, how, default = found[1], found[2], found[3] or ""
        if name is None:
            return "$"
        if value := variables.get(name):
            return value
        if how == ":?":
            raise VariableMissing(name)
        return default

    def everywhere(told: Any) -> Any:
        if isinstance(told, dict):
            return {name: everywhere(value) for name, value in told.items()}
        if isinstance(told, list):
            return [everywhere(value) for value in told]
        return _VARIABLE.sub(filled, told) if isinstance(told, str) else told

    return dict(everywhere(yaml.safe_load(file.read_text(encoding="utf-8"))))


def entrypoint() -> list[str]:
    """What the image runs."""
    found = re.findall(r'^ENTRYPOINT \["(.+)"\]$', (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return [str(found[-1])]


def default_command() -> list[str]:
    """What it is told where nobody says otherwise."""
    (found,) = re.findall(r"^CMD (\[.+\])$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return [str(word) for word in yaml.safe_load(found)]


@dataclass(frozen=True)
class Service:
    """A service of ours (its image is the Dockerfile's), here: `places` are put for what a container has."""

    name: str
    told: Mapping[str, Any]
    places: Mapping[str, str]
    log: Path

    def _here(self, text: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text

    @property
    def command(self) -> list[str]:
        words = [*self.told.get("entrypoint", entrypoint()), *self.told.get("command", default_command())]
        return [*_PROGRAMS[words[0]], *(self._here(word) for word in words[1:])]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PUBLIC_SITE_")}
        own = {name: self._here(str(value)) for name, value in self.told.get("environment", {}).items()}
        return kept | {"PUBLIC_SITE_DATA": self._here("/data")} | own

    def runs(self) -> None:
        """Once, to its end. Raises: AssertionError, unless it ends well."""
        done = subprocess.run(self.command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (self.name, done.stderr)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Until its own health check holds; at the end it stops when it is told to."""
        with self.log.open("ab") as out:
            process = subprocess.Popen(self.command, env=self.environment, stdout=out, stderr=out)
        try:
            self._until_healthy(process)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)  # SIGKILL comes after stop_grace_period in a container
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def _until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        check = self.told["healthcheck"]["test"]
        assert check[0] == "CMD"
        command = [*_PROGRAMS[check[1]], *(self._here(word) for word in check[2:])]
        (url,) = re.findall(r"http://[^'\"]+", command[-1])
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and process.poll() is None:
            try:  # asked the short way first: the check itself starts an interpreter
                if httpx2.get(url, timeout=5).status_code != 200:
                    raise httpx2.TransportError(url)
            except httpx2.TransportError:
                time.sleep(0.2)
            else:
                assert subprocess.run(command, check=False).returncode == 0, command
                return
        raise AssertionError((self.name, self.log.read_text(errors="replace")[-2000:]))
