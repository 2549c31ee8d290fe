"""The whole way once, on the demo: one command's worth of inputs, every file that comes out, and what they say."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_access.errors import InputError
from geo_access.network.model import Network
from geo_access.network.search.links import Links
from geo_access.routing import doorways
from geo_access.routing.query import Query
from geo_access.study.study import RunSummary, Study, demo_study_path
from geo_access.times.ways import StreetConnection, TransitConnection, WayTimes
from geo_access.words.words import catalogue
from tests.browser import browser
from tests.study.report_facts import plain, wrong_report
from tests.words.test_command_line import of_the_wrong_language

TRUTHS = json.loads((demo_study_path().parent / "truths.json").read_text(encoding="utf-8"))["truths"]


@dataclass
class Work:
    """What the engine was made to compute: one entry for each row of a table of times, and for each place linked."""

    rows: Counter = field(default_factory=Counter)
    linked: Counter = field(default_factory=Counter)
    asked_of: list[Any] = field(default_factory=list)

    def searched(self, connection: Any, homes: np.ndarray, sites: np.ndarray, query: Query, **asked_how: bool) -> None:
        home_xy, site_key = connection.home_xy, connection.site_xy[sites].tobytes()
        # Why there is no time, and every instant of a window, are other questions than whether there is a time.
        # The study's own network is the first that is asked; edited ones are other questions.
        self.asked_of.append(connection.network.timetable)
        if connection.network.timetable is not self.asked_of[0]:
            return
        asked = (site_key, query, *sorted(asked_how.items()))
        self.rows.update((home_xy[home].tobytes(), *asked) for home in homes)

    def met(self, xy: np.ndarray, mode: str, query: Query) -> None:
        self.linked.update(
            (mode, query.link_limit_m, query.walk_kmh, place.tobytes()) for place in np.unique(xy, axis=0)
        )


@pytest.fixture(scope="module")
def work() -> Work:
    return Work()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, work: Work) -> Iterator[RunSummary]:
    with pytest.MonkeyPatch.context() as patch:
        for kind in (StreetConnection, TransitConnection):
            patch.setattr(kind, "times", counting(kind.times, work))
        patch.setattr(TransitConnection, "instants", counting(TransitConnection.instants, work))
        plain = doorways.link

        def link(network: Network, xy: np.ndarray, mode: str, query: Query) -> Links:
            work.met(xy, mode, query)
            return plain(network, xy, mode, query)

        patch.setattr(doorways, "link", link)
        yield Study.from_file(demo_study_path()).run(tmp_path_factory.mktemp("demo") / "out")


def counting(times: Callable[..., WayTimes], work: Work) -> Callable[..., WayTimes]:
    def counted(self: object, homes: np.ndarray, sites: np.ndarray, query: Query, **asked: bool) -> WayTimes:
        work.searched(self, homes, sites, query, **asked)
        return times(self, homes, sites, query, **asked)

    return counted


def test_nothing_is_computed_twice(result: RunSummary, work: Work) -> None:
    """Before the run kept its times, 4 of 23 round trips were exact repeats, and points were linked 126 times."""
    assert result.written
    assert len(work.rows) > 100_000
    assert max(work.rows.values()) == 1
    # Other days, scenarios and trials share the streets of the study.
    assert max(work.linked.values()) == 1


@pytest.fixture(scope="module")
def flags(result: RunSummary) -> pd.DataFrame:
    return pd.read_csv(result.folder / "flags.csv", dtype={"zone_id": str})


def test_every_promised_file_is_there(result: RunSummary) -> None:
    written = {path for path, _ in result.written}
    codes = ("F1602", "H2902", "H2913", "I1304", "J1501", "N4101")
    assert written >= {"flags.csv", "flags.gpkg", "index.html", "manifest.json", "travel_times.parquet"}
    assert written >= {f"maps/{code}.html" for code in codes} | {f"maps/{code}.png" for code in codes}
    assert all(size > 0 for _, size in result.written)
    assert max(size for path, size in result.written if path.endswith("html") and "maps/" in path) < 2_000_000


def test_travel_times_are_geoparquet_and_no_pair_is_lost(result: RunSummary) -> None:
    frame = gpd.read_parquet(result.folder / "travel_times.parquet")
    points = pd.read_csv(demo_study_path().parent / "points.csv")
    assert frame.crs.is_geographic
    per_case = frame.groupby(["profile", "schedule"], observed=True)
    assert (per_case["origin_id"].nunique() == len(points)).all()
    assert (per_case.size() == per_case["destination_id"].nunique() * len(points)).sum() >= 3
    timed = frame["out_s"].notna() & frame["back_s"].notna()
    assert ((frame["reason"] == "OK") == timed).all()


def test_remote_and_mobile_training_never_get_a_travel_time(result: RunSummary) -> None:
    training = pd.read_csv(demo_study_path().parent / "training.csv")
    away = set(training.loc[training["modality"].isin(("remote", "mobile")), "site_id"].astype(str))
    assert away
    column = pq.read_table(result.folder / "travel_times.parquet", columns=["destination_id"])["destination_id"]
    assert not away & set(column.combine_chunks().dictionary_decode().unique().to_pylist())


def test_flags_say_why_in_shares_that_sum_to_one(flags: pd.DataFrame) -> None:
    shares = flags[[column for column in flags if column.startswith("share_")]]
    assert shares.shape[1] >= 19
    total = shares.sum(axis=1)
    assert ((total.round(3) == 1) | (total == 0)).all()
    assert set(flags["confidence"].dropna()) <= {"sûr", "probable", "indécidable"}
    assert flags["level"].notna().all()


def test_layers_hold_the_same_flags(result: RunSummary, flags: pd.DataFrame) -> None:
    layer = gpd.read_file(result.folder / "flags.gpkg", layer="flags")
    assert len(layer) == len(flags)
    assert layer.geometry.notna().all()
    assert (result.folder / "flags.gpkg").stat().st_size < 4_000_000


def test_the_plateau_is_beyond_reach_even_by_car(flags: pd.DataFrame) -> None:
    truth = TRUTHS["plateau_beyond_by_car"]
    rows = flags[flags["zone_id"].isin(truth["zone_ids"]) & (flags["metier"] == truth["metier"])]
    rows = rows[(rows["kind"] == "training") & (rows["profile"] == "sans_voiture")]
    assert len(rows) == len(truth["zone_ids"])
    assert (rows["level"] == "inadéquat").all()
    assert (rows[f"lifted_by_{truth['not_lifted_by']}"] == 0).all()


def test_manifest_holds_every_input_and_nothing_of_the_machine(result: RunSummary) -> None:
    text = (result.folder / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    names = {Path(name).name for name in manifest["inputs"]}
    assert {"study.toml", "streets.osm.bz2", "points.csv", "zones.geojson", "training.csv", "employers.csv"} <= names
    assert len([name for name in names if "gtfs" in name]) == 4
    assert all(len(digest) == 64 for digest in manifest["inputs"].values())
    assert manifest["synthetic"] is True
    assert str(result.folder.parent) not in text


def test_an_earlier_result_is_replaced_only_when_asked(result: RunSummary) -> None:
    study = Study.from_file(demo_study_path())
    with pytest.raises(InputError, match="--overwrite"):
        study.run(result.folder)


@pytest.mark.browser
def test_the_maps_open_without_a_script_error(result: RunSummary, tmp_path: Path) -> None:
    with browser() as page:
        page.open(result.folder / "maps" / "F1602.html")
        assert page.console_errors() == []
        assert page.run("return document.querySelectorAll('path.leaflet-interactive').length") > 20
        body = page.run("return document.body.innerText")
        assert "synthétiques" in body
        assert page.screenshot(tmp_path / "map.png").stat().st_size > 50_000
        page.open(result.folder / "index.html")
        assert page.console_errors() == []


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("english")
    folder = demo_study_path().parent
    text = demo_study_path().read_text(encoding="utf-8").replace('language = "fr"', 'language = "en"')
    for named in folder.iterdir():
        text = text.replace(f'"{named.name}"', f'"{named.as_posix()}"')
    start, _, rest = text.partition("[[metiers]]")
    one_metier = "[[metiers]]" + rest.split("[[metiers]]")[0]
    # One scenario of three, one métier of six: each kind of sentence is said once.
    rest, _, scenario = rest.partition("[[scenarios]]")
    rest += "[[scenarios]]" + scenario.split("[[scenarios]]")[0]
    afternoon, following = rest.index('[[schedules]]\nid = "poste_apres_midi"'), rest.index("[flag]")
    rest = rest[:afternoon] + rest[following:]
    (home / "study.toml").write_text(start + one_metier + "[[profiles]]" + rest.partition("[[profiles]]")[2], "utf-8")
    return Study.from_file(home / "study.toml").run(home / "out").folder


def test_english_is_an_option(english: Path) -> None:
    page = (english / "maps" / "F1602.html").read_text(encoding="utf-8")
    assert 'lang="en"' in page
    assert "Synthetic data" in page
    assert "Données synthétiques" not in page


def test_no_file_holds_a_sentence_of_the_other_language(result: RunSummary, english: Path) -> None:
    """Pages without what the study's own tables say; the data of maps, which their scripts write out, are read too."""
    for language, folder in (("fr", result.folder), ("en", english)):
        files = [path for path in folder.rglob("*") if path.suffix in (".html", ".csv", ".svg")]
        assert {"report.html", "index.html", "F1602.html", "flags.csv", "flags_dictionary.csv"} <= {
            p.name for p in files
        }
        for path in sorted(files):
            raw = path.read_text(encoding="utf-8")
            if path.suffix == ".csv":
                cells = pd.read_csv(path, dtype=str)
                raw = " | ".join([*cells, *map(str, dict.fromkeys(cells.to_numpy().ravel()))])
            script = re.findall(r'<script type="application/json".*?</script>', raw, flags=re.DOTALL)
            raw = re.sub(r"<(style|script).*?</\1>", " ", raw, flags=re.DOTALL)
            told = plain(" ".join([raw, *script]))
            # What the study itself says is in its own language.
            for own in re.findall(r'= "([^"]{12,})"', demo_study_path().read_text(encoding="utf-8")):
                told = told.replace(plain(own), " ")
            wrong = of_the_wrong_language(told, language)
            assert wrong == [], (language, path.name)


