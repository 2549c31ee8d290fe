// The map: streets of the study, zones coloured by state, a surface coloured in the browser. Works without it too.

import { meshLayer } from "./mesh.js";
import { el, t } from "./words.js";

// Adequate, fragile, inadequate, not applicable, not measured; then what changes do: gain, loss, both, none.
export const LEVELS = ["#5aa2cf", "#f6d55c", "#c8472f", "#d9d9d9", "#bdbdbd", "#1b9e77", "#7b3294", "#e08214", "#ececec"];
const BANDS = ["#2d1e5f", "#5a4a9c", "#8f80c4", "#c3b8e3"];
// The colour of the ground where nothing lies: the stylesheet's, behind the canvases.
const GROUND = "#f7f7f4";
const REACHED = "#d45500";
const EMPTY = { type: "FeatureCollection", features: [] };

let map = null;
let coloured = null;
let outlines = [];
let surfaceCanvas = null;
let library = null;
let picking = null;
let home = null;
const pins = new Map();

export const present = () => map !== null;

// Resolves once the zones have the colours that they were told.
export const drawn = () => new Promise((resolve) => { requestAnimationFrame(() => { if (coloured) coloured.finish(); resolve(); }); });

export async function start(container, bounds, layers, { onzone, onplace, onsite, onhover, ontiles }) {
  let made;
  try {
    library = await import("/page/maplibre-gl.mjs");
    made = new library.Map({
      container, bounds: [[bounds[0], bounds[1]], [bounds[2], bounds[3]]], fitBoundsOptions: { padding: 20 },
      attributionControl: { compact: true, customAttribution: t("web.attribution") }, dragRotate: false, pitchWithRotate: false,
      touchPitch: false, renderWorldCopies: false, maxPitch: 0,
      locale: { "Map.Title": t("web.map"), "NavigationControl.ZoomIn": t("web.zoom_in"), "NavigationControl.ZoomOut": t("web.zoom_out"),
        "AttributionControl.ToggleAttribution": t("web.attribution_toggle"), "Popup.Close": t("web.close"), "Marker.Title": t("web.marker") },
      style: { version: 8, sources: {}, layers: [] },
    });
  } catch {
    return false;
  }
  made.touchZoomRotate.disableRotation();
  made.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  await new Promise((resolve, reject) => { made.once("load", resolve); setTimeout(() => reject(new Error("map")), 20000); });
  hatch(made);
  if (layers.tiles) underlay(made, layers.tiles, ontiles);
  made.addSource("zones", { type: "geojson", data: layers.zones });
  made.addSource("hatched", { type: "geojson", data: EMPTY });
  made.addSource("streets", { type: "geojson", data: layers.streets, tolerance: 0.8 });
  made.addSource("sites", { type: "geojson", data: layers.sites });
  made.addSource("trip", { type: "geojson", data: EMPTY });
  for (const name of ["stops", "picked", "reached"]) made.addSource(name, { type: "geojson", data: EMPTY });
  made.addSource("marked", { type: "geojson", data: EMPTY });
  const qpv = ["==", ["get", "kind"], "qpv"];
  // The colours are the mesh's; these answer clicks.
  made.addLayer({ id: "zones", type: "fill", source: "zones", filter: ["!", qpv], paint: { "fill-opacity": 0 } });
  made.addLayer({ id: "zones-qpv", type: "fill", source: "zones", filter: qpv, paint: { "fill-opacity": 0 } });
  made.addLayer(coloured = meshLayer("coloured", layers.mesh, LEVELS, [0.55, 0.85]));
  made.addLayer({ id: "hatched", type: "fill", source: "hatched", paint: { "fill-pattern": ["get", "pattern"] } });
  made.addLayer({ id: "streets", type: "line", source: "streets", paint: {
    "line-color": ["match", ["get", "rank"], 0, "#8a6d3b", 1, "#8d8d8d", "#b5b5b5"],
    "line-width": ["interpolate", ["linear"], ["zoom"], 8, ["match", ["get", "rank"], 0, 1.2, 1, 0.6, 0.15], 15, ["match", ["get", "rank"], 0, 5, 1, 3, 1.4]] } });
  // Thousands of outlines are a grey veil from afar, and cost more to draw than all else.
  made.addLayer({ id: "outline", type: "line", source: "zones", minzoom: layers.zones.features.length > 3000 ? 11 : 0, paint: { "line-color": "#333", "line-width": 0.6 } });
  made.addLayer({ id: "marked", type: "line", source: "marked", paint: { "line-color": "#333", "line-width": 4 } });
  made.addLayer({ id: "trip-under", type: "line", source: "trip", paint: { "line-color": "#fff", "line-width": 7 } });
  made.addLayer({ id: "trip", type: "line", source: "trip", paint: { "line-color": ["match", ["get", "kind"], "ride", "#0b4f8a", "#111"], "line-width": 4 }, filter: ["==", ["get", "way"], "there"] });
  made.addLayer({ id: "trip-back", type: "line", source: "trip", paint: { "line-color": ["match", ["get", "kind"], "ride", "#b35806", "#5a3300"], "line-width": 3, "line-dasharray": [2, 1], "line-offset": 3 }, filter: ["==", ["get", "way"], "back"] });
  made.addLayer({ id: "sites", type: "circle", source: "sites", paint: {
    "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 2.5, 14, 7], "circle-color": ["match", ["get", "kind"], "training", "#111111", "#006d5b"],
    "circle-stroke-color": "#fff", "circle-stroke-width": 1.5 } });
  made.addLayer({ id: "reached", type: "circle", source: "reached", paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 5, 14, 11], "circle-opacity": 0, "circle-stroke-color": REACHED, "circle-stroke-width": 2.5 } });
  made.addLayer({ id: "stops", type: "circle", source: "stops", paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 2, 14, 6], "circle-color": "#fff", "circle-stroke-color": "#0b4f8a", "circle-stroke-width": 2 } });
  made.addLayer({ id: "picked-line", type: "line", source: "picked", paint: { "line-color": "#d45500", "line-width": 4 }, filter: ["==", ["geometry-type"], "LineString"] });
  made.addLayer({ id: "picked", type: "circle", source: "picked", paint: { "circle-radius": 6, "circle-color": "#d45500", "circle-stroke-color": "#fff", "circle-stroke-width": 2 }, filter: ["==", ["geometry-type"], "Point"] });
  made.on("click", (event) => {
    if (picking) return picking(event.lngLat.lng, event.lngLat.lat, nearest(made, stopsShown, event, 10)?.properties || null);
    const site = nearest(made, layers.sites.features, event, 8);
    // A site that the door has no use for is a place like another.
    if (site && onsite(site.properties)) return undefined;
    const zones = made.queryRenderedFeatures(event.point, { layers: ["zones-qpv", "zones"] });
    if (zones.length) onzone(zones[0].properties.row);
    return onplace(event.lngLat.lng, event.lngLat.lat);
  });
  made.on("mousemove", (event) => onhover(event.lngLat.lng, event.lngLat.lat));
  // Only now is there a map for the doors: before, its layers are not there.
  map = made; outlines = layers.zones.features; home = [[bounds[0], bounds[1]], [bounds[2], bounds[3]]];
  return true;
}

