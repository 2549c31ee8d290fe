"""Tags as they hold at a moment, and what reading them found: conditions, unknown words, defaults."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo_access.network.streets.almanac import Almanac
from geo_access.network.streets.conditions import resolved
from geo_access.network.streets.graphs import Rules
from geo_access.network.streets.limits import ferry_s, nonsense_limit
from geo_access.network.streets.modes import Profile
from geo_access.network.streets.rules import permission, street_class
from geo_access.sources.osm import OsmWays, WalkArea
from geo_access.words.note import Note, note

__all__ = ["TagsRead", "rules_at", "tag_notes"]


@dataclass(frozen=True, eq=False)
class TagsRead:
    """Tag combinations without conditions, and what became of those.

    Attributes
    ----------
    tag_sets : tuple of dict
    notes : tuple of Note
    areas : tuple of WalkArea
        Squares and platforms with such tags.
    """

    tag_sets: tuple[dict[str, str], ...]
    notes: tuple[Note, ...]
    areas: tuple[WalkArea, ...] = ()


def _hours_as_condition(tags: dict[str, str]) -> dict[str, str]:
    """Old hours of restrictions (``day_on``, ``hour_on`` …) as a condition."""
    hours = {key: tags.pop(key) for key in ("day_on", "day_off", "hour_on", "hour_off") if key in tags}
    if not hours or "restriction" not in tags:
        return tags
    names = {"monday": "Mo", "tuesday": "Tu", "wednesday": "We", "thursday": "Th", "friday": "Fr", "saturday": "Sa"}
    names["sunday"] = "Su"
    days = "-".join(names.get(hours.get(key, "").lower(), hours.get(key, "?")) for key in ("day_on", "day_off"))
    times = "-".join(hours.get(key, "?") for key in ("hour_on", "hour_off"))
    parts = ([days] if "day_on" in hours or "day_off" in hours else []) + (
        [times] if "hour_on" in hours or "hour_off" in hours else []
    )
    return tags | {"restriction:conditional": f"{tags.pop('restriction')} @ ({' '.join(parts)})"}


def rules_at(
    ways: OsmWays, moment: dt.datetime | None, *, school_breaks: tuple[tuple[dt.date, dt.date], ...] = ()
) -> tuple[Rules, TagsRead]:
    """Read all conditions for a moment.

    Parameters
    ----------
    ways : OsmWays
    moment : datetime.datetime or None
        Without it conditions are counted, not applied.
    school_breaks : tuple of (datetime.date, datetime.date)
        School holidays; without any conditions about them are counted.

    Returns
    -------
    rules : Rules
        Tags of nodes and restrictions.
    read : TagsRead
        Tags of ways, and the notes.
    """
    counts: Counter[str] = Counter()
    known = np.isfinite(ways.lon)
    place = (float(np.median(ways.lon[known])), float(np.median(ways.lat[known]))) if known.any() else None
    almanac = Almanac.at(place, school_breaks) if place else Almanac()

    def plain(tags: dict[str, str], weight: int, kind: str) -> dict[str, str]:
        found, understood = resolved(tags, moment, almanac=almanac)
        if understood is not None:
            counts[f"{kind}.{'read' if understood else 'unread'}"] += weight
        return found

    uses = np.bincount(ways.way_tags, minlength=len(ways.tag_sets)).tolist()
    tag_sets = tuple(plain(tags, n, "ways") for tags, n in zip(ways.tag_sets, uses, strict=True))
    # A closed way that is an area has been counted among the ways.
    areas = tuple(replace(area, tags=plain(area.tags, 0 if area.rim else 1, "ways")) for area in ways.areas)
    node_tags = {node: plain(tags, 1, "nodes") for node, tags in ways.node_tags.items()}
    restrictions = []
    for item in ways.restrictions:
        tags = plain(_hours_as_condition(dict(item.tags)), 1, "turns")
        if any(key.startswith("restriction") for key in tags):
            restrictions.append(replace(item, tags=tuple(tags.items())))
    read = sum(counts[f"{kind}.read"] for kind in ("ways", "nodes", "turns"))
    notes = []
    if moment is not None and read:
        key = "streets.conditions_read" if almanac.zone is None else "streets.conditions_read_france"
        notes.append(note(key, n=read, day=moment.date().isoformat(), hour=f"{moment:%H:%M}"))
    notes += [
        note(f"streets.conditions_unread_{kind}", n=counts[f"{kind}.unread"])
        for kind in ("ways", "nodes", "turns")
        if counts[f"{kind}.unread"]
    ]
    return Rules(node_tags, tuple(restrictions)), TagsRead(tag_sets, tuple(notes), areas)


def tag_notes(ways: OsmWays, profiles: Sequence[Profile]) -> list[Note]:
    """Say what tags could not be taken at their word: unknown access, limits that cannot be meant, defaults.

    Parameters
    ----------
    ways : OsmWays
    profiles : sequence of Profile

    Returns
    -------
    list of Note
    """
    uses = np.bincount(ways.way_tags, minlength=len(ways.tag_sets)).tolist()
    counted = list(zip(ways.tag_sets, uses, strict=True))
    notes = []
    unknown: Counter[str] = Counter()
    strange = 0
    for tags, n in counted:
        words = {word for profile in profiles for word in permission(tags, profile).unknown}
        unknown.update(dict.fromkeys(words, n))
        strange += n if words else 0
    if unknown:
        shown = ", ".join(
            f"{word} ({n})" for word, n in sorted(unknown.items(), key=lambda pair: (-pair[1], pair[0]))[:6]
        )
        notes.append(note("streets.access_unknown", n=strange, words=shown))
    nonsense = sum(n for tags, n in counted if nonsense_limit(tags))
    if nonsense:
        notes.append(note("streets.limits_refused", n=nonsense))
    ferries = [(tags.get("duration", ""), n) for tags, n in counted if street_class(tags) == "ferry"]
    untimed = sum(n for duration, n in ferries if not duration)
    unread = sum(n for duration, n in ferries if duration and not ferry_s(duration))
    speeds = ", ".join(f"{profile.name} {profile.ferry_kmh:g} km/h" for profile in profiles)
    if untimed or unread:
        notes.append(note("streets.ferries_untimed", n=untimed + unread, unread=unread, speeds=speeds))
    keys = {key for profile in profiles for key in profile.access_keys} | {"locked", "opening_hours"}
    gates = {gate for profile in profiles for gate in profile.open_gates}
    open_gates = sum(tags.get("barrier") in gates and not keys & set(tags) for tags in ways.node_tags.values())
    if open_gates:
        notes.append(note("streets.gates_open", n=open_gates))
    reversible = sum(n for tags, n in counted if "reversible" in (tags.get("oneway"), tags.get("conveying")))
    if reversible:
        notes.append(note("streets.reversible", n=reversible))
    return notes
