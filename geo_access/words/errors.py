"""Entries of the catalogue for the errors that users meet most: what is wrong → what to do."""

from __future__ import annotations

import re

__all__ = ["ERROR_ENGLISH", "ERROR_FRENCH"]


def _spaced(entry: str) -> str:
    """Put narrow no-break spaces where French typography wants them."""
    return re.sub(r" (?=[:;?!%»])|(?<=«) ", "\u202f", entry)


_FRENCH = {
    "faults": "{n} fautes :",
    "study.no_file": "{file} : ce fichier d’étude n’existe pas → vérifiez le chemin, ou partez de « geo-access demo »",
    "study.too_large": "{file} : plus de 1 Mo → ce n’est pas un fichier d’étude",
    "study.not_utf8": "{file} : n’est pas en UTF-8 (octet {byte}) → enregistrez le fichier en UTF-8",
    "study.not_toml": "{file} : n’est pas du TOML valide ({why}) → corrigez cette ligne",
    "study.file_not_found": (
        "fichier introuvable : {file} → vérifiez le chemin ; il part du dossier du fichier d’étude"
    ),
    "study.unknown_near": "clé inconnue → vouliez-vous écrire « {near} » ?",
    "study.unknown": "clé inconnue → clés possibles : {known}",
    "study.missing": "cette clé manque → ajoutez-la",
    "study.above": "la valeur doit être supérieure à {gt}",
    "study.at_least": "la valeur doit être au moins {ge}",
    "study.below": "la valeur doit être inférieure à {lt}",
    "study.at_most": "la valeur doit être au plus {le}",
    "study.one_of": "valeur inconnue → l’une de : {expected}",
    "study.pattern": "forme refusée → lettres, chiffres, « _ », « . » et « - » seulement (modèle {pattern})",
    "study.empty": "cette valeur est vide → donnez-en au moins une",
    "study.too_long": "texte trop long → {max_length} caractères au plus",
    "study.date": "ce n’est pas une date du calendrier → par exemple 2026-03-17",
    "study.number": "ce n’est pas un nombre",
    "study.boolean": "écrivez true ou false",
    "study.text": "un texte entre guillemets est attendu",
    "study.list": "une liste entre crochets est attendue",
    "study.section": "une section est attendue, pas une valeur",
    "study.clock": '« {value} » n’est pas une heure → par exemple "05:00", ou "29:00" pour 5 h le lendemain',
    "study.osm_needed": (
        'streets = "osm" demande osm = ["fichier.osm.pbf"] → donnez-le, ou écrivez streets = "crow-fly"'
    ),
    "study.osm_ignored": 'streets = "crow-fly" ignore osm → retirez osm, ou écrivez streets = "osm"',
    "study.holidays_twice": "donnez school_zone ou school_breaks, pas les deux",
    "study.holidays_ignored": (
        '{key} ne sert qu’avec align = "equivalent-day" → retirez-le, ou alignez les calendriers'
    ),
    "study.hour_and_factors": (
        "car_hour et des facteurs car_congestion par heure vont ensemble → donnez les deux, ou aucun"
    ),
    "study.place_ignored": "school_place choisit des lignes de school_breaks → nommez ce fichier",
    "study.detour_ignored": 'detour ne sert qu’avec streets = "crow-fly" → retirez-le',
    "study.format_needs": 'format = "{format}" demande {keys} → ajoutez ces clés',
    "study.format_ignores": 'format = "{format}" ignore {keys} → retirez ces clés',
    "study.addresses": "donnez files ou service, l’un des deux",
    "study.ends_before": (
        "finit à {end}, avant de commencer à {start} → un poste de nuit qui finit le lendemain "
        "s’écrit au-delà de 24 h, ici {instead}"
    ),
    "study.shares": "fragile_share {fragile} doit être inférieur à adequate_share {adequate}",
    "study.minutes_ascend": "isochrone_minutes {given} doit croître, chaque durée une seule fois",
    "study.nothing_to_reach": "il n’y a rien à atteindre → donnez [training], [employers] ou les deux",
    "study.twice": "{section} : « {id} » est donné deux fois",
    "study.no_kind": "{section} : aucun de type « {kind} »",
    "study.no_gtfs": "{profiles} : ces publics prennent les transports, mais [network] ne nomme aucun gtfs",
    "study.no_profile": "output.isochrone_profile : « {id} » n’est pas un public de l’étude",
    "option_unknown": "« {value} » n’est pas dans l’étude → l’un de : {known}",
    "no_such_file": "{file} : ce fichier n’existe pas → vérifiez le chemin",
    "empty_file": "{file} : ce fichier est vide → téléchargez-le à nouveau",
    "unreadable_file": "{file} : illisible comme {format} ({why}) → téléchargez-le ou exportez-le à nouveau",
    "format_not_read": "{file} : le format {format} n’est pas lu → donnez l’un de : {known}",
    "no_column_near": "aucune colonne {wanted} → vouliez-vous dire « {near} » ?",
    "no_column": "aucune colonne {wanted} → les colonnes sont {known}",
    "no_crs": (
        "{file} : la couche ne dit pas son système de coordonnées → donnez crs, par exemple 2154 (Lambert-93) "
        "ou 4326 (longitude et latitude)"
    ),
    "zones_empty": "{file} : aucune ligne → cette couche ne contient aucune zone",
    "zones_no_geometry": (
        "{file} : aucune géométrie → donnez un GeoPackage, un GeoJSON ou un shapefile, ou une colonne de WKT"
    ),
    "zone_without_outline": "aucun contour → une zone a besoin d’un contour : donnez la couche des contours",
    "id_twice": "donné deux fois → donnez à chaque point son propre identifiant",
    "no_point_in_zones": (
        "aucun point habité ne tombe dans une zone → vérifiez le système de coordonnées et l’étendue des deux"
    ),
    "no_service": (
        "aucun service le {day} → choisissez un autre jour ; les réseaux circulent ainsi :\n{feeds}\n{advice}"
    ),
    "no_service_feed": "  {feed} : du {first} au {last} ; {trips} courses le {day}",
    "no_service_never": "  {feed} : jamais ; {trips} courses le {day} ({lost})",
    "no_service_nearest": "  → prenez le {nearest}, le jour le plus proche où tous circulent",
    "no_service_none": "  → aucun jour n’est commun à tous les réseaux",
    "no_service_align": (
        '  → ou laissez chaque réseau circuler comme en son propre jour équivalent : align = "equivalent-day"'
    ),
    "gtfs_missing": "{file} : ce GTFS n’existe pas → vérifiez le chemin",
    "gtfs_not_zip": "{file} : ce zip est illisible ({why}) → téléchargez-le à nouveau, ou donnez un dossier",
    "no_site": "aucun site d’où dessiner → vérifiez le code du métier, ou retirez ce métier",
    "no_site_located": "aucun des {n} sites n’a de position → localisez-en au moins un",
    "out_is_file": "{folder} : c’est un fichier → choisissez un autre dossier de sortie",
    "out_is_foreign": (
        "{folder} : contient autre chose qu’un résultat de geo-access → choisissez un autre dossier avec --out"
    ),
    "out_is_result": (
        "{folder} : contient un résultat précédent → ajoutez --overwrite, ou choisissez un autre dossier avec --out"
    ),
    "no_place": "{place} : ce n’est pas un lieu sur Terre → longitude,latitude en degrés, par exemple 3.06,50.63",
    "address_source": (
        "--from est une adresse, mais rien ne dit où la chercher → --addresses adresses-59.csv.gz (fichier de la Base "
        "adresse nationale, hors ligne), ou --online (l’adresse est alors envoyée au service national de géocodage), "
        "ou longitude,latitude, par exemple --from 3.06,50.63"
    ),
    "address_unknown": "--from : aucune adresse ressemblante → vérifiez l’orthographe, ajoutez le code postal",
    "address_doubtful": "--from : adresse incertaine → écrivez l’une de celles-ci en entier :\n{candidates}",
    "address_ambiguous": "--from : plusieurs adresses conviennent → écrivez-en une en entier :\n{candidates}",
    "address_service": (
        "le service d’adresses {host} ne répond pas comme attendu ({why}) → réessayez, ou donnez --addresses"
    ),
    "point_half": "ce n’est pas une position → donnez les deux coordonnées, ou aucune",
    "point_unprojectable": (
        "ne se projette pas en EPSG:{epsg} → vérifiez que longitude et latitude ne sont pas inversées"
    ),
    "point_swapped": "longitude et latitude semblent inversées → échangez les deux colonnes",
    "point_axes": "x et y semblent inversés → donnez (x, y), et non (y, x)",
    "point_degrees": "ressemble à des degrés, non à des mètres en EPSG:{epsg} → projetez-le d’abord",
    "point_degrees_swapped": (
        "ressemble à des degrés, latitude en premier, non à des mètres en EPSG:{epsg} → donnez la longitude en "
        "premier, puis projetez"
    ),
    "point_zero": "position (0, 0), valeur par défaut d’un outil → donnez la vraie position",
    "point_null_island": "position (0°, 0°), valeur par défaut d’un outil → donnez la vraie position",
    "points_more": "{n} autres points de ce genre → regardez toute la colonne",
}