// Another server's base map, under all that is drawn: the zones' colours, on the canvas behind, show through its paper.
function underlay(made, tiles, ontiles) {
  made.on("error", (event) => { if (event.sourceId === "tiles") ontiles(); else console.error(event.error); });
  made.addSource("tiles", { type: "raster", tiles: [tiles.url], tileSize: 256, maxzoom: tiles.most_zoom, attribution: t(tiles.attribution) });
  made.addLayer({ id: "tiles", type: "raster", source: "tiles", layout: { visibility: "none" }, paint: { "raster-fade-duration": 0 } });
  made.getCanvas().style.mixBlendMode = "multiply";
}

// Where somebody lives could be read from the tiles that are asked for: for one person none are, and what the map showed
// of that person is left before any is asked for again.
export function base(shown) {
  if (!map?.getLayer("tiles") || shown === (map.getLayoutProperty("tiles", "visibility") === "visible")) return;
  if (shown) map.fitBounds(home, { padding: 20, animate: false });
  map.setLayoutProperty("tiles", "visibility", shown ? "visible" : "none");
}

// Of points, the one that the mouse is nearest to, within so many pixels: many stops of a town lie under one click.
function nearest(made, features, { point }, most) {
  let found = null, least = most;
  for (const one of features) {
    const { x, y } = made.project(one.geometry.coordinates);
    const away = Math.hypot(x - point.x, y - point.y);
    if (away <= least) { found = one; least = away; }
  }
  return found;
}

