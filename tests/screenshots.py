"""`make screenshots`: every page of the demo register as a picture, to be looked at by people.

    python -m tests.screenshots [FOLDER] [--data DIR] [--only WORD] [--languages zh,en] [--widths 360,768,1280] [--schemes light,dark]

Makes the demo register if DIR has none. The pages are the application's routes, as in `tests/web/test_access.py`; what a
parameter stands for is taken from the pages themselves: the newest downgrade, its notice, the first industry.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Browser, Page

from public_site import languages
from public_site.web import translating
from tests.web.browser import chromium, free_port, wait_for
from tests.web.complete import followed_list, sent_list
from tests.web.test_access import routes

HEIGHTS = {360: 740, 768: 1024, 1280: 900}
MORE = {
    "list": "/enterprises?q=演示&grade=B", "list-empty": "/enterprises?q=没有这样的企业", "list-near": "/enterprises?near=29.7,107.39&radius_km=50&sort=distance",
    "near-chosen": "/near?place=500000&radius_km=10", "map-county": "/map?bbox=106.3,29.3,106.8,29.8", "question": "/complaints/new?kind=pollution",
    "error-report": "/complaints/new?kind=data", "not-found": "/nothing", "wrong-address": "/enterprises?no=1",
}  # fmt: skip


@contextmanager
def demo(data: Path) -> Iterator[str]:
    """The demo register, served; its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "public_site", "demo", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(f"{address}/healthz", process, seconds=600)
            yield address
        finally:
            process.terminate()


def pages(address: str) -> dict[str, str]:
    """Name of a picture → the path of its page on this site."""
    enterprise = _first(address, "/downgrades", r"/enterprises/\d+")
    notice = _first(address, "/notices", r"/notices/\d+")
    checked = sent_list(address)
    known = {
        "/enterprises/{enterprise_id:int}": enterprise,
        "/enterprises/{enterprise_id:int}/card": f"{enterprise}/card",
        "/enterprises/{enterprise_id:int}/certificate": f"{enterprise}/certificate",
        "/codes/{code}": "/codes/91350100M000100Y43",
        "/notices/{notice_id:int}": notice,
        "/notices/{notice_id:int}/supervision": f"{notice}/supervision",
        "/places/{code}": "/places/500000",
        "/industries/{name:path}": _first(address, "/industries", r"/industries/[^\"?]+"),
        "/follow/lists/{token}": followed_list(address, "\n".join(_names(address))),
        "/check/{address}": checked,
        "/check/{address}/print": f"{checked}/print",
        "/data/{version}/": "/data/latest/",
    }
    return {path.strip("/").replace("/", "-") or "home": known.get(path, path) for path in routes()} | MORE


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


def _first(address: str, path: str, pattern: str) -> str:
    found = re.search(rf'<main.*?href="({pattern})"', _read(address + path), re.DOTALL)
    assert found, f"{path} names no {pattern}"
    return unquote(found[1])


def _names(address: str) -> list[str]:
    return re.findall(r'class="enterprise-name"[^>]*>([^<]+)<', _read(f"{address}/enterprises"))[:3]


def take(browser: Browser, address: str, folder: Path, chosen: argparse.Namespace) -> int:
    """Take the pictures; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: path for name, path in pages(address).items() if chosen.only in name}
    for language, width, scheme in product(chosen.languages, chosen.widths, chosen.schemes):
        context = browser.new_context(
            locale=languages.TAGS[language], color_scheme=scheme, reduced_motion="reduce",
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
        )  # fmt: skip
        page = context.new_page()
        for name, path in wanted.items():
            page.goto(address + translating.prefix(language) + path)
            _shoot(page, folder / f"{re.sub(r'[^a-z-]+', '', name)}-{language}-{width}-{scheme}.png")
        context.close()
    return len(wanted) * len(chosen.languages) * len(chosen.widths) * len(chosen.schemes)


def _shoot(page: Page, file: Path) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, full_page=True)


def main() -> None:
    def several(said: str) -> list[str]:
        return said.split(",")

    parser = argparse.ArgumentParser(description="Every page of the demo register as a picture.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("screenshots"))
    parser.add_argument("--data", type=Path, default=Path("var/demo"))
    parser.add_argument("--only", default="", help="pages with this word in their name")
    parser.add_argument("--languages", type=several, default=list(languages.TAGS))
    parser.add_argument("--widths", type=lambda said: [int(width) for width in said.split(",")], default=[*HEIGHTS])
    parser.add_argument("--schemes", type=several, default=["light", "dark"])
    chosen = parser.parse_args()
    with demo(chosen.data) as address, chromium() as browser:
        sys.stdout.write(f"{take(browser, address, chosen.folder, chosen)} pictures in {chosen.folder}/\n")


if __name__ == "__main__":
    main()