def test_each_metier_is_printed_and_its_bands_are_counted(result: RunSummary) -> None:
    for code in ("F1602", "J1501"):
        assert (result.folder / "maps" / f"{code}.pdf").read_bytes().startswith(b"%PDF")
    counts = pd.read_csv(result.folder / "band_counts.csv")
    points = pd.read_csv(demo_study_path().parent / "points.csv")
    employers = pd.read_csv(demo_study_path().parent / "employers.csv")
    assert set(counts["metier"]) == {"F1602", "H2902", "H2913", "I1304", "J1501", "N4101"}
    for metier, rows in counts.groupby("metier"):
        assert rows["minutes"].tolist() == [15, 30, 45, 60]
        for column in ("area_km2", "residents", "qpv_residents", "job_seekers", "places", "openings"):
            assert rows[column].is_monotonic_increasing, (metier, column)
        assert rows["residents"].max() <= points["population"].sum()
        assert (rows["qpv_residents"] <= rows["residents"]).all()
        assert rows["openings"].max() <= employers.loc[employers["metier"] == metier, "openings"].sum()
        assert (rows["residents_share"] * points["population"].sum()).tolist() == pytest.approx(
            rows["residents"].tolist()
        )
    assert counts["qpv_residents"].max() > 0


def plain_text(path: Path) -> str:
    """Words of a page without its markup, numbers without their narrow spaces."""
    markup = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    words = html.unescape(re.sub(r"<[^>]+>", "|", markup))
    return re.sub(r"(?<=\d)\u202f(?=\d)", "", words)


