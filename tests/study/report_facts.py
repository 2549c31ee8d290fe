"""Every table of a report read back from its page, and what the files beside it say of the same things."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

CHANGES = {
    "bike_to_the_stop": "Rejoindre l’arrêt à vélo",
    "booked_transport": "Réserver un transport à la demande",
    "covoiturage": "Covoiturage : {}",
    "hours_moved": "horaires décalés de {}",
    "held_connection": "Tenir une correspondance : {}",
    "trip_on_a_line": "Ajouter une course : {}",
    "headway_on_a_line": "Renforcer une ligne : {}",
    "extended_line": "Prolonger une ligne : {}",
    "session_at_existing_site": "Ouvrir une session sur un site existant : {}",
    "weekly_stay": "Hébergement à la semaine : {} de trajet",
}


def plain(marked: str) -> str:
    """Words without markup, every space a plain one, none within a number."""
    words = html.unescape(re.sub(r"<[^>]+>", " ", marked))
    words = re.sub(r"(?<=\d)[\u202f\u00a0](?=\d)", "", words).replace("\u202f", " ").replace("\u00a0", " ")
    return " ".join(words.split())


@dataclass(frozen=True)
class Told:
    """A table as its page tells it."""

    chapter: str
    caption: str
    head: list[str]
    rows: list[list[str]]


def tables_of(page: Path) -> list[Told]:
    """Tables of a page with the chapter they stand in."""
    found, text = [], page.read_text(encoding="utf-8")
    for chapter in re.split(r"(?=<h2)", text):
        title = plain(re.search(r"<h2.*?</h2>", chapter, re.DOTALL)[0]) if chapter.startswith("<h2") else ""
        for table in re.findall(r"<table.*?</table>", chapter, re.DOTALL):
            caption = re.search(r"<caption>(.*?)</caption>", table, re.DOTALL)
            rows = [
                [plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
                for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
            ]
            found.append(Told(title, plain(caption[1]) if caption else "", rows[0], rows[1:]))
    return found


def says_share(cell: str, share: float) -> bool:
    """Whether a cell like "plus de 99 %" tells this share (0–1)."""
    if math.isnan(share):
        return not re.search(r"\d", cell)
    bounds = {"moins de 1 %": (0, 0.01), "plus de 99 %": (0.99, 1)}.get(cell)
    if bounds is not None:
        return bounds[0] < share < bounds[1]
    return abs(float(cell.removesuffix(" %").replace(",", ".")) / 100 - share) <= 0.00501


def says_number(cell: str, number: float) -> bool:
    """Whether a cell tells this number, rounded."""
    return cell == f"{round(number)}"


def change_words(row: pd.Series) -> str:
    """A change as the report writes it."""
    parts = [part.replace(": ", " : ") for part in str(row["detail"]).split("; ")]
    return CHANGES[row["remedy"]].format(" ; ".join(parts))


def one_question(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Rows of the first public and the first hours of a kind, those of each employer first."""
    own = rows[(rows["profile"] == rows["profile"].iloc[0]) & (rows["kind"] == kind)]
    first = "own_hours" if (own["schedule"] == "own_hours").any() else own["schedule"].iloc[0]
    return own[own["schedule"] == first]


def counted_once(rows: pd.DataFrame) -> pd.DataFrame:
    """Zones that share the territory out: a QPV lies in a commune."""
    return rows[rows["zone_kind"] != "qpv"]


def reached(rows: pd.DataFrame) -> float:
    """Share of the residents who get there and back."""
    own = counted_once(rows)
    return float((own["reachable_share"] * own["residents"]).sum() / own["residents"].sum())


