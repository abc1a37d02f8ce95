"""What we ship for nginx, in front of the real site: what it keeps, what it never keeps, what it cuts off, what it writes down."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import html
from starlette.testclient import TestClient

from data_export import exporting
from public_site import open_data, shipped
from public_site.settings import Settings
from public_site.web import assets, front, static
from public_site.web.app import PARTS, create_app
from tests import nginx
from tests.complaints.clients import Informant, code_of, serving
from tests.complaints.inbox import opened
from tests.complaints.test_photos import picture
from tests.web.clerks import OURS
from tests.web.conftest import Publisher, new_publisher, publish_everything

UNTOLD = {"date", "server", "connection", "transfer-encoding", "cache-status", "content-length"}


@dataclass(frozen=True)
class Stack:
    """The site with all its parts, and nginx before it."""

    publisher: Publisher
    address: str
    nginx: nginx.Nginx
    version: open_data.Version
    cache: Path

    def site(self) -> httpx2.Client:
        """Somebody who asks the site itself."""
        return httpx2.Client(base_url=self.address, headers={"Accept": "text/html"}, timeout=60)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    publisher = new_publisher(folder / "data")
    publish_everything(publisher)
    settings = publisher.settings
    exporting.export(publisher.database, settings, settings.open_data_folder, progress=lambda *_: None)
    version = open_data.read(settings.open_data_folder).latest
    assert version is not None
    opened(settings, folder / "offline").store.close()
    static.write(create_app(settings), assets.Assets(shipped.STATIC), folder / "static")
    told = {"PUBLIC_SITE_CONSOLE_HOST": nginx.CONSOLE, "PUBLIC_SITE_OPEN_DATA_URL": "/open-data-files"}
    with serving(settings.data, folder / "log", environment=told, parts=",".join(PARTS)) as site:
        filled = nginx.environment(
            folder, [site.address], [site.address], [site.address],
            MINGJI_STATIC=str(folder / "static"), MINGJI_OPEN_DATA=str(settings.open_data_folder),
        )  # fmt: skip
        with nginx.running(folder / "nginx", filled, seconds=1) as front_:
            yield Stack(publisher, site.address, front_, version, folder / "cache")


def kept(answer: httpx2.Response) -> bool:
    """Whether nginx gave what it had."""
    return answer.headers.get("cache-status", "").startswith("nginx; hit")


def test_a_page_is_made_once_for_whoever_asks_and_a_publication_shows_at_once(stack: Stack) -> None:
    with stack.nginx.client() as reader:
        first, second = reader.get("/notices"), reader.get("/notices")
        assert not kept(first)
        assert second.headers["cache-status"] == "nginx; hit; fwd=stale; fwd-status=304"
        assert first.text == second.text
        assert "x-accel-expires" not in second.headers
        assert second.headers["cdn-cache-control"] == "public, max-age=1, stale-if-error=86400"
        stack.publisher.publish("演示增补名单", "2025-02-01", {"name": "演示新来有限公司"}, division="500000")
        stack.publisher.index()
        third = reader.get("/notices")
        assert "演示增补名单" in third.text
        assert third.headers["cache-status"] == "nginx; fwd=stale"


def test_whole_pages_parts_languages_and_codings_are_never_mixed_up(stack: Stack) -> None:
    url = "/enterprises?province=500000"
    part = {"HX-Request": "true", "HX-Target": "results"}
    packed = {"identity": None, "gzip": "gzip", "gzip, br, zstd": "gzip", "gzip;q=0": None}
    asked: list[tuple[str, dict[str, str]]] = [
        (path, told | {"Accept-Encoding": coding})
        for path in (url, f"/en{url}")
        for told in (
            {},
            part,
            part | {"HX-History-Restore-Request": "true"},
            {"HX-Request": "true", "HX-Target": "no part"},
        )
        for coding in packed
    ]
    with stack.nginx.client() as reader, stack.site() as direct:
        for order in (asked, asked[::-1]):
            for path, told in order:
                expected = direct.get(path, headers=told | {"Accept-Encoding": "identity"})
                answer = reader.get(path, headers=told)
                assert answer.text == expected.text, (path, told)
                assert answer.headers.get("content-encoding") == packed[told["Accept-Encoding"]]
        again = reader.get(url, headers=part)
        assert kept(again)
        assert not again.text.startswith("<!doctype")
        varied = {word.strip() for path in ("/", url, "/notices/1", "/map", "/enterprises.atom", "/data/index.json")
                  for word in direct.get(path).headers.get("vary", "").split(",")}  # fmt: skip
        assert varied <= {"HX-Request", "HX-Target", "Accept-Encoding", ""}  # all of them are in the key


def test_who_has_a_page_already_is_told_so(stack: Stack) -> None:
    with stack.nginx.client() as reader:
        answer = reader.get("/about")
        assert reader.get("/about", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    "url",
    [
        "/check",
        "/near",
        "/enterprises?q=演示",
        "/enterprises?near=29.7,107.4",
        "/follow/lists/unknown",
        "/readyz",
        "/api/v1/industries",
        "/nothing-here",
    ],
)
def test_what_is_not_declared_public_or_counted_is_never_kept(stack: Stack, url: str) -> None:
    with stack.nginx.client() as reader:
        for _ in range(2):
            assert not kept(reader.get(url))


def test_each_caller_of_the_api_gets_a_count_of_their_own(stack: Stack) -> None:
    with stack.nginx.client(address="127.0.0.2") as one, stack.nginx.client(address="127.0.0.3") as other:
        lie = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7"}
        left = [one.get("/api/v1/industries", headers=lie | {"X-Real-IP": "1"}).headers["ratelimit"] for _ in range(2)]
        assert [int(re.findall(r"r=(\d+)", one_)[0]) for one_ in left] == [599, 598]
        assert "r=599" in other.get("/api/v1/industries", headers=lie).headers["ratelimit"]


def raw(client: httpx2.Client, method: str, url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """An answer with its bytes as they travelled."""
    with client.stream(method, url, headers={k.replace("_", "-"): v for k, v in headers.items()}) as answer:
        told = {k: v for k, v in answer.headers.items() if k not in UNTOLD}
        return answer.status_code, told, b"".join(answer.iter_raw())


def unpacked(answer: tuple[int, dict[str, str], bytes]) -> bytes:
    """The bytes; of gzip what is in them, because its head tells when it was packed."""
    return gzip.decompress(answer[2]) if answer[1].get("content-encoding") == "gzip" else answer[2]


def test_static_files_come_from_the_disk_as_the_site_itself_gives_them(stack: Stack) -> None:
    with stack.nginx.client() as reader, stack.site() as direct:
        page = html.document_fromstring(reader.get("/").text)
        urls = page.xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src")
        assert len(urls) >= 4
        for url in urls:
            for coding in ("identity", "gzip", "br", "zstd", "gzip, deflate, br, zstd", "br;q=0, gzip"):
                ours, its = (raw(one, "GET", url, accept_encoding=coding) for one in (direct, reader))
                if ";q=0" not in coding:  # then plain, which is always right
                    assert its[:2] == (200, ours[1] | {"vary": "Accept-Encoding"}), (url, coding)
                    assert unpacked(its) == unpacked(ours)
        assert reader.get("/static/0123456789abcdef/site.css").status_code == 404
        assert reader.get("/static/..%2f..%2f..%2fetc/passwd").status_code in {400, 404}
        (stack.nginx.folder.parent / "static" / "plain" / urls[0].lstrip("/")).unlink()
        assert reader.get(urls[0], headers={"Accept-Encoding": "identity"}).status_code == 200  # the site has it still


def test_files_of_a_version_come_from_the_disk_as_the_site_tells_of_them(stack: Stack) -> None:
    name = stack.version.name
    with TestClient(create_app(stack.publisher.settings)) as direct, stack.nginx.client() as reader:
        for url in (f"/data/{name}/entries.jsonl", f"/data/{name}/entries.jsonl.gz", "/data/latest/grades.csv",
                    f"/data/{name}/mingji.sqlite", f"/data/{name}/datapackage.json"):  # fmt: skip
            for coding in ("identity", "gzip", "gzip, zstd"):
                ours = raw(direct, "GET", url, accept_encoding=coding)
                assert raw(reader, "GET", url, accept_encoding=coding) == ours
                assert raw(reader, "HEAD", url, accept_encoding=coding) == raw(
                    direct, "HEAD", url, accept_encoding=coding
                )
                tag = ours[1]["etag"]
                again = raw(reader, "GET", url, accept_encoding=coding, if_none_match=tag)
                assert again == raw(direct, "GET", url, accept_encoding=coding, if_none_match=tag)
                assert again[0] == 304
        url = f"/data/{name}/enterprises.csv"
        pieces = [raw(reader, "GET", url, range=told) for told in ("bytes=0-99", "bytes=100-")]
        assert [piece[0] for piece in pieces] == [206, 206]
        assert pieces[0][2] + pieces[1][2] == raw(direct, "GET", url, accept_encoding="identity")[2]
        assert raw(reader, "GET", f"/data/{name}/none.csv")[0] == 404
        assert reader.get(f"/open-data-files/{name}/enterprises.csv").status_code == 404  # the way inside is no address


def test_the_console_answers_under_its_own_name_only(stack: Stack) -> None:
    with stack.nginx.client() as outside, stack.nginx.client(nginx.CONSOLE) as inside:
        for url in (
            "/console/",
            "/console/sign-in",
            "/%2fconsole/sign-in",
            "/%63onsole/sign-in",
            "/x/../console/sign-in",
        ):
            assert outside.get(url).status_code in {404, 400}, url
        answer = inside.get("/console/sign-in")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
        assert "console" in answer.headers["set-cookie"]
        assert inside.get("/enterprises").headers["location"] == f"http://{nginx.PUBLIC}/enterprises"


def test_figures_of_operation_are_not_for_the_outside(stack: Stack) -> None:
    for host in (nginx.PUBLIC, nginx.INTAKE, nginx.CONSOLE):
        with stack.nginx.client(host) as anybody:
            for url in ("/metrics", "/%2fmetrics", "/%6detrics", "/./metrics", "/metrics?x=1", "/x/../metrics"):
                assert anybody.get(url, follow_redirects=False).status_code in {400, 404}, (host, url)


def test_a_name_that_is_none_of_ours_is_not_answered(stack: Stack) -> None:
    with stack.nginx.client("somebody.example.cn") as stranger, pytest.raises(httpx2.TransportError):
        stranger.get("/")


def test_complaints_have_a_host_of_their_own_and_touch_no_disk_of_nginx(stack: Stack) -> None:
    with stack.nginx.client() as reader:
        answer = reader.get("/complaints/new?kind=pollution")
        assert answer.status_code == 307
        assert answer.headers["location"] == f"http://{nginx.INTAKE}/complaints/new?kind=pollution"
    bodies = stack.nginx.folder / "bodies"
    bodies.rename(aside := bodies.with_name("away"))  # nginx keeps what is sent nowhere, or fails
    informant = Informant(f"http://127.0.0.1:{stack.nginx.port}", {"Host": f"{nginx.INTAKE}:{stack.nginx.port}"})
    answers = {"county": "重庆市涪陵区", "where": "演示路", "when": "昨夜", "categories": "odour",
               "statement": "夜里有刺鼻的异味" + "，很浓" * 600}  # fmt: skip
    photos = tuple((f"{n}.jpg", picture("JPEG", (1600, 1200))) for n in range(3))
    code = code_of(informant.send(informant.form(answers), photos))
    assert "3 张" in informant.follow(code)
    aside.rename(bodies)
    with stack.nginx.client(nginx.INTAKE) as there:
        assert there.get("/enterprises/1").headers["location"] == f"http://{nginx.PUBLIC}/enterprises/1"


def test_nothing_of_anybody_is_written_down(stack: Stack) -> None:
    with stack.nginx.client(address="127.0.0.77") as reader:
        secret = {
            "User-Agent": "canary-agent",
            "Referer": "https://canary-referer/",
            "X-Forwarded-For": "198.51.100.99",
        }
        for url in (
            "/enterprises?q=canary-query",
            "/follow/lists/canary-token",
            "/check/canary-address",
            "/canary-path",
        ):
            reader.get(url, headers=secret)
        reader.post("/check", data={"list": "canary-list"}, headers=secret)
        reader.post("/check", content=b"x" * (11 << 20), headers=secret)  # refused
        for _ in range(200):
            reader.get("/near?canary-limited=1", headers=secret)
    with stack.nginx.client(nginx.INTAKE, address="127.0.0.77") as informant:
        before = len(stack.nginx.said)
        informant.post("/complaints/follow", data={"code": "canary-code"}, headers=secret | OURS)
        assert informant.get("/complaints/new?canary-enterprise=1").status_code == 400
    said = stack.nginx.said
    assert b"canary" not in said
    assert b"canary-query" not in b"".join(file.read_bytes() for file in stack.cache.rglob("*") if file.is_file())
    assert b"127.0.0.77" not in said
    assert b"198.51.100" not in said
    assert said[before:].count(b"\n") == 0  # of complaints not even that there was one
    assert b" GET enterprises 200 " in said


def test_too_much_is_refused_before_it_is_taken_in(stack: Stack) -> None:
    with stack.nginx.client() as reader, stack.nginx.client(nginx.INTAKE) as informant:
        for client, url, size in ((reader, "/follow/lists", 65 << 10), (reader, "/check", 10 << 20), (reader, "/en/check", 10 << 20),
                                  (informant, "/complaints/follow", 64 << 10)):  # fmt: skip
            answer = client.post(url, content=b"x" * (size + 1), headers=OURS)
            assert answer.status_code == 413, url
            assert answer.headers["cache-control"] == "private, no-store"


def test_body_limits_are_the_sites_own() -> None:
    app: Any = create_app(Settings(), frozenset(PARTS)).build_middleware_stack()
    while not isinstance(app, front.Front):
        app = app.app
    found: dict[str, int] = {}
    for name in ("public", "intake", "console"):
        text = (nginx.SHIPPED / "mingji" / f"{name}.conf").read_text(encoding="utf-8")
        for pattern, block in re.findall(r"^location ([^{]*) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
            for size, unit in re.findall(r"client_max_body_size (\d+)([km]);", block):
                found[pattern.rpartition(" ")[2]] = int(size) << {"k": 10, "m": 20}[unit]
    for path, largest in app._larger.items():
        limits = [size for pattern, size in found.items() if pattern == path or re.search(pattern, path)]
        assert limits == [largest], path


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\nHost: ", b"POST /check HTTP/1.1\r\nHost: %b\r\nContent-Length: 9\r\n\r\nlist"]
)
def test_who_sends_slowly_is_cut_off(stack: Stack, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", stack.nginx.port), timeout=60) as slow:
        slow.sendall(sent.replace(b"%b", nginx.PUBLIC.encode()))
        with suppress(ConnectionResetError):
            while slow.recv(4096):
                pass  # it says 408, and hangs up


def test_who_asks_too_often_is_told_so_and_others_are_not(stack: Stack) -> None:
    with stack.nginx.client(address="127.0.0.5") as hasty, stack.nginx.client(address="127.0.0.6") as other:
        answers = [hasty.get("/near?place=1") for _ in range(120)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "5"
        assert "private" in refused[0].headers["cache-control"]
        assert other.get("/near").status_code == 200
        assert [hasty.post("/verify", data={"receipt": ""}, headers=OURS).status_code for _ in range(40)][-1] == 429
        problem = [hasty.post("/api/v1/checks", json={}) for _ in range(40)][-1]
        assert (problem.status_code, problem.json()["status"]) == (429, 429)


def test_the_last_answer_is_given_while_the_site_is_away(stack: Stack, tmp_path: Path) -> None:
    with relay(stack.address) as (address, cut):
        told = nginx.environment(tmp_path, [address], [address], [address])
        with nginx.running(tmp_path / "nginx", told) as one, one.client() as reader:
            page = reader.get("/about/grades")
            assert reader.get("/check").status_code == 200
            cut()
            stale = reader.get("/about/grades")
            assert (stale.status_code, stale.text) == (200, page.text)
            assert stale.headers["cache-status"] == "nginx; hit; detail=stale"
            away = reader.get("/check")  # what is not kept cannot be given
            assert (away.status_code, away.headers["retry-after"]) == (503, "30")
            assert away.headers["content-security-policy"] == front.SECURITY["Content-Security-Policy"]


@contextmanager
def relay(address: str) -> Iterator[tuple[str, Any]]:
    """A way to the site that can be cut: its address, and how."""
    host, port = address.removeprefix("http://").split(":")
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        under_way: list[socket.socket] = []
        threading.Thread(target=_let_in, args=(door, (host, int(port)), under_way), daemon=True).start()

        def cut() -> None:
            for one in (door, *under_way):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            door.close()

        yield f"http://127.0.0.1:{door.getsockname()[1]}", cut


def _let_in(door: socket.socket, there: tuple[str, int], under_way: list[socket.socket]) -> None:
    with suppress(OSError):
        while True:
            here, _ = door.accept()
            beyond = socket.create_connection(there)
            under_way += (here, beyond)
            for one, other in ((here, beyond), (beyond, here)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def test_headers_of_nginx_itself_are_those_of_the_site() -> None:
    text = (nginx.SHIPPED / "mingji" / "headers.conf").read_text(encoding="utf-8")
    told = {
        name: value.strip('"') for name, value in re.findall(r"^add_header (\S+) (.+) always;$", text, re.MULTILINE)
    }
    assert told.pop("Strict-Transport-Security") == "$mingji_strict"
    assert told == {name: value for name, value in front.SECURITY.items() if name != "Cache-Control"}


def test_with_a_certificate_it_speaks_http_2(stack: Stack, tmp_path: Path) -> None:
    certificate = certified(tmp_path)
    told = nginx.environment(tmp_path, *[[stack.address]] * 3)
    with nginx.running(tmp_path / "nginx", told, certificate=certificate) as one:
        trusting = ssl.create_default_context(cafile=str(certificate))
        trusting.set_alpn_protocols(["h2", "http/1.1"])
        with (
            socket.create_connection(("127.0.0.1", one.port)) as bare,
            trusting.wrap_socket(bare, server_hostname=nginx.PUBLIC) as safe,
        ):
            assert safe.selected_alpn_protocol() == "h2"
        trusting.set_alpn_protocols(["http/1.1"])
        with httpx2.Client(verify=trusting) as client:
            answer = client.get(
                f"https://127.0.0.1:{one.port}/about",
                headers={"Host": nginx.PUBLIC},
                extensions={"sni_hostname": nginx.PUBLIC},
            )
            assert answer.headers["strict-transport-security"] == "max-age=31536000"


def certified(folder: Path) -> Path:
    """A key and a certificate that it signed itself, in one file."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, nginx.PUBLIC)]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(nginx.PUBLIC)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
