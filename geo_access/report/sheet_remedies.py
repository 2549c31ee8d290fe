"""What stands in one person's way, and which single changes would lift it: each applied and computed anew.

The changes of the service are those that a study seeks (`geo_access.diagnosis.service_remedies`), for one point alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis
from geo_access.diagnosis.model import FlagReason
from geo_access.diagnosis.remedies import RemedyLimits, find_remedies
from geo_access.diagnosis.service_remedies import SERVICE, ServiceEngines, ServiceLimits, ServiceTrials, try_changes
from geo_access.report.changes import detail_told
from geo_access.report.sheet_ways import site_named, whole_minutes
from geo_access.times.round_trip import RoundTrip, connect_points, round_trip
from geo_access.words.words import text

__all__ = ["InTheWay", "told_obstacle"]


@dataclass(frozen=True, eq=False)
class InTheWay:
    """What an obstacle is told from.

    Attributes
    ----------
    diagnosis : Diagnosis
        Of one person: a zone that is one point.
    engines : ServiceEngines
        On the network of the diagnosis.
    limits : ServiceLimits
        How many changes of lines are tried.
    language : str
    """

    diagnosis: Diagnosis
    engines: ServiceEngines
    limits: ServiceLimits
    language: str


def told_obstacle(found: InTheWay, case: DiagnosedCase, *, zone_id: str) -> dict[str, Any]:
    """Tell what stands in the way first, and the smallest change that is enough.

    Parameters
    ----------
    found : InTheWay
    case : DiagnosedCase
        Of one métier.
    zone_id : str
        Of the person.

    Returns
    -------
    dict
        ``reason``, ``remedy``, and where they are known ``lifts`` (the change that asks least of others), ``service``
        (what was found on the lines) and ``carpool`` (places that a shared car reaches); empty where nothing does.
    """
    reason, language = FlagReason(int(case.points.reason[0, 0])), found.language
    if reason is FlagReason.REACHES:
        return {}
    told: dict[str, Any] = {
        "reason": text(f"reason.{reason.name}", language),
        "remedy": text("person.remedy", language, remedy=text(f"remedy.{reason.name}", language)),
    }
    if reason is FlagReason.OFF_NETWORK:
        return told | {"lifts": text("person.unsnapped", language)}
    trials = _trials(found, case)
    tried = find_remedies(
        found.diagnosis,
        found.engines.times,
        case,
        zone_id=zone_id,
        metier=case.offers.metiers[0].code,
        changes=trials.tried,
    )
    rows = tried.loc[tried["lifts"], ["remedy", "detail"]]
    lifting = list(zip(rows["remedy"].tolist(), rows["detail"].tolist(), strict=True))
    if lifting:
        told["lifts"] = text("person.lifts", language, change=_change(lifting[0], language))
    told["service"] = _on_the_lines(trials, lifting, found.limits, language)
    if any(remedy == "covoiturage" for remedy, _ in lifting):
        told["carpool"] = _driven_to(found, case)
    return told


def _trials(found: InTheWay, case: DiagnosedCase) -> ServiceTrials:
    if found.engines.times.network.timetable is None:
        return ServiceTrials()
    return try_changes(found.diagnosis, found.engines, case, limits=found.limits)


def _change(item: tuple[str, str], language: str) -> str:
    return text(f"report.change.{item[0]}", language, detail=detail_told(item[1], language))


def _on_the_lines(
    trials: ServiceTrials, lifting: list[tuple[str, str]], limits: ServiceLimits, language: str
) -> list[str]:
    """Say which change of a line is enough where it is not the smallest, or that none is, and how many were tried."""
    if not trials.zones:
        return []
    if not trials.tried:
        return [text("person.service.nothing", language)]
    most = limits.held + limits.trips + limits.headways + limits.extensions
    told = []
    enough = [item for item in lifting if item[0] in SERVICE]
    if not enough:
        told.append(text("person.service.none", language))
    elif lifting[0] not in enough:
        told.append(text("person.service.lifts", language, change=_change(enough[0], language)))
    return [*told, text("person.service.tried", language, n=len(trials.tried), most=most)]


def _driven_to(found: InTheWay, case: DiagnosedCase) -> list[str]:
    """Name the places that a shared car reaches in time, quickest first."""
    sites, home = found.diagnosis.sites[case.kind], found.diagnosis.residents.xy
    ask = replace(found.diagnosis.asks[case.profile.id, case.kind, case.schedule], spread_s=0)
    driven = ask.travelling(mode="car", max_rides=None)
    connection = connect_points(found.engines.times, home, sites, driven)
    trip: RoundTrip = round_trip(connection, np.arange(1), sites, driven)
    limits = RemedyLimits()
    far_m = np.hypot(*(sites.xy - home[0]).T) * limits.detour
    worst = np.maximum(trip.out_s[0], trip.back_s[0])
    wanted = np.unique(case.offers.site[case.offers.all_places > 0])
    near = [s for s in wanted if worst[s] <= case.threshold.limit_s and far_m[s] <= limits.covoiturage_km * 1000]
    near.sort(key=lambda site: (float(worst[site]), str(sites.names[site])))
    return [
        text(
            "person.driven_to",
            found.language,
            name=site_named(sites, site, found.language),
            there=whole_minutes(trip.out_s[0, site]),
            back=whole_minutes(trip.back_s[0, site]),
        )
        for site in near
    ]
