"""How a request reaches a page: in one thread, with nothing found out that was known when the program started.

What this module knows that no other does: which routes need nothing of FastAPI while they answer. What they declare (path,
parameters, doors) is FastAPI's and is read by it, once; then a request opens the doors in their order in the thread in which the
page is made, and closes them before the answer is sent. Only what waits (a door that is an async generator) is done in the
event loop, before. Routes that read a form or a body are FastAPI's from beginning to end.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, IntegerConvertor, PathConvertor, StringConvertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

_MEANS: dict[type[Convertor[Any]], type] = {IntegerConvertor: int, StringConvertor: str, PathConvertor: str}


def join(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Add routes to the application, each by the shortest way that it allows."""
    for route in routes:
        if isinstance(route, APIRoute) and (way := shortest(route)):
            route.app = way
        app.router.routes.append(route)


@dataclass(frozen=True, slots=True)
class _Step:
    """A door, or the page itself (the last step), and what it is called with."""

    call: Callable[..., Any]
    request: str | None  # the name under which it wants the request
    path: tuple[str, ...]  # which of the path's parameters it wants
    doors: tuple[tuple[str, int], ...]  # which earlier steps' values it wants, under which names

    @property
    def waits(self) -> bool:
        return inspect.isasyncgenfunction(self.call)

    def given(self, request: Request, values: dict[int, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {name: request.path_params[name] for name in self.path}
        for name, place in self.doors:
            told[name] = values[place]
        if self.request is not None:
            told[self.request] = request
        return told


def shortest(route: APIRoute) -> ASGIApp | None:
    """The way to a page that needs nothing of FastAPI; None where it does."""
    steps: list[_Step] = []
    makes_a_response = route.response_field is None and route.status_code is None
    if not makes_a_response or not _add(route.dependant, route.param_convertors, steps, {}):
        return None
    *doors, page = steps
    before = [(place, asynccontextmanager(step.call), step) for place, step in enumerate(doors) if step.waits]
    within = [
        (place, contextmanager(step.call) if inspect.isgeneratorfunction(step.call) else None, step)
        for place, step in enumerate(doors)
        if not step.waits
    ]

    def make(request: Request, values: dict[int, Any]) -> Response:
        with ExitStack() as open_doors:
            for place, opened, step in within:
                told = step.given(request, values)
                values[place] = open_doors.enter_context(opened(**told)) if opened else step.call(**told)
            made: Response = page.call(**page.given(request, values))
        return made

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        async with AsyncExitStack() as open_doors:
            values: dict[int, Any] = {}
            for place, opened, step in before:
                values[place] = await open_doors.enter_async_context(opened(**step.given(request, values)))
            response = await run_in_threadpool(make, request, values)
        await response(scope, receive, send)

    return answer


def _add(asked: Dependant, path: dict[str, Convertor[Any]], steps: list[_Step], places: dict[Any, int]) -> bool:
    """Write down the steps of `asked`, those that it needs before it; False where FastAPI has to do it."""
    doors = []
    for door in asked.dependencies:
        if door.call not in places and not _add(door, path, steps, places):
            return False
        if door.name is not None:
            doors.append((door.name, places[door.call]))
    if asked.call is None or not _is_plain(asked, path):
        return False
    named = tuple(field.name for field in asked.path_params)
    step = _Step(asked.call, asked.request_param_name, named, tuple(doors))
    if step.waits and any(not steps[place].waits for _, place in doors):
        return False
    places[asked.call] = len(steps)
    steps.append(step)
    return True


def _is_plain(asked: Dependant, path: dict[str, Convertor[Any]]) -> bool:
    """Whether it wants the request, doors and parameters of the path as the path reads them, and nothing else."""
    wanted = asked.path_params
    as_read = all(f.name in path and _MEANS.get(type(path[f.name])) is f.field_info.annotation for f in wanted)
    others = (
        asked.query_params, asked.header_params, asked.cookie_params, asked.body_params, asked.websocket_param_name,
        asked.http_connection_param_name, asked.response_param_name, asked.background_tasks_param_name,
        asked.security_scopes_param_name,
    )  # fmt: skip
    return as_read and not any(others) and not inspect.iscoroutinefunction(asked.call)
