"""Entries of the catalogue that the command line shows."""

from __future__ import annotations

__all__ = ["CLI_ENGLISH", "CLI_FRENCH"]

CLI_FRENCH = {
    "cli.error": "Erreur",
    "cli.interrupted": "Interrompu : rien n'a été écrit.",
    "cli.starting": "Démarrage",
    "cli.flags_title": "Zones par niveau, et part des habitants qui y vont et en reviennent",
    "cli.metier": "Métier",
    "cli.adequate": "adéquates",
    "cli.fragile": "fragiles",
    "cli.inadequate": "inadéquates",
    "cli.residents": "habitants",
    "cli.written": "Écrit",
    "cli.read_title": "Données lues",
    "cli.source": "Source",
    "cli.read": "lues",
    "cli.kept": "gardées",
    "cli.located": "localisées",
    "cli.lost": "pertes et raisons",
    "cli.check_ok": "L'étude peut être lancée.",
    "cli.estimate": (
        "Estimation : {points} points × {sites} lieux × {profiles} publics ; "
        "environ {memory_mb} Mo de mémoire et {minutes} min."
    ),
    "cli.calendar_common": "Jours où tous les flux circulent : {n} ; le premier {first}, le dernier {last}.",
    "cli.calendar_empty": "{feed} : aucune course",
    "cli.calendar_none": "Aucun jour commun à tous les flux.",
    "cli.calendar_feed": "{feed} : {days} jours, du {first} au {last}",
    "schedule.own_hours": "horaires de chaque employeur",
    "source.osm": "© les contributeurs d'OpenStreetMap (ODbL 1.0)",
    "bands.to.training": "Jusqu’au site de formation le plus proche",
    "bands.to.job": "Jusqu’à l’employeur le plus proche",
    "bands.arrive": "{to}, {mode}, arrivée à {hour}",
    "bands.any": "{to}, {mode}, à toute heure",
    "stage.read": "Lecture des données",
    "stage.network": "Rues et horaires",
    "stage.diagnose": "Temps aller et retour, causes",
    "stage.isochrones": "Isochrones",
    "stage.remedies": "Remèdes",
    "stage.maps": "Cartes",
    "stage.report": "Rapport",
    "stage.write": "Écriture",
}

CLI_ENGLISH = {
    "cli.error": "Error",
    "cli.interrupted": "Interrupted: nothing was written.",
    "cli.starting": "Starting",
    "cli.flags_title": "Zones by level, and share of the residents who get there and back",
    "cli.metier": "Métier",
    "cli.adequate": "adequate",
    "cli.fragile": "fragile",
    "cli.inadequate": "inadequate",
    "cli.residents": "residents",
    "cli.written": "Written",
    "cli.read_title": "Data read",
    "cli.source": "Source",
    "cli.read": "read",
    "cli.kept": "kept",
    "cli.located": "located",
    "cli.lost": "losses and reasons",
    "cli.check_ok": "The study can be run.",
    "cli.estimate": (
        "Estimate: {points} points × {sites} sites × {profiles} publics; "
        "about {memory_mb} MB of memory and {minutes} min."
    ),
    "cli.calendar_common": "Days on which all feeds run: {n}; the first {first}, the last {last}.",
    "cli.calendar_empty": "{feed}: no trip at all",
    "cli.calendar_none": "No day on which all feeds run.",
    "cli.calendar_feed": "{feed}: {days} days, from {first} to {last}",
    "schedule.own_hours": "each employer's own hours",
    "source.osm": "© OpenStreetMap contributors (ODbL 1.0)",
    "bands.to.training": "To the nearest training site",
    "bands.to.job": "To the nearest employer",
    "bands.arrive": "{to}, {mode}, arriving at {hour}",
    "bands.any": "{to}, {mode}, at any hour",
    "stage.read": "Reading the data",
    "stage.network": "Streets and timetables",
    "stage.diagnose": "Times there and back, causes",
    "stage.isochrones": "Isochrones",
    "stage.remedies": "Remedies",
    "stage.maps": "Maps",
    "stage.report": "Report",
    "stage.write": "Writing",
}
