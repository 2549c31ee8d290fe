// The planner's door: who cannot get there, why, and from where one can.

import * as api from "./api.js";
import * as edit from "./edit.js";
import * as view from "./map.js";
import { change, current } from "./state.js";
import { table } from "./table.js";
import { clock, el, field, has, number, percent, select, t, word } from "./words.js";

const LEVEL = ["adéquat", "fragile", "inadéquat", "sans objet", "indécidable"];
let app, answer = null, changed = null, shown = "before", curve = null, classes = [], surface = null, parts = {}, settle = 0;

export function open(context) {
  app = context;
  const s = current();
  s.metier = app.metiers.some((m) => m.code === s.metier) ? s.metier : app.metiers[0].code;
  s.profile = app.profiles.some((p) => p.id === s.profile) ? s.profile : app.profiles[0].id;
  const cases = app.cases.filter(([profile]) => profile === s.profile);
  s.kind = cases.some(([, kind]) => kind === s.kind) ? s.kind : cases.some(([, kind]) => kind === "training") ? "training" : cases[0][1];
  s.schedule = cases.some(([, kind, id]) => kind === s.kind && id === s.schedule) ? s.schedule : cases.find(([, kind]) => kind === s.kind)[2];
  draw();
  return ask();
}

const scheduleName = (id) => app.schedules.find((s) => s.id === id)?.name || t("web.own_hours");

function draw() {
  const s = current();
  const again = (values) => { change({ ...values, zone: undefined, site: undefined }); open(app); };
  const schedules = app.cases.filter(([p, k]) => p === s.profile && k === s.kind).map(([, , id]) => [id, scheduleName(id)]);
  const kinds = [...new Set(app.cases.filter(([p]) => p === s.profile).map(([, k]) => k))].map((k) => [k, t(`kind.${k}`)]);
  parts.minutes = el("input", { type: "range", min: 1, max: 120, value: s.minutes || 60, name: "minutes", oninput: drag, onchange: (e) => change({ minutes: e.target.value }) });
  parts.shownMinutes = el("output", {});
  const step = (by) => el("button", { type: "button", class: "quiet", "aria-label": t(by < 0 ? "web.less_5" : "web.more_5"), onclick: () => { parts.minutes.value = Number(parts.minutes.value) + by; slide(Number(parts.minutes.value)); change({ minutes: parts.minutes.value }); } }, by < 0 ? "−5" : "+5");
  app.question.replaceChildren(
    el("h1", {}, t("web.planner_title")),
    el("form", { onsubmit: (e) => e.preventDefault() },
      field(t("web.metier"), select("metier", app.metiers.map((m) => [m.code, `${m.name} (${m.code})`]), s.metier, (e) => again({ metier: e.target.value })), { wide: true }),
      field(t("web.public"), select("profile", app.profiles.map((p) => [p.id, p.name]), s.profile, (e) => again({ profile: e.target.value })), { wide: true }),
      field(t("web.towards"), select("kind", kinds, s.kind, (e) => again({ kind: e.target.value })), { wide: true }),
      field(t("web.hours"), select("schedule", schedules, s.schedule, (e) => again({ schedule: e.target.value })), { wide: true }),
      el("div", { class: "field wide" }, el("label", { for: "minutes" }, t("web.threshold"), " ", parts.shownMinutes), Object.assign(parts.minutes, { id: "minutes" }), el("span", { class: "actions" }, step(-5), step(5))),
    ),
    el("details", {}, el("summary", {}, t("web.threshold_why")), parts.source = el("p", { class: "muted" })),
    surfaceForm(),
    edit.panel(app, { question: caseAsked, minutes: () => Number(parts.minutes.value), result: setChanged, show: (which) => { shown = which; slide(Number(parts.minutes.value), true); } }),
  );
}

const caseAsked = () => { const s = current(); return { metier: s.metier, profile: s.profile, kind: s.kind, schedule: s.schedule }; };

function setChanged(found, keep = false) {
  changed = found;
  shown = found ? shown === "before" && !keep ? "after" : shown : "before";
  if (answer) slide(Number(parts.minutes.value), true);
  return shown;
}

