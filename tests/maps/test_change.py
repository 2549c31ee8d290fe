"""The A4 page of a change: what stands on it does not lie one over the other."""

from __future__ import annotations

import geopandas as gpd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from shapely import box

from geo_access.maps.change import a4_page

LONG = "Conduite de transport de marchandises : ce que change « Une session de conduite (N4101) à Sombreuil, là-haut »"


@pytest.mark.parametrize("shape", [box(0, 0, 2000, 1000), box(0, 0, 1000, 2000)], ids=["lying", "upright"])
@pytest.mark.parametrize("title", ["Soudage", LONG], ids=["short", "long"])
def test_the_lines_below_a_title_start_under_all_of_it(shape, title: str) -> None:
    zones = gpd.GeoDataFrame({"points": [1.0]}, geometry=[shape], crs=2154)
    figure, ax = a4_page(zones, title, "Voiture · Formation\n1 150 habitants y gagnent, 0 y perd", height=0.68)
    renderer = FigureCanvasAgg(figure).get_renderer()
    head, below = (shown.get_window_extent(renderer) for shown in figure.texts)
    page = figure.bbox
    assert head.x1 < page.x1
    assert below.y1 < head.y0
    assert below.y0 > ax.get_window_extent(renderer).y1
