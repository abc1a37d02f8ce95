"""`/robots.txt`: crawlers stay out of the console, of complaints and of lists without end."""

from __future__ import annotations

from typing import Any


def test_crawlers_are_kept_out_of_what_is_no_page_or_has_no_end(visitor: Any) -> None:
    told = visitor.get("/robots.txt").text.splitlines()
    assert told[0] == "User-agent: *"
    for path in ("/console", "/complaints", "/*cursor=", "/*.csv", "/enterprises?*&"):
        assert f"Disallow: {path}" in told
    assert "Disallow: /" not in told
    assert "Disallow: /enterprises" not in told
