// The adviser's door: one person, of whom nothing is kept: no address in the link, no cookie, no storage.

import * as api from "./api.js";
import * as view from "./map.js";
import { legs } from "./planner.js";
import { table } from "./table.js";
import { clock, el, field, has, minutes, number, t } from "./words.js";

let app, parts = {}, pinned = null, forget = 0, last = null;

export function open(context) {
  app = context;
  // Whoever comes to this door finds nobody there: the person before is forgotten on leaving.
  pinned = null; last = null; clearTimeout(forget);
  const tick = (name, value, text, checked) => el("label", {}, el("input", { type: "checkbox", name, value, checked }), text);
  parts.address = el("input", { type: "text", name: "address", autocomplete: "off", maxlength: 300 });
  parts.minutes = el("input", { type: "number", name: "minutes", min: 5, max: 180, value: 60 });
  parts.walk = el("input", { type: "number", name: "walk", min: 1, max: 90, value: 20 });
  parts.radius = el("input", { type: "number", name: "radius", min: 1, max: 500 });
  parts.via = el("input", { type: "text", name: "via", autocomplete: "off", maxlength: 300 });
  parts.stop = el("input", { type: "number", name: "stop", min: 0, max: 120, value: 10 });
  parts.after = clock("after", "");
  parts.by = clock("by", "");
  for (const key of ["licence", "car", "shared_car", "step_free"]) parts[key] = el("input", { type: "checkbox", name: key });
  parts.step_free.setAttribute("aria-describedby", "step-free-hint");
  parts.days = el("input", { type: "number", name: "days", min: 1, max: 31, value: 20 });
  parts.cv = el("input", { type: "number", name: "cv", min: 3, max: 7, value: 5 });
  parts.kinds = el("fieldset", {}, el("legend", {}, t("web.training_or_job")), Object.keys(app.sites).map((k) => tick("kinds", k, t(`kind.${k}`), true)));
  parts.metiers = el("fieldset", {}, el("legend", {}, t("web.metiers")), app.metiers.map((m, i) => tick("metiers", m.code, m.name, i === 0)));
  // Every métier is answered at once: another one is only another choice of the same answer.
  parts.metiers.addEventListener("change", () => { if (last && ticked(parts.metiers).length) tell(); });
  parts.profiles = el("fieldset", {}, el("legend", {}, t("web.means")), app.profiles.map((p, i) => tick("profiles", p.id, p.name, i === 0)));
  app.question.replaceChildren(el("h1", {}, t("web.adviser_title")), el("p", { class: "muted" }, t("web.adviser_privacy")),
    el("form", { autocomplete: "off", onsubmit: (e) => { e.preventDefault(); ask(); } },
      field(t("web.start_place"), parts.address, { wide: true, hint: t(app.online ? "web.address_online" : "web.address_hint") }),
      parts.kinds, parts.metiers, parts.profiles,
      field(t("web.longest"), parts.minutes), field(t("web.walk_limit"), parts.walk), field(t("web.radius"), parts.radius),
      field(t("web.via"), parts.via, { wide: true, hint: t("web.via_hint") }), field(t("web.stop_minutes"), parts.stop), field(t("web.leave_after"), parts.after), field(t("web.home_by"), parts.by),
      el("fieldset", {}, el("legend", {}, t("web.licence_title")), ["licence", "car", "shared_car"].map((key) => el("label", {}, parts[key], t(`web.${key}`)))), el("fieldset", {}, el("legend", {}, t("web.needs_title")), el("label", {}, parts.step_free, t("web.step_free")), el("span", { id: "step-free-hint", class: "muted" }, t("web.step_free_hint"))), field(t("web.days"), parts.days), field(t("web.cv"), parts.cv),
      el("div", { class: "actions" }, el("button", { type: "submit" }, t("web.ask")), el("button", { type: "button", class: "quiet", onclick: () => print() }, t("web.print")), el("button", { type: "button", class: "quiet", onclick: erase }, t("web.forget")))));
  app.say(t("web.adviser_first"));
  app.rows.replaceChildren();
  app.legend.replaceChildren(...view.siteKeys());
}

function erase() { for (const part of ["answer", "rows", "detail"]) app[part].replaceChildren(); view.trip(null); view.reached([]); view.pin([]); open(app); }

export function placed(lon, lat) { pinned = { lon, lat }; view.pin([{ lon, lat, name: t("web.start_place") }]); parts.address.value = `${lon.toFixed(4)}, ${lat.toFixed(4)}`; }

const ticked = (set) => [...set.querySelectorAll("input:checked")].map((box) => box.value);

