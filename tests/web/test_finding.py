"""Pages over a search service that is well, away, or wrong: whatever it says, grades come from the register."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from public_site.search.values import EngineAway
from public_site.settings import Settings
from tests.search import meili_server
from tests.search.meili_server import KEY, Meili, standing
from tests.search.test_meilisearch_index import FAULTS
from tests.web.conftest import Publisher, new_publisher, publish_everything

ALLOWED = 4.0  # seconds, on a busy machine; a fault hangs or drips for five
PAPER = "演示甲包装有限公司"
LIMITED = "检索索引暂不可用，仅支持按名称开头查找"


class Fanciful(Meili):
    """A server that can be told to find enterprises that nobody has heard of, and the wrong ones."""

    fancies = False

    def _search(self, **asked: Any) -> dict[str, Any]:
        told = super()._search(**asked)
        if self.fancies and told["hits"] and "id" in told["hits"][0]:
            told["hits"][-1] |= {"id": 4_000_000_000}
        return told


@pytest.fixture(scope="module")
def meili() -> Fanciful:
    return Fanciful()


@pytest.fixture(scope="module")
def publisher(meili: Meili, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    """The register of `publish_everything`, with its index on a server."""
    publisher = new_publisher(tmp_path_factory.mktemp("meili"))
    key_file = publisher.settings.data / "meili.key"
    key_file.write_text(KEY + "\n")
    with meili_server.serving(meili) as url:
        publisher.settings = with_server(publisher.settings, url, meili_key_file=key_file, meili_milliseconds=10_000)
        publish_everything(publisher)
        yield publisher


def with_server(settings: Settings, url: str, **more: Any) -> Settings:
    return settings.model_copy(update={"meili_url": url, "meili_milliseconds": 300, **more})


def test_the_same_pages_stand_on_either_engine(publisher: Publisher, visitor: Any, visitor_of: Any) -> None:
    on_server = visitor_of(publisher.settings)
    assert "演示甲包装" in on_server.text("/enterprises?q=甲包")
    for url in (
        "/enterprises.json", "/enterprises.json?q=演示", "/enterprises.json?q=yanshijia", "/enterprises.json?grade=A",
        "/enterprises.json?near=29.7,107.39", "/enterprises.json?sort=name&limit=3", "/enterprises.json?q=演示假包装",
        "/enterprises.json?q=91130200699229617X", "/enterprises.json?downgraded_since=2020-01-01&industry=玻璃",
    ):  # fmt: skip
        assert on_server.json(url) == visitor.json(url), url
    assert on_server.get("/enterprises.csv").text == visitor.get("/enterprises.csv").text
    assert on_server.json("/readyz")["lag"] == {"standings": 0, "log": 0, "search": 0}


@pytest.mark.parametrize("fault", ["never answers", "answers drop by drop", "500", "HTML", "cut short", "no facets"])
def test_while_the_server_is_away_names_are_found_by_how_they_begin_and_soon(
    fault: str, publisher: Publisher, visitor_of: Any
) -> None:
    with standing(FAULTS[fault]) as url:
        visitor = visitor_of(with_server(publisher.settings, url))
        visitor.get("/healthz")
        begun = time.monotonic()
        body = visitor.json("/enterprises.json?q=演示甲")
        assert time.monotonic() - begun < ALLOWED
        assert body["limited"] is True
        assert [(item["name"], item["units"][0]["grade"]) for item in body["items"]] == [(PAPER, "B")]
        assert LIMITED in visitor.text("/enterprises?q=演示甲")
        assert "演示甲包装" in visitor.text("/enterprises/suggestions?q=演示甲")
        assert visitor.json("/readyz")["ready"] is True


def test_what_was_found_the_plain_way_is_kept_by_nobody(
    publisher: Publisher, visitor_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = visitor_of(publisher.settings)
    index = visitor.client.app.state.site.index
    urls = ("/enterprises?q=演示甲", "/enterprises.json?q=演示甲", "/enterprises.csv?q=演示甲",
            "/enterprises/suggestions?q=演示甲", "/map/features.geojson?bbox=73,18,135,54&zoom=4&q=演示甲")  # fmt: skip

    def gone(*_: Any, **__: Any) -> Any:
        raise EngineAway("hung up")

    with monkeypatch.context() as away:  # between two looks: it still counts as there
        for question in ("find", "suggest", "every_id"):
            away.setattr(index, question, gone, raising=False)
        assert index.as_of() > 0
        for url in urls:
            assert visitor.get(url).headers["cache-control"] == "private, no-store", url
        assert LIMITED in visitor.text(urls[0])
    for url in urls:
        assert visitor.get(url).headers["cache-control"].startswith("public"), url
    assert LIMITED not in visitor.text(urls[0])


def test_enterprises_that_the_register_does_not_know_are_not_shown(
    publisher: Publisher, meili: Fanciful, visitor_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = visitor_of(publisher.settings)
    whole = [item["id"] for item in visitor.json("/enterprises.json?sort=id")["items"]]
    monkeypatch.setattr(meili, "fancies", True)
    visitor = visitor_of(publisher.settings)  # the first has the true list ready
    for url in ("/enterprises", "/enterprises?sort=id", "/enterprises?q=演示", "/enterprises/suggestions?q=演示"):
        visitor.opens(url)
    shown = visitor.json("/enterprises.json?sort=id")["items"]
    assert [item["id"] for item in shown] == whole[:-1]
    assert visitor.get("/enterprises.csv?sort=id").text.count("\n") == len(whole)


def test_wrong_hits_show_the_register_s_grades(
    publisher: Publisher, meili: Fanciful, visitor: Any, visitor_of: Any
) -> None:
    """The index may say of anyone what it likes: what is shown beside a name is what was published of it."""
    documents = meili.indexes["enterprises"].documents
    kept = {number: dict(document) for number, document in documents.items()}
    try:
        for document in documents.values():
            if document["kind"] == "enterprise":
                document |= {"grade": ["A+"], "overall": ["A+"], "name": "别家"}
        meili.indexes["enterprises"].changed()
        shown = visitor_of(publisher.settings).json("/enterprises.json?grade=A%2B&sort=id")["items"]
        true = {item["id"]: item for item in visitor.json("/enterprises.json?sort=id")["items"]}
        assert shown
        assert all(item == true[item["id"]] for item in shown)
    finally:
        documents.update(kept)
        meili.indexes["enterprises"].changed()


def test_a_page_says_so_while_the_server_s_index_lags(publisher: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(publisher.settings)
    publisher.publish("演示名单", "2025-06-01", {"name": "演示壬有限公司"})
    assert visitor.json("/readyz")["lag"]["search"] > 0
    assert visitor.get("/enterprises").headers["cache-control"] == "private, no-store"
    publisher.index()
    assert visitor.json("/enterprises.json?q=演示壬")["total"] == 1


def test_publishing_on_a_register_of_its_own_leaves_no_folder_but_the_lock(publisher: Publisher) -> None:
    folder: Path = publisher.settings.index_folder
    assert [path.name for path in folder.iterdir()] == ["writer.lock"]
