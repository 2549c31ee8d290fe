"""Pages on paper: PDF made from a page that stands alone, where the ``report`` extra is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

__all__ = ["can_print", "write_pdf"]


def write_pdf(html: str, path: Path) -> bool:
    """Print a page that stands alone to PDF, when the ``report`` extra is installed.

    Nothing outside the page is fetched, whatever the page names.

    Parameters
    ----------
    html : str
    path : pathlib.Path

    Returns
    -------
    bool
        Whether it was written.
    """
    if not can_print():
        return False
    import weasyprint  # noqa: PLC0415 — an extra, and slow to load
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    class Within(URLFetcher):  # type: ignore[misc]
        """Takes what is in the page; `allowed_protocols` of the first version that is supported knows no ``data:``."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> object:
            if not url.lower().startswith("data:"):
                raise ValueError(f"not in the page: {url}")
            return super().fetch(url, headers)

    weasyprint.HTML(string=html, url_fetcher=Within()).write_pdf(path, pdf_ua_tags=True)
    return True


def can_print() -> bool:
    """Whether the ``report`` extra is installed, so that pages are printed to PDF."""
    return find_spec("weasyprint") is not None
