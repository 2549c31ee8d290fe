// Curves as a picture and as a table: shares of the residents within each minute.

import { table } from "./table.js";
import { el, number, percent, t } from "./words.js";

// Told apart without colour, too: each has its own dashes.
const INKS = ["#0b4f8a", "#b2182b", "#00705a", "#7b3294", "#a6611a", "#333333", "#c51b7d", "#4d9221"];
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "1 3", "12 4", "6 2 2 2"];
const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function curves(lines, caption) {
  const [w, h, left, low] = [640, 240, 46, 212];
  const x = (m) => left + ((w - left - 8) * m) / 120, y = (share) => low - (low - 10) * share;
  const picture = svg("svg", { viewBox: `0 0 ${w} ${h}`, class: "curve", role: "img", "aria-label": caption });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) picture.append(svg("line", { x1: left, x2: w - 8, y1: y(share), y2: y(share), stroke: "#cfd8df" }), svg("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end", "font-size": 12, fill: "#4a5966" }, percent(share)));
  for (const m of [0, 30, 60, 90, 120]) picture.append(svg("text", { x: x(m), y: h - 8, "text-anchor": m === 120 ? "end" : "middle", "font-size": 12, fill: "#4a5966" }, t("web.minutes", { n: number(m) })));
  lines.forEach((line, k) => picture.append(svg("polyline", { points: line.share.map((value, m) => `${x(m).toFixed(1)},${y(value).toFixed(1)}`).join(" "), fill: "none", stroke: INKS[k % 8], "stroke-width": 2, "stroke-dasharray": DASHES[k % 8] })));
  const keys = lines.map((line, k) => el("span", { class: "key" }, svg("svg", { width: 30, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 30, y1: 5, y2: 5, stroke: INKS[k % 8], "stroke-width": 2, "stroke-dasharray": DASHES[k % 8] })), line.name));
  const at = [30, 45, 60, 90];
  return el("figure", {}, el("figcaption", {}, caption), picture, el("div", { class: "keys" }, keys),
    el("details", {}, el("summary", {}, t("web.as_table")), table([{ name: t("web.curve"), key: "name" }, ...at.map((m) => ({ name: t("web.minutes", { n: number(m) }), key: `m${m}`, number: true, show: (r) => percent(r[`m${m}`]) }))],
      lines.map((line) => ({ name: line.name, ...Object.fromEntries(at.map((m) => [`m${m}`, line.share[m]])) })), { caption })));
}

// One small map for each row: the share of every zone, in three classes that also differ by their darkness.
const SHADES = ["#5aa2cf", "#f6d55c", "#c8472f", "#d9d9d9"];
export function smallMaps(zones, bounds, maps, caption) {
  const [west, south, east, north] = bounds;
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = 300 / ((east - west) * squeeze), height = Math.max(60, Math.round((north - south) * scale));
  const drawn = (shares, name) => {
    const canvas = el("canvas", { width: 300, height, role: "img", "aria-label": name });
    const pen = canvas.getContext("2d");
    for (const zone of [...zones.features].sort((a, b) => (a.properties.kind === "qpv") - (b.properties.kind === "qpv"))) {
      const share = shares[zone.id];
      pen.fillStyle = SHADES[share === null || share === undefined ? 3 : share >= 0.8 ? 0 : share >= 0.5 ? 1 : 2];
      pen.beginPath();
      for (const part of zone.geometry.type === "Polygon" ? [zone.geometry.coordinates] : zone.geometry.coordinates) for (const ring of part) {
        ring.forEach(([lon, lat], k) => { const [x, y] = [(lon - west) * squeeze * scale, (north - lat) * scale]; if (k) pen.lineTo(x, y); else pen.moveTo(x, y); });
        pen.closePath();
      }
      pen.fill("evenodd"); pen.lineWidth = 0.5; pen.strokeStyle = "#555"; pen.stroke();
    }
    return canvas;
  };
  return el("figure", {}, el("figcaption", {}, caption), el("div", { class: "maps" }, maps.map((one) => el("figure", {}, drawn(one.shares, one.name), el("figcaption", {}, one.name)))));
}