function hatch(made) {
  const size = 12;
  for (const [name, ink, lines] of [["inadequate", [70, 0, 0, 190], 1], ["unknown", [60, 60, 60, 200], 2]]) {
    const data = new Uint8Array(size * size * 4);
    for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) {
      if ((x + y) % size === 0 || (lines === 2 && (x - y + size) % size === 0)) data.set(ink, 4 * (y * size + x));
    }
    made.addImage(name, { width: size, height: size, data });
  }
}

// Classes of the zones, a byte each.
export function colour(classes) {
  if (!map) return;
  coloured.colour(classes);
}

// Before on the left, after on the right of a curtain, or neither.
let sides = null;
export function curtain(before, share = 0.5) {
  if (!map) return;
  coloured.curtain(before, share);
  sides?.remove(); sides = null;
  if (!before) return;
  sides = el("div", { class: "sides", "aria-hidden": "true" }, el("span", { style: { right: `${100 - 100 * share}%` } }, t("web.see_before")), el("span", { style: { left: `${100 * share}%` } }, t("web.see_after")));
  map.getContainer().append(sides);
}

const HATCHED = { 2: "inadequate", 4: "unknown", 6: "inadequate", 7: "unknown" };
export function hatchRows(zones, classes) {
  if (!map) return;
  const features = zones.features.filter((f) => HATCHED[classes[f.id]]).map((f) => ({ ...f, properties: { pattern: HATCHED[classes[f.id]] } }));
  map.getSource("hatched").setData({ type: "FeatureCollection", features });
}

export function mark(row) {
  if (map) map.getSource("marked").setData({ type: "FeatureCollection", features: row === null ? [] : outlines.filter((f) => f.id === row) });
}

// Both ways of a trip: the way there whole, the way back dashed beside it.
export function trip(ways) {
  if (!map) return;
  const features = ["there", "back"].flatMap((way) => (ways?.[way]?.legs || []).filter((leg) => leg.line_xy.length > 1)
    .map((leg) => ({ type: "Feature", properties: { kind: leg.kind, way }, geometry: { type: "LineString", coordinates: leg.line_xy } })));
  map.getSource("trip").setData({ type: "FeatureCollection", features });
  if (!features.length) return;
  const all = features.flatMap((f) => f.geometry.coordinates);
  const [xs, ys] = [all.map((p) => p[0]), all.map((p) => p[1])];
  map.fitBounds([[Math.min(...xs), Math.min(...ys)], [Math.max(...xs), Math.max(...ys)]], { padding: 60, maxZoom: 14, animate: !matchMedia("(prefers-reduced-motion: reduce)").matches });
}

// The surface is a canvas that is painted from its bytes: another cutoff is another painting, not another request.
export function surface(found, cutoff) {
  if (!map) return;
  clearSurface();
  surfaceCanvas = el("canvas", { width: found.cols, height: found.rows });
  paint(found, cutoff);
  map.addSource("surface", { type: "canvas", canvas: surfaceCanvas, coordinates: found.corners, animate: false });
  map.addLayer({ id: "surface", type: "raster", source: "surface", paint: { "raster-opacity": 0.75, "raster-resampling": "nearest", "raster-fade-duration": 0 } }, "streets");
}

export function repaint(found, cutoff) {
  if (!map || !surfaceCanvas) return;
  paint(found, cutoff);
  const source = map.getSource("surface");
  source.play(); map.triggerRepaint(); map.once("render", () => source.pause());
}

function paint(found, cutoff) {
  const palette = new Uint32Array(256);
  for (let m = 0; m <= cutoff; m += 1) {
    const hex = BANDS[Math.min(3, Math.floor((4 * Math.max(0, m - 1)) / cutoff))];
    palette[m] = 0xff000000 | (parseInt(hex.slice(5, 7), 16) << 16) | (parseInt(hex.slice(3, 5), 16) << 8) | parseInt(hex.slice(1, 3), 16);
  }
  const image = new ImageData(found.cols, found.rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let k = 0; k < pixels.length; k += 1) pixels[k] = palette[found.grid[k]];
  surfaceCanvas.getContext("2d").putImageData(image, 0, 0);
}

export function clearSurface() {
  if (!map || !map.getSource("surface")) return;
  map.removeLayer("surface"); map.removeSource("surface"); surfaceCanvas = null;
}

export const bandColours = () => BANDS;