def wrong_reasons(told: Sequence[Told], flags: pd.DataFrame, words: dict[str, str]) -> Iterator[str]:
    """Tables of what stands in the way, against the shares of each reason in the flags."""
    for code, rows in flags.groupby("metier", sort=False):
        for kind, name in (("training", "Formation"), ("job", "Emploi")):
            own = counted_once(one_question(rows, kind))
            chapter = f"{own['metier_name'].iloc[0]} ({code})"
            tables = [
                each
                for each in told
                if each.chapter == chapter
                and each.caption.startswith("Habitants qui n’y")
                and each.caption.endswith(name)
            ]
            shown = {re.sub(r" \(de .*\)$", "", row[0]): row for table in tables for row in table.rows}
            lost = own["residents"] * (1 - own["reachable_share"])
            blocked = {column: float((own[column] * lost).sum()) for column in own if column.startswith("share_")}
            everyone = sum(blocked.values())
            for column, count in blocked.items():
                row = shown.pop(words[f"reason.{column.removeprefix('share_').upper()}"], None)
                if (row is None) != (count < 0.5):
                    yield f"{chapter}, {name}: {column} {count} {row}"
                elif row and not (abs(float(row[1]) - count) <= 1 and says_share(row[2], count / everyone)):
                    yield f"{chapter}, {name}: {row} is not {count}"
            yield from (f"{chapter}, {name}: {row} stands in no flag" for row in shown)


def wrong_remedies(told: Sequence[Told], remedies: pd.DataFrame, flags: pd.DataFrame) -> Iterator[str]:
    """Changes tried one by one: each row stands in the file with its shares."""
    names = dict(zip(flags["metier"], flags["metier_name"]))
    for code, rows in remedies.groupby("metier"):
        (table,) = (
            each
            for each in told
            if each.chapter == f"{names[code]} ({code})" and each.caption.startswith("Changements essayés")
        )
        known = {}
        for _, row in rows[rows["remedy"].notna()].iterrows():
            known.setdefault((row["zone_name"], change_words(row)), []).append(row)
        for cells in table.rows:
            fits = [
                row
                for row in known.get((cells[0], cells[3]), [])
                if says_share(cells[4], row["share_before"])
                and says_share(cells[5], row["share_after"])
                and says_number(cells[6], row["residents_gained"])
                and (cells[7] == "oui") == bool(row["lifts"])
                and cells[2].startswith("Formation" if row["kind"] == "training" else "Emploi")
            ]
            if not fits:
                yield f"{code}: {cells}"
        if len({tuple(cells) for cells in table.rows}) < len(table.rows):
            yield f"{code}: a row stands twice"


def wrong_plans(told: Sequence[Told], plan: pd.DataFrame) -> Iterator[str]:
    """Plans of changes made together, row by row in the order of the file."""
    shown = [cells for each in told if each.chapter.startswith("Plusieurs changements") for cells in each.rows]
    columns = ["situations_lifted", "residents_unflagged", "residents_flagged"]
    columns += ["residents_gained", "residents_lost", "residents_placed"]
    if len(shown) != len(plan):
        yield f"{len(shown)} rows of {len(plan)}"
    for cells, (_, row) in zip(shown, plan.iterrows()):
        expected = [f"{row['changes']}", change_words(row), *(f"{round(row[name])}" for name in columns)]
        if cells != expected:
            yield f"{cells} is not {expected}"


def wrong_zonings(told: Sequence[Told], flags: pd.DataFrame) -> Iterator[str]:
    """Situations by kind of territory, counted again."""
    tables = [each for each in told if each.chapter == "Par type de territoire"]
    kinds = {"Commune urbaine": "urban", "Commune rurale": "rural", "Quartier prioritaire (QPV)": "qpv"}
    for table, kind in zip(tables, ("training", "job"), strict=True):
        own = one_question(flags, kind)
        for name, people, *counts in table.rows:
            rows = own[own["zone_kind"] == kinds[name]]
            levels = rows["level"].value_counts()
            expected = [
                levels.get(level, 0) for level in ("adéquat", "fragile", "inadéquat", "sans objet", "indécidable")
            ]
            if [int(cell) for cell in counts] != expected:
                yield f"{table.caption}: {name} {counts} is not {expected}"
            if abs(float(people) - rows.drop_duplicates("zone_id")["residents"].sum()) > 1:
                yield f"{table.caption}: {name} {people} residents"


