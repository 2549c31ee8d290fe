"""The same platform in several feeds: found by distance and name, reported, linked by a short walk."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

__all__ = ["plain_name", "same_places"]

# Two operators place the same post within a few metres; a station's point may differ by a platform's length.
SAME_POST_M = 25.0
SAME_NAME_M = 150.0

_WORDS = re.compile(r"[^a-z0-9]+")
_EMPTY_WORDS = frozenset(
    ("gare", "sncf", "de", "du", "des", "la", "le", "les", "arret", "halte", "station", "bhf", "hbf")
)


def plain_name(name: str) -> str:
    """Name of a stop without accents, case, punctuation and words that say nothing.

    Examples
    --------
    >>> plain_name("Gare de Lille-Flandres") == plain_name("LILLE FLANDRES (SNCF)")
    True
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = [word for word in _WORDS.split(ascii_name) if word]
    return " ".join([word for word in words if word not in _EMPTY_WORDS] or words)


def same_places(
    stop_id: np.ndarray, stop_name: np.ndarray, feed: np.ndarray, x: np.ndarray, y: np.ndarray
) -> pd.DataFrame:
    """Pairs of stops of different feeds that are one place: within 25 m, or within 150 m under one name.

    Parameters
    ----------
    stop_id, stop_name : ndarray of str, shape (n,)
    feed : ndarray of int, shape (n,)
    x, y : ndarray of float64, shape (n,)
        [m].

    Returns
    -------
    pandas.DataFrame
        `a`, `b` (places in the arrays, feed of a before that of b), `stop_a`, `stop_b`, `name_a`, `name_b`,
        `distance_m`, `same_name`; nearest first.

    Examples
    --------
    >>> ids, names = np.array(["1", "9"]), np.array(["Gare de Tournai", "TOURNAI"])
    >>> pairs = same_places(ids, names, np.array([0, 1]), np.array([0.0, 90.0]), np.zeros(2))
    >>> pairs[["stop_a", "stop_b", "distance_m"]].to_dict("records")
    [{'stop_a': '1', 'stop_b': '9', 'distance_m': 90.0}]
    """
    pairs = np.empty((0, 2), dtype=np.int64)
    if len(np.unique(feed)) > 1:
        pairs = cKDTree(np.column_stack((x, y))).query_pairs(SAME_NAME_M, output_type="ndarray").astype(np.int64)
        pairs = pairs[feed[pairs[:, 0]] != feed[pairs[:, 1]]]
        turned = feed[pairs[:, 0]] > feed[pairs[:, 1]]
        pairs[turned] = pairs[turned][:, ::-1]
    a, b = pairs[:, 0], pairs[:, 1]
    plain = {name: plain_name(str(name)) for name in {*stop_name[a], *stop_name[b]}}
    alike = np.array([plain[p] == plain[q] != "" for p, q in zip(stop_name[a], stop_name[b], strict=True)], dtype=bool)
    metres = np.hypot(x[a] - x[b], y[a] - y[b])
    frame = pd.DataFrame(
        {"a": a, "b": b, "stop_a": stop_id[a], "stop_b": stop_id[b], "name_a": stop_name[a], "name_b": stop_name[b],
         "distance_m": metres, "same_name": alike}
    )  # fmt: skip
    frame = frame[alike | (metres <= SAME_POST_M)]
    return frame.sort_values(["distance_m", "a", "b"], kind="stable").reset_index(drop=True)
