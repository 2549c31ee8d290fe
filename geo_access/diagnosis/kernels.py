"""The loops of the flag: every populated point against every offer of every métier.

All take the offers grouped by métier (CSR): métier m owns ``indptr[m]:indptr[m + 1]`` of `site` and `places`.
A NaN time compares false with every limit, so that a pair without a time is never within reach.
"""

from __future__ import annotations

import numpy as np

from geo_access.kernels import njit

__all__ = [
    "fca_demand",
    "fca_sums",
    "nearest_offer",
    "places_within",
    "places_within_radius",
    "zone_lacks",
    "zone_medians",
]


@njit(cache=True, nogil=True)
def places_within(
    out_s: np.ndarray,
    back_s: np.ndarray,
    limit_s: float,
    there_only: bool,
    indptr: np.ndarray,
    site: np.ndarray,
    places: np.ndarray,
) -> np.ndarray:
    """Places within `limit_s` [s] there, and back unless `there_only`; int64 (n_points, n_metiers)."""
    n_points, n_sites = out_s.shape
    n_metiers = len(indptr) - 1
    total = np.zeros((n_points, n_metiers), dtype=np.int64)
    # A site is compared once for all the métiers that it has.
    near = np.zeros(n_sites, dtype=np.int64)
    for p in range(n_points):
        for s in range(n_sites):
            near[s] = (out_s[p, s] <= limit_s) & (there_only | (back_s[p, s] <= limit_s))
        for m in range(n_metiers):
            count = np.int64(0)
            for k in range(indptr[m], indptr[m + 1]):
                count += near[site[k]] * places[k]
            total[p, m] = count
    return total


@njit(cache=True, nogil=True)
def places_within_radius(
    xy: np.ndarray,
    site_xy: np.ndarray,
    radius_m: float,
    indptr: np.ndarray,
    site: np.ndarray,
    places: np.ndarray,
) -> np.ndarray:
    """Places within a straight line of `radius_m` [m]; int64 (n_points, n_metiers)."""
    n_points = xy.shape[0]
    n_metiers = len(indptr) - 1
    total = np.zeros((n_points, n_metiers), dtype=np.int64)
    near = np.zeros(site_xy.shape[0], dtype=np.bool_)
    for p in range(n_points):
        for s in range(site_xy.shape[0]):
            dx = xy[p, 0] - site_xy[s, 0]
            dy = xy[p, 1] - site_xy[s, 1]
            near[s] = dx * dx + dy * dy <= radius_m * radius_m
        for m in range(n_metiers):
            for k in range(indptr[m], indptr[m + 1]):
                if near[site[k]]:
                    total[p, m] += places[k]
    return total


