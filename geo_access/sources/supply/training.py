"""Training supply: one row per site × métier × level, whatever the source.

Schema
------
``site_id, site_name, provider_type`` · ``metier`` (code, None when unknown) · ``level`` (European level 3–8) ·
``voie`` (scolaire, apprentissage, continue) · ``places`` (and
``filled``, those taken, where the source has it) · ``modality`` (on_site, hybrid, remote, mobile, afest) ·
``position_quality`` (exact, street, commune, none) · Point in EPSG:4326 or None.

Remote and mobile training has no place to travel to: its position is left out on purpose, so that nothing can give it a
travel time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.crs import WGS84
from geo_access.sources.supply.same_sites import REPEATED, repeated_rows, split_shared_ids
from geo_access.sources.tables.points import LAT_NAMES, LON_NAMES, read_sites, split_codes
from geo_access.sources.tables.read import read_table, table_notes
from geo_access.sources.tables.report import Loss, ReadingReport, make_report
from geo_access.sources.tables.text import fold, pick_columns, to_numbers, to_text
from geo_access.words.note import Note, note

__all__ = [
    "MODALITIES",
    "PLACELESS",
    "TRAINING_COLUMNS",
    "VOIES",
    "TrainingRows",
    "read_level",
    "read_modality",
    "read_training",
    "read_voie",
]

VOIES = ("scolaire", "apprentissage", "continue")
MODALITIES = ("on_site", "hybrid", "remote", "mobile", "afest")
PLACELESS = ("remote", "mobile")
TRAINING_COLUMNS = (
    "site_id",
    "site_name",
    "provider_type",
    "metier",
    "level",
    "voie",
    "places",
    "modality",
    "position_quality",
)

_WANTED: Mapping[str, Sequence[str]] = {
    "site_id": ("site_id", "uai", "siret", "id"),
    "site_name": ("site_name", "name", "nom", "etablissement", "raison_sociale"),
    "provider_type": ("provider_type", "type_organisme", "nature", "type"),
    "metier": ("metier", "code_rome", "rome", "rome_code", "rome_codes", "codes_rome"),
    "level": ("level", "niveau", "code_niveau_europeen", "niveau_sortie"),
    "voie": ("voie", "statut", "filiere"),
    "places": ("places", "capacite", "nb_places", "effectif"),
    "modality": ("modality", "modalite", "modalites_enseignement"),
    "filled": ("filled", "inscrits", "places_occupees"),
    "position_quality": ("position_quality", "qualite_position", "quality"),
    "x": LON_NAMES,
    "y": LAT_NAMES,
}
_NO_METIER = note("loss.no_metier")
_LEVEL_WORDS = (
    (r"\b(doctorat|bac 8)\b", 8),
    (r"\b(ingenieur|master|bac 5|mastere|dea|dess)\b", 7),
    (r"\b(licence|bachelor|but|bac 3|bac 4|maitrise)\b", 6),
    (r"\b(bts|btsa|dut|deust|bac 2|technicien superieur)\b", 5),
    (r"\b(bac|baccalaureat|bp|brevet professionnel|bma|mc4|cs4)\b", 4),
    (r"\b(cap|capa|bep|bepa|mc|mention complementaire)\b", 3),
)
_OLD_LEVELS = {"v": 3, "v bis": 3, "iv": 4, "iii": 5, "ii": 6, "i": 7}
_VOIE_WORDS = (
    (r"apprenti|alternance|cfa", "apprentissage"),
    (r"continue|adulte|stagiaire|professionnelle continue|greta|\bfc\b", "continue"),
    (r"scolaire|scolarite|initiale|etudiant|eleve|\bfi\b|\bst\b", "scolaire"),
)
_MODALITY_WORDS = (
    (r"afest|situation de travail", "afest"),
    (r"mobile|itinerant|camion|\bbus\b", "mobile"),
    (r"hybrid|mixte|partiellement a distance|blended|semi presentiel", "hybrid"),
    (r"remote|distance|foad|e learning|distanciel|en ligne", "remote"),
    (r"on site|presentiel|sur site|en presence", "on_site"),
)


def read_level(value: object) -> int | None:
    """European level (3–8) of a number or of a French level or diploma.

    A number alone is taken as a European level: the old French levels are written in Roman numerals.

    Parameters
    ----------
    value : object
        For instance ``4``, ``"niveau 5"``, ``"IV"``, ``"Bac+2"``, ``"CAP agricole"``.

    Returns
    -------
    int or None
        3 to 8; None when it says no level.

    Examples
    --------
    >>> [read_level(value) for value in (4, "niveau 5", "IV", "Bac+2", "CAP agricole", "BUT", "?")]
    [4, 5, 4, 5, 3, 6, None]
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    text = fold(str(value).removesuffix(".0"))
    number = re.fullmatch(r"(?:niveau |level |n )?([1-8])(?: .*)?", text)
    if number:
        return int(number[1]) if int(number[1]) >= 3 else None
    roman = _OLD_LEVELS.get(text.removeprefix("niveau "))
    return roman or next((level for pattern, level in _LEVEL_WORDS if re.search(pattern, text)), None)


