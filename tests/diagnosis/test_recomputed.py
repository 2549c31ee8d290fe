"""Levels, reasons, shares and the report's sentences, counted again in pandas from the raw tables and the times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo_access.diagnosis.diagnose import OWN_HOURS, Diagnosis
from geo_access.diagnosis.flag import REASON_COLUMNS
from geo_access.diagnosis.model import FlagReason
from geo_access.manifest import Manifest
from geo_access.report.chapters import metier_content
from geo_access.report.context import ReportContext
from geo_access.report.summary import summary_content
from geo_access.report.tables import axis_table, lift_table, reach_table
from geo_access.report.words import share as written_share
from geo_access.routing.causes import Reason
from geo_access.words.words import format_number, text

from . import demo

KEY = ["point", "metier"]
OF_REASON = {
    "OVER_CUTOFF": 4,
    "FIRST_TRIP_TOO_LATE": 2,
    "LAST_TRIP_TOO_EARLY": 2,
    "TOO_MANY_RIDES": 3,
    "NO_STOP_WITHIN_WALK": 5,
    "UNSNAPPED_ORIGIN": 7,
    "UNSNAPPED_DESTINATION": 7,
}
ALIKE = {
    1: ("SLOW_OUT", "SLOW_BACK", "SLOW_BOTH"),
    2: ("LATE_OUT", "EARLY_BACK", "HOURS_BOTH"),
    3: ("TOO_MANY_CHANGES",) * 3,
    4: ("SLOW_OUT", "SLOW_BACK", "SLOW_BOTH"),
    5: ("TOO_FAR_TO_WALK",) * 3,
    6: ("ABSENT_OUT", "ABSENT_BACK", "ABSENT_BOTH"),
}


def raw_offers(kind: str, metiers: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """Places by métier and site, read from the file itself."""
    if kind == "training":
        table = pd.read_csv(demo.DEMO / "training.csv")
        table = table[table["modality"].isin(["on_site", "hybrid", "afest"]) & table["lon"].notna()]
        levels = table["metier"].map(metiers)
        inside = [low <= level <= high for level, (low, high) in zip(table["level"], levels)]
        table = table[inside].assign(start="", end="", free=lambda t: (t["places"] - t["filled"]).clip(lower=0))
        return table[["metier", "site_id", "start", "end", "places", "free"]]
    table = pd.read_csv(demo.DEMO / "employers.csv")
    table = table[table["lon"].notna() & table["metier"].isin(metiers)]
    named = {"shift_start": "start", "shift_end": "end", "openings": "places"}
    table = table.rename(columns=named).assign(free=lambda t: t["places"])
    return table[["metier", "site_id", "start", "end", "places", "free"]]


def clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02d}:{int(seconds) % 3600 // 60:02d}"


def pairs_of(found: Diagnosis, profile: str, kind: str, schedule: str) -> pd.DataFrame:
    """Every point × site with the state of both ways, from the times alone."""
    trip, sites = found.times[profile, kind, schedule], found.sites[kind]
    n_points, n_sites = trip.out_s.shape
    names = np.array([reason.name for reason in Reason])
    table = pd.DataFrame(
        {"point": np.repeat(np.arange(n_points), n_sites), "site": np.tile(np.arange(n_sites), n_points)}
    )
    table["site_id"] = np.tile(sites.ids, n_points)
    own_hours = sites.start_s is not None
    for name, values in (("start", sites.start_s), ("end", sites.end_s)):
        table[name] = np.tile([clock(v) for v in values] if own_hours else [""] * n_sites, n_points)
    for way in ("out", "back"):
        seconds = pd.Series(getattr(trip, f"{way}_s").ravel().astype(float))
        slow = pd.Series(getattr(trip, f"{way}_beyond_s").ravel().astype(float))
        seconds = seconds.fillna(slow)
        cause = pd.Series(names[getattr(trip, f"{way}_reason").ravel()]).map(OF_REASON).fillna(6).astype(int)
        table[f"{way}_s"] = seconds
        table[way] = np.where(seconds <= 3600, 0, np.where(seconds > 3600, 1, cause))
        table[f"{way}_lack"] = (seconds - 3600).where(table[way] == 1)
    ask = found.asks[profile, kind, schedule]
    due = sites.start_s - 300 if own_hours else np.full(n_sites, ask.arrive_s)
    free = sites.end_s + 300 if own_hours else np.full(n_sites, ask.leave_s)
    late, early = trip.next_arrival_s - due[None, :], free[None, :] - trip.last_departure_s
    table["out_lack"] = table["out_lack"].where(table["out"] != 2, late.ravel())
    table["back_lack"] = table["back_lack"].where(table["back"] != 2, early.ravel())
    return table


def name_of(out: int, back: int) -> str:
    bad = {out, back} - {0}
    if 7 in bad:
        return "OFF_NETWORK"
    if bad == {1, 4}:
        return "SLOW_BOTH"
    if len(bad) > 1:
        return "SEVERAL"
    (kind,) = bad
    return ALIKE[kind][2 if out and back else (0 if out else 1)]


def points_of(found: Diagnosis, profile: str, kind: str, schedule: str) -> pd.DataFrame:
    """One row per point and métier: places within reach, reason, and what each way lacks."""
    metiers = {m.code: (m.min_level, m.max_level) for m in demo.study().metiers}
    key = schedule if kind == "training" else OWN_HOURS
    offers = raw_offers(kind, metiers)
    if kind == "job" and schedule != OWN_HOURS:
        hours = next(s for s in demo.study().schedules if s.id == schedule)
        offers = offers[(offers["start"] == hours.start) & (offers["end"] == hours.end)]
    table = pairs_of(found, profile, kind, key).merge(offers, on=["site_id", "start", "end"])
    table = table[table["places"] > 0]
    reached = (table["out"] == 0) & (table["back"] == 0)
    lack = table[["out_lack", "back_lack"]].fillna(9e5).clip(upper=9e5)
    lack = lack.where(table[["out", "back"]].to_numpy() > 0, 0).sum(axis=1)
    both = (table["out"] > 0) & (table["back"] > 0)
    table = table.assign(worst=table[["out", "back"]].max(axis=1), both=both, lack=lack, reached=reached)
    people = found.residents.candidates
    near = table[reached]
    demand = near.drop_duplicates(["point", "site"]).groupby("site")["point"].agg(lambda p: people[p].sum())
    ratio = (near["free"] / near["site"].map(demand)).groupby([near["point"], near["metier"]]).sum()
    first = table.sort_values([*KEY, "worst", "both", "lack"], kind="stable").drop_duplicates(KEY).set_index(KEY)
    first["reason"] = [
        "REACHES" if ok else name_of(a, b) for ok, a, b in zip(first["reached"], first["out"], first["back"])
    ]
    lifts = found.case(profile, kind, schedule=schedule).points.lifts
    codes = [m.code for m in found.cases[0].offers.metiers]
    # Several obstacles only where lifting one of them does not suffice.
    reason = first["reason"].tolist()
    for row, (point, metier) in enumerate(first.index):
        ways = first["out"].iloc[row], first["back"].iloc[row]
        for lift, state in (("unlimited_rides", 3), ("midday", 2), ("longer_walk", 5)):
            suffices = lift in lifts and lifts[lift][point, codes.index(metier)]
            if reason[row] == "SEVERAL" and state in ways and suffices:
                reason[row] = ALIKE[state][ways.index(state)]
    first["reason"] = reason
    sums = near.groupby(KEY)[["places", "free"]].sum().rename(columns={"places": "in_reach", "free": "free_reach"})
    return first.join(sums).fillna({"in_reach": 0, "free_reach": 0}).assign(ratio=ratio).fillna({"ratio": 0.0})


def zones_of(found: Diagnosis, points: pd.DataFrame) -> pd.DataFrame:
    """Shares of residents by zone and métier, from the membership and the population."""
    population = pd.Series(demo.inputs().points["population"].to_numpy(), index=found.residents.point_ids)
    member = demo.inputs().membership.astype({"point_id": str, "zone_id": str})
    member = member.assign(people=member["share"] * member["point_id"].map(population))
    member["point"] = pd.Index(found.residents.point_ids).get_indexer(member["point_id"])
    table = member.merge(points.reset_index()[[*KEY, "reason", "in_reach", "free_reach", "ratio"]], on="point")
    people = table.pivot_table(
        index=["zone_id", "metier"], columns="reason", values="people", aggfunc="sum", fill_value=0.0
    )
    for name in ("in_reach", "free_reach", "ratio"):
        weighted = (table[name] * table["people"]).groupby([table["zone_id"], table["metier"]]).sum()
        people[name] = weighted
    return people


CASES = [
    (profile, kind, schedule)
    for profile in ("sans_voiture", "voiture")
    for kind, schedules in (
        ("training", ["journee_formation"]),
        ("job", [OWN_HOURS, "poste_matin", "poste_apres_midi", "poste_nuit"]),
    )
    for schedule in schedules
]


@pytest.mark.parametrize(("profile", "kind", "schedule"), CASES)
def test_every_row_is_what_pandas_counts(profile: str, kind: str, schedule: str) -> None:
    found = demo.diagnosis()
    expected = zones_of(found, points_of(found, profile, kind, schedule))
    flags = found.flags.astype({"zone_id": str, "metier": str, "profile": str, "kind": str, "schedule": str})
    own = flags[(flags["profile"] == profile) & (flags["kind"] == kind) & (flags["schedule"] == schedule)]
    own = own[own["level"] != "sans objet"].set_index(["zone_id", "metier"])
    assert set(own.index) == set(expected.index)
    expected = expected.loc[own.index]
    reasons = [name for name in expected.columns if name.isupper()]
    total = expected[reasons].sum(axis=1)
    reach = expected.get("REACHES", pd.Series(0.0, index=expected.index)) / total
    np.testing.assert_allclose(own["reachable_share"].astype(float), reach, atol=1e-6)
    level = np.where(reach >= 0.8 - 1e-9, "adéquat", np.where(reach >= 0.5 - 1e-9, "fragile", "inadéquat"))
    assert (own["level"].astype(str) == level).all()
    cannot = expected[[name for name in reasons if name != "REACHES"]]
    shares = cannot.div(cannot.sum(axis=1), axis=0).fillna(0.0)
    for column in REASON_COLUMNS:
        name = column.removeprefix("share_").upper()
        want = shares[name] if name in shares else pd.Series(0.0, index=shares.index)
        np.testing.assert_allclose(own[column].astype(float).fillna(0.0), want, atol=1e-6, err_msg=column)
    some = cannot.sum(axis=1) > 0
    named = [str(name) for name in own["main_reason"][some]]
    main = np.array([shares.loc[row, name] for row, name in zip(own.index[some], named, strict=True)])
    np.testing.assert_allclose(main, shares.max(axis=1)[some], atol=1e-6)
    for column, name in (("reachable_places", "in_reach"), ("free_places", "free_reach")):
        np.testing.assert_allclose(own[column].astype(float), expected[name] / total, rtol=1e-5)
    per_100 = own["places_per_100_candidates"].astype(float)
    np.testing.assert_allclose(per_100, 100 * expected["ratio"] / total, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def context() -> ReportContext:
    found, file = demo.diagnosis(), demo.study()
    cases = found.cases
    return ReportContext(
        name="x",
        territory="x",
        service_date=file.study.date,
        metiers=cases[0].offers.metiers,
        profiles=tuple({c.profile.id: c.profile for c in cases}.values()),
        thresholds=tuple({c.threshold.id: c.threshold for c in cases}.values()),
        schedules=(),
        rules=found.rules,
        flags=found.flags,
        reach=reach_table(found),
        lifts=lift_table(found),
        axes=axis_table(found),
        manifest=Manifest(inputs={}, query={}),
    )


def weighted_median(values: pd.Series, people: np.ndarray) -> float:
    order = np.argsort(values.to_numpy())
    below = np.cumsum(people[order])
    return float(values.to_numpy()[order][np.searchsorted(below, 0.5 * below[-1])])


def expected_reasons(points: pd.DataFrame, metier: str, population: np.ndarray) -> dict[str, tuple[float, str]]:
    """Residents and words of each reason of a métier, from the pairs."""
    own = points.xs(metier, level="metier")
    found = {}
    for reason, part in own[own["reason"] != "REACHES"].groupby("reason"):
        people = population[part.index.to_numpy()]
        if people.sum() <= 0:
            continue
        told = text(f"reason.{reason}")
        lacks = []
        for way in ("out_lack", "back_lack"):
            known = part[way].notna().to_numpy() & (part[way.removesuffix("_lack")] > 0).to_numpy() & (people > 0)
            if known.any():
                lacks.append(weighted_median(part[way][known], people[known]) / 60)
        if lacks and reason.startswith(("SLOW", "LATE", "EARLY", "HOURS")):
            numbers = [format_number(max(1.0, value)) for value in lacks]
            form = "both" if len(numbers) == 2 else "one"
            told = text(f"report.lack.{form}", reason=told, **dict(zip(("first", "second"), numbers)))
        found[told] = float(people.sum())
    return found


def test_every_sentence_of_the_report_says_what_the_times_say(context: ReportContext) -> None:
    found = demo.diagnosis()
    population = found.residents.population
    points = {
        "training": points_of(found, "sans_voiture", "training", "journee_formation"),
        "job": points_of(found, "sans_voiture", "job", OWN_HOURS),
    }
    blocked: dict[str, float] = {}
    for metier in context.metiers:
        content = metier_content(context, metier)
        tables = [block for block in content["reasons"] if block["rows"]]
        for kind in ("training", "job"):
            if metier.code not in points[kind].index.get_level_values("metier"):
                continue
            want = expected_reasons(points[kind], metier.code, population)
            caption = text("report.reasons.caption", kind=text(f"kind.{kind}"))
            (block,) = [block for block in tables if block["caption"] == caption]
            assert {row["reason"]: row["residents"] for row in block["rows"]} == pytest.approx(want)
            assert sum(row["share"] for row in block["rows"]) == pytest.approx(1.0)
            own = points[kind].xs(metier.code, level="metier")
            reached = float(population[own.index[own["reason"] == "REACHES"]].sum())
            line = text(
                "report.metier.reach" + ("" if kind == "training" else ".job"),
                share="@",
                count="@",
                inadequate="@",
                all="@",
            )
            start = line.split("@")[0] + written_share(reached / population.sum())
            assert any(said.startswith(start) and format_number(reached) in said for said in content["lines"])
            for reason, part in own[own["reason"] != "REACHES"].groupby("reason"):
                blocked[str(reason)] = blocked.get(str(reason), 0.0) + float(population[part.index].sum())
    summary = summary_content(context)
    first = max(blocked, key=lambda name: blocked[name])
    part = written_share(blocked[first] / sum(blocked.values()))
    assert text("report.summary.obstacle", reason=text(f"reason.{first}"), share=part) in summary["lines"]
    for row, metier in zip(summary["rows"], context.metiers, strict=True):
        for cell, kind in zip(row["cells"], summary["kinds"], strict=True):
            if metier.code in points[kind].index.get_level_values("metier"):
                want = expected_reasons(points[kind], metier.code, population)
                assert want[cell["reason"]] == pytest.approx(max(want.values()))


def test_no_reason_is_contradicted_by_a_known_time() -> None:
    """« Absent » stands only where no pair of the métier has both ways within four hours at the hours asked."""
    found = demo.diagnosis()
    for profile, kind, schedule in CASES:
        points = points_of(found, profile, kind, schedule)
        case = found.case(profile, kind, schedule=schedule)
        codes = [m.code for m in case.offers.metiers]
        names = pd.Series(points["reason"])
        flat = [case.points.reason[p, codes.index(m)] for p, m in points.index]
        assert (names == [FlagReason(code).name for code in flat]).all()
        key = schedule if kind == "training" else OWN_HOURS
        offers = raw_offers(kind, {m.code: (m.min_level, m.max_level) for m in demo.study().metiers})
        if kind == "job" and schedule != OWN_HOURS:
            continue
        table = pairs_of(found, profile, kind, key).merge(offers, on=["site_id", "start", "end"])
        table = table[(table["places"] > 0) & table["out_s"].notna() & table["back_s"].notna()]
        timed = set(map(tuple, table[["point", "metier"]].drop_duplicates().to_numpy()))
        absent = names[~names.str.startswith(("SLOW", "REACHES"))].index
        assert not timed & set(absent)
