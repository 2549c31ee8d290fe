"""Tables as people bring them: whatever their encoding, separator and order, the same content or a clear error."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_access.errors import CapacityError, GeoAccessError, InputError, MissingFileError
from geo_access.sources.tables.points import find_positions
from geo_access.sources.tables.read import read_table, table_notes
from geo_access.sources.tables.stream import column_names, stream_table
from geo_access.sources.tables.text import pick_columns, to_numbers
from tests.shared import shared_path

ROWS = [
    {"code": "02001", "nom": "Abbécourt", "pop": "507", "lon": "3.18", "lat": "49.6"},
    {"code": "2A004", "nom": "L'Île-Rousse, port", "pop": "3 200", "lon": "8.93", "lat": "42.63"},
    {"code": "59350", "nom": "Été; façade", "pop": "1.5", "lon": "3.06", "lat": "50.63"},
]
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def said_what_to_do(error: GeoAccessError) -> None:
    assert "→" in str(error)


def written(columns: list[str], separator: str, comma: bool) -> str:
    lines = [separator.join(columns)]
    for row in ROWS:
        cells = []
        for name in columns:
            text = row.get(name, "extra")
            if comma and name in ("pop", "lon", "lat"):
                text = text.replace(".", ",")
            cells.append(f'"{text}"' if separator in text else text)
        lines.append(separator.join(cells))
    return "\n".join(lines) + "\n"


@QUIET
@given(
    columns=st.permutations(["code", "nom", "pop", "lon", "lat", "à part"]),
    separator=st.sampled_from([";", ",", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp850", "mac_roman"]),
    comma=st.booleans(),
    crlf=st.booleans(),
)
def test_a_table_reads_the_same_however_it_is_written(
    tmp_path: Path, columns: list[str], separator: str, encoding: str, comma: bool, crlf: bool
) -> None:
    text = written(columns, separator, comma)
    file = tmp_path / "t.csv"
    file.write_bytes((text.replace("\n", "\r\n") if crlf else text).encode(encoding))
    table = read_table(file)
    assert table["code"].tolist() == [row["code"] for row in ROWS]
    assert table["nom"].tolist() == [row["nom"] for row in ROWS]
    assert to_numbers(table["pop"]).tolist() == [507.0, 3200.0, 1.5]
    assert [round(x, 2) for x in find_positions(table, where="t").geometry.x] == [3.18, 8.93, 3.06]


@QUIET
@given(cut=st.integers(0, 400), flip=st.integers(0, 399), byte=st.integers(0, 255))
def test_a_mutated_file_reads_or_says_what_is_wrong(tmp_path: Path, cut: int, flip: int, byte: int) -> None:
    content = bytearray(written(["code", "nom", "pop", "lon", "lat"], ";", comma=True).encode())
    content[flip % len(content)] = byte
    file = tmp_path / "t.csv"
    file.write_bytes(bytes(content[: max(cut, 1)]))
    try:
        table = read_table(file)
    except GeoAccessError as error:
        said_what_to_do(error)
    else:
        assert len(table) <= len(ROWS) + 2


@pytest.mark.filterwarnings("ignore:This version of GeoPackage")
@settings(QUIET, max_examples=25)
@given(
    cut=st.integers(1, 4000),
    flip=st.integers(0, 3999),
    byte=st.integers(0, 255),
    kind=st.sampled_from([".xlsx", ".parquet", ".gpkg", ".geojson", ".zip"]),
)
def test_damaged_binaries_never_raise_anything_else(tmp_path: Path, cut: int, flip: int, byte: int, kind: str) -> None:
    content = bytearray(binary(tmp_path, kind))
    content[flip % len(content)] = byte
    file = tmp_path / f"damaged{kind}"
    file.write_bytes(bytes(content[:cut] if cut % 2 else content))
    try:
        read_table(file)
    except GeoAccessError as error:
        said_what_to_do(error)


def binary(folder: Path, kind: str) -> bytes:
    file = folder / f"sound{kind}"
    if not file.exists():
        frame = gpd.GeoDataFrame(ROWS, geometry=[shapely.Point(3, 50)] * 3, crs=4326)
        if kind == ".xlsx":
            pd.DataFrame(ROWS).to_excel(file, index=False)
        elif kind == ".parquet":
            pd.DataFrame(ROWS).to_parquet(file)
        elif kind == ".zip":
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("t.csv", written(["code", "nom"], ";", comma=False))
        else:
            frame.to_file(file)
    return file.read_bytes()


@pytest.mark.parametrize("kind", [".xlsx", ".parquet", ".gpkg", ".geojson", ".zip"])
def test_every_format_reads(tmp_path: Path, kind: str) -> None:
    binary(tmp_path, kind)
    assert read_table(tmp_path / f"sound{kind}")["code"].tolist() == ["02001", "2A004", "59350"]


def test_the_header_of_a_workbook_is_found_below_its_titles(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Grille communale de densité"],
        ["Source : Insee"],
        [],
        ["Code commune", "Libellé", "Densité"],
        ["CODGEO", "LIBGEO", "DENS"],
        ["01001", "Abergement", 6],
        ["01002", "Abergement-de-Varey", 6],
    ):
        sheet.append(row)
    book.create_sheet("Notes").append(["rien"])
    book.save(tmp_path / "d.xlsx")
    table = read_table(tmp_path / "d.xlsx")
    assert table.to_dict("records")[0] == {"CODGEO": "01001", "LIBGEO": "Abergement", "DENS": "6"}


def test_rows_longer_than_the_header_are_refused_not_cut(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(InputError):
        read_table(tmp_path / "t.csv")
    (tmp_path / "u.csv").write_text("a,b\n1,2,3\n1,2,3\n")
    with pytest.raises(InputError, match="more fields than the header"):
        read_table(tmp_path / "u.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"<!DOCTYPE html><html>404</html>", "web page"),
        ("a.csv", b"\x00\x01\x02\x00" * 50, "binary"),
        ("a.gpkg", b"<OGRVRTDataSource/>", "not what its extension says"),
        ("a.geojson", b"<OGRVRTDataSource/>", "not what its extension says"),
        ("a.pickle", b"x", "is not read"),
        ("a.json", b'{"a": 1}', "no list of records"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / name)


def test_bounds_are_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 50)
    with pytest.raises(CapacityError, match="rows"):
        read_table(tmp_path / "t.csv", max_rows=10)
    with pytest.raises(CapacityError, match="MB"):
        read_table(tmp_path / "t.csv", max_bytes=10)
    with pytest.raises(MissingFileError):
        read_table(tmp_path / "absent.csv")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", b"0" * 60_000_000)
    with pytest.raises(CapacityError, match="unpacks"):
        read_table(tmp_path / "bomb.zip")


def test_a_missing_column_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'population_2021'"):
        pick_columns(["id", "population_2021"], {}, where="t", given={"population": "population"} | {"x": "id"})
    with pytest.raises(InputError) as caught:
        pick_columns(["a", "b"], {"id": ("id",), "lon": ("lon",)}, where="t")
    assert len(caught.value.faults) == 2


def test_metres_declared_as_degrees_are_refused_with_their_likely_crs() -> None:
    table = pd.DataFrame({"x": ["704000", "705000"], "y": ["7059000", "7060000"]})
    with pytest.raises(InputError, match="crs=2154"):
        find_positions(table, where="t")
    found = find_positions(table, where="t", crs=2154)
    assert abs(found.geometry.y.iloc[0] - 50.63) < 0.05
    with pytest.raises(InputError, match="look like degrees"):
        find_positions(pd.DataFrame({"x": ["3"], "y": ["50"]}), where="t", crs=2154)


def test_each_bad_position_has_its_reason() -> None:
    table = pd.DataFrame({"lon": ["3.0", "50.6", "0", "", "999"], "lat": ["50.6", "3.0", "0", "50", "50"]})
    reasons = find_positions(pd.concat([table, table.iloc[[0]]], ignore_index=True), where="t").reasons
    assert reasons[0] is None
    assert "swapped" in str(reasons[1])
    assert "(0, 0)" in str(reasons[2])
    assert "no position" in str(reasons[3])
    assert "degrees" in str(reasons[4])


def test_streaming_gives_the_same_rows_as_reading(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [str(i) for i in range(1000)], "b": "x"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(tmp_path / "t.csv", "t.csv")
    for name in ("t.csv", "t.parquet", "t.zip"):
        assert column_names(tmp_path / name) == ["a", "b"]
        batches = list(stream_table(tmp_path / name, columns=["a"], batch_rows=300))
        assert max(map(len, batches)) <= 300
        assert pd.concat(batches)["a"].tolist() == frame["a"].tolist()
    with pytest.raises(InputError, match="did you mean 'b'"):
        list(stream_table(tmp_path / "t.csv", columns=["B2"]))


def test_records_of_json_and_nested_ones(tmp_path: Path) -> None:
    (tmp_path / "z.json").write_text(json.dumps([{"pk": 1, "fields": {"insee_code": "01001", "status": "NC"}}]))
    assert read_table(tmp_path / "z.json")["fields.insee_code"].tolist() == ["01001"]
    assert isinstance(read_table(tmp_path / "z.json"), pd.DataFrame)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("france/dares_fap225_rome.csv", 768),
        ("france/naf_labels.csv", 732),
        ("france/referentiel-reseau-cma.csv", 149),
        ("hauts_de_france/filosofi_iris_2019.csv", 1043),
        ("hauts_de_france/formations_pro_hdf_2020_uai_mef_rome.csv", 4707),
    ],
)
def test_real_files_read_whole(name: str, rows: int) -> None:
    assert len(read_table(shared_path(name))) == rows


@pytest.mark.reference
def test_windows_text_of_dares_is_read_with_its_accents() -> None:
    assert "Polyculture, élevage" in set(read_table(shared_path("france/dares_fap225_rome.csv"))["intitule_rome"])


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_of_several_sheets_none_is_chosen_in_silence(tmp_path: Path) -> None:
    rows = [["id", "population"], ["a", 3], ["b", 4]]
    with pytest.raises(InputError, match="Nord, Sud hold the same columns"):
        read_table(workbook(tmp_path / "two.xlsx", Nord=rows, Sud=rows))
    assert len(read_table(tmp_path / "two.xlsx", layer="Sud")) == 2
    legend = [["Champ"], ["population : habitants"]]
    table = read_table(workbook(tmp_path / "legend.xlsx", Lisez_moi=legend, Donnees=rows))
    assert table["id"].tolist() == ["a", "b"]
    assert [(note.key, dict(note.values)["sheet"]) for note in table_notes(table)] == [
        ("table.sheet_chosen", "Donnees")
    ]


@pytest.mark.parametrize(("text", "said"), [("a,b\n1,2\n3,4\n", 0), ("a,b\r\n1,2\r\n", 0), ("a,b\n1,2\n3,4", 1)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_last_line_without_end_may_be_a_file_cut_short(tmp_path: Path, text: str, said: int, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    assert [item.key for item in table_notes(read_table(tmp_path / "t.csv"))] == said * ["table.no_end"]
