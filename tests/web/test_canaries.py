"""Forty values that nobody may ever read, planted wherever a complaint takes words: found nowhere; after erasure not even
their seals are."""

from __future__ import annotations

import base64
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import text
from starlette.testclient import TestClient

from public_site.complaints import handling, letters
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.web.app import create_app
from tests.complaints.clients import Informant, code_of, serving
from tests.complaints.inbox import TODAY, Inbox, opened
from tests.complaints.test_letters import Server, listening
from tests.complaints.test_photos import picture
from tests.web.clerks import OURS

PUBLIC = (
    "/", "/enterprises", "/enterprises/2", "/enterprises/2.json", "/enterprises.csv", "/enterprises.atom", "/notices/1", "/map",
    "/map/features.geojson", "/places/500102", "/downgrades", "/data/changes", "/api/v1/entries", "/log/checkpoint", "/readyz",
    "/sitemap.xml", "/complaints", "/complaints/new", "/complaints/follow", "/open311/v2/requests.json", "/open311/v2/requests.xml",
)  # fmt: skip


class Canaries:
    """Values that are made as they are planted."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}
        self._chance = random.Random(4)

    def __call__(self, where: str, *, plain: bool = False) -> str:
        """A value for one place; `plain`: letters only, where nothing else can be said."""
        letters_ = "".join(self._chance.choices("BCDFGHJKLMNPQRSTVWXZ", k=12))
        self.made[where] = letters_ if plain else f"{letters_[:6]}黄烟{letters_[6:]}"
        return self.made[where]


def spellings(secret: str) -> set[bytes]:
    """A value in every writing that an output may use."""
    told = {secret.encode(), secret.encode("gb18030"), secret.encode("utf-16-le"), secret.encode("utf-16-be"),
            quote(secret).encode(), secret.encode("unicode_escape"), secret.encode().hex().encode(),
            secret.encode("ascii", "xmlcharrefreplace"), secret.lower().encode()}  # fmt: skip
    for shift in range(3):  # base64 cuts three bytes at a time: what stands in the middle does not depend on the rest
        told.add(base64.b64encode(b"\0" * shift + secret.encode())[4:-4])
    return told


def everything_in(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                yield file, file.read_bytes()


def rows_in(database: Database) -> Iterator[tuple[Path, bytes]]:
    """What a PostgreSQL server tells of a database, where that is no file of ours: every row of every table."""
    if database.is_sqlite:
        return
    tables = text(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'"
    )
    with database.reading() as connection:
        for table in connection.execute(tables).scalars().all():
            with connection.connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
                yield Path(table), b"".join(copy)


def found(made: dict[str, str], data: bytes) -> list[str]:
    return [where for where, secret in made.items() if any(spelt in data for spelt in spellings(secret))]


def photo(canary: Canaries) -> bytes:
    told = Image.Exif()
    told[0x010E], told[0x013B], told[0x8298] = (
        canary(f"exif {n}", plain=True) for n in ("description", "artist", "rights")
    )
    told.get_ifd(0x8825)[29] = canary("exif place", plain=True)
    comment = canary("jpeg comment", plain=True).encode()
    return picture("JPEG", (400, 300), exif=told.tobytes(), comment=comment) + canary("appended").encode()


def drawing(canary: Canaries) -> bytes:
    told = PngInfo()
    told.add_text(canary("png key", plain=True), canary("png text"))
    told.add_itxt("note", canary("png long text"), zip=True)
    return picture("PNG", (300, 200), pnginfo=told)


def planted(informant: Informant, canary: Canaries) -> str:
    """A complaint, and all that may go wrong on the way to it; its code."""
    answers = {
        "county": "重庆市涪陵区", "where": canary("where"), "when": canary("when"), "categories": ["fumes", "odour"],
        "statement": f"{canary('statement begins')} 烟囱\r\n{canary('statement')}\n{canary('statement ends')}", "about": "",
        "name": canary("name"), "how": canary("how"), "to_body": "1",
    }  # fmt: skip
    form = informant.form(answers)
    key = str(form["ticket"]).split(".")[0]
    canary.made["ticket"] = key
    for wrong, status in (
        ({"county": canary("a county that is none")}, 422),
        ({"statement": canary("too long") * 400}, 422),
        ({canary("field's name", plain=True): "x"}, 400),
        ({"unknown": canary("field's value")}, 400),
        ({"ticket": canary("a wrong ticket")}, 422),
    ):
        assert informant.post("/complaints/send", form | wrong).status_code == status
    assert informant.client.get(f"/complaints/{canary('path', plain=True)}").status_code == 404
    assert informant.client.get("/complaints/new", params={"kind": canary("query")}).status_code == 400
    broken = f'--x\r\nContent-Disposition: form-data; name="statement"\r\n\r\n{canary("broken form")}'.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert informant.client.post("/complaints/send", content=broken, headers=headers).status_code == 422
    photos = ((f"{canary('file name')}.jpg", photo(canary)), (f"{canary('second file name')}.png", drawing(canary)),
              ("x.jpg", b"\xff\xd8\xff" + canary("no photo").encode()))  # fmt: skip
    code = code_of(informant.send(form, photos))
    canary.made["code"] = code.replace("-", "")
    canary.made["code as shown"] = code
    for act, status in (("add", 200), ("object", 422)):
        answer = informant.post("/complaints/follow/act", {"code": code, "act": act, "said": canary(act)})
        assert answer.status_code == status
    assert informant.post("/complaints/follow", {"code": canary("a wrong code")}).status_code == 422
    return code


def handled(inbox: Inbox, canary: Canaries, informant: Informant, code: str) -> None:
    """What is written in the console about it."""
    desk, other = inbox.desk("fuling"), inbox.desk("chongqing")
    store = inbox.store
    for act in ("ask", "note"):
        handling.act(store, desk, 1, act, canary(act), on=TODAY)
    answer = informant.post("/complaints/follow/act", {"code": code, "act": "answer", "said": canary("answer")})
    assert answer.status_code == 200
    handling.contact(store, desk, 1, canary("why the contact was opened"), on=TODAY)
    handling.act(store, desk, 1, "offer", canary("offer"), to="chongqing", on=TODAY)
    handling.act(store, other, 1, "decline", canary("decline"), on=TODAY)
    handling.act(store, desk, 1, "accept", on=TODAY)
    handling.act(store, desk, 1, "reply", canary("reply"), on=TODAY)
    handling.view(store, desk, 1, on=TODAY)
    handling.photo(store, desk, 1, 1, on=TODAY)


def seals(store: Store) -> list[bytes]:
    """Every sealed thing and every wrap."""
    with store.looking() as connection, store.wraps.reading() as wraps:
        told = [
            *connection.execute(text("SELECT statement FROM complaint")).scalars(),
            *connection.execute(text("SELECT contact FROM complaint")).scalars(),
            *connection.execute(text("SELECT said FROM step WHERE said IS NOT NULL")).scalars(),
            *connection.execute(text("SELECT picture FROM photo")).scalars(),
            *wraps.execute(text("SELECT wrapped FROM wrap")).scalars(),
        ]
    return [bytes(one) for one in told]


def test_forty_values_are_found_nowhere_and_after_erasure_not_even_their_seals(
    tmp_path: Path, make_publisher: Any, visitor_of: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, division="500000")
    publisher.index()
    inbox, canary, post = opened(publisher.settings, tmp_path / "offline"), Canaries(), Server()
    temporary, log = tmp_path / "tmp", tmp_path / "log"
    temporary.mkdir()
    headers = {name: canary(name, plain=True) for name in ("User-Agent", "Referer", "Cookie", "X-Request-ID", "Accept-Language", "X-Forwarded-For")}  # fmt: skip
    settings = publisher.settings

    def everything() -> Iterator[tuple[Path, bytes]]:
        yield from everything_in(settings.data, temporary)
        yield from rows_in(publisher.database)

    with serving(settings.data, log, environment={"TMPDIR": str(temporary)}, parts="public,intake") as server:
        informant = Informant(server.address, headers, elsewhere=False)
        code = planted(informant, canary)
        handled(inbox, canary, informant, code)
        assert len(canary.made) >= 40
        mailed = _mailed(inbox, post)
        outputs = [informant.client.get(url, headers={"Accept": "*/*"}).content for url in PUBLIC]
        for data in (*outputs, *mailed, log.read_bytes()):
            assert found(canary.made, data) == []
        for file, data in everything():
            assert found(canary.made, data) == [], file
            assert found(canary.made, file.name.encode()) == []
        sealed = seals(inbox.store)
        assert len(sealed) >= 14
        stored = b"".join(data for _, data in everything())
        assert all(one[-64:] in stored for one in sealed if len(one) < 500)
        erased = informant.post("/complaints/follow/act", {"code": code, "act": "erase", "sure": "1"})
        assert "已经删除" in erased.text
        for file, data in everything():
            assert not [one for one in sealed if one[:48] in data or one[-48:] in data], file
        crashed(inbox, canary, informant, publisher)
    said = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    _, event = without_tables(publisher.database)
    assert [line["event"] for line in said].count(event) == 3
    assert all(line["where"] for line in said if line["event"] == event)
    assert found(canary.made, log.read_bytes()) == []
    inbox.store.close()


def without_tables(database: Database) -> tuple[int, str]:
    """How a missing table is answered and told: SQLite's driver takes it for a database that does not answer."""
    return (503, "the database does not answer") if database.is_sqlite else (500, "request not answered")


