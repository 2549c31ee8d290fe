"""Every reader on files that were damaged: it reads, or says what is wrong and what to do; never anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_access.errors import GeoAccessError
from geo_access.sources.places.geocode import read_addresses, read_communes
from geo_access.sources.places.lists import read_cog_moves, read_commune_status, read_density
from geo_access.sources.places.population import read_population
from geo_access.sources.places.zones import read_zones
from geo_access.sources.supply.crosswalk_files import build_crosswalk
from geo_access.sources.supply.employers import read_employers
from geo_access.sources.supply.employers_offers import read_offers
from geo_access.sources.supply.employers_sirene import read_sirene
from geo_access.sources.supply.need import read_atypical_hours, read_bmo, read_rome_bassin, read_tensions
from geo_access.sources.supply.training import read_training
from geo_access.sources.supply.training_education import read_uai_mef_rome
from geo_access.sources.supply.training_lheo import read_lheo
from geo_access.sources.supply.training_onisep import read_apprenticeship, read_onisep

READERS: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "training": (read_training, ".csv", "site_id,metier,lon,lat,level\nT1,H2902,3.1,50.6,CAP\n"),
    "employers": (read_employers, ".csv", "siret;rome;lon;lat;debut;fin\n1;H2902;3,1;50,6;5h;13h\n"),
    "population": (read_population, ".csv", "Idcar_200m,Ind\nCRS3035RES200mN3060000E3830000,12.5\n"),
    "courses": (read_uai_mef_rome, ".csv", "uai,lat,lon,mef11,eleves,cd8,Code_Rome_1\n05K,50,3,232,44,50031224,D11\n"),
    "apprenticeship": (read_apprenticeship, ".csv", "cle_ministere_educatif;rome_codes;niveau\nK1;H2913;3 (CAP)\n"),
    "onisep": (read_onisep, ".csv", "Formation (FOR) libellé;FOR URL et ID Onisep;ENS code UAI\nCAP;FOR.1;0590005K\n"),
    "bmo": (read_bmo, ".csv", "Code métier BMO;BE25;met\nD2Z40;3201;*\n"),
    "bassin": (read_rome_bassin, ".csv", "annee;ROME;cbassin;oee;defm_abc\n2021;A1101;0203;16,6;28,25\n"),
    "tensions": (read_tensions, ".csv", "fap,Inadéquation géographique,Année,niveau_fap\nA0Z40,5.0,2019,fap 225\n"),
    "hours": (read_atypical_hours, ".csv", '"Fap3","Pourcentage","Horaire_atypique"\n"P",31.09,"Travail de nuit"\n'),
    "communes": (read_communes, ".csv", "COM,Commune,lon,lat\n59350,Lille,3.06,50.63\n"),
    "addresses": (read_addresses, ".csv", "numero;nom_voie;code_postal;code_insee;lon;lat\n7;Rue X;59000;59350;3;50\n"),
    "density": (read_density, ".csv", "insee_com,niveau_densite\n02002,Rural à habitat dispersé\n"),
    "status": (read_commune_status, ".csv", "CODGEO;FRR\n02001;FRR+\n"),
    "moves": (read_cog_moves, ".csv", "DATE_EFF,COM_AV,COM_AP\n2019-01-01,59404,59350\n"),
    "sirene": (
        lambda path: read_sirene(path, departments=["59"]),
        ".csv",
        "siret,activitePrincipaleEtablissement,codeCommuneEtablissement\n1,25.62B,59350\n",
    ),
    "fap": (lambda path: build_crosswalk(fap_passage=path), ".txt", 'value $FAP9RSQ\n"A1201","A1205" = "A0Z42"\n'),
    "rome": (lambda path: build_crosswalk(rome=path), ".csv", '"code_rome","libelle_rome"\n"A1101","Conducteur"\n'),
    "offers": (read_offers, ".json", '[{"id": "1", "lieuTravail": {"latitude": 50.6, "longitude": 3.1}}]'),
    "zones": (
        read_zones,
        ".geojson",
        (
            '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code_qp": "QN05911M"}, '
            '"geometry": {"type": "Polygon", "coordinates": [[[3, 50], [4, 50], [4, 51], [3, 50]]]}}]}'
        ),
    ),
    "lheo": (
        read_lheo,
        ".xml",
        (
            '<lheo><offres><formation numero="F"><code-ROME>H2913</code-ROME><action numero="A">'
            "<latitude>50.6</latitude></action></formation></offres></lheo>"
        ),
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_the_sound_file_reads(tmp_path: Path, name: str) -> None:
    reader, suffix, text = READERS[name]
    (tmp_path / f"x{suffix}").write_text(text)
    assert reader(tmp_path / f"x{suffix}") is not None


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    cut=st.integers(0, 300),
    flips=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3),
)
def test_a_damaged_file_reads_or_says_what_to_do(
    tmp_path: Path, name: str, encoding: str, cut: int, flips: list[tuple[int, int]]
) -> None:
    reader, suffix, text = READERS[name]
    content = bytearray(text.encode(encoding))
    for place, byte in flips:
        content[place % len(content)] = byte
    file = tmp_path / f"x{suffix}"
    file.write_bytes(bytes(content[:cut] if cut % 3 == 0 else content))
    try:
        reader(file)
    except GeoAccessError as error:
        said_what_to_do(error)


def said_what_to_do(error: GeoAccessError) -> None:
    assert "→" in str(error)


@pytest.mark.parametrize("name", [key for key, (_, suffix, _) in READERS.items() if suffix == ".csv"])
def test_a_header_without_rows_is_no_crash(tmp_path: Path, name: str) -> None:
    reader, suffix, text = READERS[name]
    (tmp_path / f"x{suffix}").write_text(text.splitlines()[0] + "\n")
    try:
        reader(tmp_path / f"x{suffix}")
    except GeoAccessError as error:
        said_what_to_do(error)
