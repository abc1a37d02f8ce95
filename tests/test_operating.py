"""What is told to operators can be done: every command of the guide, of the units and of the README is one of the program's,
every unit is one that systemd takes, every alert asks for a figure that there is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from starlette.testclient import TestClient

from public_site import measures
from public_site.commands import app
from public_site.settings import PREFIX, Settings
from public_site.web.app import PARTS, create_app
from tests.web.conftest import new_publisher

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
PROGRAM = "/opt/public-site/bin/public-site"
COMMANDS = typer.main.get_command(app)
USAGE: Any = typer.BadParameter.__mro__[1]  # what is wrong with a command line, whichever click it is
DOCUMENTS = (ROOT / "docs" / "operating.md", ROOT / "docs" / "monitor.md", ROOT / "README.md")
# Placeholders of the README's and the guide's tables, and a value that stands for each.
_PLACES = {"NAME": "x", "OLD": "x", "NEW": "y", "FILE": "x", "KEY": "x", "DRAFT": "1"}


class NotOurs(Exception):
    """The program has no such command, or not so."""


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    """A site with two enterprises."""
    publisher = new_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"})
    publisher.index()
    return publisher.settings


def blocks(file: Path) -> list[str]:
    """The lines of a document's shell blocks, without comments, continued lines joined."""
    text = "\n".join(re.findall(r"```sh\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL))
    return [re.sub(r"\s#\s.*$", "", line).strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def told(file: Path) -> list[list[str]]:
    """The words after `public-site` of every command in a document's shell blocks, and of the guide's sentences."""
    found = []
    lines = blocks(file)
    if file.name == "operating.md":
        lines += re.findall(r"`(public-site [^`]+)`", file.read_text(encoding="utf-8").replace("\n", " "))
    for line in lines:
        for piece in re.split(r"&&|\||;|\)", line):
            match = re.search(r"(?:^|[\s/(])public-site (?P<words>[a-z].*)$", piece.strip())
            if match and "pip" not in piece:
                found.append([_PLACES.get(word, word) for word in shlex.split(match["words"])])
    return found


def parsed(words: list[str]) -> None:
    """Raises NotOurs where the program has no such command, option or number of arguments."""
    command: Any = COMMANDS
    context = typer.Context(command, info_name="public-site")
    while hasattr(command, "get_command"):
        name, *words = words
        found = command.get_command(context, name)
        if found is None:
            raise NotOurs(f"no command {name}")
        command, context = found, typer.Context(found, info_name=name, parent=context)
    try:
        command.parse_args(context, list(words))
    except typer.Exit:  # --help
        pass
    except typer.BadParameter as wrong:
        if "does not exist" not in str(wrong):  # a file of the reader's
            raise NotOurs(wrong.format_message()) from None
    except USAGE as wrong:
        raise NotOurs(str(wrong)) from None


def test_every_command_of_the_documents_is_one_of_the_program() -> None:
    for file in DOCUMENTS:
        commands = told(file)
        assert len(commands) >= (25 if file.name == "operating.md" else 1), file
        for words in commands:
            try:
                parsed(words)
            except NotOurs as wrong:
                pytest.fail(f"{file.name}: public-site {' '.join(words)}: {wrong}")


@pytest.mark.parametrize("words", [["backup"], ["backup", "x", "--kep", "3"], ["complaints", "letter"], ["nothing"]])
def test_a_command_that_is_none_would_be_found(words: list[str]) -> None:
    with pytest.raises(NotOurs):
        parsed(words)


def test_every_setting_that_the_guide_and_the_units_name_is_one() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for file in (*DOCUMENTS[:1], *(ROOT / "deploy" / "systemd").iterdir(), ROOT / "docs" / "impact-assessment.md"):
        named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", file.read_text(encoding="utf-8")))
        assert named <= known, file


def test_every_file_that_the_guide_names_is_there() -> None:
    guide = DOCUMENTS[0].read_text(encoding="utf-8")
    named = set(re.findall(r"(?:deploy|docs)/[\w./@-]*\w", guide))
    assert len(named) >= 5
    assert [name for name in named if not (ROOT / name).exists() and name != "deploy/nginx"] == []


def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    program = Path(sys.executable).with_name("public-site")
    for file in (ROOT / "deploy" / "systemd").iterdir():
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8").replace(PROGRAM, str(program)))
    names = [unit.name.replace("@.", f"@{part}.") for unit in UNITS for part in (PARTS if "@" in unit.name else [""])]
    names += [file.name for file in tmp_path.iterdir() if file.suffix in {".socket", ".timer"}]
    assert len(names) == 12
    if verify is None:
        pytest.skip("systemd is not on this machine; the units' commands are checked all the same")
    done = subprocess.run(
        [verify, "verify", "--man=no", *(str(tmp_path / name) for name in names)], env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_every_unit_starts_a_command_that_there_is_and_is_shut_in() -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
        program, *words = shlex.split(command.replace("%i", "public"))
        assert program == PROGRAM
        parsed(words)
        for wall in ("NoNewPrivileges=true", "ProtectSystem=strict", "ProtectHome=true", "PrivateTmp=true", "User=mingji",
                     "CapabilityBoundingSet=\n", "UMask=0077", "SystemCallFilter=@system-service"):  # fmt: skip
            assert wall in text, (unit.name, wall)
    service = (ROOT / "deploy" / "systemd" / "mingji@.service").read_text(encoding="utf-8")
    (bound,) = re.findall(r"^TimeoutStopSec=(\d+)$", service, re.MULTILINE)
    assert int(bound) > Settings().stop_seconds


def test_every_part_has_a_socket_of_its_own_that_leads_to_it() -> None:
    ports = set()
    for part in PARTS:
        text = (ROOT / "deploy" / "systemd" / f"mingji-{part}.socket").read_text(encoding="utf-8")
        assert f"Service=mingji@{part}.service" in text
        ports |= set(re.findall(r"^ListenStream=(127\.0\.0\.1:\d+)$", text, re.MULTILINE))
    assert len(ports) == len(PARTS)


def test_every_alert_and_every_row_of_the_guide_asks_for_a_figure_that_there_is(site: Settings) -> None:
    settings = site.model_copy(update={"parts": ",".join(PARTS)})
    told_by = Path(ROOT / "deploy" / "prometheus" / "mingji.rules.yml").read_text(encoding="utf-8")
    guide = DOCUMENTS[0].read_text(encoding="utf-8")
    client = TestClient(create_app(settings, frozenset(PARTS)), client=("127.0.0.1", 1))
    client.get("/healthz")
    there = set(re.findall(r"^(mingji_\w+)", client.get("/metrics").text, re.MULTILINE)) | DESK
    asked = set(re.findall(r"\bmingji_[a-z_]+\b", told_by + guide)) - {"mingji_public_site"}
    assert asked <= there | {"mingji_request_seconds"}
    assert {name for name in there if not name.endswith(("_bucket", "_count", "_sum", "_info"))} <= asked
    for status in re.findall(r'status="(\w+)"', told_by):
        assert status in measures.STATUSES


# Told only once complaints are open; tests/web/test_metrics.py sees them.
DESK = {"mingji_complaints_waiting", "mingji_complaint_oldest_days", "mingji_letters_unsent", "mingji_letters_given_up",
        "mingji_letter_oldest_days"}  # fmt: skip


def test_the_filings_stand_in_the_foot_of_every_page(site: Settings) -> None:
    settings = site.model_copy(update={"filings": "演示ICP备00000000号-1"})
    client = TestClient(create_app(settings))
    for url in ("/", "/enterprises/2", "/en/about"):
        assert "演示ICP备00000000号-1</a>" in client.get(url).text
    assert "beian" not in TestClient(create_app(site)).get("/").text
