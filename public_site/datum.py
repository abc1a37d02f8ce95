"""From the shifted coordinates of Chinese map services (GCJ-02) to WGS 84 and back.

What this module knows that no other does: the shift. It is not published by its maker; the formula is the one in general
use since "eviltransform" (github.com/googollee/eviltransform, MIT), written anew from it: an offset of sines over the
Krasovsky 1940 ellipsoid. The way back has no closed form and is found by repetition, to less than a centimetre.
Nothing outside a rough box around China is shifted.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Degrees = NDArray[np.float64]
_AXIS = 6_378_245.0  # metres, Krasovsky 1940
_ECCENTRICITY = 0.00669342162296594323  # squared
_BOX = (72.004, 0.8293, 137.8347, 55.8271)  # west, south, east, north
_ROUNDS = 6


def shifted(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 of places in WGS 84, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = (20.0 * _wave(x, 6) + 20.0 * _wave(x, 2)) * 2 / 3
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * _wave(y, 1) + 40.0 * _wave(y, 1 / 3)) * 2 / 3
    north += (160.0 * _wave(y, 1 / 12) + 320.0 * _wave(y, 1 / 30)) * 2 / 3
    east = 300.0 + x + 2.0 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * _wave(x, 1) + 40.0 * _wave(x, 1 / 3)) * 2 / 3
    east += (150.0 * _wave(x, 1 / 12) + 300.0 * _wave(x, 1 / 30)) * 2 / 3
    phi = np.radians(lat)
    flat = 1 - _ECCENTRICITY * np.sin(phi) ** 2
    north_degrees = np.degrees(north / (_AXIS * (1 - _ECCENTRICITY) / (flat * np.sqrt(flat))))
    east_degrees = np.degrees(east / (_AXIS / np.sqrt(flat) * np.cos(phi)))
    west, south, east_edge, north_edge = _BOX
    inside = (lon >= west) & (lon <= east_edge) & (lat >= south) & (lat <= north_edge)
    return lon + np.where(inside, east_degrees, 0.0), lat + np.where(inside, north_degrees, 0.0)


def unshifted(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS 84 of places in GCJ-02, in degrees."""
    found_lon, found_lat = lon, lat
    for _ in range(_ROUNDS):
        again_lon, again_lat = shifted(found_lon, found_lat)
        found_lon, found_lat = found_lon + lon - again_lon, found_lat + lat - again_lat
    return found_lon, found_lat


def _wave(along: Degrees, times: float) -> Degrees:
    found: Degrees = np.sin(along * (times * math.pi))
    return found
