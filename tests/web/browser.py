"""A real server process, and Debian's Chromium in front of it: for what only a browser can show."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
from playwright.sync_api import Browser, Page, sync_playwright

from tests import databases

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
    port = free_port()
    command = [*_PUBLIC_SITE, "serve", "--port", str(port), "--parts", "public,intake,console"]
    process = subprocess.Popen(command, env=databases.environment_of(data))
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], *, seconds: float = 240) -> None:
    """Until the process answers; an error when it ends or does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"no answer from {url}")


_PUBLIC_SITE = (sys.executable, "-m", "public_site")


def public_site(data: Path, *command: str, typed: str = "") -> str:
    """What a command of ours prints."""
    done = subprocess.run([*_PUBLIC_SITE, *command], env=databases.environment_of(data), input=typed,
                          capture_output=True, text=True, check=False)  # fmt: skip
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


@dataclass
class Watched:
    """A page that notes whatever should not happen: complaints of the console, foreign requests, breaches of the policy."""

    page: Page
    address: str
    amiss: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(30_000)
        self.page.on("console", lambda said: self.amiss.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.amiss.append(str(error)))
        self.page.on("dialog", lambda dialog: self.amiss.append(dialog.message))
        self.page.on("request", lambda request: self._look(request.url))
        self.page.add_init_script(
            "window.refused = []; document.addEventListener('securitypolicyviolation',"
            " e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI));"
        )

    def _look(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.address).netloc and not url.startswith("data:"):
            self.amiss.append(f"foreign: {url}")

    def is_well(self) -> None:
        assert self.amiss == []
        assert self.page.evaluate("window.refused") == []


AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"


def hindrances(page: Page, *rules: str) -> list[str]:
    """What axe finds against a page, by all its rules (best practice and target sizes too) or by these alone."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    chosen = (
        {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {"rules": {"target-size": {"enabled": True}}}
    )
    found = page.evaluate(
        "how => axe.run(document, how).then(done => done.violations.flatMap("
        "v => v.nodes.map(n => [v.id, n.target.join(' '), n.html.slice(0, 160), n.failureSummary].join(' | '))))",
        chosen,
    )
    return list(map(str, found))