def wrong_need(told: Sequence[Told], folder: Path, flags: pd.DataFrame) -> Iterator[str]:
    """The chapter of the need: projects, classes and hours of each métier, and who gets there beside them."""
    of_need, of_tensions, of_hours = (each for each in told if each.chapter.startswith("Le besoin des employeurs"))
    need = pd.read_csv(folder / "need.csv")
    names = flags.drop_duplicates("metier").set_index("metier_name")["metier"]
    for name, projects, difficult, seasonal, tension, *shares, index in of_need.rows:
        rows = need[need["metier"] == names[name]]
        known, states = rows["projects"].sum(min_count=1), set(rows["projects_state"])
        if pd.isna(known):
            expected = "secret" if "secret" in states else "aucune ligne"
        else:
            expected = ("au moins " if states & {"secret", "at_least"} else "") + f"{round(known)}"
        if projects != expected:
            yield f"{name}: {projects} is not {expected}"
        for cell, of in ((difficult, "difficult"), (seasonal, "seasonal")):
            if not says_share(cell, float(rows[of].sum() / (rows[f"{of}_of"].sum() or math.nan))):
                yield f"{name}: {of} {cell}"
        for cell, kind in zip(shares, ("training", "job"), strict=True):
            if not says_share(cell, reached(one_question(flags[flags["metier"] == names[name]], kind))):
                yield f"{name}: {kind} {cell}"
        yield from _wrong_classes(name, tension, index, folder, names[name])
    lines = pd.read_csv(folder / "need_tensions.csv")
    expected_lines = [
        [
            f"{row['family']} ({round(row['weight'] * 100)} %)",
            *(f"{row[c]:g}" for c in ("class_tension", "class_mismatch", "class_pay")),
        ]
        for _, row in lines.iterrows()
    ]
    if sorted(row[1:] for row in of_tensions.rows) != sorted(expected_lines):
        yield f"tensions: {of_tensions.rows}"
    hours = pd.read_csv(folder / "need_shifts.csv").dropna(subset="start")
    spans = {
        (metier, f"{start}–{end}") for metier, start, end in hours[["metier", "start", "end"]].itertuples(index=False)
    }
    shown = {(names[row[0]], span) for row in of_hours.rows for span in row[2].split(", ") if span[:1].isdigit()}
    if shown != spans:
        yield f"hours: {shown ^ spans}"


def _wrong_classes(name: str, tension: str, index: str, folder: Path, code: str) -> Iterator[str]:
    rows = pd.read_csv(folder / "need_tensions.csv")
    rows = rows[rows["metier"] == code]
    for cell, column in ((tension, "class_tension"), (index, "class_mismatch")):
        ranks = sorted(set(rows[column].dropna().astype(int)))
        span = f"{ranks[0]}" + (f"–{ranks[-1]}" if len(ranks) > 1 else "") + " / 5" if ranks else "non connu"
        if not cell.endswith(span):
            yield f"{name}: {cell} is not {span}"


def wrong_report(folder: Path, words: dict[str, str], points: pd.DataFrame) -> dict[str, list[str]]:
    """All that a report says and its files do not, by what it speaks of.

    Parameters
    ----------
    folder : pathlib.Path
        Of a French run of the demo.
    words : dict
        The French catalogue.
    points : pandas.DataFrame
        Of the demo.
    """
    page = folder / "report.html"
    flags = pd.read_csv(folder / "flags.csv", dtype={"zone_id": str}, low_memory=False)
    told = tables_of(page)
    found = {
        "summary": wrong_summary(page, flags),
        "lines": wrong_lines(page, flags),
        "curves": wrong_curves(told, folder, flags),
        "components": wrong_components(told, folder, flags),
        "reasons": wrong_reasons(told, flags, {key: plain(said) for key, said in words.items()}),
        "remedies": wrong_remedies(told, pd.read_csv(folder / "remedies.csv"), flags),
        "plans": wrong_plans(told, pd.read_csv(folder / "trip_plan.csv")),
        "zonings": wrong_zonings(told, flags),
        "need": wrong_need(told, folder, flags),
        "scenarios": wrong_scenarios(page, folder),
        "shifts": wrong_shifts(folder, points),
    }
    return {name: wrong for name, each in found.items() if (wrong := list(each))}


