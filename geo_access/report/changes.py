"""A change that would lift a flag, in words; whom it takes something is part of the sentence."""

from __future__ import annotations

from geo_access.words.words import text

__all__ = ["change_told", "detail_told"]


def detail_told(detail: str, language: str) -> str:
    """Write the few words of a change, which are of no language, with the colons and semicolons of one.

    Parameters
    ----------
    detail : str
        "R: 08:06 → Gare; R: 17:10 → Mairie".
    language : str

    Returns
    -------
    str

    Examples
    --------
    >>> detail_told("R: 08:06; S: 09:10", "fr")
    'R\u202f: 08:06\u202f; S\u202f: 09:10'
    """
    parts = (part.replace(": ", f"{text('colon', language)} ") for part in detail.split("; "))
    return text("semicolon", language).join(parts)


def change_told(remedy: str, detail: str, losing: float, language: str) -> str:
    """Say a change, and how many lose a métier by it.

    Parameters
    ----------
    remedy : str
        One of `geo_access.diagnosis.remedies.REMEDIES`.
    detail : str
    losing : float
        Residents who reach a métier today and no longer would.
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    str

    Examples
    --------
    >>> change_told("held_connection", "K1: Gare 07:10 +3 min", 0, "en")
    'Hold a connection: K1: Gare 07:10 +3 min'
    >>> change_told("held_connection", "K1: Gare 07:10 +3 min", 120, "en")
    'Hold a connection: K1: Gare 07:10 +3 min; but 120 residents no longer reach a métier that they reach today'
    """
    change = text(f"report.change.{remedy}", language, detail=detail_told(detail, language))
    losers = round(losing)
    return text("report.change_losing", language, n=losers, change=change) if losers else change