function surfaceForm() {
  const s = current();
  const modes = ["transit", "walk", "bike", "car", "bike+transit"].map((m) => [m, t(`mode.${m}`)]);
  const at = clock("at", s.at || "08:00");
  const mode = select("mode", modes, s.mode || "transit");
  const towards = select("direction", [["1", t("web.who_reaches")], ["0", t("web.what_reached")]], s.towards ?? "1");
  const site = select("site", [["", t("web.choose_site")], ...(app.sites[s.kind] || []).map((x) => [x.id, x.name])], s.site || "");
  const run = () => { change({ at: at.value, mode: mode.value, towards: towards.value, site: site.value }); askSurface(site.value ? { site: site.value } : s.lon ? { lon: Number(s.lon), lat: Number(s.lat) } : null); };
  parts.run = run;
  parts.site = site;
  return parts.panel = el("details", { id: "surface", open: !!(s.site || s.lon) }, el("summary", {}, t("web.surface_title")),
    el("p", { class: "muted" }, t("web.surface_hint")),
    el("form", { onsubmit: (e) => { e.preventDefault(); run(); } },
      field(t("web.site"), site, { wide: true }), field(t("web.direction"), towards, { wide: true }), field(t("web.at"), at), field(t("web.mode"), mode),
      el("div", { class: "actions" }, el("button", { type: "submit" }, t("web.draw")), el("button", { type: "button", class: "quiet", onclick: clearSurface }, t("web.erase")))),
    parts.surfaceAnswer = el("div", {}));
}

function clearSurface() { surface = null; view.clearSurface(); view.pin([]); parts.surfaceAnswer.replaceChildren(); change({ site: undefined, lon: undefined, lat: undefined }); legend(); }

async function ask() {
  const s = current();
  app.stale();
  try { answer = unpacked(await api.post("case", caseAsked())); }
  catch (error) { return app.failed(error); }
  edit.ask();
  if (!s.minutes) { s.minutes = Math.round(answer.threshold); parts.minutes.value = s.minutes; }
  parts.source.textContent = t("web.threshold_source", { name: answer.threshold_name, minutes: number(answer.threshold), source: answer.threshold_source, status: answer.threshold_status });
  slide(Number(parts.minutes.value), true);
  if (s.zone) openZone(answer.zones.zone_id.indexOf(s.zone));
  else app.detail.hidden = true;
  if (s.site || s.lon) parts.run();
  return undefined;
}

function unpacked(found) {
  const raw = Uint8Array.from(atob(found.curve), (c) => c.charCodeAt(0));
  return { ...found, units: new Uint16Array(raw.buffer) };
}

const seen = () => ((shown === "after" || shown === "side") && changed ? changed.case : answer);

// The very rule of a run: the share of residents at this threshold against the rules' shares.
function classOf(from, row, m) {
  from.levels ??= Uint8Array.from(from.zones.level, (level) => LEVEL.indexOf(level));
  const level = from.levels[row];
  if (level > 2) return level;
  const units = from.units[row * (from.minutes + 1) + m];
  return units >= Math.round(from.adequate * 10000) ? 0 : units >= Math.round(from.fragile * 10000) ? 1 : 2;
}

// What the changes do to a zone: residents who gain there, and residents who lose, never one hidden by the other.
function effectOf(row, m) {
  const [won, lost] = [changed.zone_won[row], changed.zone_lost[row]];
  if (won > 0 || lost > 0) return won > 0 && lost > 0 ? 7 : won > 0 ? 5 : 6;
  const [old, now] = [answer, changed.case].map((from) => from.units[row * (from.minutes + 1) + m]);
  return now > old ? 5 : now < old ? 6 : 8;
}

// However fast the slider moves, once a frame.
let dragged = 0;
function drag() { dragged ||= requestAnimationFrame(() => { dragged = 0; slide(Number(parts.minutes.value)); }); }

function slide(m, whole = false) {
  parts.shownMinutes.textContent = t("web.minutes", { n: number(m) });
  if (!answer) return;
  const from = seen();
  const n = answer.zones.zone_id.length;
  classes = Uint8Array.from({ length: n }, (_, row) => classOf(from, row, m));
  const painted = shown === "diff" && changed ? Uint8Array.from({ length: n }, (_, row) => effectOf(row, m)) : classes;
  view.colour(painted);
  const side = shown === "side" && changed;
  view.curtain(side ? Uint8Array.from({ length: n }, (_, row) => classOf(answer, row, m)) : null, side ? edit.curtain() : 0);
  say(m);
  edit.tell(m, answer, changed && changed.case, classOf);
  if (surface) { view.repaint(surface, Math.min(m, surface.minutes)); saySurface(Math.min(m, surface.minutes)); }
  clearTimeout(settle);
  settle = setTimeout(() => { rows(m); view.hatchRows(app.zones, side ? [] : painted); legend(); }, whole ? 0 : 150);
}

