"""The need of employers in the demo: invented families, basins, hiring projects, tensions and hours.

The families (``Z0Z…``) are none that Dares has: nobody can take a figure of theirs for a real one.
"""

from __future__ import annotations

import json
from pathlib import Path

from demo_build import geography as geo
from demo_build.people import commune_id

BASINS = {"9901": "VALMONT (INVENTÉ)", "9902": "HAUT-PAYS (INVENTÉ)", "9903": "AILLEURS (INVENTÉ)"}
LAST_OF_VALMONT = "99008"

# Family → its name, and the métiers that it serves. The second serves two; the last none.
FAMILIES = {
    "Z0Z10": ("Électriciens (inventé)", ("F1602",)),
    "Z0Z20": ("Métalliers (inventé)", ("H2902", "H2913")),
    "Z0Z21": ("Soudeurs (inventé)", ("H2913",)),
    "Z0Z30": ("Maintenance (inventé)", ("I1304",)),
    "Z0Z40": ("Aides-soignants (inventé)", ("J1501",)),
    "Z0Z90": ("Agriculteurs (inventé)", ("A1101",)),
    "Z0Z99": ("Autres (inventé)", ()),
}
# Family, basin, projects, of which difficult, of which seasonal; a star is secret. Drivers (N4101) have no line.
PROJECTS = (
    ("Z0Z10", "9901", "120", "72", "6"),
    ("Z0Z10", "9902", "*", "*", "*"),
    ("Z0Z20", "9901", "40", "30", "0"),
    ("Z0Z20", "9902", "10", "8", "0"),
    ("Z0Z21", "9901", "25", "20", "0"),
    ("Z0Z21", "9902", "*", "*", "*"),
    ("Z0Z30", "9901", "60", "45", "0"),
    ("Z0Z30", "9902", "15", "*", "*"),
    ("Z0Z40", "9901", "200", "150", "10"),
    ("Z0Z40", "9902", "50", "40", "5"),
    ("Z0Z90", "9901", "300", "30", "200"),
    ("Z0Z90", "9902", "500", "50", "400"),
    ("Z0Z99", "9901", "90", "9", "0"),
    ("Z0Z99", "9902", "30", "3", "0"),
    ("Z0Z21", "9903", "99", "9", "0"),
)
# Family, then: tension, its class, mismatch, pay.
TENSIONS = (
    ("Z0Z10", "1,02", 4, 2, 3),
    ("Z0Z20", "0,87", 4, 3, 2),
    ("Z0Z21", "1,43", 5, 3, 2),
    ("Z0Z30", "1,10", 5, 1, 1),
    ("Z0Z40", "0,95", 4, 2, 5),
)
LABELS = {
    "F1602": (),
    "H2902": ("Travail posté (2x8, 3x8, 5x8, etc.)",),
    "H2913": ("Travail posté (2x8, 3x8, 5x8, etc.)",),
    "I1304": ("Travail en astreinte",),
    "J1501": ("Travail de nuit", "Travail par roulement"),
    "N4101": ("Travail en horaires décalés",),
}


def _write(path: Path, rows: list[str]) -> None:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")


def write_needs(folder: Path) -> None:
    """Write the tables of ``[needs]`` in the layouts of their producers, every figure invented."""
    head = "annee;Code métier BMO;Nom métier BMO;Dept;NomDept;BE26;NOMBE26;clpe;met;xmet;smet"
    rows = [
        f"2026;{family};{FAMILIES[family][0]};99;INVENTÉ;{basin};{BASINS[basin]};INVENTÉ;{';'.join(figures)}"
        for family, basin, *figures in PROJECTS
    ]
    _write(folder / "need_bmo.csv", [head, *rows])
    passages = [f"{rome};1;{family}a" for family, (_, romes) in FAMILIES.items() for rome in romes]
    _write(folder / "need_fap2021_rome.csv", ["ROME;QUALIF;FAP341", *passages])
    zones = [commune_id(number) for number in range(len(geo.PLACES))]
    basins = [(zone, "9901" if zone <= LAST_OF_VALMONT else "9902") for zone in zones]
    lines = [f"{zone};{basin};{BASINS[basin]}" for zone, basin in basins]
    _write(folder / "need_basins.csv", ["code_commune;code_bassin_2026;lib_bassin_2026", *lines])
    head = (
        "annee;code_fap_228;code_departement;tension;tension_valeurs_imputees_volumetrie_insuffisante;tension_discret;"
        "inadequation_geographique;non_attractivite_salariale;croisement_ou_volumetrie_suffisante"
    )
    rows = [
        f"2024;{family};99;{tension};0;{rank};{mismatch};{pay};FAP228"
        for family, tension, rank, mismatch, pay in TENSIONS
    ]
    _write(folder / "need_tensions.csv", [head, *rows])
    kind = "HORAIRE_ET_DUREE_TRAVAIL"
    fiches = [
        {"code": code, "contextesTravail": [{"libelle": label, "categorie": kind} for label in labels]}
        for code, labels in LABELS.items()
    ]
    (folder / "need_rome_hours.json").write_text(
        json.dumps(fiches, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
    )


def need_truth() -> dict[str, object]:
    """Figures of welders, of electricians and of the account, by hand from the tables above."""
    told = {(family, basin): int(met) for family, basin, met, *_ in PROJECTS if met != "*"}
    shared, own = told["Z0Z20", "9901"] / 2, told["Z0Z21", "9901"]
    valmont = sum(count for (_, basin), count in told.items() if basin == "9901")
    return {
        "metier": "H2913",
        "basin": "9901",
        "projects": own + shared,
        "difficult_share": (20 + 30 / 2) / (own + shared),
        "at_least": {"basin": "9902", "projects": told["Z0Z20", "9902"] / 2},
        "secret": {"metier": "F1602", "basin": "9902"},
        "no_line": "N4101",
        "account": {
            "basin": "9901",
            "projects": valmont,
            "of_others": told["Z0Z90", "9901"],
            "without_rome": told["Z0Z99", "9901"],
        },
        "on_call": "I1304",
    }
