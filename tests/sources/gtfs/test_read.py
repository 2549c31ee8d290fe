"""Files as they come: containers, encodings, column orders, and hostile ones."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import CapacityError, GeoAccessError, InputError, MissingFileError
from geo_access.sources.gtfs import read as gtfs_read
from geo_access.sources.gtfs.feed import read_gtfs, read_shapes
from geo_access.sources.gtfs.model import Feed
from tests.feeds import feed_tables, table_text, write_feed, write_tables

STOPS = {"A": (0, 0), "B": (1000, 0), "C": (2000, 0)}
TRIPS = ["A 08:00 B 08:05 C 08:10", "A 09:00 B 09:05/09:06 C 09:10"]


def texts(**options) -> dict[str, str]:
    return {f"{name}.txt": table_text(rows) for name, rows in feed_tables(STOPS, TRIPS, **options).items()}


def codes(feed: Feed) -> dict[str, int]:
    counts: dict[str, int] = {}
    for notice in feed.notices:
        counts[notice.code] = counts.get(notice.code, 0) + notice.count
    return counts


def same(a: Feed, b: Feed) -> None:
    for table in ("stops", "routes", "trips", "calendar"):
        left, right = getattr(a, table), getattr(b, table)
        assert left[sorted(left)].equals(right[sorted(right)]), table
    for name in a.stop_times.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(a.stop_times, name), getattr(b.stop_times, name), err_msg=name)


def test_zip_and_folder_read_alike(tmp_path: Path) -> None:
    same(read_gtfs(write_feed(tmp_path / "f.zip", STOPS, TRIPS)), read_gtfs(write_feed(tmp_path / "f", STOPS, TRIPS)))


def test_nested_folder_and_mac_leftovers(tmp_path: Path) -> None:
    plain = read_gtfs(write_feed(tmp_path / "f.zip", STOPS, TRIPS))
    inside = {f"export/last/{name}": text for name, text in texts().items()}
    inside["__MACOSX/export/last/._stops.txt"] = "\x00\x05rubbish"
    nested = read_gtfs(write_tables(tmp_path / "n.zip", inside))
    same(plain, nested)
    assert codes(nested) == {"invalid_input_files_in_subfolder": 1}


def test_byte_order_mark_latin_1_and_spaced_headers(tmp_path: Path) -> None:
    drawn = texts(stop_columns={"A": {"stop_name": "Hôpital"}})
    files: dict[str, str | bytes] = dict(drawn)
    files["stops.txt"] = drawn["stops.txt"].encode("latin-1")
    files["trips.txt"] = b"\xef\xbb\xbf" + drawn["trips.txt"].encode()
    files["stop_times.txt"] = drawn["stop_times.txt"].replace("stop_id", " Stop_ID ")
    feed = read_gtfs(write_tables(tmp_path / "f.zip", files))
    assert feed.stops["stop_name"][0] == "Hôpital"
    assert codes(feed) == {"text_encoding": 1}
    assert len(feed.stop_times.stop) == 6


def test_quoted_newlines_commas_and_any_column_order(tmp_path: Path) -> None:
    name = 'Place du "Marché",\nporte 2'
    files = texts(stop_columns={"B": {"stop_name": name}})
    rows = feed_tables(STOPS, TRIPS)["stop_times"]
    files["stop_times.txt"] = table_text([dict(reversed(row.items())) | {"note": "a, b"} for row in rows])
    feed = read_gtfs(write_tables(tmp_path / "f.zip", files))
    assert feed.stops["stop_name"][1] == name
    same_times = read_gtfs(write_feed(tmp_path / "g.zip", STOPS, TRIPS)).stop_times
    np.testing.assert_array_equal(feed.stop_times.departure_s, same_times.departure_s)


def test_lines_may_end_as_on_an_old_macintosh(tmp_path: Path) -> None:
    files = {name: text.replace("\r\n", "\r") for name, text in texts().items()}
    same(read_gtfs(write_feed(tmp_path / "f.zip", STOPS, TRIPS)), read_gtfs(write_tables(tmp_path / "m.zip", files)))


def test_rows_in_any_order_are_put_in_order(tmp_path: Path) -> None:
    files = texts()
    lines = files["stop_times.txt"].splitlines()
    files["stop_times.txt"] = "\n".join([lines[0], *reversed(lines[1:])])
    feed = read_gtfs(write_tables(tmp_path / "f.zip", files))
    assert feed.stop_times.arrival_s[:3].tolist() == [28800, 29100, 29400]
    assert feed.stop_times.row[:3].tolist() == [7, 6, 5]


def test_shapes_are_read_on_demand(tmp_path: Path) -> None:
    rows = [{"shape_id": "s", "shape_pt_lat": 50 + k, "shape_pt_lon": 3, "shape_pt_sequence": 9 - k} for k in range(3)]
    path = write_feed(tmp_path / "f.zip", STOPS, TRIPS, shapes=rows)
    assert read_shapes(path)["lat"].tolist() == [52, 51, 50]
    assert read_shapes(write_feed(tmp_path / "g.zip", STOPS, TRIPS)).empty


def test_what_is_not_used_is_named_with_counts(tmp_path: Path) -> None:
    zoned = [
        {"stop_id": "", "location_id": "zone", "start_pickup_drop_off_window": "08:00:00", "pickup_type": 2},
        {"stop_id": "", "location_group_id": "group", "end_pickup_drop_off_window": "12:00:00", "pickup_type": 2},
    ]
    hailed = [
        {"stop_id": stop, "arrival_time": at, "departure_time": at, "continuous_pickup": kind}
        for stop, at, kind in (("A", "09:00:00", 0), ("B", "09:05:00", 2), ("C", "09:10:00", 1))
    ]
    columns = {
        "A": {"stop_timezone": "Europe/London"},
        "B": {"stop_timezone": "Europe/Paris"},
        "E": {"location_type": 2},
    }
    files = {
        f"{name}.txt": table_text(rows)
        for name, rows in feed_tables(
            STOPS | {"E": (10, 0)},
            [*TRIPS, zoned, hailed],
            stop_columns=columns,
            booking_rules=[{"booking_rule_id": "b"}],
            fare_rules=[{"fare_id": "f"}],
            novelty=[{"x": 1}],
        ).items()
    }
    files["locations.geojson"] = "{}"
    feed = read_gtfs(write_tables(tmp_path / "f.zip", files))
    found = {(n.code, n.file): (n.count, n.entity, n.action) for n in feed.notices}
    assert found == {
        ("flexible_service_not_used", "stop_times.txt"): (1, "t2", "dropped"),
        ("file_not_used", "fare_rules.txt"): (1, "", "dropped"),
        ("unknown_file", "novelty.txt"): (1, "", "dropped"),
        ("continuous_stopping_not_used", "stop_times.txt"): (2, "t3", "kept"),
        ("stop_timezone_not_used", "stops.txt"): (1, "A", "kept"),
        ("entrance_not_used", "stops.txt"): (1, "E", "kept"),
        ("unused_trip", "trips.txt"): (1, "t2", "dropped"),
    }
    # A zone without polygon, and a group without stops: a row each.
    assert codes(feed)["flexible_service_not_used"] == 2


ids = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=6)


@given(
    names=st.lists(ids, min_size=2, max_size=5, unique=True),
    labels=st.lists(st.text(max_size=8), min_size=2, max_size=5),
    trips=st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40), st.integers(0, 5)), min_size=2, max_size=6),
        min_size=1,
        max_size=5,
    ),
)
@settings(max_examples=50, deadline=None)
def test_what_is_read_is_what_was_written(tmp_path_factory, names, labels, trips) -> None:
    stops = {name: (700.0 * place, 0.0) for place, name in enumerate(names)}
    written, drawn = [], []
    for trip in trips:
        now, calls = 8 * 3600, []
        for place, ride, dwell in trip:
            arrival = now + ride * 30
            now = arrival + dwell * 10
            calls.append((names[place % len(names)], arrival, now))
        written.append(calls)
        drawn.append([(stop, *(f"{t // 3600:02d}:{t // 60 % 60:02d}:{t % 60:02d}" for t in at)) for stop, *at in calls])
    clean = {
        stop: {"stop_name": " ".join(label.split()).replace("\x00", "")}
        for stop, label in zip(names, labels, strict=False)
    }
    feed = read_gtfs(write_feed(tmp_path_factory.mktemp("feed") / "f.zip", stops, drawn, stop_columns=clean))
    assert feed.stops["stop_id"].tolist() == names
    for stop, columns in clean.items():
        assert feed.stops.loc[feed.stops["stop_id"] == stop, "stop_name"].item() == columns["stop_name"].strip()
    times = feed.stop_times
    for number, calls in enumerate(written):
        part = slice(times.trip_indptr[number], times.trip_indptr[number + 1])
        read = zip(
            feed.stops["stop_id"].to_numpy()[times.stop[part]],
            times.arrival_s[part],
            times.departure_s[part],
            strict=True,
        )
        assert [(stop, int(a), int(d)) for stop, a, d in read] == calls


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: f.pop("stops.txt"), "missing_required_file stops.txt"),
        (lambda f: f.pop("stop_times.txt"), "missing_required_file stop_times.txt"),
        (lambda f: f.pop("calendar.txt"), "missing_calendar_and_calendar_date_files"),
        (lambda f: f.update({"stops.txt": f["stops.txt"].replace("stop_lat", "latitude")}), "stops.txt: stop_lat"),
        (lambda f: f.pop("agency.txt"), "pass zone="),
        (lambda f: f.update({"trips.txt": ""}), "missing_required_column trips.txt"),
        (lambda f: f.update({"routes.txt": f["routes.txt"].replace("route_id", "id")}), "routes.txt: route_id"),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, spoil, says: str) -> None:
    files = texts()
    spoil(files)
    with pytest.raises(InputError, match=says):
        read_gtfs(write_tables(tmp_path / "f.zip", files))


def test_not_a_zip_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "f.zip").write_bytes(b"<html>404</html>")
    with pytest.raises(InputError, match=r"f\.zip: not a readable zip"):
        read_gtfs(tmp_path / "f.zip")
    with pytest.raises(MissingFileError):
        read_gtfs(tmp_path / "none.zip")


def test_truncated_zip(tmp_path: Path) -> None:
    whole = write_feed(tmp_path / "f.zip", STOPS, TRIPS).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GeoAccessError):
        read_gtfs(tmp_path / "cut.zip")


def test_damaged_member(tmp_path: Path) -> None:
    data = bytearray(write_feed(tmp_path / "f.zip", STOPS, TRIPS).read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        info = archive.getinfo("stop_times.txt")
    start = info.header_offset + 60
    data[start : start + 20] = bytes(20)
    (tmp_path / "bad.zip").write_bytes(bytes(data))
    with pytest.raises(GeoAccessError, match=r"bad\.zip"):
        read_gtfs(tmp_path / "bad.zip")


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gtfs_read, "_LARGEST_TABLE_BYTES", 1 << 20)
    files = texts()
    files["stop_times.txt"] += "\n" * (2 << 20)
    with pytest.raises(CapacityError, match=r"stop_times\.txt unpacks to"):
        read_gtfs(write_tables(tmp_path / "f.zip", files))


def test_names_that_leave_the_archive_are_not_read(tmp_path: Path) -> None:
    files = texts() | {"../../evil/stops.txt": "x", "/etc/trips.txt": "x", "..\\agency.txt": "x"}
    feed = read_gtfs(write_tables(tmp_path / "f.zip", files))
    assert codes(feed) == {"unsafe_file_name": 3}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["f.zip"]


@given(
    st.binary(max_size=300), st.sampled_from(["stops.txt", "stop_times.txt", "trips.txt", "calendar.txt", "agency.txt"])
)
@settings(max_examples=60, deadline=None)
def test_rubbish_never_ends_in_a_traceback(tmp_path_factory, rubbish: bytes, name: str) -> None:
    header = texts()[name].splitlines()[0].encode()
    for content in (rubbish, header + b"\n" + rubbish):
        path = write_tables(tmp_path_factory.mktemp("feed") / "f.zip", texts() | {name: content})
        with contextlib.suppress(GeoAccessError):
            read_gtfs(path)