const coordinates = (words) => words.match(/^(-?\d+(?:[.,]\d+)?)\s*[,; ]\s*(-?\d+(?:[.,]\d+)?)$/);
const degrees = (text) => Number(text.replace(",", "."));

// Where one stops on the way, both ways.
// What the person wished beside: said on paper, without the place of the stop.
function wishes(question) {
  const said = [];
  if (question.radius_km) said.push(t("web.print_radius", { km: number(question.radius_km) }));
  if (question.stop_minutes) said.push(t("web.print_stop", { minutes: number(question.stop_minutes) }));
  return said.map((words) => ` ${words}`);
}

function via() {
  const words = parts.via.value.trim();
  if (!words) return {};
  const typed = coordinates(words), stop_minutes = Number(parts.stop.value);
  return typed ? { via_lon: degrees(typed[1]), via_lat: degrees(typed[2]), stop_minutes } : { via_address: words, stop_minutes };
}

function place() {
  const words = parts.address.value.trim();
  const typed = coordinates(words);
  if (pinned && words === `${pinned.lon.toFixed(4)}, ${pinned.lat.toFixed(4)}`) return pinned;
  if (typed) return { lon: degrees(typed[1]), lat: degrees(typed[2]) };
  return words ? { address: words } : null;
}

async function ask() {
  const where = place();
  if (!where) { app.failed(new api.Refused(t("web.need_place"))); parts.address.focus(); return; }
  const question = { ...where, ...via(), metiers: app.metiers.map((m) => m.code), profiles: ticked(parts.profiles), kinds: ticked(parts.kinds), minutes: Number(parts.minutes.value), walk_minutes: Number(parts.walk.value), licence: parts.licence.checked, car: parts.car.checked, shared_car: parts.shared_car.checked, step_free: parts.step_free.checked, days_per_month: Number(parts.days.value), fiscal_cv: Number(parts.cv.value) };
  if (parts.radius.value) question.radius_km = Number(parts.radius.value);
  if (parts.after.value) question.leave_after = parts.after.value;
  if (parts.by.value) question.home_by = parts.by.value;
  for (const [list, key] of [[ticked(parts.metiers), "web.need_metier"], [question.profiles, "web.need_means"], [question.kinds, "web.need_kind"]]) if (!list.length) { app.failed(new api.Refused(t(key))); return; }
  if ("lon" in where) view.pin([{ ...where, name: t("web.start_place") }]);
  app.stale();
  app.answer.append(el("p", { class: "muted" }, t("web.computing")));
  let found;
  try { found = await api.post("adviser", question); } catch (error) { app.failed(error); return; }
  clearTimeout(forget);
  forget = setTimeout(erase, 15 * 60 * 1000);
  last = { found, question };
  tell();
  app.answer.scrollIntoView({ block: "nearest" });
  // What would lift an obstacle takes longer: it follows.
  const mine = last;
  try { const more = await api.post("adviser", { ...question, lifts: true }, "adviser-lifts"); if (last === mine) { last.found.obstacles = more.obstacles; tell(); } } catch { /* the answer stands without */ }
}

// Full cost by the tax scale; a price that nobody gave is said to be unknown.
function costs(cost) {
  const transit = !cost.uses_transit ? "" : cost.transit === null ? t("web.pass_unknown") : t("web.pass_month", { n: number(cost.transit) });
  const car = cost.car === null ? t("web.car_unknown") : t("web.car_month", { n: number(cost.car), km: number(cost.car_km)  });
  return [transit, car].filter(Boolean).join(" ");
}

const name = (id) => app.profiles.find((p) => p.id === id)?.name || id;
const means = (row) => (row.shared ? `${name(row.profile)} (${t("web.with_driver")})` : name(row.profile));

// One trip, told when it is wanted.
async function fetchTrip(row) {
  if (row.ways) return;
  const { question } = last;
  Object.assign(row, await api.post("adviser-trip", { ...question, profiles: [row.profile], kind: row.kind, site: row.site, arrive: row.arrive, leave: row.leave }, `trip-${row.site}-${row.profile}-${row.arrive}`));
}

function tripPanel(row) {
  return el("div", { class: "panel trip" }, el("h2", {}, row.name),
    el("p", { class: "muted" }, `${row.metier_name} · ${t(`kind.${row.kind}`)} · ${means(row)} · ${t("web.free_of", { free: number(row.free), places: number(row.places) })}`),
    row.ways ? [...["there", "back"].map((way) => legs(way, row.ways[way])), el("p", { class: "muted" }, costs(row.costs)),
      el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => view.trip(row.ways) }, t("web.on_map")))] : el("p", { class: "muted" }, t("web.computing")));
}