def wrong_shifts(folder: Path, points: pd.DataFrame) -> Iterator[str]:
    """Shifts of employers: job-seekers who are there in time and get home, counted again from the times."""
    shifts = pd.read_csv(folder / "shifts.csv", dtype={"shift_start": str, "shift_end": str})
    times = pd.read_parquet(folder / "travel_times.parquet", columns=None)
    times = times[times["shift_start"].notna()].astype({"origin_id": str, "destination_id": str, "profile": str})
    people = points.set_index("point_id")["job_seekers"]
    for key in ("shift_start", "shift_end"):
        times[key] = times[key].astype(str)
    times["people"] = times["origin_id"].map(people)
    keys = ["profile", "destination_id", "shift_start", "shift_end"]
    within = {name: times[f"{name}_s"].le(3600) for name in ("out", "back")}
    there = times[within["out"]].groupby(keys)["people"].sum()
    both = times[within["out"] & within["back"]].groupby(keys)["people"].sum()
    for row in shifts.itertuples():
        key = (row.profile, str(row.site_id), row.shift_start, row.shift_end)
        expected = (float(there.get(key, 0.0)), float(both.get(key, 0.0)))
        if abs(row.candidates_there - expected[0]) > 0.5 or abs(row.candidates_there_and_back - expected[1]) > 0.5:
            yield f"{key}: {row.candidates_there}, {row.candidates_there_and_back} are not {expected}"
        if (
            row.candidates != people.sum()
            or abs(row.share_there_and_back - row.candidates_there_and_back / row.candidates) > 1e-9
        ):
            yield f"{key}: share {row.share_there_and_back}"


def wrong_curves(told: Sequence[Told], folder: Path, flags: pd.DataFrame) -> Iterator[str]:
    """Who gets there by the minutes, public by public."""
    curves = pd.read_csv(folder / "reach_curves.csv")
    for code, rows in flags.groupby("metier", sort=False):
        chapter = f"{rows['metier_name'].iloc[0]} ({code})"
        for kind, name in (("training", "Formation"), ("job", "Emploi")):
            (table,) = (
                each
                for each in told
                if each.chapter == chapter and each.caption.startswith(f"{name} : part des habitants pour qui")
            )
            own = curves[(curves["metier"] == code) & (curves["kind"] == kind)]
            own = own[own["schedule"] == one_question(rows, kind)["schedule"].iloc[0]]
            for minutes, *cells in table.rows:
                at = own[own["minutes"] == int(minutes.split()[0])].set_index("profile")["share"]
                for cell, profile in zip(cells, flags["profile"].unique(), strict=True):
                    if not says_share(cell, float(at[profile])):
                        yield f"{chapter}, {kind}, {minutes}: {cell} is not {at[profile]}"


def wrong_components(told: Sequence[Told], folder: Path, flags: pd.DataFrame) -> Iterator[str]:
    """The three numbers of the training on offer, none of them mixed with another."""
    known = pd.read_csv(folder / "supply_adequacy.csv").set_index("metier")
    for code, rows in flags.groupby("metier", sort=False):
        chapter = f"{rows['metier_name'].iloc[0]} ({code})"
        (table,) = (each for each in told if each.chapter == chapter and each.head[0] == "Composante")
        near, need, places, rate = (row[1] for row in table.rows[:4])
        row = known.loc[code]
        shares = ((near, "share_candidates_near"), (need, "share_need_near"), (rate, "employment_rate"))
        yield from (
            f"{chapter}: {cell} is no {name}" for cell, name in shares if not says_share(cell, float(row[name]))
        )
        if abs(float(places.replace(",", ".")) - row["places_per_need"]) > 0.005:
            yield f"{chapter}: {places} places"


