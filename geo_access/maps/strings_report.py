"""Entries of the catalogue that the study report, its annex and the adviser's sheet show."""

from __future__ import annotations

import re

__all__ = ["REPORT_ENGLISH", "REPORT_FRENCH"]


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
