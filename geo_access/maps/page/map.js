/* Draws one métier's map from the data embedded in the page. All words of users go in as text nodes, never as HTML. */
function geoAccessMap(map, data) {
  "use strict";
  const words = data.words;
  const svgNs = "http://www.w3.org/2000/svg";
  const say = (key, values) =>
    (words[key] || key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const number = (value, digits) =>
    value.toLocaleString(data.language, { minimumFractionDigits: digits || 0, maximumFractionDigits: digits || 0 });
  const element = (tag, content, className) => {
    const made = document.createElement(tag);
    if (content !== undefined) made.textContent = content;
    if (className) made.className = className;
    return made;
  };

  ["bands", "zones", "lines", "stops", "employers", "sites"].forEach((name, i) => {
    map.createPane(name).style.zIndex = 410 + 10 * i;
  });
  const renderer = (pane) => L.svg({ pane: pane, padding: 0.5 });
  const zoneRenderer = renderer("zones");

  /* Zones: the level is the fill, the confidence its hatching. */
  const zoneFill = (row) =>
    row === null ? "#ffffff" : "url(#ga-" + row[0] + "-" + row[1] + ")";
  let question = 0;
  let filled = true;
  const rowOf = (feature) => (data.questions.length ? data.questions[question].rows[feature.properties.index] : null);
  const zoneStyle = (feature) => {
    const row = rowOf(feature);
    const qpv = feature.properties.kind === "qpv";
    return {
      renderer: zoneRenderer, pane: "zones",
      color: qpv ? "#000000" : "#5b5b5b", weight: qpv ? 2 : 0.7, opacity: 1,
      fillColor: zoneFill(row), fillOpacity: !filled ? 0 : row === null ? 0.35 : 0.72,
    };
  };
  const zonePopup = (feature) => {
    const row = rowOf(feature);
    const box = element("div");
    box.append(element("h3", feature.properties.name));
    box.append(element("p", feature.properties.kindName, "ga-kind"));
    if (row === null) {
      box.append(element("p", words["level.none"]));
      return box;
    }
    const asked = data.questions[question];
    const head = element("p", undefined, "ga-level");
    const swatch = document.createElementNS(svgNs, "svg");
    swatch.setAttribute("width", 22);
    swatch.setAttribute("height", 14);
    swatch.setAttribute("aria-hidden", "true");
    const rect = document.createElementNS(svgNs, "rect");
    Object.entries({ width: 22, height: 14, fill: zoneFill(row), stroke: "#333" }).forEach(([k, v]) => rect.setAttribute(k, v));
    swatch.append(rect);
    head.append(swatch, document.createTextNode(data.levels[row[0]] + " (" + data.confidences[row[1]].toLowerCase() + ")"));
    box.append(head, element("p", asked.label, "ga-kind"));
    const [, , share, low, high, residents, reason, reasonShare, site, median, places, unlocated, remedy] = row;
    const add = (key, values) => box.append(element("p", say(key, values)));
    if (share !== null) {
      add("popup.share", { share: number(share), residents: number(residents), minutes: number(asked.minutes) });
      if (low !== null && low !== high) add("popup.range", { low: number(low), high: number(high) });
    } else add("popup.share_none", {});
    if (reason !== null) {
      add("popup.reason", { reason: words["reason." + reason], share: number(reasonShare) });
      const change = remedy || words["remedy." + reason];
      if (change) add("popup.remedy", { remedy: change });
    }
    if (site !== null && median !== null) add("popup.nearest", { site: data.siteNames[site], minutes: number(median) });
    if (places !== null) add("popup.places", { places: number(places, places < 10 ? 1 : 0) });
    if (unlocated) add("popup.unlocated", { places: number(unlocated) });
    if (asked.source) add("popup.threshold", { minutes: number(asked.minutes), source: asked.source });
    return box;
  };
  const zones = L.geoJSON(data.zones, {
    pane: "zones", style: zoneStyle,
    onEachFeature: (feature, layer) => {
      layer.bindPopup(() => zonePopup(feature), { maxWidth: 340 });
      layer.on({
        mouseover: () => layer.setStyle({ weight: 3 }),
        mouseout: () => layer.setStyle({ weight: zoneStyle(feature).weight }),
      });
    },
  });

  /* Bands: surfaces when alone, outlines in a white casing when the zones lie under them. */
  const bandRenderer = renderer("bands");
  const bandFills = L.geoJSON(data.bands, {
    pane: "bands", interactive: false, smoothFactor: 0.4,
    style: (feature) => ({
      renderer: bandRenderer, pane: "bands", fillColor: feature.properties.colour, fillOpacity: 0.8,
      color: "#ffffff", weight: 1, fillRule: "evenodd",
    }),
  });
  const outline = (colour, weight) => L.geoJSON(data.bands, {
    pane: "lines", interactive: false, smoothFactor: 0.4,
    style: (feature) => ({
      pane: "lines", fill: false, color: colour || feature.properties.line, weight: weight,
      dashArray: colour ? null : feature.properties.dash, lineJoin: "round",
    }),
  });
  const bandLines = L.layerGroup([outline("#ffffff", 3.2), outline(null, 1.5)]);

  /* Roads, lines and stops. */
  const roads = L.geoJSON(data.roads, {
    interactive: false,
    style: (feature) => ({ color: "#9a9a9a", weight: [3, 2.4, 1.6, 1][feature.properties.rank], opacity: 0.9 }),
  });
  const lines = L.geoJSON(data.lines, {
    pane: "lines",
    style: (feature) => ({ pane: "lines", color: "#14477a", weight: feature.properties.rail ? 2.4 : 1.4, opacity: 0.85,
      dashArray: feature.properties.rail ? "7 3" : null }),
    onEachFeature: (feature, layer) => layer.bindPopup(() => element("p", feature.properties.name)),
  });
  const canvas = L.canvas({ pane: "stops" });
  const stops = L.layerGroup(data.stops.map(([lat, lon, name]) =>
    L.circleMarker([lat, lon], { renderer: canvas, pane: "stops", radius: 2.5, weight: 1, color: "#14477a", fillColor: "#fff", fillOpacity: 1 })
      .bindPopup(() => element("p", name))));

  /* Sites and employers: an SVG symbol each; the popup lists what they offer. */
  const symbols = (rows, pane) => L.layerGroup(rows.map((row) =>
    L.marker([row.lat, row.lon], {
      pane: pane, alt: row.name, title: row.name, keyboard: true,
      icon: L.divIcon({ className: "ga-symbol", iconSize: [row.size, row.size], html: row.svg }),
    }).bindPopup(() => {
      const box = element("div");
      box.append(element("h3", row.name));
      row.text.forEach((line) => box.append(element("p", line)));
      return box;
    }, { maxWidth: 320 })));
  const layers = {
    bands: L.layerGroup(), zones: zones, training: symbols(data.sites, "sites"),
    employers: symbols(data.employers, "employers"), lines: lines, stops: stops, roads: roads,
  };
  if (data.tiles) layers.tiles = L.tileLayer(data.tiles, { attribution: data.tilesAttribution, maxZoom: 19 });

  const redrawBands = () => {
    layers.bands.clearLayers();
    layers.bands.addLayer(filled ? bandLines : bandFills);
  };
  zones.addTo(map);
  document.querySelectorAll("[data-layer]").forEach((box) => {
    const layer = layers[box.dataset.layer];
    const show = () => {
      // Without their colours the zones keep their outlines: a map needs places to find one's way.
      if (box.dataset.layer === "zones") {
        filled = box.checked;
        zones.setStyle(zoneStyle);
      } else if (box.checked) layer.addTo(map);
      else layer.remove();
      redrawBands();
    };
    box.addEventListener("change", show);
    show();
  });
  const chooser = document.getElementById("ga-question");
  if (chooser) chooser.addEventListener("change", () => {
    question = Number(chooser.value);
    map.closePopup();
    zones.setStyle(zoneStyle);
  });

  /* Search by name, accents and case aside. */
  const plain = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const search = document.getElementById("ga-search");
  const found = document.getElementById("ga-found");
  const seek = () => {
    const wanted = plain(search.value.trim());
    found.textContent = "";
    if (!wanted) return;
    const all = zones.getLayers();
    const name = (layer) => plain(layer.feature.properties.name);
    const hit = all.find((l) => name(l) === wanted) || all.find((l) => name(l).startsWith(wanted)) || all.find((l) => name(l).includes(wanted));
    if (!hit) {
      found.textContent = words["search.none"];
      return;
    }
    map.fitBounds(hit.getBounds(), { maxZoom: 14, padding: [40, 40] });
    hit.openPopup();
  };
  if (search) search.addEventListener("change", seek);

  const north = L.control({ position: "topright" });
  north.onAdd = () => {
    const box = element("div", undefined, "ga-north");
    const arrow = document.createElementNS(svgNs, "svg");
    arrow.setAttribute("width", 18);
    arrow.setAttribute("height", 22);
    arrow.setAttribute("viewBox", "0 0 18 22");
    arrow.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(svgNs, "path");
    path.setAttribute("d", "M9 0 L17 21 L9 16 L1 21 Z");
    arrow.append(path);
    box.append(arrow, element("div", words.north));
    return box;
  };
  north.addTo(map);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution(data.attribution);
  map.invalidateSize();
  map.fitBounds(data.bounds, { padding: [12, 12] });

  /* In a comparison the page around us relays where the other map looks. */
  if (window.location.hash === "#compare") {
    document.body.classList.add("ga-narrow");
    map.invalidateSize();
    let follows = false;
    map.on("moveend", () => {
      if (!follows) {
        const centre = map.getCenter();
        window.parent.postMessage({ geoAccess: "view", lat: centre.lat, lng: centre.lng, zoom: map.getZoom() }, "*");
      }
      follows = false;
    });
    window.addEventListener("message", (event) => {
      const view = event.data;
      if (!view || view.geoAccess !== "view" || ![view.lat, view.lng, view.zoom].every(Number.isFinite)) return;
      const here = map.getCenter();
      if (map.getZoom() === view.zoom && Math.hypot(here.lat - view.lat, here.lng - view.lng) < 1e-7) return;
      follows = true;
      map.setView([view.lat, view.lng], view.zoom, { animate: false });
    });
  }
  return { zones: zones, layers: layers };
}