function say(m) {
  const from = seen();
  let reached = 0, everyone = 0, bad = 0, judged = 0, unknown = 0;
  from.zones.zone_id.forEach((_, row) => {
    unknown += classes[row] === 4;
    if (classes[row] < 3) { judged += 1; bad += classes[row] === 2; }
    if (!app.counted[row] || classes[row] > 2) return;
    everyone += from.zones.residents[row];
    reached += (from.zones.residents[row] * from.units[row * (from.minutes + 1) + m]) / 10000;
  });
  const metier = app.metiers.find((x) => x.code === current().metier).name;
  const told = everyone > 0 ? t("web.planner_answer", { m: number(m), share: percent(reached / everyone), metier, bad: number(bad), judged: number(judged) }) : t("web.no_supply", { metier });
  const more = [Math.abs(m - answer.threshold) < 0.5 ? "" : t("web.not_the_threshold", { minutes: number(answer.threshold) }), unknown ? t("web.unmeasured_zones", { n: number(unknown) }) : ""];
  app.say(changed && shown !== "before" ? `${t("web.with_changes")} ${told}` : told, more.filter(Boolean).join(" "));
}

// A reason with the median minutes that are missing, where a number tells them.
function reasonWith(key, out, back) {
  const reason = word("reason", key);
  const lacks = [out, back].filter((value) => value !== null && value !== undefined).map((value) => number(Math.max(1, value)));
  if (!lacks.length || !/^(SLOW|LATE|EARLY|HOURS)_/.test(key || "")) return reason;
  return t(lacks.length > 1 ? "report.lack.both" : "report.lack.one", { reason, first: lacks[0], second: lacks[1] });
}

function rows(m) {
  const from = seen();
  const z = from.zones;
  const at = Math.abs(m - answer.threshold) < 0.5;
  const sure = from === answer || changed.sure;
  const list = z.zone_id.map((zone, row) => ({ row, zone, name: z.zone_name[row], kind: z.zone_kind[row], residents: z.residents[row], level: classes[row],
    share: classes[row] < 3 ? from.units[row * (from.minutes + 1) + m] / 10000 : null, confidence: z.confidence[row], reason: z.main_reason[row], out: z.out_lack_min[row], back: z.back_lack_min[row], cause: z.cause[row],
    saturation: z.saturation[row], free: z.places_per_100_candidates[row] }));
  const worst = (row) => (row.level === 3 ? -1 : row.level === 4 ? 15 : row.level * 10 - (row.share || 0));
  const why = (r) => (r.level === 0 ? "–" : !at ? "–" : r.level === 4 || r.level === 3 ? (has(`reason.${r.cause}`) ? t(`reason.${r.cause}`) : word("cause", r.cause)) : reasonWith(r.reason, r.out, r.back));
  app.rows.replaceChildren(table([
    { key: "name", name: t("web.zone"), show: (r) => (r.kind === "qpv" ? `${r.name} (QPV)` : r.name) },
    { name: t("level"), sort: worst, number: true, show: (r) => el("span", { class: `badge level-${r.level}` }, word("level", LEVEL[r.level])) },
    { key: "share", name: t("web.share"), number: true, show: (r) => percent(r.share) },
    { name: t("web.reason"), sort: why, show: why },
    { key: "confidence", name: t("confidence"), show: (r) => (at && sure ? word("confidence", r.confidence) : "–") },
    { key: "saturation", name: t("saturation"), show: (r) => (at ? `${word("saturation", r.saturation)}${r.free === null ? "" : ` (${number(r.free, 1)})`}` : "–") },
    { key: "residents", name: t("web.residents"), number: true, show: (r) => number(r.residents) },
  ], list, { caption: t("web.zones_caption"), open: (r) => openZone(r.row), chosen: (r) => r.zone === current().zone, sort: [1, true] }),
  el("p", { class: "muted" }, t("web.saturation_hint")));
}