async function openTrip(row) {
  const box = el("div", {}, tripPanel(row));
  app.detail.prepend(box);
  app.detail.scrollIntoView({ block: "nearest" });
  try { await fetchTrip(row); box.replaceChildren(tripPanel(row)); view.trip(row.ways); } catch (error) { app.failed(error, box); }
}

function obstacle(o) {
  const lifts = o.lifts === null || o.lifts === undefined ? "" : o.lifts.length ? ` ${t("web.would_lift", { lifts: o.lifts.map((key) => t(`lift.${key}`)).join(", ") })}` : ` ${t(`web.nothing_lifts${last.question.step_free ? "_step_free" : ""}${o.by_stop ? "_by_stop" : ""}`)}`;
  return el("li", {}, `${o.metier_name || o.metier} · ${t(`kind.${o.kind}`)} · ${name(o.profile)} : `, has(`reason.${o.reason}`) ? t(`reason.${o.reason}`) : o.reason, o.nearest_min ? ` — ${t("web.nearest_at", { minutes: minutes(o.nearest_min) })}` : "", lifts ? "." : "", lifts);
}

const ring = (rows) => view.reached([...new Set(rows.map((row) => row.site))].map((site) => app.placed?.get(site)).filter(Boolean));

function tell() {
  const { found, question } = last;
  const chosen = new Set(ticked(parts.metiers));
  const rows = found.rows.filter((row) => chosen.has(row.metier));
  const obstacles = found.obstacles.filter((o) => chosen.has(o.metier)).map(obstacle);
  const [without, more] = [0, 1].map((k) => [...chosen].reduce((sum, code) => sum + (found.by_licence[code]?.[k] || 0), 0));
  const n = [...chosen].reduce((sum, code) => sum + (found.found_by[code] || 0), 0);
  const best = rows[0];
  ring(rows);
  app.legend.replaceChildren(...view.reachedKey(), ...view.siteKeys());
  app.say(best ? t("web.adviser_answer", { n: number(n), minutes: number(question.minutes), site: best.name, best: number(Math.ceil(best.worst_min - 1e-9)) }) : t("web.adviser_none", { minutes: number(question.minutes) }), t("web.adviser_valid", { day: found.day }));
  app.detail.hidden = false;
  const asked = [...chosen].map((code) => app.metiers.find((m) => m.code === code)?.name || code).join(", ");
  app.rows.className = "first";
  const told = rows.slice(0, 2).map((row) => { const box = el("div", {}, tripPanel(row)); if (!row.ways) fetchTrip(row).then(() => box.replaceChildren(tripPanel(row))).catch((error) => app.failed(error, box)); return box; });
  const cost = found.rows.find((row) => row.costs)?.costs;
  app.detail.replaceChildren(
    el("p", { class: "for-print" }, t("web.print_asked", { metiers: asked, means: question.profiles.map(name).join(", "), minutes: number(question.minutes) }), ...wishes(question)),
    found.step_free ? el("p", { id: "step-free" }, t(found.step_free.trips ? "web.step_free_told" : "web.step_free_walked", { trips: number(found.step_free.trips), all: number(found.step_free.all) })) : "",
    ...told,
    cost ? el("p", { class: "muted" }, t("web.car_cost_is", { source: cost.car_source }), found.pass_source ? ` ${t("web.pass_source", { source: found.pass_source })}` : "") : "",
    el("p", {}, t("web.licence_count", { without: number(without), more: number(more) })),
    found.aids.length ? el("div", { class: "panel" }, el("h2", {}, t("web.aids")), el("p", { class: "muted" }, t("web.aids_hint")), el("ul", {}, found.aids.map((aid) => el("li", {}, t(`web.aid_${aid.id}`), " ", el("span", { class: "muted" }, t("web.read_in", { source: aid.source, day: aid.read })))))) : "",
    el("p", { class: "for-print" }, t("web.print_notes")),
    obstacles.length ? el("div", { class: "panel" }, el("h2", {}, t("web.obstacles")), el("ul", {}, obstacles)) : "");
  app.rows.replaceChildren(table([
    { key: "name", name: t("web.site") }, { key: "metier_name", name: t("web.metier") }, { name: t("web.towards"), key: "kind", show: (r) => t(`kind.${r.kind}`) },
    { name: t("web.there"), key: "there_min", number: true, show: (r) => minutes(r.there_min) }, { name: t("web.back"), key: "back_min", number: true, show: (r) => minutes(r.back_min) },
    { name: t("web.free"), key: "free", number: true, show: (r) => number(r.free) }, { name: t("web.public"), key: "profile", show: means },
  ], rows, { caption: t("web.reachable_caption", { n: number(n) }), open: openTrip }));
}

export function redraw() { if (last) tell(); if (pinned) view.pin([{ ...pinned, name: t("web.start_place") }]); }