def cells_after(words: str, head: str, count: int) -> list[str]:
    """Next cells of a table's row, after its head."""
    found = [cell.strip() for cell in words.split(head, 1)[1].split("|") if cell.strip()]
    return found[:count]


def test_the_report_says_what_the_tables_say(result: RunSummary, flags: pd.DataFrame) -> None:
    words = plain_text(result.folder / "report.html")
    counts = pd.read_csv(result.folder / "band_counts.csv")
    own = flags[(flags["profile"] == "sans_voiture") & (flags["kind"] == "training")]
    for metier, rows in own.groupby("metier"):
        name = rows["metier_name"].iloc[0]
        page = words.split(f"{name} ({metier})|")[-1].split("Ce qui lèverait")[0]
        wrong = int((rows["level"] == "inadéquat").sum())
        assert re.search(rf"\b{wrong} zones? sur {len(rows)} sont inadéquates", page), metier
        for band in counts[counts["metier"] == metier].to_dict("records"):
            written = cells_after(page, f"{band['minutes']:g}\u202fminutes", 5)
            expected = [band[name] for name in ("residents", "qpv_residents", "job_seekers", "places", "openings")]
            assert [float(cell) for cell in written] == [round(value) for value in expected]
        everyone = rows.loc[rows["zone_kind"] != "qpv", "residents"].sum()
        able = (rows["reachable_share"] * rows["residents"]).where(rows["zone_kind"] != "qpv", 0).sum()
        share, count = re.search(r"(\d+|moins de 1|plus de 99)\u202f% des habitants \((\d+)\)", page).groups()
        assert int(count) == pytest.approx(able, abs=2)
        if share.isdigit():
            assert int(share) == pytest.approx(100 * able / everyone, abs=0.6)


