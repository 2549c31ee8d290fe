"""Entries of the catalogue for what a reader of the results should know.

The readings and the network write their notes in English: the English entry is the shape of the note, from which its
values are read back.
"""

from __future__ import annotations

import re

__all__ = ["NOTE_ENGLISH", "NOTE_FRENCH"]

# English shape, French words.
_NOTES = {
    "notice": ("{feed}: {code} ({file}): {n} {action}", "{feed} : {code} ({file}), {n} cas, {action}"),
    "frequencies": (
        ("{feed}: {n} periods without fixed times ({file}): first departure {share} headway after the start of the "
        "period"),
        ("{feed} : {n} périodes à fréquence, sans heures fixes ({file}) : premier départ {share} intervalle après le "
        "début de la période"),
    ),
    "headways": (
        "{feed}: {n} periods without fixed times ({file}): half the headway charged at each boarding",
        "{feed} : {n} périodes à fréquence, sans heures fixes ({file}) : un demi-intervalle d’attente à chaque montée",
    ),
    "booked": (
        "{feed}: {n} trips that must be booked, in no search that does not ask for them",
        "{feed} : {n} courses à réserver, comptées seulement quand l’étude les demande",
    ),
    "shared": (
        "{n} pairs of stops of different feeds are one place (25 m, or 150 m and one name): linked",
        "{n} paires d’arrêts de réseaux différents sont un même lieu (25 m, ou 150 m et le même nom) : reliées",
    ),
    "imputed": ("{n} points hold imputed figures", "{n} points portent des chiffres estimés par leur source"),
    "outside": (
        "{n} points lie outside the territory asked for", "{n} points sont hors du territoire demandé"
    ),
    "car_other_hour": (
        "car: free flow, no traffic (at {hour} h; factors are given for {hours} h)",
        "voiture : sans circulation à {hour} h, aucun embouteillage compté (facteurs donnés pour {hours} h)",
    ),
    "car_free": ("car: free flow, no traffic", "voiture : sans circulation, aucun embouteillage compté"),
    "car_at_hour": (
        "car: free flow × {factor} at {hour} h, as given",
        "voiture : temps sans circulation × {factor} à {hour} h, facteur donné par l’étude",
    ),
    "car_slowed": (
        "car: free flow × {factor}, as given",
        "voiture : temps sans circulation × {factor}, facteur donné par l’étude",
    ),
    "car_straight": (
        "car: straight lines × {detour} at {kmh} km/h",
        "voiture : lignes droites × {detour} à {kmh} km/h, sans rues",
    ),
    "crow_fly": ("no streets: straight lines × {factor}", "sans plan des rues : distances à vol d’oiseau × {factor}"),
    "aligned": (
        "{feed}: aligned, runs as on {day} (its calendar is {first} to {last}, the day asked for is {asked})",
        ("{feed} : calendrier décalé, circule comme le {day} (son calendrier va du {first} au {last}, le jour demandé "
        "est {asked})"),
    ),
    "no_trip": ("{feed}: no trip on {day}", "{feed} : aucune course le {day}"),
    "empty_zones": (
        "zones without any populated point, kept as « sans objet »: {zones}",
        "zones sans aucun point habité, gardées comme « sans objet » : {zones}",
    ),
    "pupils": (
        "places are the pupils counted in each year of the course, not its capacity",
        "les places sont les élèves comptés chaque année de la formation, pas sa capacité",
    ),
    "one_job": (
        "{n} rows do not say how many jobs: counted as 1 each",
        "{n} lignes ne disent pas combien de postes : un poste est compté pour chacune",
    ),
    "no_hours": (
        "{n} employers give no hours: {start}–{end} is assumed for them",
        "{n} employeurs ne donnent pas d’horaire : {start}–{end} est supposé",
    ),
    "unread_hours": (
        "{n} rows with hours that cannot be read: left unknown", "{n} lignes d’horaires illisibles : laissées inconnues"
    ),
    "offers_silent": (
        "{n} offers say nothing of their hours that can be read", "{n} offres ne disent rien de lisible sur l’horaire"
    ),
    "offers_assumed": (
        "{n} offers name a pattern only: customary hours were assumed",
        "{n} offres ne nomment qu’un rythme (3×8, nuit…) : des heures habituelles sont supposées",
    ),
    "hidden": (
        "{n} establishments object to diffusion: their names and addresses were not kept",
        "{n} établissements s’opposent à la diffusion : ni leur nom ni leur adresse ne sont gardés",
    ),
    "mended": (
        "{file}: {n} outlines crossed themselves and were made valid",
        "{file} : {n} contours se croisaient et ont été réparés",
    ),
    "joined": (
        "{file}: {n} rows share {codes} codes: the parts were joined into one zone each",
        "{file} : {n} lignes partagent {codes} codes : les parties sont réunies en une zone par code",
    ),
    "action.repaired": ("repaired", "réparés"),
    "action.dropped": ("dropped", "laissés de côté"),
    "action.kept": ("kept", "gardés tels quels"),
}  # fmt: skip

NOTE_ENGLISH = {f"note.{key}": english for key, (english, _) in _NOTES.items()}
NOTE_FRENCH = {f"note.{key}": re.sub(r" (?=[:;?!%»])|(?<=«) ", "\u202f", french) for key, (_, french) in _NOTES.items()}