@njit(cache=True, nogil=True)
def nearest_offer(
    out_s: np.ndarray, indptr: np.ndarray, site: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least time there to a site with a place [s, inf where none], and that site (−1 where none)."""
    n_points = out_s.shape[0]
    n_metiers = len(indptr) - 1
    best_s = np.full((n_points, n_metiers), np.inf, dtype=np.float32)
    nearest = np.full((n_points, n_metiers), -1, dtype=np.int32)
    for p in range(n_points):
        for m in range(n_metiers):
            for k in range(indptr[m], indptr[m + 1]):
                s = site[k]
                if places[k] > 0 and out_s[p, s] < best_s[p, m]:
                    best_s[p, m] = out_s[p, s]
                    nearest[p, m] = s
    return best_s, nearest


@njit(cache=True, nogil=True)
def fca_demand(
    out_s: np.ndarray, back_s: np.ndarray, limit_s: float, candidates: np.ndarray, demand: np.ndarray
) -> None:
    """Add to `demand` the candidates who can get to each site and back; float64 (n_sites,)."""
    for p in range(out_s.shape[0]):
        for s in range(out_s.shape[1]):
            if out_s[p, s] <= limit_s and back_s[p, s] <= limit_s:
                demand[s] += candidates[p]


@njit(cache=True, nogil=True)
def fca_sums(
    out_s: np.ndarray,
    back_s: np.ndarray,
    limit_s: float,
    indptr: np.ndarray,
    site: np.ndarray,
    ratio: np.ndarray,
) -> np.ndarray:
    """Sum of the ratios within reach, there and back; float32 (n_points, n_metiers)."""
    n_metiers = len(indptr) - 1
    total = np.zeros((out_s.shape[0], n_metiers), dtype=np.float32)
    for p in range(out_s.shape[0]):
        for m in range(n_metiers):
            value = 0.0
            for k in range(indptr[m], indptr[m + 1]):
                s = site[k]
                if out_s[p, s] <= limit_s and back_s[p, s] <= limit_s:
                    value += ratio[k]
            total[p, m] = value
    return total


@njit(cache=True, nogil=True)
def zone_medians(
    indptr: np.ndarray,
    point: np.ndarray,
    weight: np.ndarray,
    best_s: np.ndarray,
    nearest: np.ndarray,
    n_sites: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Population-weighted median time [s, NaN where half have none] and most frequent nearest site.

    Zone z owns ``indptr[z]:indptr[z + 1]`` of `point` and `weight`.
    """
    n_zones = len(indptr) - 1
    n_metiers = best_s.shape[1]
    median = np.full((n_zones, n_metiers), np.nan, dtype=np.float32)
    usual = np.full((n_zones, n_metiers), -1, dtype=np.int32)
    votes = np.zeros(n_sites, dtype=np.float64)
    for z in range(n_zones):
        start, stop = indptr[z], indptr[z + 1]
        total = 0.0
        for k in range(start, stop):
            total += weight[k]
        if total <= 0.0:
            continue
        for m in range(n_metiers):
            values = np.empty(stop - start, dtype=np.float32)
            for k in range(start, stop):
                values[k - start] = best_s[point[k], m]
            order = np.argsort(values)
            below = 0.0
            for r in order:
                below += weight[start + r]
                if below >= 0.5 * total:
                    if np.isfinite(values[r]):
                        median[z, m] = values[r]
                    break
            most = 0.0
            for k in range(start, stop):
                s = nearest[point[k], m]
                if s >= 0:
                    votes[s] += weight[k]
                    if votes[s] > most:
                        most = votes[s]
                        usual[z, m] = s
            for k in range(start, stop):
                s = nearest[point[k], m]
                if s >= 0:
                    votes[s] = 0.0
    return median, usual


@njit(cache=True, nogil=True)
def zone_lacks(indptr: np.ndarray, point: np.ndarray, weight: np.ndarray, lack_s: np.ndarray) -> np.ndarray:
    """Population-weighted median of what a way lacks, over the points where a number tells it [s]; NaN where none does.

    Zone z owns ``indptr[z]:indptr[z + 1]`` of `point` and `weight`; float32 (n_zones, n_metiers).
    """
    n_zones, n_metiers = len(indptr) - 1, lack_s.shape[1]
    median = np.full((n_zones, n_metiers), np.nan, dtype=np.float32)
    for z in range(n_zones):
        start, stop = indptr[z], indptr[z + 1]
        for m in range(n_metiers):
            size = 0
            total = 0.0
            for k in range(start, stop):
                if not np.isnan(lack_s[point[k], m]) and weight[k] > 0.0:
                    size += 1
                    total += weight[k]
            if size == 0:
                continue
            values = np.empty(size, dtype=np.float32)
            people = np.empty(size, dtype=np.float64)
            size = 0
            for k in range(start, stop):
                if not np.isnan(lack_s[point[k], m]) and weight[k] > 0.0:
                    values[size] = lack_s[point[k], m]
                    people[size] = weight[k]
                    size += 1
            below = 0.0
            for r in np.argsort(values):
                below += people[r]
                if below >= 0.5 * total:
                    median[z, m] = values[r]
                    break
    return median