def test_every_table_of_the_report_says_what_the_files_say(result: RunSummary) -> None:
    """Need, plans, remedies, scenarios, kinds of territory, shifts: each figure is found again in a file beside it."""
    points = pd.read_csv(demo_study_path().parent / "points.csv")
    assert wrong_report(result.folder, catalogue("fr"), points) == {}


def test_maps_and_front_page_say_what_the_tables_say(result: RunSummary, flags: pd.DataFrame) -> None:
    front = plain_text(result.folder / "index.html")
    counts = pd.read_csv(result.folder / "band_counts.csv")
    for metier, rows in flags.groupby("metier", sort=False):
        first = rows[
            (rows[["profile", "kind", "schedule"]] == rows[["profile", "kind", "schedule"]].iloc[0]).all(axis=1)
        ]
        wrong = int((first["level"] == "inadéquat").sum())
        assert f"{wrong} / {len(first)}" in cells_after(front, f"{rows['metier_name'].iloc[0]} ({metier})", 6)
        page = (result.folder / "maps" / f"{metier}.html").read_text(encoding="utf-8")
        data = json.loads(re.search(r'id="ga-data">(.*?)</script>', page, re.DOTALL)[1])
        levels = ["adéquat", "fragile", "inadéquat", "sans objet"]
        column = data["columns"][data["questions"][0]["columns"][0]]
        shown = [levels[code] for code in (column if len(column) > 1 else column * len(first))]
        assert sorted(shown) == sorted(first["level"])
        figures = {band["properties"]["label"]: band["properties"]["counts"] for band in data["bands"]["features"]}
        for band in counts[counts["metier"] == metier].to_dict("records"):
            told = [round(band[name]) for name in data["counted"]]
            assert figures[f"{band['minutes']:g}\u202fmin"] == told


def test_links_and_notices_are_kept(result: RunSummary) -> None:
    links = pd.read_csv(result.folder / "links.csv")
    assert links.groupby("table").size()["points"] == len(pd.read_csv(demo_study_path().parent / "points.csv"))
    assert set(links["reason"]) <= {"OK", "NO_POSITION", "BEYOND_LIMIT"}
    notices = pd.read_csv(result.folder / "gtfs_notices.csv")
    words = plain_text(result.folder / "report.html")
    assert int(notices["count"].sum()) == 120
    assert cells_after(words, "interpolated_stop_time|", 3)[-1] == "120"


def test_every_column_written_is_in_the_dictionary(result: RunSummary) -> None:
    known = catalogue("fr")
    missing = []
    for path in sorted(result.folder.glob("*")):
        if path.suffix not in (".csv", ".parquet"):
            continue
        names = pq.read_schema(path).names if path.suffix == ".parquet" else pd.read_csv(path, nrows=0).columns
        for name in names:
            share = name.startswith("share_") and f"reason.{name.removeprefix('share_').upper()}" in known
            as_flags = path.stem == "by_zoning" and f"column.flags.{name}" in known
            if f"column.{path.stem}.{name}" not in known and not share and not as_flags:
                missing.append(f"column.{path.stem}.{name}")
    # Each column that is new wants an entry in words/catalogue/columns.toml: what it is, in both languages.
    assert missing == []
