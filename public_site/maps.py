"""The map's scaffold: all that is known of folium.

What this module knows that no other does: folium writes a page with inline script, inline style and six foreign hosts.
Of all that only the script that makes the Leaflet map is used; it is served as a file of its own, the page gives it its
element, and Leaflet itself comes from our own origin. The name is fixed, so the bytes are too. No text of the register
ever passes through folium: it does not escape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

ELEMENT = "map_mingji"  # the id of the page's element, and the script's name for the map
CENTRE = (34.5, 104.5)
ZOOM, NEAREST, FARTHEST = 4, 18, 3
CHINA = (73.0, 3.0, 136.0, 54.0)  # west, south, east, north, the South China Sea included
_ROOM = 25.0  # degrees around China that the map may be pushed to


@dataclass(frozen=True, slots=True)
class Tiles:
    """A tile service under the map, as a template with {x}, {y}, {z} (and {s} for its hosts, which are t0 to t7)."""

    template: str

    @property
    def hosts(self) -> str:
        """The tiles' origin as a Content-Security-Policy writes it."""
        parts = urlsplit(self.template)
        name = parts.netloc
        if "{s}" in name:
            name = "*." + name.partition(".")[2]
        return f"{parts.scheme}://{name}"


def scaffold(tiles: Tiles | None = None) -> str:
    """The script that makes the map; the same bytes for the same tiles."""
    import folium  # a sixth of a server's start, for one file of the page with the map

    west, south, east, north = CHINA
    made = folium.Map(
        location=CENTRE,
        zoom_start=ZOOM,
        tiles=None,
        control_scale=True,
        max_bounds=True,
        min_lat=south - _ROOM,
        max_lat=north + _ROOM,
        min_lon=west - _ROOM,
        max_lon=east + _ROOM,
        min_zoom=FARTHEST,
        max_zoom=NEAREST,
        attribution_control=False,
    )
    made.default_js = made.default_css = []  # it asks for no file
    made._id = ELEMENT.removeprefix("map_")  # noqa: SLF001 - else it is random
    if tiles is not None:
        layer = folium.TileLayer(tiles.template, attr=" ", subdomains="01234567", max_zoom=NEAREST, cross_origin=True)
        layer._id = "ground"  # noqa: SLF001
        layer.add_to(made)
    figure: Any = made.get_root()
    figure.render()
    script: str = figure.script.render()
    return "\n".join(line.rstrip() for line in script.splitlines() if line.strip()) + "\n"
