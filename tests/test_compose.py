"""`compose.yaml`, `deploy/one-machine.yaml` and the image: bounded, confined, and nothing misspelt.

That each service's own command starts, is healthy and stops, `test_profiles.py` shows, which runs them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from public_site.settings import PREFIX, Settings
from tests import compose, nginx

VARIABLES = {
    "MINGJI_PUBLIC_HOST": nginx.PUBLIC, "MINGJI_INTAKE_HOST": nginx.INTAKE, "MINGJI_CONSOLE_HOST": nginx.CONSOLE,
    "PUBLIC_SITE_BASE_URL": "https://mingji.example.cn",
}  # fmt: skip
FILES = ("compose.yaml", "deploy/one-machine.yaml")
WHOLE: dict[str, Any] = compose.read(compose.ROOT / FILES[0], VARIABLES)
SERVICES = {
    (file, name): told
    for file in FILES
    for name, told in compose.read(compose.ROOT / file, VARIABLES)["services"].items()
}


def test_the_dockerfile_is_without_findings() -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, compose.ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_asks_for_what_it_cannot_know() -> None:
    for name in ("MINGJI_PUBLIC_HOST", "MINGJI_INTAKE_HOST", "MINGJI_CONSOLE_HOST"):
        with pytest.raises(compose.VariableMissing, match=name):
            compose.read(compose.ROOT / FILES[0], {k: v for k, v in VARIABLES.items() if k != name})


@pytest.mark.parametrize("key", SERVICES, ids=" ".join)
def test_every_service_is_confined_bounded_and_looked_after(key: tuple[str, str]) -> None:
    told = SERVICES[key]
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", told["mem_limit"])
    assert "privileged" not in told
    assert not [volume for volume in told.get("volumes", []) if "docker.sock" in volume]
    if "image" in told and "build" not in told:
        assert re.search(r":v?\d+\.\d+", told["image"]), told["image"]
    one_shot = key[1] in {"migrate", "static"}
    assert ("test" in told["healthcheck"]) is not one_shot
    assert ("ports" in told) == (key[1] in {"nginx", "mailpit", "public-site"})
    for port in told.get("ports", []):
        assert str(port).startswith("127.0.0.1:"), port  # to the world only by the operator's own word


@pytest.mark.parametrize("key", SERVICES, ids=" ".join)
def test_every_name_in_an_environment_means_something(key: tuple[str, str]) -> None:
    settings = {PREFIX + name.upper() for name in Settings.model_fields}
    template = (nginx.SHIPPED / "site.conf.template").read_text(encoding="utf-8")
    known = settings | set(re.findall(r"\$\{(MINGJI_\w+)\}", template)) | {"NGINX_ENVSUBST_FILTER"}
    for name, value in SERVICES[key].get("environment", {}).items():
        assert name in known or name.startswith(("POSTGRES_", "MEILI_")), name
        assert not re.search(r"password|secret|key", name, re.IGNORECASE) or name.endswith("_FILE"), name
        assert "passfile=" in str(value) or not re.search(r"//\w+:\w+@", str(value)), name


def test_the_settings_of_each_part_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    from public_site.settings import from_environment

    for name in ("public", "intake", "console", "migrate", "static"):
        with monkeypatch.context() as one:
            for setting, value in WHOLE["services"][name]["environment"].items():
                one.setenv(setting, str(value))
            assert from_environment().base_url == "https://mingji.example.cn"


def test_only_nginx_is_reachable_and_only_parts_reach_the_databases() -> None:
    services, networks = WHOLE["services"], WHOLE["networks"]
    assert networks["inside"]["internal"] is networks["site"]["internal"] is True
    within = {name: set(told["networks"]) for name, told in services.items()}
    assert {name for name, at in within.items() if "outside" in at} == {"nginx", "mailpit"}
    assert "inside" not in within["nginx"]
    assert within["postgres"] == within["meilisearch"] == {"inside"}
    assert "letters" not in within["public"]  # it has no way out
    (pool,) = networks["site"]["ipam"]["config"]
    assert services["public"]["environment"]["PUBLIC_SITE_TRUSTED_PROXIES"] == pool["subnet"]


def test_nginx_is_given_every_name_its_template_wants_and_every_file_it_includes() -> None:
    told = WHOLE["services"]["nginx"]
    template = (nginx.SHIPPED / "site.conf.template").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(MINGJI_\w+)\}", template)) <= set(told["environment"])
    for volume in told["volumes"]:
        source = volume.partition(":")[0]
        assert volume.endswith(":ro")
        assert not source.startswith(".") or (compose.ROOT / source).exists(), source
    replaced = {Path(volume.split(":")[1]).name for volume in told["volumes"] if "/compose/" in volume}
    assert replaced <= {file.name for file in (nginx.SHIPPED / "mingji").iterdir()}


def test_secrets_and_volumes_that_are_used_are_declared() -> None:
    for name, told in WHOLE["services"].items():
        assert set(told.get("secrets", [])) <= set(WHOLE["secrets"]), name
        named = {volume.partition(":")[0] for volume in told.get("volumes", []) if not volume.startswith(".")}
        assert named <= set(WHOLE["volumes"]), name
    assert "/secrets/" in (compose.ROOT / ".gitignore").read_text().splitlines()


def test_one_part_writes_the_open_data() -> None:
    quiet = {name: told["environment"].get("PUBLIC_SITE_OPEN_DATA_QUIET_SECONDS") for name, told in WHOLE["services"].items()
             if "environment" in told and "PUBLIC_SITE_DATABASE_URL" in told["environment"]}  # fmt: skip
    assert [name for name, seconds in quiet.items() if seconds != "0"] == ["console"]


def test_the_image_owns_what_it_must_write() -> None:
    image = (compose.ROOT / "Dockerfile").read_text(encoding="utf-8")
    made = re.findall(r"install --directory --owner=mingji --group=mingji (.+)", image)[0].split()
    written = {volume.split(":")[1] for key in ("public", "static") for volume in WHOLE["services"][key]["volumes"]}
    assert written <= set(made)
    assert yaml.safe_load(str(compose.default_command()))[0] == "serve"
