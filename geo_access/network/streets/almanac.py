"""What opening hours ask of a day and a place: the sun, Easter, public and school holidays."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

__all__ = ["Almanac", "easter", "french_holidays"]

_FRANCE = "Europe/Paris"
# Degrees of the sun's middle below the horizon: with its radius and refraction, and at the end of civil twilight.
_ZENITH = {"sunrise": 90.833, "sunset": 90.833, "dawn": 96.0, "dusk": 96.0}


def easter(year: int) -> dt.date:
    """Easter Sunday, by the anonymous Gregorian computation (Meeus, Astronomical Algorithms, chapter 8).

    Examples
    --------
    >>> easter(2026).isoformat(), easter(2027).isoformat()
    ('2026-04-05', '2027-03-28')
    """
    golden, century, rest = year % 19, year // 100, year % 100
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


def french_holidays(year: int) -> frozenset[dt.date]:
    """Public holidays of France (Code du travail, article L3133-1).

    Examples
    --------
    >>> len(french_holidays(2026)), dt.date(2026, 5, 14) in french_holidays(2026)
    (11, True)
    """
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    moved = (easter(year) + dt.timedelta(days) for days in (1, 39, 50))
    return frozenset((*(dt.date(year, month, day) for month, day in fixed), *moved))


@dataclass(frozen=True)
class Almanac:
    """Place and calendar that conditions are read for.

    Attributes
    ----------
    lonlat : (float, float) or None
        Where the streets are [degree]; without it no rule about the sun is understood.
    zone : str or None
        IANA time zone of the clocks there; without it no rule about the sun is understood. On French time the public
        holidays of France count, elsewhere a day is taken as none.
    school_breaks : tuple of (datetime.date, datetime.date)
        First and last day of each school holiday; without any no rule about them is understood.

    Examples
    --------
    >>> monaco = Almanac((7.42, 43.74), "Europe/Paris")
    >>> divmod(monaco.sun_minute("sunrise", dt.date(2026, 6, 21)), 60)
    (5, 47)
    """

    lonlat: tuple[float, float] | None = None
    zone: str | None = None
    school_breaks: tuple[tuple[dt.date, dt.date], ...] = ()

    @staticmethod
    def at(lonlat: tuple[float, float], breaks: tuple[tuple[dt.date, dt.date], ...] = ()) -> Almanac:
        """Almanac of a place: French time in mainland France and beside it, no known clock elsewhere.

        Parameters
        ----------
        lonlat : (float, float)
            [degree].
        breaks : tuple of (datetime.date, datetime.date)
            School holidays.

        Returns
        -------
        Almanac
        """
        lon, lat = lonlat
        english = (lat > 50.0 and lon < 1.5) or (-2.8 < lon < -1.95 and 49.1 < lat < 49.75)
        french = -5.5 < lon < 9.7 and 41.2 < lat < 51.2 and not english
        return Almanac(lonlat, _FRANCE if french else None, breaks)

    def public(self, day: dt.date) -> bool:
        """Whether a day is a public holiday."""
        return self.zone == _FRANCE and day in french_holidays(day.year)

    def school(self, day: dt.date) -> bool | None:
        """Whether a day lies in school holidays; None where those of its year are not known."""
        if not self.school_breaks or not self.school_breaks[0][0] <= day <= self.school_breaks[-1][1]:
            return None
        return any(first <= day <= last for first, last in self.school_breaks)

    def sun_minute(self, event: str, day: dt.date) -> int | None:
        """Minute of the day at which the sun rises or sets, or civil twilight begins or ends.

        Parameters
        ----------
        event : {'sunrise', 'sunset', 'dawn', 'dusk'}
        day : datetime.date

        Returns
        -------
        int or None
            Minutes after midnight on the clocks of the place; None where it does not happen or the place is unknown.

        Notes
        -----
        NOAA Solar Calculator (General Solar Position Calculations), good to three minutes below 72° of latitude:
        γ = 2π/365 · (day of the year − 1), equation of time and declination as Fourier series of γ,
        cos(hour angle) = cos(zenith) / (cos φ cos δ) − tan φ tan δ.
        """
        if self.lonlat is None or self.zone is None:
            return None
        lon, lat = self.lonlat[0], math.radians(self.lonlat[1])
        sign = 1 if event in ("sunrise", "dawn") else -1
        gamma = 2 * math.pi / 365 * (day.timetuple().tm_yday - 1 + (-0.25 if sign > 0 else 0.25))
        c, s = math.cos(gamma), math.sin(gamma)
        c2, s2 = math.cos(2 * gamma), math.sin(2 * gamma)
        equation = 229.18 * (0.000075 + 0.001868 * c - 0.032077 * s - 0.014615 * c2 - 0.040849 * s2)
        tilt = 0.006918 - 0.399912 * c + 0.070257 * s - 0.006758 * c2 + 0.000907 * s2
        tilt += -0.002697 * math.cos(3 * gamma) + 0.00148 * math.sin(3 * gamma)
        zenith = math.radians(_ZENITH[event])
        cosine = math.cos(zenith) / (math.cos(lat) * math.cos(tilt)) - math.tan(lat) * math.tan(tilt)
        if not -1 <= cosine <= 1:
            return None
        utc = 720 - 4 * (lon + sign * math.degrees(math.acos(cosine))) - equation
        midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        local = (midnight + dt.timedelta(minutes=utc)).astimezone(ZoneInfo(self.zone))
        return local.hour * 60 + local.minute
