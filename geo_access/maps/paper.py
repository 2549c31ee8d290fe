"""Whether maps can be drawn for paper: matplotlib and its fonts come with the ``report`` extra."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["can_draw"]


def can_draw() -> bool:
    """Whether the ``report`` extra is installed, so that maps are drawn as pictures."""
    return find_spec("matplotlib") is not None
