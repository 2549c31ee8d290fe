"""Sentences of the report, in English."""

from __future__ import annotations

__all__ = ["REPORT_ENGLISH"]

REPORT_ENGLISH = {
    "report.title": "Who can get there, and back?",
    "report.kicker": "Study report",
    "report.day": "As of {day}",
    "report.months": "January February March April May June July August September October November December",
    "report.weekdays": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "report.contents": "Contents",
    "report.synthetic": "Synthetic data: this territory is invented. No figure describes a real place.",
    "report.summary": "In brief",
    "report.summary.intro": (
        "The study covers {residents}, {zones} and {metiers}. For each métier it counts the residents "
        "who can be there on "
        "time, and get home again. Public of this summary: {profile}."
    ),
    "report.summary.training": (
        "To training: {threshold} at most, each way. From {worst_share} of the residents manage it for “{worst}” "
        "to {best_share} for “{best}”."
    ),
    "report.summary.training.one": (
        "To training: {threshold} at most, each way. {best_share} of the residents manage it for “{best}”."
    ),
    "report.summary.job": (
        "To the employer, at the hours of each job: from {worst_share} of the residents manage it for “{worst}” "
        "to {best_share} for “{best}”."
    ),
    "report.summary.job.one": (
        "To the employer, at the hours of each job: {best_share} of the residents manage it for “{best}”."
    ),
    "report.summary.obstacle": "First obstacle, all métiers together: {reason} ({share} of the blocked situations).",
    "report.summary.qpv": (
        "Priority neighbourhoods: {bad} inadequate situations of {all} (neighbourhood × métier), training."
    ),
    "report.summary.car": "With a car, the mean share rises from {without} to {with_car} for training.",
    "report.summary.table": "Residents who can get there and back, by métier ({profile})",
    "report.metier": "Métier",
    "report.first_obstacle": "First obstacle",
    "report.zones.one": "{n} zone",
    "report.zones.many": "{n} zones",
    "report.metiers.one": "{n} métier",
    "report.metiers.many": "{n} métiers",
    "report.flagged": "Flagged zones",
    "report.flagged.intro": (
        "A zone is adequate when at least {adequate} of its residents can get there and back, fragile from {fragile}, "
        "inadequate below. The letter says what the colour says: A adequate, F fragile, I inadequate, – "
        "does not apply. "
        "A question mark stands where the level is not sure."
    ),
    "report.flagged.caption": "{kind}: level of each zone, by métier ({question})",
    "report.flagged.none": "No zone is flagged.",
    "report.flagged.more.one": "{n} more zone is in the file flags.csv.",
    "report.flagged.more.many": "{n} more zones are in the file flags.csv.",
    "report.zone": "Zone",
    "report.residents": "Residents",
    "report.letters": "A F I –",
    "report.zonings": "By kind of territory",
    "report.zonings.caption": "{kind}: situations (zone × métier) by level ({question})",
    "report.zonings.overlap": (
        "A priority neighbourhood lies in a commune: its residents count in both rows, which do not add up."
    ),
    "report.zonings.held": "withheld",
    "report.zonings.other": "{zoning}, vintage {vintage} ({source})",
    "report.metier.heading": "{metier} ({code})",
    "report.metier.reach": (
        "{share} of the residents ({count}) can get to training and back; {inadequate} of {all} are inadequate."
    ),
    "report.metier.reach.job": (
        "{share} of the residents ({count}) can get to a recruiting employer and back; {inadequate} of {all} are "
        "inadequate."
    ),
    "report.metier.no_map": "No map was made for this métier.",
    "report.bands": "Who lives within reach",
    "report.bands.caption": "{label}: cumulative count up to each time",
    "report.components": "Training on offer against the need",
    "report.components.none": "The three components were not computed: the need is not known.",
    "report.component": "Component",
    "report.figure": "Figure",
    "report.meaning": "Reading",
    "report.geographic": "Geographic",
    "report.geographic.meaning": "of the candidates reach a suitable session, and get back",
    "report.need_near": "Geographic (employers)",
    "report.need_near.meaning": "of the need lies within reach of a suitable session",
    "report.quantitative": "Quantitative",
    "report.quantitative.meaning": "places truly within reach for one recruitment planned",
    "report.employment": "Employment rate after training",
    "report.employment.meaning": "given by the source, never computed here",
    "report.unknown_figure": "not known",
    "report.reasons": "What stands in the way",
    "report.reasons.caption": "Residents who cannot, by first obstacle: {kind}",
    "report.reasons.none": "{kind}: all residents can get there and back.",
    "report.reasons.empty": "{kind}: nothing on offer was studied.",
    "report.reason": "Obstacle",
    "report.share": "Share",
    "report.remedies": "What would lift it",
    "report.remedies.none": "No change was recomputed for this métier. Leads, from the obstacles:",
    "report.remedies.caption": "Changes tried one at a time, and recomputed",
    "report.change": "Change",
    "report.before": "Before",
    "report.after": "After",
    "report.gain": "Residents gained",
    "report.lifts": "Enough to make the zone adequate",
    "report.yes": "yes",
    "report.no": "no",
    "report.change.slightly_longer_threshold": "Accept a slightly longer trip: {detail}",
    "report.change.longer_threshold": "Accept a longer trip: {detail}",
    "report.change.bike_to_the_stop": "Cycle to the stop",
    "report.change.trip_on_a_line": "Add a trip: {detail}",
    "report.change.session_at_existing_site": "Open a session at an existing site: {detail}",
    "report.change.covoiturage": "Shared car trips: {detail}",
    "report.change.weekly_stay": "Weekly lodging: {detail} of travel",
    "report.unknown": "What is not known",
    "report.unknown.readings": "Data read, kept, located, lost",
    "report.source": "Source",
    "report.read": "Read",
    "report.kept": "Kept",
    "report.located": "Located",
    "report.lost": "Losses and reasons",
    "report.lost.none": "none",
    "report.unknown.supply": "{places} of “{metier}” without a known address: they do not count as reachable.",
    "report.unknown.no_supply": "All places studied have an address or are remote.",
    "report.unknown.secret": (
        "Secret statistics: a figure that the source withholds is left out, never counted as zero. "
        "Small numbers are not "
        "published."
    ),
    "report.unknown.dates": (
        "Timetables are those of {day}. Other data have their own vintage (see the annex): gaps between dates are not "
        "corrected."
    ),
    "report.unknown.crow_fly": "Without a street map, distances are straight lines, lengthened by a mean detour.",
    "report.unknown.doubt.one": "{n} situation of {all} cannot be decided: the doubt exceeds the gap to the limits.",
    "report.unknown.doubt.many": "{n} situations of {all} cannot be decided: the doubt exceeds the gap to the limits.",
    "report.unknown.warnings": "Warnings of the computation",
    "report.no_pdf": "No PDF: the weasyprint library is not installed. This page prints as it is.",
    "report.pdf": "PDF version: report.pdf",
    "report.under": "under {figure}",
    "report.over": "over {figure}",
    "report.unlocated.one": "{n} place",
    "report.unlocated.many": "{n} places",
    "report.minutes.one": "{n} minute",
    "report.minutes.many": "{n} minutes",
    "loss.no position in the file": "no position in the file",
    "loss.taught remotely: no place to go to": "taught remotely: no place to go to",
    "loss.taught by a mobile unit: no place to go to": "taught by a mobile unit: no place to go to",
    "annex.title": "Annex: the method",
    "annex.senses": "Three senses of « inadéquation géographique »",
    "annex.senses.intro": "The expression has three senses, which this report keeps apart.",
    "annex.sense.dares_mismatch": "After Dares",
    "annex.sense.dares_mismatch.text": (
        "Gap between where the job-seekers of a métier are and where its offers are: sum of the "
        "absolute differences of "
        "the two distributions (Duncan index), centred and reduced over a reference period, cut into five classes. "
        "Official classes are imported, ours are computed beside them."
    ),
    "annex.sense.supply_adequacy": "After the OPCO",
    "annex.sense.supply_adequacy.text": (
        "Fit of a métier's training to the need, in three separate components: geographic, "
        "quantitative, employment rate "
        "after training. No single mark sums them up."
    ),
    "annex.sense.flag": "In this report",
    "annex.sense.flag.text": (
        "Share of a zone's residents who can reach enough places within the time stated, at the hours asked, and get "
        "back, with the modes of the public. A zone is represented by its populated points, never by its centre."
    ),
    "annex.rules": "Rules applied",
    "annex.rule.version": "Version of the rules",
    "annex.rule.adequate": "Adequate zone",
    "annex.rule.fragile": "Fragile zone",
    "annex.rule.share": "at least {share} of the residents",
    "annex.rule.opportunities": "Places (or openings) to reach",
    "annex.rule.at_least": "at least {n}",
    "annex.rule.margin": "Margin tried on the threshold, for the confidence",
    "annex.rule": "Rule",
    "annex.value": "Value",
    "annex.thresholds": "Time thresholds",
    "annex.threshold": "Threshold",
    "annex.minutes": "Minutes",
    "annex.kind": "To",
    "annex.status": "Status",
    "annex.profiles": "Publics",
    "annex.profile": "Public",
    "annex.mode": "Travels",
    "annex.walk": "Walking (km/h)",
    "annex.access": "To the stop (min)",
    "annex.schedules": "Hours",
    "annex.schedule": "Schedule",
    "annex.hours": "Hours",
    "annex.slack": "Slack before, after (min)",
    "annex.reasons": "The obstacles, in the order in which they are looked for",
    "annex.reasons.text": (
        "Each resident who cannot get there and back has one obstacle: the first that applies. Shares "
        "thus add up to one "
        "hundred per cent."
    ),
    "annex.confidence": "Confidence",
    "annex.confidence.text": (
        "Sure: the level stays the same when the threshold is shortened or lengthened by the margin, when the trip "
        "falls well or badly, and without the sites and residents that are badly known. Probable: it changes in one of "
        "these cases, or places have no address. Undecidable: it goes from adequate to inadequate, or most places have "
        "no address."
    ),
    "annex.sources": "Sources and licences",
    "annex.inputs": "Files used, with their fingerprint",
    "annex.file": "File",
    "annex.hash": "SHA-256",
    "annex.notices": "Timetables (GTFS): what the reading found (details: gtfs_notices.csv)",
    "annex.notice.feed": "Network",
    "annex.notice.severity": "Severity",
    "annex.notice.code": "Finding",
    "annex.notice.file": "File",
    "annex.notice.action": "What was done",
    "annex.notice.count": "Number",
    "annex.links": "Links to the streets, on foot (details: links.csv)",
    "annex.link.of": "Table",
    "annex.link.outcome": "Outcome",
    "annex.link.count": "Number",
    "annex.link.farthest": "Farthest (m)",
    "annex.link.points": "populated points",
    "annex.link.training": "training sites",
    "annex.link.employers": "employers",
    "annex.link.OK": "linked",
    "annex.link.NO_POSITION": "without position",
    "annex.link.BEYOND_LIMIT": "too far from a street",
    "annex.versions": "Computed with geo-access {version}, Python {python}.",
    "annex.empty": "not stated",
    "person.title": "Trip sheet: {metier}",
    "person.from": "From: longitude {lon}, latitude {lat} (rounded position). {profile}, {day}.",
    "person.training": "Training within reach",
    "person.job": "Employers within reach",
    "person.none.training": "No training within {minutes} each way.",
    "person.none.job": "No employer within {minutes} each way.",
    "person.count.training.one": "{n} training site within {minutes} each way.",
    "person.count.training.many": "{n} training sites within {minutes} each way. The nearest:",
    "person.count.job.one": "{n} employer within {minutes} each way.",
    "person.count.job.many": "{n} employers within {minutes} each way. The nearest:",
    "person.there": "There",
    "person.back": "Back",
    "person.took": "{minutes} min, waiting included",
    "person.hours": "from {start} to {end}",
    "person.obstacle": "What stands in the way first",
    "person.remedy": "Lead: {remedy}.",
    "person.lifts": "Recomputed: {change} is enough.",
    "person.unsnapped": "The starting point could not be placed on the streets: check the coordinates.",
    "person.privacy": "This sheet keeps neither name nor address: only the rounded position of the start.",
    "person.leg.walk": "{start}: walk {minutes} min{to}",
    "person.leg.bike": "{start}: cycle {minutes} min{to}",
    "person.leg.car": "{start}: drive {minutes} min{to}",
    "person.leg.ride": "{start}: {line}{direction}, from “{origin}” to “{target}”, arriving {end}",
    "person.leg.to": " to “{name}”",
    "person.leg.direction": " towards {name}",
    "person.leg.arrive": "{end}: arrive",
}