def read_voie(value: object) -> str | None:
    """Voie of a text: ``scolaire``, ``apprentissage``, ``continue``, or None when it says none.

    Examples
    --------
    >>> [read_voie(text) for text in ("Apprentissage", "formation continue", "voie scolaire", "?")]
    ['apprentissage', 'continue', 'scolaire', None]
    """
    return _first_match(value, _VOIE_WORDS)


def read_modality(value: object) -> str | None:
    """Modality of a text: one of :data:`MODALITIES`, or None when it says none.

    Examples
    --------
    >>> [read_modality(text) for text in ("à distance", "mixte", "camion de formation", "présentiel")]
    ['remote', 'hybrid', 'mobile', 'on_site']
    """
    return _first_match(value, _MODALITY_WORDS)


def _first_match(value: object, words: Sequence[tuple[str, str]]) -> str | None:
    text = fold(value) if isinstance(value, str) else ""
    return next((word for pattern, word in words if text and re.search(pattern, text)), None)


@dataclass
class TrainingRows:
    """Rows of a training source as they are found, and what each stage loses; turned into the schema once.

    Attributes
    ----------
    source : str
        Name of the file.
    records : list of dict
        One per row kept × métier; ``metier`` None where unknown, ``geometry`` a Point or None.
    kept, located, mapped : list of (int, str, Note)
        Losses: row of the file, id, reason.
    """

    source: str
    records: list[dict[str, Any]] = field(default_factory=list)
    kept: list[Loss] = field(default_factory=list)
    located: list[Loss] = field(default_factory=list)
    mapped: list[Loss] = field(default_factory=list)

    def add(
        self, row: int, metiers: Sequence[str], why_unmapped: Note, why_nowhere: Note | None, **values: Any
    ) -> None:
        """Add one row of the file, once per métier, and note what it lacks.

        Parameters
        ----------
        row : int
            0-based row of the file.
        metiers : sequence of str
            Codes; may be empty.
        why_unmapped : Note
            Reason when `metiers` is empty.
        why_nowhere : Note, optional
            Reason when there is no position.
        **values : object
            The other columns of the schema, and columns of the source.
        """
        identifier = str(values["site_id"])
        if values.get("modality") in PLACELESS:
            remote = values["modality"] == "remote"
            why_nowhere = note("loss.remote") if remote else note("loss.mobile")
        if why_nowhere is not None:
            values["geometry"], values["position_quality"] = None, "none"
            self.located.append((row, identifier, why_nowhere))
        if not metiers:
            self.mapped.append((row, identifier, why_unmapped))
        self.records += [{**values, "metier": code, "row": row} for code in metiers or (None,)]

    def finish(self, read: int, *, notes: Sequence[Note] = ()) -> tuple[gpd.GeoDataFrame, ReadingReport]:
        """Return the table in the training schema, and the report.

        An id that stands at several places is several sites.
        """
        columns = [*TRAINING_COLUMNS, "row", "geometry"]
        extra = [name for record in self.records[:1] for name in record if name not in columns]
        table = pd.DataFrame.from_records(self.records, columns=[*columns[:-2], *extra, *columns[-2:]])
        table = table.astype({"level": "Int64"})
        for name in ("places", "filled"):
            if name in table:
                table[name] = table[name].astype("Float64").round().astype("Int64")
        frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(table["geometry"].to_numpy(), crs=WGS84))
        frame, shared = split_shared_ids(frame)
        notes = [*notes, *shared]
        report = make_report(
            self.source, read, kept=self.kept, located=self.located, mapped=self.mapped, notes=tuple(notes)
        )
        frame.attrs["report"] = report.to_dict()
        return frame, report