// Minutes of the surface at a place, from the same bytes that are painted.
export function minutesAt(found, lon, lat) {
  const y = (value) => Math.log(Math.tan(Math.PI / 4 + (value * Math.PI) / 360));
  const [[west, north], , [east, south]] = found.corners;
  const column = Math.floor(((lon - west) / (east - west)) * found.cols);
  const row = Math.floor(((y(north) - y(lat)) / (y(north) - y(south))) * found.rows);
  if (column < 0 || row < 0 || column >= found.cols || row >= found.rows) return found.outside;
  return found.grid[row * found.cols + column];
}

// Whose streets and whose base map are shown, for a picture that leaves the page.
export const credits = () => [t("web.attribution"), map?.getLayer("tiles") && map.getLayoutProperty("tiles", "visibility") === "visible" ? map.getSource("tiles").attribution : ""].filter(Boolean).join(" – ");

// What the map shows, as an image: read in the very frame that is drawn.
export const snapshot = () => new Promise((resolve) => {
  if (!map) { resolve(null); return; }
  map.once("render", () => {
    const whole = el("canvas", { width: map.getCanvas().width, height: map.getCanvas().height });
    const pen = whole.getContext("2d");
    pen.fillStyle = GROUND; pen.fillRect(0, 0, whole.width, whole.height);
    for (const part of [coloured.now(), map.getCanvas()]) {
      pen.globalCompositeOperation = part.style.mixBlendMode || "source-over";
      pen.drawImage(part, 0, 0, whole.width, whole.height);
    }
    resolve(whole);
  });
  map.triggerRepaint();
});

export function resize() { if (map) map.resize(); }

// Clicks go to a change that is being made until it is done with them.
export function pick(onpick) { picking = onpick; if (map) map.getCanvas().style.cursor = onpick ? "crosshair" : ""; }

let stopsShown = [];
export function showStops(stops) { stopsShown = stops?.features || []; if (map) map.getSource("stops").setData(stops || EMPTY); }

export function showPicked(calls) {
  if (!map) return;
  const features = calls.map((at) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: at } }));
  if (calls.length > 1) features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: calls } });
  map.getSource("picked").setData({ type: "FeatureCollection", features });
}

// Rings around the sites that an answer names.
export function reached(places) {
  if (map) map.getSource("reached").setData({ type: "FeatureCollection", features: places.map((at) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: at } })) });
}

// Pins by what they stand for: a chosen place, sessions that can be dragged. Those that did not change stay where they
// are, also under the hand that drags one while an answer comes.
export function pin(places, group = "place") {
  if (!map) return;
  const key = JSON.stringify(places);
  const before = pins.get(group);
  if (before?.key === key) return;
  for (const marker of before?.markers || []) marker.remove();
  const markers = places.map(({ lon, lat, name, colour: tint, moved }) => {
    const marker = new library.Marker({ color: tint || "#d45500", draggable: !!moved }).setLngLat([lon, lat]).addTo(map);
    marker.getElement().setAttribute("aria-label", name);
    if (moved) marker.on("dragend", () => { const at = marker.getLngLat(); moved(at.lng, at.lat); });
    return marker;
  });
  pins.set(group, { key, markers });
}

export function unpin() { for (const group of [...pins.keys()]) pin([], group); }

// Shares of zones in three classes, hatched where low, with their legend.
export function shares(zones, values, legend) {
  const classes = Uint8Array.from(values, (share) => (share === undefined || share === null ? 3 : share >= 0.8 ? 0 : share >= 0.5 ? 1 : 2));
  colour(classes);
  hatchRows(zones, classes);
  legend.replaceChildren(...swatches([[LEVELS[0], t("web.over_80")], [LEVELS[1], t("web.from_50")], [`${STRIPES[45]}, ${LEVELS[2]}`, t("web.under_50")], [LEVELS[3], t("level.sans objet")]]), ...siteKeys());
}

const stripes = (angle) => `repeating-linear-gradient(${angle}deg, #400 0 1px, transparent 1px 6px)`;
export const STRIPES = { 45: stripes(-45), cross: `${stripes(45)}, ${stripes(-45)}` };
export const reachedKey = () => swatches([[`radial-gradient(#fff 35%, ${REACHED} 36% 60%, #fff 61%)`, t("web.reached_sites")]]);
export const siteKeys = () => swatches([["#111111", t("web.training_sites")], ["#006d5b", t("web.employers")]]);
export const swatches = (keys) => keys.map(([background, text]) => el("span", { class: "key" }, el("span", { class: "swatch", style: { background } }), text));
