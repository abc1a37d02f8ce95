"""Pages reached in one thread: the doors of a page open and close as FastAPI would have them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse, Response

from public_site.web import direct
from public_site.web.app import ALWAYS, PARTS, pages_of

told: list[str] = []


async def turn(request: Request) -> AsyncIterator[str]:
    told.append(f"a turn for {request.url.path}")
    yield "first"
    told.append("the turn is over")


def opened(waited: Annotated[str, Depends(turn, scope="function")]) -> Iterator[str]:
    told.append(f"opened {waited}")
    try:
        yield "the book"
    except ZeroDivisionError:
        told.append("it failed")
        raise
    finally:
        told.append("closed")


def asked(request: Request) -> str:
    return request.query_params.get("q", "")


Book = Annotated[str, Depends(opened, scope="function")]
routes = APIRouter()


@routes.get("/pages/{number:int}/{word}")
def page(number: int, word: str, book: Book, q: Annotated[str, Depends(asked)]) -> Response:
    told.append(f"in {threading.current_thread().name.split()[0]}")
    return PlainTextResponse(f"{number + 1} {word} {book} {q} {1 // number}")


@routes.get("/rest/{path:path}", dependencies=[Depends(asked)])
def rest(path: str) -> Response:
    return PlainTextResponse(path)


@routes.get("/validated")
def validated(number: int) -> dict[str, int]:
    return {"number": number}


@routes.get("/told")
def told_as_json() -> dict[str, str]:
    return {"told": "as JSON"}


@routes.post("/pages/{number:int}/{word}")
async def changed(number: int, word: str) -> dict[str, Any]:
    return {"number": number, "word": word}


@pytest.fixture
def visitor() -> Iterator[TestClient]:
    app = FastAPI()
    direct.join(app, routes.routes)

    @app.exception_handler(ZeroDivisionError)
    def _(_request: Request, _fault: ZeroDivisionError) -> Response:
        return PlainTextResponse("divided by nothing", 500)

    told.clear()
    with TestClient(app, raise_server_exceptions=False) as visitor:
        yield visitor


def test_a_page_has_its_doors_opened_in_order_and_closed_before_the_answer(visitor: TestClient) -> None:
    answer = visitor.get("/pages/1/one?q=what")
    assert answer.text == "2 one the book what 1"
    assert told == ["a turn for /pages/1/one", "opened first", "in AnyIO", "closed", "the turn is over"]


def test_a_page_that_fails_has_its_doors_closed_and_its_fault_told(visitor: TestClient) -> None:
    answer = visitor.get("/pages/0/one")
    assert (answer.status_code, answer.text) == (500, "divided by nothing")
    assert told[-2:] == ["it failed", "closed"]


def test_what_is_no_number_and_what_nobody_may_do_is_answered_as_ever(visitor: TestClient) -> None:
    assert visitor.get("/pages/one/one").status_code == 404
    assert visitor.delete("/pages/1/one").status_code == 405
    assert visitor.get("/rest/a/b/c").text == "a/b/c"


def test_what_needs_to_be_validated_is_left_to_fastapi(visitor: TestClient) -> None:
    assert visitor.get("/validated?number=7").json() == {"number": 7}
    assert visitor.get("/validated?number=seven").status_code == 422
    assert visitor.get("/told").json() == {"told": "as JSON"}
    assert visitor.post("/pages/1/one").json() == {"number": 1, "word": "one"}


def test_every_page_of_ours_that_is_only_looked_at_is_reached_directly() -> None:
    modules = [*ALWAYS, *(page for pages in map(pages_of, PARTS) for page in pages)]
    looked_at = [r for m in modules for r in m.routes.routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())]
    assert len(looked_at) > 100
    assert [route.path for route in looked_at if direct.shortest(route) is None] == []