def read_training(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
    crs: str | int | None = None,
    condition: str | None = None,
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read a plain table of training offers.

    Parameters
    ----------
    path : str or pathlib.Path
        Any format of :func:`geo_access.sources.tables.read.read_table`.
    columns : mapping of str to str, optional
        Our name → column of the file, for those that are not recognised. Needed: ``site_id`` or ``site_name``,
        ``metier``, and a position (geometry, or ``x`` and ``y``).
    layer : str, optional
        Layer or sheet.
    crs : str or int, optional
        CRS of the numbers; degrees when not given.
    condition : str, optional
        Which rows to keep, see `geo_access.sources.tables.choose.choose_rows`.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        The training schema plus ``row`` (row of the file) and the file's other columns. A cell with several métier
        codes gives several rows. Rows without position or métier are kept and listed in the report.

    Raises
    ------
    InputError
        With every column that is missing and the nearest one.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "t.csv"
    >>> _ = file.write_text("site_id,metier,level,places,lon,lat\nT1,H2902,CAP,12,3.1,50.6\nT2,,,,,\n")
    >>> offers, report = read_training(file)
    >>> offers.astype(object).loc[0, ["site_id", "metier", "level", "places", "modality"]].tolist()
    ['T1', 'H2902', 3, 12, 'on_site']
    >>> report.kept, report.located, report.mapped
    (2, 1, 1)
    """
    where = Path(path).name
    table = read_table(path, layer=layer, condition=condition)
    names = [str(column) for column in table.columns if column != "geometry"]
    found = _columns(names, dict(columns or {}), where, has_shape="geometry" in table.columns)
    sites = read_sites(table, found, where=where, crs=crs)
    rows = TrainingRows(where)
    texts = ("provider_type", "level", "voie", "modality")
    cells = {name: to_text(table[found[name]]) for name in texts if name in found}
    places = to_numbers(table[found["places"]]) if "places" in found else pd.Series(np.nan, index=table.index)
    codes = split_codes(table[found["metier"]])
    taken = to_numbers(table[found["filled"]]).tolist() if "filled" in found else None
    extra = [name for name in names if name not in found.values() and name not in (*TRAINING_COLUMNS, "row")]
    # Older pandas gives no record at all for a table without columns.
    others = table[extra].to_dict("records") if extra else [{}] * len(table)
    shapes = sites.positions.geometry.to_numpy()
    again = repeated_rows(table)
    for row, identifier in enumerate(sites.ids.tolist()):
        if identifier is None:
            rows.kept.append((row, f"row {row + 1}", note("loss.no_site_id")))
            continue
        if again[row]:
            rows.kept.append((row, identifier, REPEATED))
            continue
        said = {name: values.iloc[row] for name, values in cells.items()}
        rows.add(
            row,
            codes[row],
            _NO_METIER,
            sites.positions.reasons[row],
            site_id=identifier,
            site_name=sites.names.iloc[row],
            provider_type=said.get("provider_type"),
            level=read_level(said.get("level")),
            voie=read_voie(said.get("voie")),
            places=places.iloc[row],
            modality=read_modality(said.get("modality")) or "on_site",
            position_quality=sites.quality[row],
            geometry=shapes[row],
            **({} if taken is None else {"filled": taken[row]}),
            **{str(name): value for name, value in others[row].items()},
        )
    return rows.finish(len(table), notes=[*_notes(cells, found), *table_notes(table)])


def _columns(names: list[str], given: dict[str, str], where: str, *, has_shape: bool) -> dict[str, str]:
    """Find the columns of a plain table; a site needs an id or a name, and no numbers where the table has shapes."""
    optional = {"provider_type", "level", "voie", "places", "modality", "position_quality", "site_name", "filled"}
    wanted = {name: own for name, own in _WANTED.items() if not (has_shape and name in ("x", "y"))}
    return pick_columns(
        names,
        {**wanted, **{n: (n,) for n in given if n not in wanted}},
        where=where,
        given=given,
        optional=optional | ({"site_id"} if _has(names, wanted["site_name"]) else set()),
    )


def _has(names: Sequence[str], wanted: Sequence[str]) -> bool:
    folded = {fold(name) for name in names}
    return any(fold(name) in folded for name in wanted)


def _notes(cells: Mapping[str, pd.Series], found: Mapping[str, str]) -> list[Note]:
    readers = {"level": read_level, "voie": read_voie, "modality": read_modality}
    notes = [] if "modality" in found else [note("no_modality")]
    if "site_id" not in found:
        notes.append(note("sites.by_name"))
    for name, reader in readers.items():
        if name in cells:
            unread = cells[name][[text is not None and reader(text) is None for text in cells[name].tolist()]]
            if len(unread):
                notes.append(note("not_understood", n=len(unread), column=name, example=unread.iloc[0]))
    return notes