async function openZone(row) {
  if (row < 0) return;
  const s = current();
  const zone = answer.zones.zone_id[row];
  change({ zone });
  view.mark(row);
  app.detail.hidden = false;
  app.detail.replaceChildren(el("h2", {}, answer.zones.zone_name[row]), el("p", { class: "muted" }, t("web.computing")));
  let found;
  try { found = await api.post("zone", { metier: s.metier, profile: s.profile, kind: s.kind, schedule: s.schedule, zone, minutes: Math.round(answer.threshold) }); }
  catch (error) { return app.failed(error, app.detail); }
  const reasons = Object.entries(found.reasons).map(([key, share]) => el("li", {}, `${key === found.main ? reasonWith(key, found.out_lack_min, found.back_lack_min) : word("reason", key)} — ${percent(share)}`));
  const lifts = Object.entries(found.lifts).map(([key, share]) => el("li", {}, `${t(`lift.${key}`)} — ${percent(share)}`));
  const doubts = [...found.doubts, ...found.sensitive].map((key) => word("doubt", key)).join(", ");
  const told = (r) => el("li", {}, el("strong", {}, r.lifts ? t("web.lifts") : t("web.lifts_not")), " ", has(`report.change.${r.remedy}`) ? t(`report.change.${r.remedy}`, { detail: r.detail }) : r.detail, " — ", t("web.gained", { n: number(r.residents_gained || 0) }));
  const remedies = found.remedies.filter((r) => r.remedy !== "longer_threshold").map(told);
  const sensitivity = found.remedies.filter((r) => r.remedy === "longer_threshold").map(told);
  const site = await nearest(row);
  app.detail.replaceChildren(
    el("div", { class: "panel" },
      el("h2", {}, found.name), el("p", {}, t("web.zone_share", { share: percent(found.share), n: number(found.residents), minutes: number(answer.threshold) })),
      el("p", {}, t("web.sure", { how: word("confidence", found.confidence) }), doubts ? ` ${t("web.doubted", { doubts })}` : ""),
      el("p", {}, t("web.room", { how: word("saturation", found.saturation), free: found.free_places === null ? "–" : number(found.free_places, 0), per: found.per_100 === null ? "–" : number(found.per_100, 1) })),
      reasons.length ? [el("h3", {}, t("web.why")), el("ul", {}, reasons)] : null,
      lifts.length ? [el("h3", {}, t("web.lifts_title")), el("ul", {}, lifts)] : null,
      remedies.length ? [el("h3", {}, t("web.remedies")), el("ul", {}, remedies)] : null,
      sensitivity.length ? [el("p", {}, t("web.sensitivity")), el("ul", {}, sensitivity)] : null,
      site ? el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => showTrip(zone, site) }, t("web.show_trip", { site: site.name }))) : null,
      parts.trip = el("div", {})));
  return undefined;
}

async function nearest(row) {
  const id = answer.zones.nearest_site_id[row];
  return (app.sites[current().kind] || []).find((x) => x.id === String(id)) || null;
}

async function showTrip(zone, site) {
  const s = current();
  parts.trip.textContent = t("web.computing");
  try {
    const found = await api.post("journey", { profile: s.profile, kind: s.kind, schedule: s.schedule, site: site.id, zone });
    parts.trip.replaceChildren(...["there", "back"].map((way) => legs(way, found[way])));
    view.trip(found);
  } catch (error) { app.failed(error, parts.trip); }
}

export function legs(way, trip) {
  if (!trip) return el("p", {}, el("strong", {}, t(`web.${way}`)), " ", t("web.no_trip"));
  const steps = trip.legs.map((leg) => el("li", {}, leg.kind === "ride"
    ? t("web.leg_ride", { start: leg.start, line: leg.line, from: leg.from, to: leg.to, end: leg.end })
    : t(`web.leg_${leg.kind}`, { start: leg.start, minutes: number(Math.max(1, Math.round(leg.minutes))), to: leg.to || t("web.door") })));
  return el("div", {}, el("p", {}, el("strong", {}, t(`web.${way}`)), " ", t(trip.wait_min >= 0.5 ? "web.trip_wait" : "web.trip", { leave: trip.leave, arrive: trip.arrive, minutes: number(Math.ceil(trip.minutes - 1e-9)), wait: number(Math.round(trip.wait_min || 0)) })), el("ol", { class: "legs" }, steps));
}

