"""Where métiers are taught, and who recruits for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from demo_build import geography as geo

METIERS = {
    "F1602": "Électricité bâtiment",
    "H2902": "Chaudronnerie - tôlerie",
    "H2913": "Soudage manuel",
    "I1304": "Maintenance industrielle",
    "J1501": "Aide-soignant",
    "N4101": "Conduite de transport de marchandises",
}
ONLY_IN_METROPOLIS = "N4101"
FULL_METIER = "H2913"

# id, name, type of provider, métier, level, voie, places, filled, modality, position quality, (x, y) [km] or None.
Offer = tuple[str, str, str, str, int, str, int, int, str, str, tuple[float, float] | None]
TRAINING: tuple[Offer, ...] = (
    (
        "T01",
        "Lycée des métiers Jean-Tisserand",
        "lycée professionnel",
        "F1602",
        3,
        "scolaire",
        24,
        16,
        "on_site",
        "exact",
        (23.2, 27.0),
    ),
    (
        "T01",
        "Lycée des métiers Jean-Tisserand",
        "lycée professionnel",
        "F1602",
        4,
        "scolaire",
        30,
        22,
        "on_site",
        "exact",
        (23.2, 27.0),
    ),
    ("T02", "CFA du bâtiment de Valmont", "CFA", "F1602", 3, "apprentissage", 36, 25, "on_site", "exact", (20.4, 25.2)),
    (
        "T03",
        "Lycée professionnel de la Fosse",
        "lycée professionnel",
        "F1602",
        3,
        "scolaire",
        15,
        9,
        "on_site",
        "exact",
        (36.5, 17.7),
    ),
    ("T04", "Greta de Fergny", "GRETA", "F1602", 4, "continue", 12, 7, "on_site", "street", (33.6, 32.6)),
    (
        "T05",
        "Unité mobile « Chantier ouvert »",
        "organisme de formation",
        "F1602",
        3,
        "continue",
        8,
        3,
        "mobile",
        "commune",
        (63.0, 11.0),
    ),
    (
        "T06",
        "Lycée des Forges",
        "lycée professionnel",
        "H2902",
        3,
        "scolaire",
        18,
        10,
        "on_site",
        "exact",
        (33.4, 33.5),
    ),
    (
        "T06",
        "Lycée des Forges",
        "lycée professionnel",
        "H2902",
        4,
        "scolaire",
        24,
        15,
        "on_site",
        "exact",
        (33.4, 33.5),
    ),
    (
        "T07",
        "Pôle de formation de l'industrie",
        "CFA",
        "H2902",
        5,
        "apprentissage",
        20,
        14,
        "on_site",
        "exact",
        (24.6, 26.0),
    ),
    (
        "T08",
        "Lycée Sainte-Barbe",
        "lycée professionnel",
        "H2902",
        3,
        "scolaire",
        15,
        11,
        "on_site",
        "exact",
        (36.3, 17.6),
    ),
    (
        "T09",
        "Opleidingscentrum Grensveld (Voisinie)",
        "centre étranger",
        "H2902",
        4,
        "continue",
        16,
        6,
        "on_site",
        "street",
        (29.0, 49.7),
    ),
    # Soudage: every place is taken, twelve places for the whole territory.
    (
        "T07",
        "Pôle de formation de l'industrie",
        "CFA",
        "H2913",
        3,
        "apprentissage",
        8,
        8,
        "on_site",
        "exact",
        (24.6, 26.0),
    ),
    ("T06", "Lycée des Forges", "lycée professionnel", "H2913", 3, "scolaire", 4, 4, "on_site", "exact", (33.4, 33.5)),
    (
        "T10",
        "Atelier-école du Bassin",
        "organisme de formation",
        "H2913",
        3,
        "continue",
        10,
        10,
        "on_site",
        "none",
        None,
    ),
    (
        "T11",
        "Lycée Ampère-du-Nord",
        "lycée polyvalent",
        "I1304",
        4,
        "scolaire",
        30,
        21,
        "on_site",
        "exact",
        (21.3, 27.3),
    ),
    ("T12", "IUT de Valmont", "IUT", "I1304", 6, "scolaire", 52, 40, "on_site", "exact", (22.7, 24.4)),
    (
        "T13",
        "École d'ingénieurs du Val",
        "école d'ingénieurs",
        "I1304",
        7,
        "apprentissage",
        40,
        33,
        "on_site",
        "exact",
        (22.9, 24.1),
    ),
    ("T14", "Lycée de la Vère", "lycée polyvalent", "I1304", 5, "scolaire", 24, 17, "on_site", "exact", (36.1, 17.7)),
    (
        "T06",
        "Lycée des Forges",
        "lycée professionnel",
        "I1304",
        4,
        "scolaire",
        24,
        18,
        "on_site",
        "exact",
        (33.4, 33.5),
    ),
    (
        "T15",
        "Campus à distance MaintenPro",
        "organisme de formation",
        "I1304",
        5,
        "continue",
        60,
        20,
        "remote",
        "none",
        None,
    ),
    (
        "T16",
        "IFAS du centre hospitalier de Valmont",
        "IFAS",
        "J1501",
        4,
        "continue",
        90,
        70,
        "on_site",
        "exact",
        (21.2, 25.5),
    ),
    ("T17", "IFAS de Fergny", "IFAS", "J1501", 4, "continue", 45, 30, "on_site", "exact", (34.4, 33.4)),
    ("T18", "IFAS de Houillères", "IFAS", "J1501", 4, "apprentissage", 40, 28, "on_site", "exact", (35.7, 17.7)),
    ("T19", "Greta santé de Pont-Haut", "GRETA", "J1501", 4, "continue", 12, 8, "hybrid", "street", (47.0, 13.1)),
    ("T20", "AFPA de Lomprez", "AFPA", "F1602", 4, "continue", 16, 9, "on_site", "exact", (18.7, 29.2)),
    ("T20", "AFPA de Lomprez", "AFPA", "H2902", 3, "continue", 14, 8, "on_site", "exact", (18.7, 29.2)),
    (
        "T21",
        "Maison familiale rurale de Villers",
        "MFR",
        "J1501",
        3,
        "apprentissage",
        18,
        12,
        "on_site",
        "street",
        (22.1, 12.1),
    ),
    (
        "T22",
        "Centre Route & Logistique du Port",
        "organisme de formation",
        "N4101",
        3,
        "continue",
        30,
        18,
        "on_site",
        "exact",
        (17.3, 25.2),
    ),
    ("T23", "CFA Transport de Valmont", "CFA", "N4101", 3, "apprentissage", 24, 17, "on_site", "exact", (19.9, 26.0)),
    ("T24", "Lycée du Quai", "lycée professionnel", "N4101", 4, "scolaire", 15, 11, "on_site", "exact", (19.4, 25.5)),
    (
        "T25",
        "Lycée de Saint-Vrain",
        "lycée polyvalent",
        "I1304",
        5,
        "apprentissage",
        20,
        14,
        "on_site",
        "street",
        (26.2, 23.0),
    ),
)

DAY = ("09:00", "17:00")
SHIFTS = (("05:00", "13:00"), ("13:00", "21:00"), ("21:00", "29:00"))


# Share of the trained who are employed six months later; invented, of the size that such figures have.
EMPLOYMENT = {"F1602": 0.71, "H2902": 0.78, "H2913": 0.74, "I1304": 0.81, "J1501": 0.88, "N4101": 0.76}


def write_employment(path: Path) -> None:
    """Write the employment rate after training of each métier."""
    rows = ["metier,metier_name,employment_rate,employment_source"]
    rows += [
        f"{code},{METIERS[code]},{rate:.2f},chiffre synthétique à 6 mois (inventé)" for code, rate in EMPLOYMENT.items()
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")


def write_training(path: Path) -> None:
    """Write the training supply, one row per site × métier × level."""
    rows = [
        "site_id,site_name,provider_type,metier,metier_name,level,voie,places,filled,modality,position_quality,lon,lat"
    ]
    for site, name, provider, metier, level, voie, places, filled, modality, quality, place in TRAINING:
        where = "," if place is None else ",".join(f"{v:.6f}" for v in geo.lonlat(np.array(place) * 1000.0)[0].tolist())
        rows.append(
            f"{site},{name},{provider},{metier},{METIERS[metier]},{level},{voie},{places},{filled},{modality},{quality},{where}"
        )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Employer:
    """An employer to be: where about, for which métiers and shifts."""

    name: str
    metiers: tuple[str, ...]
    shifts: tuple[tuple[str, str], ...]
    x: float
    y: float
    spread_m: float
    quality: str


def _industrial_employers() -> list[Employer]:
    """Return the employers of the industrial zones, all on 3×8."""
    metiers = (("H2902",), ("H2913",), ("I1304",), ("H2902", "I1304"), ("H2913", "H2902"), ("I1304", "N4101"))
    docks = (("N4101",), ("I1304",), ("N4101", "I1304"))
    zones = (
        (geo.LAMINOIRS, "Laminage", 10, metiers),
        (geo.PORT, "Docks", 9, docks),
        (geo.VERRERIES, "Verrerie", 8, metiers),
    )
    return [
        Employer(f"{label} {chr(65 + i)} ({zone.name})", sets[i % len(sets)], SHIFTS, zone.x, zone.y, 260, "exact")
        for zone, label, count, sets in zones
        for i in range(count)
    ]


def _town_employers() -> list[Employer]:
    """Return homes for the elderly, electricians, workshops and clinics, in turn."""
    care = (("06:45", "14:15"), ("14:00", "21:30"))
    kinds = (
        ("Résidence", "J1501", care),
        ("Élec-Bât", "F1602", (("07:30", "16:00"),)),
        ("Ateliers", "I1304", (DAY,)),
        ("Clinique", "J1501", care),
    )
    towns = (
        ("Valmont", 22.0, 26.0, 2000, 22),
        ("Fergny", 34.0, 33.0, 900, 9),
        ("Houillères", 36.0, 17.5, 700, 8),
        ("Brugelle", 27.0, 46.0, 500, 3),
    )
    found = []
    for town, x, y, spread_m, count in towns:
        for i in range(count):
            label, metier, shifts = kinds[i % 4]
            quality = ("exact", "exact", "street")[i % 3]
            found.append(Employer(f"{label} {chr(65 + i)} ({town})", (metier,), shifts, x, y, spread_m, quality))
    return found


def _village_employers() -> list[Employer]:
    """Return one employer in each of eleven villages."""
    kinds = (
        ("EHPAD", "J1501", ("06:30", "14:00")),
        ("Électricité rurale", "F1602", ("07:30", "16:00")),
        ("Transports", "N4101", ("07:30", "16:00")),
    )
    found = []
    for i, place in enumerate([place for place in geo.PLACES if place.kind == "rural"][:11]):
        label, metier, shift = kinds[i % 3]
        quality = "commune" if i % 4 == 3 else "exact"
        found.append(Employer(f"{label} de {place.name}", (metier,), (shift,), place.x, place.y, 120, quality))
    return found


def write_employers(path: Path) -> None:
    """Write the employers, one row per site × métier × shift."""
    rows = ["site_id,site_name,metier,openings,shift_start,shift_end,position_quality,lon,lat"]
    rng = geo.generator(5)
    for number, who in enumerate([*_industrial_employers(), *_town_employers(), *_village_employers()]):
        place = np.round(np.array([who.x, who.y]) * 1000 + rng.uniform(-who.spread_m, who.spread_m, 2), 1)
        lon, lat = geo.lonlat(place)[0].tolist()
        for metier in who.metiers:
            for start, end in who.shifts:
                openings = int(rng.integers(1, 7))
                head = f"E{number + 1:03d},{who.name},{metier},{openings},{start},{end},{who.quality}"
                rows.append(f"{head},{lon:.6f},{lat:.6f}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")
