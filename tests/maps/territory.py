"""A small made-up territory for the pictures: communes, quarters, flags, sites; all names are hostile on purpose."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point, box

from geo_access.diagnosis.model import FlagReason
from geo_access.maps.content import MapContent
from geo_access.network.model import CrowFly, Network
from geo_access.surfaces.isochrones import isochrones

REASONS = [reason.name for reason in FlagReason if reason.name != "REACHES"]
X0, Y0 = 680_000.0, 7_040_000.0
NASTY = '<script>alert("x")</script> & l\'été'


def zones(side: int = 6) -> gpd.GeoDataFrame:
    rows = [
        (
            f"c{r}{c}",
            f"Commune {r}-{c}" if (r, c) != (2, 2) else NASTY,
            "rural" if r in (0, side - 1) else "urban",
            box(X0 + 5000 * c, Y0 + 5000 * r, X0 + 5000 * (c + 1), Y0 + 5000 * (r + 1)),
        )
        for r in range(side)
        for c in range(side)
    ]
    rows += [
        (
            f"q{i}",
            f"Quartier du Moulin {i}",
            "qpv",
            box(X0 + 5000 * i + 1500, Y0 + 11500, X0 + 5000 * i + 2600, Y0 + 12700),
        )
        for i in range(3)
    ]
    return gpd.GeoDataFrame(rows, columns=["zone_id", "zone_name", "zone_kind", "geometry"], crs=2154)


def flags(frame: gpd.GeoDataFrame, *, profiles: tuple[str, ...] = ("sans_voiture", "voiture")) -> pd.DataFrame:
    random = np.random.default_rng(4)
    parts = []
    for profile in profiles:
        n = len(frame)
        centre = frame.geometry.centroid
        near = np.hypot(centre.x - X0 - 13e3, centre.y - Y0 - 13e3)
        share = np.clip(1.15 - near / 14e3 + 0.1 * random.standard_normal(n) + 0.3 * (profile == "voiture"), 0, 1)
        level = np.select([share >= 0.8, share >= 0.5], ["adéquat", "fragile"], "inadéquat")
        reason = random.choice(REASONS, n)
        table = pd.DataFrame(
            {
                "zone_id": frame["zone_id"],
                "zone_name": frame["zone_name"],
                "zone_kind": frame["zone_kind"],
                "metier": "F1606",
                "metier_name": "Peinture en bâtiment",
                "profile": profile,
                "kind": "training",
                "schedule": "jour",
                "threshold": "t60",
                "threshold_min": 60.0,
                "threshold_source": "hypothèse de l’étude",
                "residents": random.integers(300, 9000, n).astype(float),
                "level": level,
                "confidence": random.choice(["sûr", "probable", "indécidable"], n, p=[0.6, 0.3, 0.1]),
                "reachable_share": share,
                "reachable_share_low": np.clip(share - 0.08, 0, 1),
                "reachable_share_high": np.clip(share + 0.08, 0, 1),
                "main_reason": np.where(share < 1, reason, None),
                "nearest_site_name": "CFA du bâtiment " + NASTY,
                "median_time_min": near / 400,
                "reachable_places": 40 * share,
                "unlocated_places": 12,
            }
        )
        for name in REASONS:
            table[f"share_{name.lower()}"] = np.where(table["main_reason"] == name, 0.7, 0.0)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def training() -> gpd.GeoDataFrame:
    rows = [
        ("s1", "CFA du bâtiment " + NASTY, "CFA", "F1606", 3, 120, "exact", Point(X0 + 13e3, Y0 + 13e3)),
        (
            "s2",
            "Lycée professionnel Jean-Moulin",
            "Lycée professionnel",
            "F1606",
            3,
            40,
            "exact",
            Point(X0 + 7e3, Y0 + 16e3),
        ),
        ("s3", "GRETA", "GRETA", "F1606", 4, 5, "commune", Point(X0 + 19e3, Y0 + 9e3)),
        ("s4", "AFPA", "AFPA", "F1606", 3, 24, "street", Point(X0 + 15.5e3, Y0 + 19e3)),
        ("s5", "Sans adresse", "CFA", "F1606", 3, 12, "none", None),
        ("s6", "Autre métier", "CFA", "N1103", 3, 60, "exact", Point(X0, Y0)),
    ]
    columns = ["site_id", "site_name", "provider_type", "metier", "level", "places", "position_quality", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, crs=2154)


def employers() -> gpd.GeoDataFrame:
    rows = [
        ("e1", "Peintures " + NASTY, "F1606", 3, "07:00", "15:00", "exact", Point(X0 + 10e3, Y0 + 8e3)),
        ("e2", "Ravalement du Nord", "F1606", 1, "05:00", "13:00", "exact", Point(X0 + 22e3, Y0 + 21e3)),
    ]
    columns = ["site_id", "site_name", "metier", "openings", "shift_start", "shift_end", "position_quality", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, crs=2154)


def content(*, language: str = "fr", with_bands: bool = True, **changes: object) -> MapContent:
    areas, sites = zones(), training()
    network = Network(2154, CrowFly(2154), None, {})
    bands = isochrones(network, sites[sites["metier"] == "F1606"], mode="bike", cell_m=200) if with_bands else None
    values: dict[str, object] = {
        "metier_code": "F1606",
        "metier_name": "Peinture en bâtiment",
        "territory": "Les Trois-Villes",
        "zones": areas,
        "flags": flags(areas),
        "bands": bands,
        "bands_label": "Depuis le site le plus proche, à vélo",
        "training": sites,
        "employers": employers(),
        "profile_names": {"sans_voiture": "Sans voiture", "voiture": "Avec voiture"},
        "schedule_names": {"jour": "cours de 8 h 30 à 17 h"},
        "sources": (
            "© contributeurs OpenStreetMap (ODbL), janvier 2026",
            "INSEE, carroyage 2021 (Licence ouverte 2.0)",
        ),
        "manifest_id": "0123456789abcdef",
        "synthetic": True,
        "language": language,
    }
    return MapContent(**{**values, **changes})  # type: ignore[arg-type]
