"""Entries of the catalogue that the study report, its annex and the adviser's sheet show."""

from __future__ import annotations

import re

__all__ = ["REPORT_FRENCH"]


def _spaced(entry: str) -> str:
    """Put narrow no-break spaces where French typography wants them."""
    return re.sub(r" (?=[:;?!%»])|(?<=«) ", "\u202f", entry)


_FRENCH = {
    "report.title": "Qui peut s’y rendre, et en revenir ?",
    "report.kicker": "Rapport d’étude",
    "report.day": "Situation du {day}",
    "report.months": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "report.weekdays": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "report.contents": "Sommaire",
    "report.synthetic": "Données synthétiques : ce territoire est inventé. Aucun chiffre ne décrit un lieu réel.",
    "report.summary": "L’essentiel",
    "report.summary.intro": (
        "L’étude porte sur {residents}, {zones} et {metiers}. Elle compte, pour chaque métier, les "
        "habitants qui peuvent "
        "se rendre sur place à l’heure, et rentrer chez eux. Public retenu dans cette synthèse : {profile}."
    ),
    "report.summary.training": (
        "Vers la formation : {threshold} au plus à l’aller comme au retour. De {worst_share} des "
        "habitants y parviennent "
        "pour « {worst} » à {best_share} pour « {best} »."
    ),
    "report.summary.training.one": (
        "Vers la formation : {threshold} au plus à l’aller comme au retour. "
        "{best_share} des habitants y parviennent pour « {best} »."
    ),
    "report.summary.job": (
        "Vers l’employeur, aux horaires de chaque poste : de {worst_share} des habitants y parviennent "
        "pour « {worst} » "
        "à {best_share} pour « {best} »."
    ),
    "report.summary.job.one": (
        "Vers l’employeur, aux horaires de chaque poste : {best_share} des habitants y parviennent pour « {best} »."
    ),
    "report.summary.obstacle": "Premier obstacle, tous métiers confondus : {reason} ({share} des situations bloquées).",
    "report.summary.qpv": (
        "Quartiers prioritaires : {bad} situations inadéquates sur {all} (un quartier × un métier), pour la formation."
    ),
    "report.summary.car": "Avec une voiture, la part moyenne passe de {without} à {with_car} pour la formation.",
    "report.summary.table": "Habitants qui peuvent s’y rendre et en revenir, par métier ({profile})",
    "report.metier": "Métier",
    "report.first_obstacle": "Premier obstacle",
    "report.zones.one": "{n} zone",
    "report.zones.many": "{n} zones",
    "report.metiers.one": "{n} métier",
    "report.metiers.many": "{n} métiers",
    "report.flagged": "Zones signalées",
    "report.flagged.intro": (
        "Une zone est adéquate si au moins {adequate} de ses habitants peuvent s’y rendre et en "
        "revenir, fragile à partir "
        "de {fragile}, inadéquate en dessous. La lettre double la couleur : A adéquat, F fragile, I inadéquat, "
        "– sans objet. Un point d’interrogation marque un niveau qui n’est pas sûr."
    ),
    "report.flagged.caption": "{kind} : niveau de chaque zone, par métier ({question})",
    "report.flagged.none": "Aucune zone n’est signalée.",
    "report.flagged.more.one": "{n} autre zone est dans le fichier flags.csv.",
    "report.flagged.more.many": "{n} autres zones sont dans le fichier flags.csv.",
    "report.zone": "Zone",
    "report.residents": "Habitants",
    "report.letters": "A F I –",
    "report.zonings": "Par type de territoire",
    "report.zonings.caption": "{kind} : situations (zone × métier) par niveau ({question})",
    "report.zonings.overlap": (
        "Un quartier prioritaire est dans une commune : ses habitants comptent dans les deux lignes, "
        "qui ne s’additionnent pas."
    ),
    "report.zonings.held": "secret",
    "report.zonings.other": "{zoning}, millésime {vintage} ({source})",
    "report.metier.heading": "{metier} ({code})",
    "report.metier.reach": (
        "{share} des habitants ({count}) peuvent se rendre en formation et en revenir ; {inadequate} sur {all} sont "
        "inadéquates."
    ),
    "report.metier.reach.job": (
        "{share} des habitants ({count}) peuvent se rendre chez un employeur qui recrute et en revenir ; {inadequate} "
        "sur {all} sont inadéquates."
    ),
    "report.metier.no_map": "Aucune carte n’a été produite pour ce métier.",
    "report.bands": "Qui habite à portée",
    "report.bands.caption": "{label} : nombre cumulé jusqu’à chaque durée",
    "report.components": "L’offre de formation face au besoin",
    "report.components.none": "Les trois composantes n’ont pas été calculées : le besoin n’est pas connu.",
    "report.component": "Composante",
    "report.figure": "Chiffre",
    "report.meaning": "Lecture",
    "report.geographic": "Géographique",
    "report.geographic.meaning": "des candidats atteignent une session adaptée, et en reviennent",
    "report.need_near": "Géographique (employeurs)",
    "report.need_near.meaning": "du besoin se trouve à portée d’une session adaptée",
    "report.quantitative": "Quantitative",
    "report.quantitative.meaning": "place réellement accessible pour un recrutement prévu",
    "report.employment": "Taux d’emploi après la formation",
    "report.employment.meaning": "donné par la source, jamais calculé ici",
    "report.unknown_figure": "non connu",
    "report.reasons": "Ce qui bloque",
    "report.reasons.caption": "Habitants qui ne peuvent pas, selon le premier obstacle : {kind}",
    "report.reasons.none": "{kind} : tous les habitants peuvent s’y rendre et en revenir.",
    "report.reasons.empty": "{kind} : aucune offre n’a été étudiée.",
    "report.reason": "Obstacle",
    "report.share": "Part",
    "report.remedies": "Ce qui lèverait l’obstacle",
    "report.remedies.none": "Aucun changement n’a été recalculé pour ce métier. Pistes, d’après les obstacles :",
    "report.remedies.caption": "Changements essayés, un par un, et recalculés",
    "report.change": "Changement",
    "report.before": "Avant",
    "report.after": "Après",
    "report.gain": "Habitants gagnés",
    "report.lifts": "Suffit à rendre la zone adéquate",
    "report.yes": "oui",
    "report.no": "non",
    "report.change.slightly_longer_threshold": "Accepter un trajet un peu plus long : {detail}",
    "report.change.longer_threshold": "Accepter un trajet plus long : {detail}",
    "report.change.bike_to_the_stop": "Rejoindre l’arrêt à vélo",
    "report.change.trip_on_a_line": "Ajouter une course : {detail}",
    "report.change.session_at_existing_site": "Ouvrir une session sur un site existant : {detail}",
    "report.change.covoiturage": "Covoiturage : {detail}",
    "report.change.weekly_stay": "Hébergement à la semaine : {detail} de trajet",
    "report.unknown": "Ce que l’on ne sait pas",
    "report.unknown.readings": "Données lues, gardées, localisées, perdues",
    "report.source": "Source",
    "report.read": "Lues",
    "report.kept": "Gardées",
    "report.located": "Localisées",
    "report.lost": "Pertes et raisons",
    "report.lost.none": "aucune",
    "report.unknown.supply": "{places} de « {metier} » sans adresse connue : elles ne comptent pas comme accessibles.",
    "report.unknown.no_supply": "Toutes les places étudiées ont une adresse ou sont à distance.",
    "report.unknown.secret": (
        "Statistiques secrètes : un chiffre masqué par la source est laissé de côté, jamais compté "
        "comme zéro. Les petits "
        "effectifs ne sont pas publiés."
    ),
    "report.unknown.dates": (
        "Les horaires sont ceux du {day}. Les autres données ont leur propre millésime (voir l’annexe) : les écarts de "
        "date ne sont pas corrigés."
    ),
    "report.unknown.crow_fly": "Sans plan des rues, les distances sont à vol d’oiseau, allongées d’un détour moyen.",
    "report.unknown.doubt.one": (
        "{n} situation sur {all} est indécidable : le doute sur les données dépasse l’écart aux seuils."
    ),
    "report.unknown.doubt.many": (
        "{n} situations sur {all} sont indécidables : le doute sur les données dépasse l’écart aux seuils."
    ),
    "report.unknown.warnings": "Avertissements du calcul",
    "report.no_pdf": (
        "Version PDF absente : la bibliothèque weasyprint n’est pas installée. Cette page s’imprime telle quelle."
    ),
    "report.pdf": "Version PDF : report.pdf",
    "report.under": "moins de {figure}",
    "report.over": "plus de {figure}",
    "report.unlocated.one": "{n} place",
    "report.unlocated.many": "{n} places",
    "report.minutes.one": "{n} minute",
    "report.minutes.many": "{n} minutes",
    "loss.no position in the file": "aucune position dans le fichier",
    "loss.taught remotely: no place to go to": "enseigné à distance : aucun lieu où se rendre",
    "loss.taught by a mobile unit: no place to go to": "unité mobile : aucun lieu où se rendre",
    "annex.title": "Annexe : la méthode",
    "annex.senses": "Trois sens d’« inadéquation géographique »",
    "annex.senses.intro": "L’expression a trois sens, que ce rapport ne mélange pas.",
    "annex.sense.dares_mismatch": "Au sens de la Dares",
    "annex.sense.dares_mismatch.text": (
        "Écart entre la répartition des demandeurs d’emploi d’un métier et celle des offres : somme des écarts absolus "
        "entre les deux répartitions (indice de Duncan), centrée et réduite sur une période de "
        "référence, puis coupée en "
        "cinq classes. Les classes officielles sont importées, les nôtres sont calculées à côté."
    ),
    "annex.sense.supply_adequacy": "Au sens des OPCO",
    "annex.sense.supply_adequacy.text": (
        "Adéquation de l’offre de formation d’un métier au besoin, en trois composantes séparées : géographique, "
        "quantitative, taux d’emploi après la formation. Aucune note unique ne les résume."
    ),
    "annex.sense.flag": "Au sens de ce rapport",
    "annex.sense.flag.text": (
        "Part des habitants d’une zone qui peuvent atteindre assez de places dans le temps dit, aux horaires demandés, "
        "et revenir, avec les modes du public. Un quartier ou une commune est représenté par ses points "
        "habités, jamais "
        "par son centre."
    ),
    "annex.rules": "Règles appliquées",
    "annex.rule.version": "Version des règles",
    "annex.rule.adequate": "Zone adéquate",
    "annex.rule.fragile": "Zone fragile",
    "annex.rule.share": "au moins {share} des habitants",
    "annex.rule.opportunities": "Places (ou postes) à atteindre",
    "annex.rule.at_least": "au moins {n}",
    "annex.rule.margin": "Marge essayée sur le seuil, pour la certitude",
    "annex.rule": "Règle",
    "annex.value": "Valeur",
    "annex.thresholds": "Seuils de temps",
    "annex.threshold": "Seuil",
    "annex.minutes": "Minutes",
    "annex.kind": "Vers",
    "annex.status": "Statut",
    "annex.profiles": "Publics",
    "annex.profile": "Public",
    "annex.mode": "Déplacement",
    "annex.walk": "Marche (km/h)",
    "annex.access": "Jusqu’à l’arrêt (min)",
    "annex.schedules": "Horaires",
    "annex.schedule": "Horaire",
    "annex.hours": "Heures",
    "annex.slack": "Marge avant, après (min)",
    "annex.reasons": "Les obstacles, dans l’ordre où ils sont cherchés",
    "annex.reasons.text": (
        "Chaque habitant qui ne peut pas s’y rendre et en revenir a un seul obstacle : le premier qui s’applique. Les "
        "parts font donc cent pour cent."
    ),
    "annex.confidence": "Certitude",
    "annex.confidence.text": (
        "Sûr : le niveau reste le même quand le seuil est raccourci ou allongé de la marge, quand le trajet tombe bien "
        "ou mal, et sans les sites ni les habitants mal connus. Probable : il change dans un de ces cas, ou des places "
        "n’ont pas d’adresse. Indécidable : il va d’adéquat à inadéquat, ou la plupart des places n’ont pas d’adresse."
    ),
    "annex.sources": "Sources et licences",
    "annex.inputs": "Fichiers utilisés, avec leur empreinte",
    "annex.file": "Fichier",
    "annex.hash": "SHA-256",
    "annex.notices": "Horaires (GTFS) : ce que la lecture a trouvé (détail : gtfs_notices.csv)",
    "annex.notice.feed": "Réseau",
    "annex.notice.severity": "Gravité",
    "annex.notice.code": "Constat",
    "annex.notice.file": "Fichier",
    "annex.notice.action": "Suite donnée",
    "annex.notice.count": "Nombre",
    "annex.links": "Rattachement aux rues, à pied (détail : links.csv)",
    "annex.link.of": "Table",
    "annex.link.outcome": "Résultat",
    "annex.link.count": "Nombre",
    "annex.link.farthest": "Plus loin (m)",
    "annex.link.points": "points habités",
    "annex.link.training": "sites de formation",
    "annex.link.employers": "employeurs",
    "annex.link.OK": "rattaché",
    "annex.link.NO_POSITION": "sans position",
    "annex.link.BEYOND_LIMIT": "trop loin d’une rue",
    "annex.versions": "Calcul : geo-access {version}, Python {python}.",
    "annex.empty": "non précisé",
    "person.title": "Fiche de trajets : {metier}",
    "person.from": "Départ : longitude {lon}, latitude {lat} (position arrondie). {profile}, {day}.",
    "person.training": "Formations accessibles",
    "person.job": "Employeurs accessibles",
    "person.none.training": "Aucune formation accessible en {minutes} à l’aller comme au retour.",
    "person.none.job": "Aucun employeur accessible en {minutes} à l’aller comme au retour.",
    "person.count.training.one": "{n} formation à portée, en {minutes} au plus à l’aller comme au retour.",
    "person.count.training.many": (
        "{n} formations à portée, en {minutes} au plus à l’aller comme au retour. Les plus proches :"
    ),
    "person.count.job.one": "{n} employeur à portée, en {minutes} au plus à l’aller comme au retour.",
    "person.count.job.many": (
        "{n} employeurs à portée, en {minutes} au plus à l’aller comme au retour. Les plus proches :"
    ),
    "person.there": "Aller",
    "person.back": "Retour",
    "person.took": "{minutes} min, attente comprise",
    "person.hours": "de {start} à {end}",
    "person.obstacle": "Ce qui bloque d’abord",
    "person.remedy": "Piste : {remedy}.",
    "person.lifts": "Recalculé : {change} suffit à débloquer la situation.",
    "person.unsnapped": "Le point de départ n’a pas pu être rattaché aux rues : vérifiez les coordonnées.",
    "person.privacy": "Cette fiche ne garde ni nom ni adresse : seulement la position arrondie du départ.",
    "person.leg.walk": "{start} : à pied, {minutes} min{to}",
    "person.leg.bike": "{start} : à vélo, {minutes} min{to}",
    "person.leg.car": "{start} : en voiture, {minutes} min{to}",
    "person.leg.ride": "{start} : {line}{direction}, de « {origin} » à « {target} », arrivée {end}",
    "person.leg.to": " jusqu’à « {name} »",
    "person.leg.direction": " direction {name}",
    "person.leg.arrive": "{end} : arrivée",
}

REPORT_FRENCH = {key: _spaced(entry) for key, entry in _FRENCH.items()}