def crashed(inbox: Inbox, canary: Canaries, informant: Informant, publisher: Any) -> None:
    """The tables are gone while somebody sends a form, asks for a case and searches: what the server says of it."""
    status, _ = without_tables(publisher.database)
    with inbox.store.sealed.writing() as connection:
        connection.execute(text("ALTER TABLE complaint RENAME TO gone"))
    with publisher.database.writing() as connection:
        connection.execute(text("ALTER TABLE enterprise RENAME TO gone"))
    informant.client.headers["Connection"] = "close"  # after a crash the server closes the connection
    answers = {"county": "重庆市涪陵区", "where": canary("crash where"), "when": "x", "categories": ["odour"], "about": "",
               "statement": f"{canary('crash statement')} 夜里有刺鼻的异味", "name": canary("crash name"), "how": "x"}  # fmt: skip
    assert informant.send(informant.form(answers)).status_code == status
    code = "".join(canary("crash code", plain=True)) * 2
    assert informant.post("/complaints/follow", {"code": code}).status_code == status
    assert informant.client.get("/enterprises.json", params={"q": "演示"}).status_code == status


def _mailed(inbox: Inbox, post: Server) -> list[bytes]:
    controller = listening(post)
    told = {
        "mail_host": "127.0.0.1",
        "mail_port": controller.port,
        "mail_security": "none",
        "mail_from": "a@example.cn",
    }
    store = Store(inbox.store.settings.model_copy(update=told))
    letters.send(store, at=datetime.now(UTC))
    store.close()
    controller.stop()
    assert post.taken
    return [bytes(letter) + letter.get_content().encode() for letter in post.taken]


def test_a_complaint_with_photos_needs_no_temporary_file(
    tmp_path: Path, make_publisher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.index()
    opened(publisher.settings, tmp_path / "offline").store.close()
    with TestClient(create_app(publisher.settings)) as client:
        informant = Informant("http://testserver", elsewhere=False)
        informant.client = client
        client.headers.update(OURS)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))  # whoever asks for a temporary file fails
        with pytest.raises(FileNotFoundError):
            tempfile.mkstemp()
        answers = {
            "county": "重庆市涪陵区",
            "where": "x",
            "when": "x",
            "categories": "odour",
            "statement": "夜里有刺鼻的异味，持续很久",
        }
        photos = tuple((f"{n}.png", picture("PNG", (1200, 900))) for n in range(3))
        code = code_of(informant.send(informant.form(answers), photos))
        assert "3 张" in informant.follow(code)
