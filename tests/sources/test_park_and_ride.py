"""Park-and-ride sites of OSM, and the stops next to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.errors import InputError, MissingFileError
from geo_access.sources.osm import read_park_and_ride
from tests.shared import shared_path

OSM = """<osm version='0.6'>
<node id='1' version='1' lat='50.0' lon='3.0'><tag k='amenity' v='parking'/><tag k='park_ride' v='train'/>
 <tag k='name' v='Gare &lt;Nord&gt;'/><tag k='capacity' v='120'/><tag k='fee' v='no'/></node>
<node id='2' version='1' lat='50.1' lon='3.0'><tag k='amenity' v='parking'/><tag k='park_ride' v='no'/></node>
<node id='3' version='1' lat='50.1' lon='3.0'><tag k='amenity' v='parking'/><tag k='park_ride' v='yes'/>
 <tag k='access' v='private'/></node>
<node id='4' version='1' lat='50.1' lon='3.0'><tag k='amenity' v='cafe'/><tag k='park_ride' v='yes'/></node>
<node id='5' version='1' lat='50.2' lon='3.0'/><node id='6' version='1' lat='50.2' lon='3.2'/>
<node id='7' version='1' lat='50.4' lon='3.2'/><node id='8' version='1' lat='50.4' lon='3.0'/>
<way id='20' version='1'><nd ref='5'/><nd ref='6'/><nd ref='7'/><nd ref='8'/><nd ref='5'/>
 <tag k='amenity' v='parking'/><tag k='park_ride' v='yes'/><tag k='capacity' v='~200'/></way>
<way id='21' version='1'><nd ref='5'/><nd ref='6'/><nd ref='7'/></way><way id='22' version='1'><nd ref='7'/>
 <nd ref='8'/><nd ref='5'/></way>
<relation id='30' version='1'><member type='way' ref='21' role='outer'/><member type='way' ref='22' role='outer'/>
 <tag k='type' v='multipolygon'/><tag k='amenity' v='parking'/><tag k='park_ride' v='bus'/></relation>
</osm>"""


def test_nodes_ways_and_multipolygons_open_to_the_public(tmp_path: Path) -> None:
    path = tmp_path / "p.osm"
    path.write_text(OSM)
    sites = read_park_and_ride([path, path])
    assert sites["id"].tolist() == ["node/1", "relation/30", "way/20"]
    assert sites["kind"].tolist() == ["train", "bus", "yes"]
    assert sites["name"].tolist() == ["Gare <Nord>", "", ""]
    assert sites["capacity"].tolist()[0] == 120
    assert sites["capacity"].isna().tolist() == [False, True, True]
    assert [(round(p.x, 3), round(p.y, 3)) for p in sites.geometry] == [(3.0, 50.0), (3.1, 50.3), (3.1, 50.3)]
    assert sites.crs.to_epsg() == 4326


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="not found"):
        read_park_and_ride(tmp_path / "no.osm.pbf")
    (tmp_path / "bad.osm.pbf").write_bytes(b"\x00\x00\x00\x0dnot osm data at all")
    with pytest.raises(InputError, match="cannot be read as OSM data"):
        read_park_and_ride(tmp_path / "bad.osm.pbf")
    (tmp_path / "none.osm").write_text("<osm version='0.6'></osm>")
    assert len(read_park_and_ride(tmp_path / "none.osm")) == 0


@pytest.mark.reference
def test_a_real_city() -> None:
    sites = read_park_and_ride(shared_path("osm/porto_portugal.osm.pbf"))
    assert len(sites) >= 8
    assert sites.geometry.within(sites.union_all().envelope.buffer(0.01)).all()
