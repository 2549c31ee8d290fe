"""Where everything lies: the invented places, the river, the roads, all in kilometres from the south-west corner.

Nothing here exists. The corner is put at a plausible spot of EPSG:2154 so that projections, cells and distances
behave as in the north of France; names and shapes are invented.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely

SEED = 20260317
EPSG = 2154
CORNER_X_M, CORNER_Y_M = 738_000.0, 6_986_000.0
SERVICE_DATE = "2026-03-17"
LICENCE = "Données synthétiques inventées, CC0 1.0 — synthetic data, invented, CC0 1.0"

_TO_LONLAT = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)


def generator(stage: int) -> np.random.Generator:
    """Return the random generator of one stage: a change in one stage leaves the others alone."""
    return np.random.default_rng([SEED, stage])


def lonlat(xy: np.ndarray) -> np.ndarray:
    """Longitudes and latitudes, rounded to 6 decimals (11 cm), of local metres, shape (n, 2)."""
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    lon, lat = _TO_LONLAT.transform(xy[:, 0] + CORNER_X_M, xy[:, 1] + CORNER_Y_M)
    return np.round(np.column_stack([lon, lat]), 6)


def local_metres(places: np.ndarray) -> np.ndarray:
    """Local metres of longitudes and latitudes, shape (n, 2)."""
    x, y = _TO_LONLAT.transform(places[:, 0], places[:, 1], direction="INVERSE")
    return np.column_stack([x - CORNER_X_M, y - CORNER_Y_M])


@dataclass(frozen=True)
class Place:
    """A settlement: centre [km], radius of its streets [m], size of its blocks [m], people per full cell."""

    name: str
    kind: str
    x: float
    y: float
    radius_m: float
    block_m: float
    density: float

    @property
    def xy(self) -> np.ndarray:
        """Centre in local metres."""
        return np.array([self.x, self.y]) * 1000.0


PLACES: tuple[Place, ...] = (
    Place("Valmont", "urban", 22.0, 26.0, 2650, 150, 330),
    Place("Marquelles", "urban", 19.0, 22.3, 720, 150, 120),
    Place("Saint-Vrain", "urban", 26.3, 22.9, 720, 150, 110),
    Place("Templeuil", "urban", 24.7, 30.1, 720, 150, 130),
    Place("Lomprez", "urban", 18.4, 29.5, 720, 150, 115),
    Place("Fergny", "urban", 34.0, 33.0, 1450, 150, 150),
    Place("Houillères", "urban", 36.0, 17.3, 1500, 150, 140),
    Place("Brugelle", "urban", 27.0, 46.0, 900, 150, 120),
    Place("Saint-Aubrac", "rural", 8.0, 17.0, 480, 150, 45),
    Place("Les Essarts", "rural", 9.0, 46.0, 460, 150, 40),
    Place("Noirval", "rural", 31.0, 24.6, 420, 150, 45),
    Place("Berselle", "rural", 29.0, 30.6, 430, 150, 50),
    Place("Cantelle", "rural", 31.0, 19.9, 420, 150, 45),
    Place("Ormeval", "rural", 16.0, 18.8, 400, 150, 45),
    Place("Wavrelles", "rural", 14.0, 33.2, 450, 150, 50),
    Place("Hautbois", "rural", 5.0, 27.0, 400, 150, 35),
    Place("Frévelin", "rural", 24.0, 37.0, 440, 150, 45),
    Place("Mortaigne", "rural", 26.0, 41.5, 360, 150, 35),
    Place("Linselin", "rural", 18.0, 40.3, 400, 150, 40),
    Place("Escaulieu", "rural", 12.0, 10.0, 420, 150, 40),
    Place("Villers-au-Gué", "rural", 22.0, 12.0, 430, 150, 45),
    Place("Rosières-Neuves", "rural", 30.0, 9.0, 400, 150, 40),
    Place("Montceau-les-Bruyères", "rural", 41.0, 9.5, 380, 150, 35),
    Place("Aubrecourt", "rural", 44.0, 22.0, 420, 150, 40),
    Place("Gréval", "rural", 49.0, 32.0, 400, 150, 35),
    Place("Tournevent", "rural", 40.0, 42.4, 400, 150, 35),
    Place("Pont-Haut", "rural", 47.0, 13.0, 460, 150, 45),
    Place("Haut-Mesnil", "rural", 63.0, 11.0, 460, 150, 35),
    Place("Rochefaite", "rural", 60.0, 6.0, 360, 150, 25),
    Place("Combremont", "rural", 67.0, 7.6, 340, 150, 22),
    Place("Valdreuil", "rural", 66.0, 15.4, 360, 150, 25),
    Place("La Chapelle-des-Vents", "rural", 60.0, 16.4, 340, 150, 22),
    Place("Sombreuil", "rural", 70.5, 12.0, 320, 150, 20),
)
PLATEAU = ("Haut-Mesnil", "Rochefaite", "Combremont", "Valdreuil", "La Chapelle-des-Vents", "Sombreuil")
FOREIGN = Place("Grensveld", "foreign", 29.2, 49.8, 900, 150, 0)


@dataclass(frozen=True)
class Patch:
    """Streets without residents: an industrial zone, or the peninsula."""

    name: str
    x: float
    y: float
    radius_m: float
    block_m: float


LAMINOIRS = Patch("ZI des Laminoirs", 41.0, 35.6, 620, 260)
PORT = Patch("Port fluvial de Valmont", 17.0, 25.1, 620, 260)
VERRERIES = Patch("Parc des Verreries", 38.9, 19.6, 520, 240)
PENINSULA = Patch("La Presqu'île", 36.72, 15.98, 300, 120)
INDUSTRIAL = (LAMINOIRS, PORT, VERRERIES)

RIVER_KM = (
    (73.0, 3.0),
    (70.2, 5.4),
    (67.0, 4.4),
    (64.2, 6.6),
    (62.6, 9.2),
    (59.0, 8.8),
    (56.4, 10.0),
    (53.8, 9.0),
    (51.4, 10.4),
    (48.6, 10.0),
    (46.4, 11.8),
    (43.8, 12.0),
    (42.2, 14.2),
    (40.2, 14.2),
    (39.2, 15.4),
    (38.2, 14.9),
    (37.62, 15.3),
    (37.52, 16.1),
    (37.05, 16.62),
    (36.4, 16.62),
    (35.95, 16.1),
    (35.85, 15.3),
    (35.2, 15.1),
    (34.0, 15.9),
    (33.2, 17.0),
    (31.4, 16.8),
    (30.2, 18.4),
    (28.4, 18.6),
    (27.6, 20.4),
    (26.2, 20.8),
    (25.2, 22.4),
    (23.8, 22.7),
    (22.9, 23.9),
    (21.9, 24.1),
    (21.0, 24.5),
    (20.6, 25.4),
    (19.8, 25.7),
    (19.5, 26.8),
    (18.2, 27.2),
    (17.4, 28.4),
    (15.8, 28.5),
    (14.2, 30.4),
    (12.0, 30.6),
    (10.4, 32.8),
    (7.6, 33.2),
    (5.6, 35.6),
    (2.8, 35.8),
    (0.0, 37.6),
)
RIVER_NAME = "la Vère"
RIVER_HALF_WIDTH_M = 32.0


@dataclass(frozen=True)
class Road:
    """A road drawn through `points` [km]; it winds by `wind` (share of each leg) outside of the towns."""

    ref: str
    name: str
    highway: str
    speed_kmh: int
    wind: float
    points: tuple[tuple[float, float], ...]


ROADS: tuple[Road, ...] = (
    Road(
        "N 1",
        "Avenue de Fergny",
        "primary",
        80,
        0.05,
        ((22, 26), (23.1, 27.5), (24.3, 29.2), (26.6, 30.1), (29, 30.6), (31.6, 31.6), (34, 33)),
    ),
    Road(
        "N 2",
        "Avenue de Houillères",
        "primary",
        80,
        0.05,
        ((22, 26), (23.8, 24.9), (26.0, 23.3), (28.0, 21.8), (31, 19.9), (33.4, 18.4), (36, 17.3)),
    ),
    Road(
        "D 10",
        "Avenue de Brugelle",
        "secondary",
        80,
        0.07,
        (
            (22, 26),
            (21.9, 27.2),
            (21.6, 28.6),
            (21.3, 30.2),
            (22, 33.5),
            (24, 37),
            (26, 41.5),
            (27, 46),
            (27.7, 47.7),
            (29.2, 49.8),
        ),
    ),
    Road("D 11", "Rue de Fergny", "secondary", 80, 0.08, ((34, 33), (33.2, 37), (30.5, 41), (28.2, 44.4), (27, 46))),
    Road(
        "D 12",
        "Avenue du Port",
        "secondary",
        80,
        0.06,
        ((22, 26), (20.6, 25.9), (18.4, 25.3), (17.0, 25.1), (12, 25.7), (5, 27)),
    ),
    Road(
        "D 13",
        "Avenue de Lomprez",
        "secondary",
        80,
        0.06,
        ((22, 26), (20.7, 27.4), (19.4, 28.7), (18.4, 29.5), (14, 33.2), (9.6, 39), (9, 46)),
    ),
    Road(
        "D 14",
        "Avenue d'Ormeval",
        "secondary",
        80,
        0.07,
        ((22, 26), (20.7, 24.3), (19.0, 22.3), (16, 18.8), (12, 17.6), (8, 17), (2, 14.4)),
    ),
    Road(
        "D 15",
        "Avenue du Midi",
        "secondary",
        80,
        0.07,
        (
            (22, 26),
            (22.2, 24.6),
            (22.5, 22.8),
            (22.6, 17),
            (22, 12),
            (30, 9),
            (34.4, 11.4),
            (35.55, 14.6),
            (35.0, 15.8),
            (36, 17.3),
        ),
    ),
    Road("D 16", "Route d'Escaulieu", "tertiary", 80, 0.1, ((22, 12), (17, 10.4), (12, 10), (9, 13.4), (8, 17))),
    Road("D 17", "Route de la Mine", "secondary", 80, 0.07, ((34, 33), (36, 28), (35.4, 24), (36.3, 20.6), (36, 17.3))),
    Road("D 18", "Route du Haut-Pays", "secondary", 70, 0.1, ((36, 17.3), (38.9, 17.4), (41.4, 15.6), (47, 13))),
    Road(
        "D 18",
        "Route du Haut-Pays",
        "tertiary",
        40,
        0.34,
        ((47, 13), (49.4, 14.8), (51, 12.2), (53.4, 14.6), (55, 12.0), (57.4, 13.4), (59.4, 10.6), (63, 11)),
    ),
    Road("D 19", "Route de l'Ermitage", "tertiary", 50, 0.24, ((63, 11), (61.2, 8.9), (60, 6))),
    Road("D 20", "Route de Combremont", "tertiary", 50, 0.24, ((63, 11), (65.6, 10.2), (67, 7.6))),
    Road("D 21", "Route de Valdreuil", "tertiary", 50, 0.24, ((63, 11), (64.2, 13.6), (66, 15.4))),
    Road("D 22", "Route des Vents", "unclassified", 30, 0.28, ((66, 15.4), (63, 16.6), (60, 16.4), (57.4, 13.4))),
    Road("D 23", "Route de Sombreuil", "unclassified", 40, 0.28, ((67, 7.6), (69.8, 9.4), (70.5, 12), (66, 15.4))),
    Road(
        "D 24",
        "Route des Gorges",
        "unclassified",
        30,
        0.36,
        ((60, 6), (55.6, 6.8), (51.4, 5.6), (46.4, 7.8), (41, 9.5)),
    ),
    Road("D 25", "Route de Montceau", "tertiary", 70, 0.1, ((41, 9.5), (36.8, 10.6), (34.4, 11.4))),
    Road("D 26", "Route d'Aubrecourt", "tertiary", 80, 0.08, ((36, 28), (40.4, 25), (44, 22), (46.4, 17.6), (47, 13))),
    Road(
        "D 27",
        "Route des Laminoirs",
        "secondary",
        80,
        0.05,
        ((34, 33), (37.4, 34.6), (41, 35.6), (45.6, 34.4), (49, 32)),
    ),
    Road("D 28", "Route de Gréval", "tertiary", 70, 0.1, ((49, 32), (47.8, 27), (44, 22))),
    Road(
        "D 29", "Route de Tournevent", "tertiary", 70, 0.1, ((34, 33), (36.4, 38.2), (40, 42.4), (35, 42.6), (30.5, 41))
    ),
    Road("D 30", "Route de Linselin", "tertiary", 70, 0.1, ((14, 33.2), (16, 37), (18, 40.3), (24, 37))),
    Road("D 31", "Route des Essarts", "tertiary", 70, 0.1, ((18, 40.3), (13.4, 43.6), (9, 46))),
    Road("D 32", "Route de Hautbois", "tertiary", 70, 0.1, ((8, 17), (6, 22), (5, 27), (9, 31.6), (14, 33.2))),
    Road("D 33", "Route de Noirval", "tertiary", 80, 0.08, ((28.0, 21.8), (31, 24.6), (35.4, 24))),
    Road("D 34", "Route des Verreries", "tertiary", 50, 0.04, ((36.3, 20.6), (38.9, 19.6), (38.9, 17.4))),
    Road(
        "",
        "Boulevard des Remparts",
        "secondary",
        50,
        0.0,
        tuple((22 + 1.25 * float(np.cos(a)), 26.1 + 1.15 * float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 25)),
    ),
    Road(
        "",
        "Boulevard de Ceinture",
        "tertiary",
        50,
        0.03,
        ((24.0, 29.0), (25.0, 27.6), (24.9, 26.0), (24.6, 24.4), (22.6, 22.9)),
    ),
    Road(
        "",
        "Boulevard du Nord",
        "tertiary",
        50,
        0.03,
        ((24.0, 29.0), (21.7, 28.4), (19.8, 28.3), (20.2, 27.0), (20.9, 26.6)),
    ),
    Road("", "Avenue des Fonderies", "tertiary", 50, 0.0, ((23.2, 26.3), (24.9, 26.0), (25.6, 25.5))),
    Road("", "Rue des Forges", "tertiary", 50, 0.03, ((32.6, 33.6), (34, 33), (35.3, 32.0))),
    Road("", "Rue du Laminage", "tertiary", 50, 0.03, ((33.2, 31.7), (34, 33), (34.5, 34.4))),
    Road("", "Rue de la Fosse", "tertiary", 50, 0.03, ((34.5, 17.5), (36, 17.3), (37.4, 17.9))),
    Road("", "Rue du Terril", "tertiary", 50, 0.03, ((35.5, 18.8), (36, 17.3), (36.5, 16.85))),
    Road("", "Rue du Béguinage", "tertiary", 50, 0.03, ((26.1, 46.5), (27, 46), (27.9, 45.8))),
    Road(
        "",
        "Chemin de halage",
        "residential",
        30,
        0.0,
        (
            (36.72, 15.98),
            (36.70, 15.70),
            (36.62, 15.35),
            (36.40, 14.98),
            (35.95, 14.78),
            (35.55, 14.60),
        ),
    ),
)

MOTORWAY_KM = (
    (27.4, 47.3),
    (29.4, 45.2),
    (31.2, 42.2),
    (30.4, 37.4),
    (27.6, 33.0),
    (26.4, 30.2),
    (26.5, 27.4),
    (27.4, 24.6),
    (28.2, 22.0),
    (31.2, 21.4),
    (34.4, 21.2),
    (36.3, 20.8),
)
# Interchange on the motorway [km] and the road it meets [km].
INTERCHANGES = (
    ((29.4, 45.2), (28.2, 44.4)),
    ((26.45, 30.1), (26.6, 30.1)),
    ((28.15, 22.0), (28.0, 21.8)),
    ((36.25, 20.8), (36.3, 20.6)),
)
GREENWAY_KM = ((24.6, 24.4), (27.0, 22.2), (30.2, 20.6), (33.4, 19.2), (35.5, 18.8))
PARKS = (
    ("Parc de la Citadelle", 21.1, 26.7, 330.0),
    ("Jardin des Moulins", 23.7, 25.6, 260.0),
    ("Parc du Terril", 35.3, 18.3, 300.0),
)
BORDER_KM = ((15.0, 50.6), (22.0, 48.9), (27.7, 47.7), (33.0, 47.0), (41.0, 47.8), (52.0, 43.0))
OUTLINE_KM = (
    (1.0, 11.5),
    (6.0, 6.0),
    (14.0, 4.5),
    (24.0, 6.0),
    (33.0, 4.0),
    (44.0, 3.0),
    (56.0, 2.0),
    (67.0, 2.4),
    (73.0, 8.0),
    (72.5, 16.0),
    (66.0, 20.0),
    (57.0, 20.5),
    (53.5, 28.0),
    (54.0, 36.0),
    (48.0, 42.0),
    (41.0, 46.2),
    (33.0, 47.0),
    (27.7, 47.7),
    (22.0, 48.9),
    (12.0, 49.5),
    (4.0, 47.0),
    (2.5, 40.0),
    (0.5, 32.0),
    (1.5, 22.0),
)


def smooth(points: np.ndarray, rounds: int = 3) -> np.ndarray:
    """Cut the corners of a line (Chaikin), both ends kept."""
    for _ in range(rounds):
        inner = np.empty((2 * (len(points) - 1), 2))
        inner[0::2] = 0.75 * points[:-1] + 0.25 * points[1:]
        inner[1::2] = 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.vstack([points[:1], inner, points[-1:]])
    return points


def wind(points: np.ndarray, share: float, rng: np.random.Generator, *, until_m: float = 700.0) -> np.ndarray:
    """Bend each leg by moving its middle sideways, again and again until legs are shorter than `until_m`."""
    if share <= 0:
        return points
    line = [points[0]]
    for a, b in itertools.pairwise(points):
        legs = [a, b]
        while max(np.hypot(*(q - p)) for p, q in itertools.pairwise(legs)) > until_m:
            bent = [legs[0]]
            for p, q in itertools.pairwise(legs):
                along = q - p
                side = np.array([-along[1], along[0]]) * share * rng.uniform(0.5, 1.0) * rng.choice([-1.0, 1.0])
                bent += [0.5 * (p + q) + side, q]
            legs = bent
        line += legs[1:]
    return np.array(line)


def river_line() -> np.ndarray:
    """Return the middle of the river in local metres."""
    return smooth(np.array(RIVER_KM) * 1000.0, 2)


def river_polygon() -> shapely.Polygon:
    """Return the water of the river."""
    return shapely.LineString(river_line()).buffer(RIVER_HALF_WIDTH_M, quad_segs=2, cap_style="flat")


def outline(centre: np.ndarray, radius_m: float, rng: np.random.Generator, lobes: int = 5) -> shapely.Polygon:
    """Return an irregular round outline."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones(48)
    for k in range(2, 2 + lobes):
        radius += rng.uniform(0.03, 0.14) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    return shapely.Polygon(centre + radius_m * radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))