_ENGLISH = {
    "faults": "{n} faults:",
    "study.no_file": "{file}: no such study file → check the path, or start from `geo-access demo`",
    "study.too_large": "{file}: larger than 1 MB → this is not a study file",
    "study.not_utf8": "{file}: not UTF-8 (byte {byte}) → save the file as UTF-8",
    "study.not_toml": "{file}: not valid TOML: {why} → mend that line",
    "study.file_not_found": "file not found: {file} → check the path; it is relative to the study file",
    "study.unknown_near": "unknown key → did you mean '{near}'?",
    "study.unknown": "unknown key → known keys: {known}",
    "study.missing": "this key is missing → add it",
    "study.above": "must be greater than {gt}",
    "study.at_least": "must be at least {ge}",
    "study.below": "must be less than {lt}",
    "study.at_most": "must be at most {le}",
    "study.one_of": "unknown value → one of: {expected}",
    "study.pattern": 'refused → letters, digits, "_", "." and "-" only (pattern {pattern})',
    "study.empty": "this is empty → give at least one",
    "study.too_long": "too long → at most {max_length} characters",
    "study.date": "not a valid date → for instance 2026-03-17",
    "study.number": "not a number",
    "study.boolean": "write true or false",
    "study.text": "a text in quotes is wanted",
    "study.list": "a list in brackets is wanted",
    "study.section": "a section is wanted, not a value",
    "study.clock": '\'{value}\' is not a clock time → for instance "05:00", or "29:00" for 5 o\'clock the next morning',
    "study.osm_needed": 'streets = "osm" needs osm = ["file.osm.pbf"], or write streets = "crow-fly"',
    "study.osm_ignored": 'streets = "crow-fly" ignores osm: remove osm, or write streets = "osm"',
    "study.holidays_twice": "give school_zone or school_breaks, not both",
    "study.holidays_ignored": '{key} is only for align = "equivalent-day": remove it, or align the calendars',
    "study.hour_and_factors": "car_hour and factors of car_congestion by hour go together: give both or none",
    "study.place_ignored": "school_place picks rows of school_breaks: name that file",
    "study.detour_ignored": 'detour is only for streets = "crow-fly": remove it',
    "study.format_needs": 'format = "{format}" needs {keys}',
    "study.format_ignores": 'format = "{format}" ignores {keys}: remove it',
    "study.addresses": "give files or service, one of the two",
    "study.ends_before": (
        "ends at {end}, before it starts at {start}: a night shift that ends on the next morning is written past 24 h, "
        "here {instead}"
    ),
    "study.shares": "fragile_share {fragile} must lie below adequate_share {adequate}",
    "study.minutes_ascend": "isochrone_minutes {given} must ascend, each once",
    "study.nothing_to_reach": "give [training], [employers] or both: there is nothing to reach",
    "study.twice": "{section}: '{id}' is given twice",
    "study.no_kind": "{section}: none of kind '{kind}'",
    "study.no_gtfs": "profiles {profiles} ride transit, but [network] names no gtfs",
    "study.no_profile": "output.isochrone_profile: '{id}' is no profile of the study",
    "option_unknown": "'{value}' is not in the study → one of {known}",
    "no_such_file": "{file}: no such file → check the path",
    "empty_file": "{file}: the file is empty → download it again",
    "unreadable_file": "{file}: cannot be read as {format}: {why} → download or export it again",
    "format_not_read": "{file}: format {format} is not read → give one of {known}",
    "no_column_near": "no column {wanted} → did you mean '{near}'?",
    "no_column": "no column {wanted} → the columns are {known}",
    "no_crs": "{file}: the layer does not say its CRS → give crs=, for instance 2154",
    "zones_empty": "{file}: no row → this layer holds no zone",
    "zones_no_geometry": "{file}: no geometry → give a GeoPackage, GeoJSON or shapefile, or a column of WKT",
    "zone_without_outline": "no polygon → a zone needs an outline: give the layer of outlines",
    "id_twice": "given twice → give each point its own id",
    "no_point_in_zones": "no populated point lies in any zone → check the CRS and the extent of both",
    "no_service": "no service on {day} in every feed\n{feeds}\n{advice}",
    "no_service_feed": "  {feed}: runs {first} → {last}; {trips} trips on {day}",
    "no_service_never": "  {feed}: runs never; {trips} trips on {day} ({lost})",
    "no_service_nearest": "  → take {nearest}, the nearest day on which all run",
    "no_service_none": "  → no day is common to all the feeds",
    "no_service_align": '  → or let each feed run as on its own equivalent day: align="equivalent-day"',
    "gtfs_missing": "{file}: no such GTFS file or folder → check the path",
    "gtfs_not_zip": "{file}: not a readable zip ({why}) → download it again, or give a folder",
    "no_site": "no site to draw from → check the métier's code, or leave this métier out",
    "no_site_located": "none of the {n} sites has a position → locate at least one of them",
    "out_is_file": "{folder}: is a file → choose another output folder",
    "out_is_foreign": ("{folder}: holds other files than a result of geo-access → choose another folder with --out"),
    "out_is_result": ("{folder}: holds an earlier result → add --overwrite, or choose another folder with --out"),
    "no_place": "{place}: no place on Earth → give longitude,latitude in degrees, for instance 3.06,50.63",
    "address_source": (
        "--from is an address, but nothing says where to look it up → --addresses adresses-59.csv.gz (a file of the "
        "national address base, offline), or --online (the address is then sent to the national geocoding service), "
        "or longitude,latitude, for instance --from 3.06,50.63"
    ),
    "address_unknown": "--from: no address like it → check the spelling, add the postcode",
    "address_doubtful": "--from: doubtful address → write one of these in full:\n{candidates}",
    "address_ambiguous": "--from: several addresses fit → write one of these in full:\n{candidates}",
    "address_service": "the address service {host} does not answer well ({why}) → try again, or give --addresses",
    "point_half": "not a position → give both coordinates, or none",
    "point_unprojectable": (
        "it cannot be projected to EPSG:{epsg} → check that longitude and latitude are not swapped"
    ),
    "point_swapped": "longitude and latitude look swapped → exchange the two columns",
    "point_axes": "x and y look swapped → give (x, y), not (y, x)",
    "point_degrees": "it looks like degrees, not metres of EPSG:{epsg} → reproject it first",
    "point_degrees_swapped": (
        "it looks like degrees with latitude first, not metres of EPSG:{epsg} → give longitude first, and reproject"
    ),
    "point_zero": "position (0, 0), a default written by a tool → give the true position",
    "point_null_island": "position (0°, 0°), a default written by a tool → give the true position",
    "points_more": "{n} more points of this kind → look at the whole column",
}

ERROR_FRENCH = {f"error.{key}": _spaced(entry) for key, entry in _FRENCH.items()}
ERROR_ENGLISH = {f"error.{key}": entry for key, entry in _ENGLISH.items()}
