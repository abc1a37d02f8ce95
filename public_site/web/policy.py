"""What a browser may load for a page: the Content-Security-Policy of every answer, and its one exception.

What this module knows that no other does: nothing foreign is ever loaded, but for tiles under the map where the operator
has set a tile service; such images carry no permission of their own to be embedded, so that page does not ask for one.
"""

from __future__ import annotations

CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def with_images_from(host: str) -> dict[str, str]:
    """The headers of a page that also shows images of one foreign host."""
    return {
        "Content-Security-Policy": CONTENT_SECURITY.replace("img-src 'self'", f"img-src 'self' {host}"),
        "Cross-Origin-Embedder-Policy": "unsafe-none",
        "Referrer-Policy": "origin",  # tile services tell their customers by it
    }
