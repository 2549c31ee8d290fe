"""One crosswalk between the nomenclatures of métiers: many to many, weighted, and frank about ambiguity."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import pandas as pd

from geo_access.sources.tables.text import fold
from geo_access.words.told import refusal

__all__ = ["SCHEMES", "Crosswalk", "family_code", "make_crosswalk"]

SCHEMES = {
    "rome": "ROME, the 532 fiches",
    "rome_metier": "ROME 4, the métiers under the fiches",
    "fap2021": "familles professionnelles 2021, as Dares and BMO use them from 2023–24",
    "fap225": "familles professionnelles, detailed",
    "fap87": "familles professionnelles, aggregated",
    "opco2i": "the seven families of OPCO 2i",
    "naf": "NAF rev. 2, 5 characters",
    "formacode": "FORMACODE",
    "nsf": "nomenclature des spécialités de formation",
    "rncp": "fiche RNCP",
    "diploma": "code scolarité, 8 characters",
    "mef": "MEF_STAT_11",
}
_LINKS = ["source_scheme", "source", "target_scheme", "target", "weight", "origin"]
_LABELS = ["scheme", "code", "label"]


def family_code(code: str | None) -> str | None:
    """Write the code of a family of métiers (FAP) as its nomenclature does, whatever the case of the file.

    Parameters
    ----------
    code : str or None

    Returns
    -------
    str or None

    Examples
    --------
    >>> family_code(" d2x12A"), family_code("B2Xxxx"), family_code(None)
    ('D2X12a', 'B2Xxxx', None)
    """
    bare = (code or "").strip()
    return bare[:3].upper() + bare[3:].lower() if bare else None


@dataclass(frozen=True, eq=False)
class Crosswalk:
    """Links and labels of the nomenclatures.

    Attributes
    ----------
    links : pandas.DataFrame
        ``source_scheme, source, target_scheme, target, weight, origin``. The weights of one code towards one scheme sum
        to 1: the share of it that each target stands for.
    labels : pandas.DataFrame
        ``scheme, code, label``.

    Examples
    --------
    >>> walk = make_crosswalk([("fap225", "D2Z40", "rome", "H2913", 3), ("fap225", "D2Z40", "rome", "H2902", 1)])
    >>> walk.map(["D2Z40"], source="fap225", target="rome")[["target", "weight", "ambiguous"]].values.tolist()
    [['H2913', 0.75, True], ['H2902', 0.25, True]]
    """

    links: pd.DataFrame
    labels: pd.DataFrame

    @cached_property
    def _steps(self) -> dict[str, list[str]]:
        pairs = self.links[["source_scheme", "target_scheme"]].drop_duplicates()
        steps: dict[str, list[str]] = {}
        for source, target in pairs.itertuples(index=False, name=None):
            steps.setdefault(source, []).append(target)
        return steps

    def path(self, source: str, target: str) -> tuple[str, ...]:
        """Nomenclatures that lead from one to the other by the fewest steps.

        Parameters
        ----------
        source, target : str
            Names of :data:`SCHEMES`.

        Returns
        -------
        tuple of str
            Both ends included.

        Raises
        ------
        InputError
            When a nomenclature is unknown or nothing links them.
        """
        known = sorted(set(self.links["source_scheme"]) | set(self.links["target_scheme"]))
        for scheme in (source, target):
            if scheme not in known:
                near = difflib.get_close_matches(scheme, known, n=1)
                if near:
                    raise refusal("supply.scheme_near", scheme=scheme, near=near[0])
                raise refusal("supply.scheme", scheme=scheme, known=", ".join(known))
        queue: deque[tuple[str, ...]] = deque([(source,)])
        seen = {source}
        while queue:
            trail = queue.popleft()
            if trail[-1] == target:
                return trail
            for following in self._steps.get(trail[-1], []):
                if following not in seen:
                    seen.add(following)
                    queue.append((*trail, following))
        raise refusal("supply.no_path", source=source, target=target)

    def map(self, codes: Iterable[str], *, source: str, target: str) -> pd.DataFrame:
        """Translate codes, with the weight of each translation.

        Where no table links the two nomenclatures, the shortest chain is walked and the weights multiplied.

        Parameters
        ----------
        codes : iterable of str
            Codes of `source`; each is translated once.
        source, target : str
            Names of :data:`SCHEMES`.

        Returns
        -------
        pandas.DataFrame
            ``source, target, weight`` (0–1, sums to 1 per translated code), ``ambiguous`` (several targets), ``via``
            (nomenclatures walked). A code without translation has one row with ``target`` None and weight 0.

        Raises
        ------
        InputError
            When nothing links the two.
        """
        wanted = list(dict.fromkeys(map(str, codes)))
        trail = self.path(source, target)
        table = pd.DataFrame({"source": wanted, "target": wanted, "weight": 1.0})
        for here, there in pairwise(trail):
            step = self.links[(self.links["source_scheme"] == here) & (self.links["target_scheme"] == there)]
            step = step[["source", "target", "weight"]].rename(columns={"source": "code", "weight": "part"})
            table = table.rename(columns={"target": "code"}).merge(step, on="code")
            table["weight"] *= table["part"]
            table = table.groupby(["source", "target"], sort=False).agg(weight=("weight", "sum")).reset_index()
        table["weight"] /= table.groupby("source")["weight"].transform("sum")
        table["ambiguous"] = table.groupby("source")["target"].transform("size") > 1
        absent = [code for code in wanted if code not in set(table["source"])]
        nothing = pd.DataFrame({"source": absent, "target": None, "weight": 0.0, "ambiguous": False})
        table = pd.concat([table, nothing], ignore_index=True) if absent else table
        order = {code: place for place, code in enumerate(wanted)}
        table = table.assign(order=table["source"].map(order), via=" → ".join(trail))
        table = table.sort_values(["order", "weight", "target"], ascending=[True, False, True], kind="stable")
        return table.drop(columns="order").reset_index(drop=True)

    def targets(self, codes: Iterable[str], *, source: str, target: str, min_weight: float = 0.0) -> dict:
        """List the translations of each code, the heaviest first, without those lighter than `min_weight`.

        Parameters
        ----------
        codes : iterable of str
            Codes of `source`.
        source, target : str
            Names of :data:`SCHEMES`.
        min_weight : float
            Least weight.

        Returns
        -------
        dict of str to tuple of str
            Codes without translation are absent.
        """
        table = self.map(codes, source=source, target=target)
        table = table[table["target"].notna() & (table["weight"] >= min_weight)]
        return {code: tuple(part["target"]) for code, part in table.groupby("source", sort=False)}

    def label(self, code: str, *, scheme: str) -> str | None:
        """Label of a code, or None when it has none."""
        found = self.labels[(self.labels["scheme"] == scheme) & (self.labels["code"] == code)]
        return str(found["label"].iloc[0]) if len(found) else None

    def search(self, text: str, *, scheme: str | None = None, limit: int = 20) -> pd.DataFrame:
        """Find codes by their label, without regard to accents, case or word order.

        Parameters
        ----------
        text : str
            For instance ``"soudeur"``.
        scheme : str, optional
            Only this nomenclature.
        limit : int
            Most rows to give.

        Returns
        -------
        pandas.DataFrame
            ``scheme, code, label, score``: 1 when every word begins a word of the label, else its likeness; best first,
            ROME before the other nomenclatures.

        Examples
        --------
        >>> labels = [("rome_metier", "H2913", "Soudeur / Soudeuse"), ("rome", "A1416", "Élevage")]
        >>> walk = make_crosswalk([], labels=labels)
        >>> walk.search("SOUDEUR")["code"].tolist(), walk.search("elevage")["code"].tolist()
        (['H2913'], ['A1416'])
        """
        words = fold(text).split()
        table = self.labels if scheme is None else self.labels[self.labels["scheme"] == scheme]
        scores = [_likeness(words, label) for label in table["label"].tolist()]
        ranks = {name: place for place, name in enumerate(SCHEMES)}
        found = table.assign(score=scores, rank=table["scheme"].map(ranks), length=table["label"].str.len())
        found = found[found["score"] >= 0.6]
        found = found.sort_values(["score", "rank", "length"], ascending=[False, True, True], kind="stable")
        return found[["scheme", "code", "label", "score"]].head(limit).reset_index(drop=True)


def _likeness(words: list[str], label: str) -> float:
    """Mean over the words of the likeness to their nearest word of the label; slightly less for longer labels."""
    if not words:
        return 0.0
    parts = fold(label).split()
    total = 0.0
    for word in words:
        if any(part.startswith(word) for part in parts):
            total += 1.0
        elif len(word) > 3:
            near = difflib.get_close_matches(word, parts, n=1, cutoff=0.8)
            total += difflib.SequenceMatcher(None, word, near[0]).ratio() if near else 0.0
    return round(total / len(words), 3)


def make_crosswalk(
    links: Iterable[tuple], *, labels: Iterable[tuple[str, str, str]] = (), both_ways: bool = True
) -> Crosswalk:
    """Build a crosswalk from links ``(source_scheme, source, target_scheme, target, weight[, origin])``.

    Parameters
    ----------
    links : iterable of tuple
        Weights of any size ≥ 0; they are scaled to sum to 1 per code and target nomenclature.
    labels : iterable of (str, str, str)
        Scheme, code, label.
    both_ways : bool
        Whether each table of links is also read backwards, with the same raw weights scaled per target code; a table
        that goes that way by itself is kept instead.

    Returns
    -------
    Crosswalk

    Raises
    ------
    InputError
        When a weight is negative.

    Examples
    --------
    >>> walk = make_crosswalk([("naf", "2562B", "rome", "H2903", 30), ("naf", "2562B", "rome", "H2902", 10)])
    >>> walk.map(["H2903"], source="rome", target="naf")["target"].tolist()
    ['2562B']
    """
    rows = [(*link, "") if len(link) == 5 else link for link in links]
    table = pd.DataFrame.from_records(rows, columns=_LINKS)
    table["weight"] = table["weight"].astype("float64")
    if (table["weight"] < 0).any():
        raise refusal("supply.negative_weight")
    table = table[table["weight"] > 0]
    if both_ways and len(table):
        direct = set(table[["source_scheme", "target_scheme"]].drop_duplicates().itertuples(index=False, name=None))
        back = table.rename(
            columns={
                "source_scheme": "target_scheme",
                "source": "target",
                "target_scheme": "source_scheme",
                "target": "source",
            }
        )[_LINKS]
        free = [pair not in direct for pair in zip(back["source_scheme"], back["target_scheme"], strict=True)]
        table = pd.concat([table, back[free]], ignore_index=True)
    keys = ["source_scheme", "source", "target_scheme", "target"]
    table = table.groupby(keys, sort=False, as_index=False).agg(weight=("weight", "sum"), origin=("origin", "first"))
    total = table.groupby(["source_scheme", "source", "target_scheme"])["weight"].transform("sum")
    table["weight"] /= total
    names = pd.DataFrame.from_records(list(labels), columns=_LABELS).drop_duplicates()
    return Crosswalk(links=table[_LINKS], labels=names.reset_index(drop=True))
