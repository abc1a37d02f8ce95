"""Answers as GeoReport v2 (Open311) writes them: XML without a schema, and JSON that maps onto it.

What this module knows that no other does: the names of the items of each list, and the form of an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import orjson
from fastapi.responses import Response

FORMATS = ("json", "xml")
PREFIX = "/open311/v2/"
_ITEMS = {
    "services": "service", "attributes": "attribute", "values": "value", "service_requests": "request", "errors": "error",
    "endpoints": "endpoint", "formats": "format",
}  # fmt: skip
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def answer(ending: str, name: str, value: Any, status: int = 200) -> Response:
    """`value` (a mapping, or a list of them) under its name; JSON has no outermost name."""
    if ending == "json":
        return Response(orjson.dumps(value), status, media_type="application/json; charset=utf-8")
    told = f'<?xml version="1.0" encoding="utf-8"?>\n{_xml(name, value)}\n'
    return Response(told.encode(), status, media_type="text/xml; charset=utf-8")


def refusal(path: str, status: int, description: str) -> Response:
    """An error in the form that the address asks for. Only 403 and 404 stay what they are, all else is 400."""
    shown = status if status in (403, 404) or status >= 500 else 400
    ending = "json" if path.endswith(".json") else "xml"
    return answer(ending, "errors", [{"code": status, "description": description}], shown)


def _xml(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_xml(key, part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        inner = "".join(_xml(_ITEMS[name], part) for part in value)
    elif value is None:
        inner = ""
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_NO_XML.sub("", str(value)))
    return f"<{name}>{inner}</{name}>"
