"""Colours that colour-blind readers and photocopiers can tell apart; symbols that grow with the places."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from geo_access.maps.palettes import BAND_COLOURS, LEVEL_COLOURS, band_colours, symbol_radius

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of linear RGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_levels_stay_apart(vision: str) -> None:
    seen = [lab(np.array(VISION[vision]) @ linear(colour)) for colour in LEVEL_COLOURS.values()]
    # A difference of 10 is seen at a glance, 2.3 is just noticeable.
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15


@pytest.mark.parametrize("vision", VISION)
def test_bands_grow_lighter_with_time(vision: str) -> None:
    lightness = [lab(np.array(VISION[vision]) @ linear(colour))[0] for colour in BAND_COLOURS[:5]]
    assert all(later - earlier > 8 for earlier, later in pairwise(lightness))


def test_any_number_of_bands_has_colours() -> None:
    assert [len(band_colours(n)) for n in (1, 2, 4, 9)] == [1, 2, 4, 9]


def test_symbols_grow_with_the_places_and_stay_on_the_map() -> None:
    radii = [symbol_radius(n) for n in (-1, 0, 5, 40, 120, 100_000)]
    assert radii == sorted(radii)
    assert radii[-1] <= 30
    assert symbol_radius(40) / symbol_radius(120) == pytest.approx((40 / 120) ** 0.5)