async function askSurface(place) {
  const s = current();
  view.pin("lon" in (place || {}) ? [{ ...place, name: t("web.this_place") }] : []);
  if (!place) { parts.surfaceAnswer.replaceChildren(el("p", {}, t("web.choose_place"))); return; }
  parts.surfaceAnswer.replaceChildren(el("p", { class: "muted" }, t("web.computing")));
  try {
    surface = await api.surface({ ...place, kind: s.kind, mode: s.mode || "transit", at: s.at || "08:00", towards: (s.towards ?? "1") === "1", minutes: Math.max(60, Number(parts.minutes.value)) });
  } catch (error) { app.failed(error, parts.surfaceAnswer); return; }
  const m = Math.min(Number(parts.minutes.value), surface.minutes);
  view.surface(surface, m);
  saySurface(m);
  legend();
}

function saySurface(m) {
  const share = surface.everyone > 0 ? surface.residents[m] / surface.everyone : null;
  const bands = [0.25, 0.5, 0.75, 1].map((part) => Math.round(part * m)).filter((v, i, all) => v > 0 && all.indexOf(v) === i);
  parts.surfaceAnswer.replaceChildren(
    el("p", { class: "sentence" }, t(surface.towards ? "web.surface_towards" : "web.surface_from", { name: surface.name || t("web.this_place"), at: current().at || "08:00", minutes: number(m), n: number(surface.residents[m]), share: percent(share) })),
    table([{ name: t("web.within"), key: "m", number: true, show: (r) => t("web.minutes", { n: number(r.m) }) }, { name: t("web.residents"), key: "n", number: true, show: (r) => number(r.n) }],
      bands.map((b) => ({ m: b, n: surface.residents[b] })), { caption: t("web.bands_caption") }),
    surface.crow_fly ? el("p", { class: "muted" }, t("web.crow_fly")) : "",
    parts.hover = el("p", { class: "muted", "aria-hidden": "true" }));
}

export function hovered(lon, lat) {
  if (!surface || !parts.hover) return;
  const m = view.minutesAt(surface, lon, lat);
  parts.hover.textContent = m === surface.outside ? t("web.hover_outside") : m === surface.no_time ? t("web.hover_none", { minutes: number(surface.minutes) }) : t("web.hover", { minutes: number(m) });
}

export function placed(lon, lat) { change({ lon: lon.toFixed(5), lat: lat.toFixed(5), site: undefined }); drawFrom(""); }
export function sited(site) { if (site.kind !== current().kind) return false; change({ site: site.site, lon: undefined, lat: undefined }); drawFrom(site.site); return true; }
function drawFrom(site) { parts.panel.open = true; parts.site.value = site; parts.run(); }
export const zoned = (row) => openZone(row);

// What was asked before the map was there, on the map.
export function redraw() {
  if (!answer) return;
  slide(Number(parts.minutes.value), true);
  edit.repin();
  if (current().zone) view.mark(answer.zones.zone_id.indexOf(current().zone));
  if (surface) view.surface(surface, Math.min(Number(parts.minutes.value), surface.minutes));
}

function legend() {
  const keys = shown === "diff" && changed
    ? [[view.LEVELS[5], t("web.zone_gains")], [`${view.STRIPES[45]}, ${view.LEVELS[6]}`, t("web.zone_loses")], [`${view.STRIPES.cross}, ${view.LEVELS[7]}`, t("web.zone_both")], [view.LEVELS[8], t("web.zone_same")]]
    : [[view.LEVELS[0], t("level.adéquat")], [view.LEVELS[1], t("level.fragile")], [`${view.STRIPES[45]}, ${view.LEVELS[2]}`, t("level.inadéquat")], [view.LEVELS[3], t("level.sans objet")], [`${view.STRIPES.cross}, ${view.LEVELS[4]}`, t("level.indécidable")]];
  if (surface) { const m = Math.min(Number(parts.minutes.value), surface.minutes); view.bandColours().forEach((c, i) => keys.push([c, t("web.minutes", { n: number(Math.ceil(((i + 1) * m) / 4)) })])); }
  app.legend.replaceChildren(...view.swatches(keys), ...view.siteKeys());
}
