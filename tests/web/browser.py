"""A real server process, and Debian's Chromium in front of it: for what only a browser can show."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium with a folder of its own for what it remembers."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def server(data: Path) -> Iterator[str]:
    """`public-site serve` with every part over a data folder; its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*_PUBLIC_SITE, "serve", "--port", str(port), "--parts", "public,intake,console"], env=_environment(data)
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/healthz", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"no answer from {url}")


_PUBLIC_SITE = (sys.executable, "-m", "public_site")


def _environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PUBLIC_SITE_")}
    return kept | {"PUBLIC_SITE_DATA": str(data)}


def public_site(data: Path, *command: str, typed: str = "") -> str:
    """What a command of ours prints."""
    done = subprocess.run(
        [*_PUBLIC_SITE, *command], env=_environment(data), input=typed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Colleague:
    """Somebody with a sign-in and a browser window of their own."""

    name: str
    password: str
    secret: str
    page: Page
    address: str

    def sign_in(self) -> None:
        self.page.goto(f"{self.address}/console/")
        self.page.get_by_label("姓名").fill(self.name)
        self.page.get_by_label("密码").fill(self.password)
        self.page.get_by_label("动态码").fill(pyotp.TOTP(self.secret).now())
        self.page.get_by_role("button", name="登录").click()
        self.page.get_by_role("heading", name="待办", level=1).wait_for()


def colleague(browser: Browser, address: str, data: Path, name: str, roles: str) -> Colleague:
    """A new person, enrolled at the machine, with a window of their own."""
    password = f"{name}的一个长密码12"
    said = public_site(data, "supervisors", "add", name, "--roles", roles, "--password-stdin", typed=password + "\n")
    secret = re.search(r"密钥：([A-Z2-7]+)", said)
    assert secret, said
    page = browser.new_context(locale="zh-CN").new_page()
    page.set_default_timeout(30_000)
    return Colleague(name, password, secret[1], page, address)
