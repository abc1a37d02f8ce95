"""Which county a point lies in, by our own outlines."""

from __future__ import annotations

import pytest

from public_site import ground


@pytest.mark.parametrize(("lat", "lon", "county"), [
    (29.70, 107.39, "500102"), (39.915, 116.397, "110101"), (22.54, 114.06, "440304"), (30.0, 122.2, "330902"),
    (0.0, 0.0, None), (37.76524078, -122.4212043, None), (90.0, 180.0, None),
])  # fmt: skip
def test_a_point_lies_in_one_county_or_in_none(lat: float, lon: float, county: str | None) -> None:
    assert ground.county_at(lat, lon) == county


def test_the_point_inside_each_county_lies_in_it() -> None:
    inside = {
        code: at for code, at in ground.inner_points().items() if code.startswith("50") and not code.endswith("00")
    }
    assert len(inside) >= 38
    assert {code: ground.county_at(*at) for code, at in inside.items()} == {code: code for code in inside}