def wrong_lines(page: Path, flags: pd.DataFrame) -> Iterator[str]:
    """Sentences of each métier: as the crow flies beside the network, and how much room there is."""
    chapters = {plain(part.split("</h2>")[0]): plain(part) for part in re.split(r"(?=<h2)", page.read_text("utf-8"))}
    for code, rows in flags.groupby("metier", sort=False):
        words = chapters[f"{rows['metier_name'].iloc[0]} ({code})"]
        for kind, of in (("training", "ont assez de places"), ("job", "ont un employeur qui recrute")):
            own = counted_once(one_question(rows, kind))
            near = float((own["radius_share"] * own["residents"]).sum() / own["residents"].sum())
            found = re.search(
                rf"À vol d’oiseau, ([^;]*? %) des habitants {of} à (\d+) km .*?horaires, (.*? %) y vont", words
            )
            if found is None:
                yield f"{code}, {kind}: nothing as the crow flies"
            elif not (says_share(found[1], near) and says_share(found[3], reached(own))):
                yield f"{code}, {kind}: {found[0]} is not {near}"
            elif float(found[2]) != own["radius_km"].iloc[0]:
                yield f"{code}, {kind}: {found[2]} km"


def wrong_summary(page: Path, flags: pd.DataFrame) -> Iterator[str]:
    """The first page: best and worst métier, quarters, the car, the first obstacle."""
    words = plain(page.read_text("utf-8").split('id="summary"', 1)[1].split("</ul>")[0])
    for kind, start in (("training", "Vers la formation"), ("job", "Vers l’employeur")):
        shares = {
            rows["metier_name"].iloc[0]: reached(one_question(rows, kind))
            for _, rows in flags.groupby("metier", sort=False)
        }
        found = re.search(
            rf"{start}.*? parviennent de (.*? %) des habitants \(« (.*?) »\) à (.*? %) \(« (.*?) »\)", words
        )
        if found is None:
            yield f"{kind}: no sentence"
            continue
        worst, best = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
        if (found[2], found[4]) != (worst, best) or not (
            says_share(found[1], shares[worst]) and says_share(found[3], shares[best])
        ):
            yield f"{found[0]} is not {shares}"
    training = one_question(flags, "training")
    quarters = training[training["zone_kind"] == "qpv"]
    bad = int((quarters["level"] == "inadéquat").sum())
    if f"{bad} situations inadéquates et 0 non mesurée sur {len(quarters)}" not in words:
        yield f"quarters: {bad} of {len(quarters)}"


def wrong_scenarios(page: Path, folder: Path) -> Iterator[str]:
    """What each scenario gives and takes, métier by métier, and the levels that change."""
    words = plain(page.read_text("utf-8"))
    for path in sorted(folder.glob("scenarios/*/delta.csv")):
        for row in pd.read_csv(path).to_dict("records"):
            won, lost = round(row["residents_won"]), round(row["residents_lost"])
            if not won and not lost:
                continue
            better, worse = int(row["zones_unflagged"]), int(row["zones_flagged"])
            said = rf"{re.escape(row['metier_name'])} \([^)]*\), [^:]*: {won} habitants? y gagn(?:e|ent), {lost} y perd"
            said += rf"(?:ent)? ; {better} zones? (?:ne sont|n’est) plus inadéquates?, {worse} le devien"
            if not re.search(said, words):
                named = (path.parent.name, row["metier_name"], row["profile"], row["schedule"])
                yield f"{named}: {won}, {lost}, {better}, {worse}"
