/* Draws one métier's map from the data embedded in the page. All words of users go in as text nodes, never as HTML. */
function geoAccessMap(map, data) {
  "use strict";
  const words = data.words;
  const svgNs = "http://www.w3.org/2000/svg";
  const say = (key, values) =>
    (words[key] || key).replace(/\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g, (whole, name, one, many) => {
      if (!(name in values)) return whole;
      if (one === undefined) return values[name];
      return isOne(values[name]) ? one : many;
    });
  /* A count, a number or one already written: in French the singular covers all below 2, in English only 1. */
  const isOne = (count) => {
    const plain = String(count).replace(data.language === "fr" ? /[\s\u202f\u00a0]/g : /,/g, "").replace(",", ".");
    return data.language === "fr" ? parseFloat(plain) < 2 : parseFloat(plain) === 1;
  };
  const number = (value, digits) =>
    value.toLocaleString(data.language, { minimumFractionDigits: digits || 0, maximumFractionDigits: digits || 0 });
  const element = (tag, content, className) => {
    const made = document.createElement(tag);
    if (content !== undefined) made.textContent = content;
    if (className) made.className = className;
    return made;
  };

  /* Outlines come as whole steps on a grid of about a metre, each from the one before. */
  const unpacked = (layer) => {
    const path = (steps) => {
      const points = [];
      let x = 0, y = 0;
      for (let i = 0; i < steps.length; i += 2) {
        x += steps[i];
        y += steps[i + 1];
        points.push([x / 1e5, y / 1e5]);
      }
      return points;
    };
    const geometry = (feature) => feature.polygons
      ? { type: "MultiPolygon", coordinates: feature.polygons.map((rings) => rings.map(path)) }
      : { type: "MultiLineString", coordinates: feature.lines.map(path) };
    return { type: "FeatureCollection", features: layer.features.map((feature) =>
      ({ type: "Feature", properties: feature.properties, geometry: geometry(feature) })) };
  };

  ["bands", "zones", "lines", "stops", "names", "employers", "sites"].forEach((name, i) => {
    map.createPane(name).style.zIndex = 410 + 10 * i;
  });
  const popupWidth = Math.min(340, map.getContainer().clientWidth - 70);
  const renderer = (pane) => L.svg({ pane: pane, padding: 0.5 });
  const zoneRenderer = renderer("zones");

  /* Zones: what is asked of the colour is the fill; a level's confidence is its hatching. */
  const NOT_MEASURED = { level: data.levels.length - 1, saturation: 3 };
  let view = data.views[0];
  const levelFill = (row) => row[0] === NOT_MEASURED.level ? "url(#ga-none)" : "url(#ga-" + row[0] + "-" + row[1] + ")";
  const accessFill = (row) => {
    const band = row[9] === null ? undefined : data.access.find((item) => row[9] <= item.minutes);
    if (row[0] === NOT_MEASURED.level) return "url(#ga-none)";
    return band ? band.colour : "url(#ga-far)";
  };
  const saturationFill = (row) =>
    row[13] === null || row[13] === NOT_MEASURED.saturation ? "url(#ga-none)" : data.saturationColours[row[13]];
  // Of a scenario: class of the change and percentage points of a zone; null outside that view.
  const changeAt = (zone) => {
    if (!view.startsWith("change_")) return null;
    const column = data.columns[data.questions[question].changes[Number(view.slice(7))]];
    return column.length === 1 ? column[0] : column[zone];
  };
  const changeFill = (row, zone) => {
    const [kind] = changeAt(zone);
    if (kind === 3 && row[0] === NOT_MEASURED.level) return "url(#ga-none)";
    return kind > 3 ? "url(#ga-loss-" + (kind - 4) + ")" : data.changeColours[kind];
  };
  const zoneFill = (row, zone) => {
    if (row === null) return "#ffffff";
    if (view.startsWith("change_")) return changeFill(row, zone);
    return { access: accessFill, level: levelFill, saturation: saturationFill }[view](row);
  };
  let question = 0;
  // Isochrones of another public or trip would contradict the colours: then the zones tell the time themselves.
  const fitting = () => data.bands.features.length > 0 && (!data.questions.length || data.questions[question].bands);
  const onBands = () => view === "access" && fitting();
  let thinness = data.crowding;
  let filled = true;
  /* A column holds a value per zone, or one for all; a zone without a level was not evaluated. */
  const rowAt = (asked, zone) => {
    if (!asked) return null;
    const row = asked.columns.map((number) => {
      const column = data.columns[number];
      return column.length === 1 ? column[0] : column[zone];
    });
    return row[0] === null ? null : row;
  };
  const rowOf = (feature) => rowAt(data.questions[question], feature.properties.index);
  const zoneStyle = (feature) => {
    const row = rowOf(feature);
    const qpv = feature.properties.kind === "qpv";
    // What was not measured stays hatched over the isochrones: white would read as out of reach.
    const veiled = onBands() && row !== null && row[0] === NOT_MEASURED.level;
    return {
      renderer: zoneRenderer, pane: "zones",
      color: qpv ? "#000000" : "#5b5b5b", weight: qpv ? 2 : 0.7 * thinness, opacity: 1,
      // Without a fill a zone lets clicks through to the isochrones under it.
      fill: filled, fillColor: veiled ? "url(#ga-veil)" : zoneFill(row, feature.properties.index),
      fillOpacity: veiled ? 0.9 : onBands() ? 0 : row === null ? 0.35 : 0.72,
    };
  };
  const zonePopup = (feature) => {
    const row = rowOf(feature);
    const box = element("div");
    box.append(element("h3", feature.properties.name));
    box.append(element("p", data.kinds[feature.properties.kind], "ga-kind"));
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
    Object.entries({ width: 22, height: 14, fill: levelFill(row), stroke: "#333" }).forEach(([k, v]) => rect.setAttribute(k, v));
    swatch.append(rect);
    head.append(swatch, document.createTextNode(data.levels[row[0]] + " (" + data.confidences[row[1]].toLowerCase() + ")"));
    box.append(head, element("p", asked.label, "ga-kind"));
    const [, , share, low, high, residents, reason, reasonShare, site, median, places, unlocated, remedy, saturation, free] = row;
    const add = (key, values) => box.append(element("p", say(key, values)));
    if (share !== null) {
      add("popup.share", { share: number(share), residents: number(residents), minutes: number(asked.minutes) });
      if (low !== null && low !== high) add("popup.range", { low: number(low), high: number(high) });
    } else add("popup.share_none", {});
    const moved = changeAt(feature.properties.index);
    if (moved) {
      const name = data.changeNames[Number(view.slice(7))];
      const points = (moved[1] > 0 ? "+" : "") + number(moved[1], 1).replace("-", "−");
      if (moved[0] === 3) add("popup.change_none", { name: name });
      else add("popup.change", { name: name, points: points });
    }
    if (reason !== null) {
      add("popup.reason", { reason: words["reason." + data.reasons[reason]], share: number(reasonShare) });
      const change = remedy === null ? words["remedy." + data.reasons[reason]] : data.remedies[remedy];
      if (change) add("popup.remedy", { remedy: change });
    }
    if (site !== null && median !== null) add("popup.nearest", { site: data.siteNames[site], minutes: number(median) });
    if (places !== null) add("popup.places", { places: number(places, places < 10 ? 1 : 0) });
    if (free !== null) add("popup.free", { places: number(free, free < 10 ? 1 : 0) });
    if (saturation !== null) add("popup.saturation", { saturation: data.saturations[saturation].toLowerCase() });
    if (unlocated) add("popup.unlocated", { places: number(unlocated) });
    if (asked.source) add("popup.threshold", { minutes: number(asked.minutes), source: asked.source });
    return box;
  };
  const zones = L.geoJSON(unpacked(data.zones), {
    pane: "zones", style: zoneStyle,
    onEachFeature: (feature, layer) => {
      layer.bindPopup(() => zonePopup(feature), { maxWidth: popupWidth });
      layer.on({
        mouseover: () => layer.setStyle({ weight: 3 }),
        mouseout: () => layer.setStyle({ weight: zoneStyle(feature).weight }),
      });
    },
  });

  const bandPopup = (feature) => {
    const box = element("div");
    box.append(element("h3", feature.properties.label));
    box.append(element("p", data.bandsLabel, "ga-kind"));
    data.counted.forEach((name, i) => {
      const figure = feature.properties.counts[i];
      if (figure !== null) box.append(element("p", words["count." + name] + "\u202f: " + number(figure)));
    });
    return box;
  };

  /* Bands: surfaces when alone; over the colours of the zones, the outline of the farthest alone. */
  const bandRenderer = renderer("bands");
  const bandFills = L.geoJSON(unpacked(data.bands), {
    pane: "bands", smoothFactor: 0.4,
    onEachFeature: (feature, layer) => layer.bindPopup(() => bandPopup(feature), { maxWidth: popupWidth }),
    style: (feature) => ({
      renderer: bandRenderer, pane: "bands", fillColor: feature.properties.colour, fillOpacity: 0.8,
      color: "#ffffff", weight: 1, fillRule: "evenodd",
    }),
  });
  const outline = (colour, weight) => L.geoJSON(unpacked(data.bands), {
    pane: "lines", interactive: false, smoothFactor: 0.4, filter: (feature) => feature.properties.farthest,
    style: () => ({ pane: "lines", fill: false, color: colour, weight: weight, lineJoin: "round" }),
  });
  /* Where an isochrone ends because the streets that were read end, its edge is dashed there, and there only. */
  const dash = (colour, weight, dashes, name) => L.geoJSON(unpacked(data.bandEnds), {
    pane: "lines", interactive: false, smoothFactor: 0.4,
    style: () => ({ pane: "lines", fill: false, color: colour, weight: weight, dashArray: dashes, className: name, lineCap: "butt" }),
  });
  const cutEdges = L.layerGroup([dash("#ffffff", 3.4, null, ""), dash("#2d1e5f", 1.8, "7 5", "ga-cut-edge")]);
  const bandLines = L.layerGroup([outline("#ffffff", 3.4), outline("#2d1e5f", 1.6), cutEdges]);

  /* Roads, lines and stops. */
  const roads = L.geoJSON(unpacked(data.roads), {
    interactive: false,
    style: (feature) => ({ color: "#9a9a9a", weight: [3, 2.4, 1.6, 1][feature.properties.rank], opacity: 0.9 }),
  });
  const lines = L.geoJSON(unpacked(data.lines), {
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
  const card = (row) => {
    const box = element("div");
    box.append(element("h3", row.name));
    row.text.forEach((line) => box.append(element("p", line)));
    return box;
  };
  const marker = (row, pane, name, badge) => {
    const icon = element("div");
    icon.innerHTML = row.svg; // our own outlines: nothing of the user's is in them
    if (badge) icon.append(element("span", badge, "ga-count"));
    return L.marker([row.lat, row.lon], {
      pane: pane, alt: name, title: name, keyboard: true,
      icon: L.divIcon({ className: "ga-symbol", iconSize: [row.size, row.size], html: icon }),
    });
  };
  const single = (row, pane) => marker(row, pane, row.name).bindPopup(() => card(row), { maxWidth: popupWidth });
  const training = L.layerGroup(data.sites.map((row) => single(row, "sites")));

  /* Employers that would lie on one another are one symbol with their number; its popup names them. */
  const SHOWN = 8;
  const group = (rows) => {
    if (rows.length === 1) return single(rows[0], "employers");
    const mean = (key) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
    const name = say("legend.cluster", { n: number(rows.length) });
    return marker({ ...rows[0], lat: mean("lat"), lon: mean("lon") }, "employers", name, String(rows.length))
      .bindPopup(() => {
        const box = element("div");
        box.append(element("h3", name));
        rows.slice(0, SHOWN).forEach((row) => box.append(element("p", row.name + " (" + row.text[0] + ")")));
        if (rows.length > SHOWN) box.append(element("p", say("legend.more", { n: number(rows.length - SHOWN) })));
        return box;
      }, { maxWidth: popupWidth });
  };
  const employers = L.layerGroup();
  let grouped = null;
  const scaleSymbols = () => {
    // Small where the whole territory is seen, full size three zooms further in.
    const gain = Math.max(0, Math.min(1, (map.getZoom() - wholeZoom) / 3));
    const scale = data.symbolScale + (1 - data.symbolScale) * gain;
    document.documentElement.style.setProperty("--ga-symbol", scale.toFixed(3));
    const thin = data.crowding + (1 - data.crowding) * gain;
    if (Math.abs(thin - thinness) > 0.01) {
      thinness = thin;
      zones.setStyle(zoneStyle);
    }
    if (grouped === map.getZoom()) return;
    grouped = map.getZoom();
    const cell = 22 * scale;
    const cells = new Map();
    data.employers.forEach((row) => {
      const at = map.project([row.lat, row.lon]).divideBy(cell).round();
      const key = at.x + ":" + at.y;
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push(row);
    });
    employers.clearLayers();
    cells.forEach((rows) => employers.addLayer(group(rows)));
  };
  let wholeZoom = 0;

  /* Names of communes, the most populated first, where they do not touch. */
  const names = L.layerGroup().addTo(map);
  const residentsOf = (feature) => {
    const row = rowAt(data.questions[0], feature.properties.index);
    return row === null ? 0 : row[5] || 0;
  };
  const named = zones.getLayers().filter((layer) => layer.feature.properties.kind !== "qpv")
    .sort((a, b) => residentsOf(b.feature) - residentsOf(a.feature));
  const placeNames = () => {
    names.clearLayers();
    const shown = map.getBounds();
    const taken = [];
    const sites = data.sites.map((row) => map.latLngToContainerPoint([row.lat, row.lon]));
    for (const layer of named) {
      const name = layer.feature.properties.name;
      const centre = layer.getBounds().getCenter();
      if (!shown.contains(centre)) continue;
      const at = map.latLngToContainerPoint(centre);
      const half = 3.4 * name.length + 8;
      // A name steps down from under a symbol.
      if (sites.some((site) => Math.abs(site.x - at.x) < half && Math.abs(site.y - at.y) < 16)) at.y += 20;
      if (taken.some((other) => Math.abs(other.at.x - at.x) < half + other.half && Math.abs(other.at.y - at.y) < 24)) continue;
      taken.push({ at: at, half: half });
      const label = element("span", name);
      names.addLayer(L.marker(map.containerPointToLatLng(at), {
        pane: "names", interactive: false, keyboard: false, icon: L.divIcon({ className: "ga-name", iconSize: null, html: label }),
      }));
    }
  };
  const layers = {
    bands: L.layerGroup(), zones: zones, training: training, employers: employers, lines: lines, stops: stops,
    roads: roads,
  };
  if (data.tiles) layers.tiles = L.tileLayer(data.tiles, { attribution: data.tilesAttribution, maxZoom: 19 });

  const redrawBands = () => {
    layers.bands.clearLayers();
    if (!filled || onBands()) {
      layers.bands.addLayer(bandFills);
      layers.bands.addLayer(cutEdges);
    } else if (view === "level" && fitting()) layers.bands.addLayer(bandLines);
    const legend = view === "access" && !fitting() ? "by_zone" : view.split("_")[0];
    document.querySelectorAll("[data-legend]").forEach((part) => {
      part.hidden = !part.dataset.legend.split(" ").includes(legend);
    });
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
  const asked = document.getElementById("ga-asked");
  const ask = (index) => {
    if (!Number.isInteger(index) || !data.questions[index]) return;
    question = index;
    if (chooser) chooser.value = String(index);
    if (asked) asked.textContent = data.questions[index].label;
    map.closePopup();
    zones.setStyle(zoneStyle);
    redrawBands();
  };
  if (chooser) chooser.addEventListener("change", () => ask(Number(chooser.value)));
  const viewChooser = document.getElementById("ga-view");
  const show = (key) => {
    if (!data.views.includes(key)) return;
    view = key;
    if (viewChooser) viewChooser.value = key;
    zones.setStyle(zoneStyle);
    redrawBands();
  };
  if (viewChooser) viewChooser.addEventListener("change", () => show(viewChooser.value));
  show(view);
  ask(0);

  /* Where a zone is opened by its name, the reader of the keyboard goes into its popup, and back when it closes. */
  let cameFrom = null;
  const visit = (layer, from) => {
    map.fitBounds(layer.getBounds(), { maxZoom: 14, padding: [40, 40], animate: false });
    layer.openPopup();
    if (!from) return;
    cameFrom = from;
    const box = layer.getPopup().getElement();
    if (box) box.focus();
  };
  map.on("popupopen", (event) => {
    document.body.classList.add("ga-reading");
    const box = event.popup.getElement();
    box.tabIndex = -1;
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", (box.querySelector("h3, p") || box).textContent);
    box.querySelector(".leaflet-popup-content").tabIndex = 0;
    const close = box.querySelector(".leaflet-popup-close-button");
    if (close) {
      close.setAttribute("aria-label", words["popup.close"]);
      close.title = words["popup.close"];
    }
  });
  map.on("popupclose", () => {
    document.body.classList.remove("ga-reading");
    if (cameFrom) cameFrom.focus();
    cameFrom = null;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") map.closePopup();
  });

  /* The list of the zones, written when it is first opened: what the colours say, in words. */
  const list = document.getElementById("ga-zones");
  if (list) {
    list.addEventListener("toggle", () => {
      const items = list.querySelector("ul");
      if (!list.open || items.childElementCount) return;
      const byName = zones.getLayers().slice().sort((a, b) =>
        a.feature.properties.name.localeCompare(b.feature.properties.name, data.language));
      byName.forEach((layer) => {
        const item = element("li");
        const button = element("button", layer.feature.properties.name);
        button.type = "button";
        button.addEventListener("click", () => visit(layer, button));
        item.append(button);
        items.append(item);
      });
    });
  }

  /* Search by name: accents, case, ligatures, hyphens, quotes, spaces and « St » for « Saint » aside. */
  const plain = (name) => name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/œ/g, "oe").replace(/æ/g, "ae").replace(/ß/g, "ss").replace(/[^\p{L}\p{N}]+/gu, " ").trim()
    .replace(/\bst\b/g, "saint").replace(/\bste\b/g, "sainte");
  const search = document.getElementById("ga-search");
  const found = document.getElementById("ga-found");
  const seek = () => {
    const wanted = plain(search.value);
    found.textContent = "";
    if (!wanted) return;
    const all = zones.getLayers();
    const name = (layer) => plain(layer.feature.properties.name);
    const tight = (text) => text.replace(/ /g, "");
    const hit = all.find((l) => name(l) === wanted) || all.find((l) => name(l).startsWith(wanted)) ||
      all.find((l) => name(l).includes(wanted)) || all.find((l) => tight(name(l)).includes(tight(wanted)));
    if (!hit) {
      found.textContent = words["search.none"];
      return;
    }
    visit(hit, null);
  };
  if (search) search.addEventListener("change", seek);

  const container = map.getContainer();
  container.setAttribute("role", "main");
  container.setAttribute("aria-label", document.title);
  container.tabIndex = 0;
  [["in", ".leaflet-control-zoom-in"], ["out", ".leaflet-control-zoom-out"]].forEach(([way, name]) => {
    const button = container.querySelector(name);
    if (!button) return;
    button.title = words["zoom." + way];
    button.setAttribute("aria-label", words["zoom." + way]);
  });
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
  const compared = /^#compare(?:=(\d+))?$/.exec(window.location.hash);
  if (compared) {
    document.body.classList.add("ga-narrow");
    // Side by side the levels are compared, which every question has.
    show("level");
  }
  map.invalidateSize();
  map.fitBounds(data.bounds, { padding: [12, 12], animate: false });
  wholeZoom = map.getZoom();
  scaleSymbols();
  map.on("zoomend", scaleSymbols);
  placeNames();
  map.on("moveend", placeNames);

  /* In a comparison the page around us relays where the other map looks, and what is asked of this one. */
  if (compared) {
    if (compared[1]) ask(Number(compared[1]));
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
      if (view && view.geoAccess === "question") ask(view.index);
      if (!view || view.geoAccess !== "view" || ![view.lat, view.lng, view.zoom].every(Number.isFinite)) return;
      const here = map.getCenter();
      if (map.getZoom() === view.zoom && Math.hypot(here.lat - view.lat, here.lng - view.lng) < 1e-7) return;
      follows = true;
      map.setView([view.lat, view.lng], view.zoom, { animate: false });
    });
    window.parent.postMessage({ geoAccess: "ready" }, "*");
  }
  return { map: map, zones: zones, layers: layers, show: show };
}
