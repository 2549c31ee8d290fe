// What if: a list of changes in words, each of which can be made without the map; undo, before and after, saving.

import * as api from "./api.js";
import { forms } from "./changes.js";
import { long as run } from "./jobs.js";
import * as view from "./map.js";
import { table } from "./table.js";
import { el, field, number, select, t, word } from "./words.js";

let app, hooks, parts = {}, revision = 0, open = false;
let changes = [], after = "", told = [], past = [], future = [], found = null, shown = "before", stored = false;
const cache = new Map();

export function panel(context, given) {
  app = context; hooks = given;
  if (!stored) { stored = true; restore(); }
  parts = {};
  parts.list = el("ol", { class: "changes" });
  parts.told = el("div", { "aria-live": "polite" });
  parts.moved = el("div", {});
  parts.form = el("div", {});
  parts.kind = select("change", forms(app).map((form) => [form.kind, t(`web.change_${form.kind}`)]), "session_added", () => drawForm());
  parts.undo = el("button", { type: "button", class: "quiet", onclick: undo }, t("web.undo"));
  parts.redo = el("button", { type: "button", class: "quiet", onclick: redo }, t("web.redo"));
  parts.views = el("fieldset", { class: "views" }, el("legend", {}, t("web.see")), ["before", "after", "diff", "side"].map((which) => el("label", {}, el("input", { type: "radio", name: "see", value: which, onchange: () => { shown = which; parts.sides.hidden = which !== "side"; hooks.show(which); } }), t(`web.see_${which}`))),
    parts.sides = el("div", { class: "field", hidden: true }, el("label", { for: "curtain" }, t("web.curtain")), parts.curtain = el("input", { type: "range", id: "curtain", name: "curtain", min: 0, max: 100, value: 50, oninput: () => hooks.show(shown) })));
  parts.scenario = select("scenario", [["", t("web.scenario_none")], ...app.scenarios.map((one) => [one.id, one.name])], "", (e) => load(e.target.value));
  parts.name = el("input", { type: "text", name: "scenario_name", maxlength: 200, autocomplete: "off" });
  parts.saved = el("p", { class: "muted", "aria-live": "polite" });
  parts.job = el("div", { "aria-live": "polite" });
  parts.details = el("details", { id: "edit", open: open || changes.length > 0 || after !== "" ? true : null, ontoggle: (e) => { open = e.target.open; if (!open) stopPicking(); } }, el("summary", {}, t("web.edit_title")),
    el("p", { class: "muted" }, t("web.edit_hint")),
    el("form", { onsubmit: (e) => e.preventDefault() }, field(t("web.scenario"), parts.scenario, { wide: true })),
    parts.list, el("div", { class: "actions" }, parts.undo, parts.redo), parts.told, parts.views, parts.moved,
    el("div", { class: "panel" }, el("h3", {}, t("web.add_change")), el("form", { onsubmit: (e) => e.preventDefault() }, field(t("web.change"), parts.kind, { wide: true })), parts.form),
    el("form", { onsubmit: (e) => { e.preventDefault(); save(false); } }, field(t("web.scenario_name"), parts.name, { wide: true }),
      el("div", { class: "actions" }, el("button", { type: "submit" }, t("web.save")), el("button", { type: "button", class: "quiet", onclick: exported }, t("web.export_toml")))), parts.saved,
    el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => long("scenario-full", { ...hooks.question(), changes, ...(after ? { after } : {}) }, tellFull) }, t("web.full")),
      el("button", { type: "button", class: "quiet", onclick: () => long("lines", {}, tellLines) }, t("web.lines"))), parts.job);
  drawForm(); list();
  return parts.details;
}

// The draft outlives a reload of this tab, and nothing else.
function restore() {
  try { const kept = JSON.parse(sessionStorage.getItem("geo-access-draft") || "null"); if (kept && kept.study === app.name) { changes = kept.changes; after = kept.after; } } catch { /* no draft */ }
}
function draft() { try { sessionStorage.setItem("geo-access-draft", JSON.stringify({ study: app.name, changes, after })); } catch { /* not kept */ } }

function set(next, nextAfter = after) {
  past.push([changes, after]); future = [];
  [changes, after] = [next, nextAfter];
  draft(); ask();
}
function undo() { if (past.length) { future.push([changes, after]); [changes, after] = past.pop(); draft(); ask(); } }
function redo() { if (future.length) { past.push([changes, after]); [changes, after] = future.pop(); draft(); ask(); } }

function load(id) {
  const one = app.scenarios.find((s) => s.id === id);
  if (!one) { if (after || changes.length) set([], ""); return; }
  parts.name.value = one.name;
  // What names a file stays in the study file: the scenario is built upon, not copied.
  if (one.files || one.after) set([], one.id); else set(one.changes, "");
}

export async function ask() {
  revision += 1;
  list();
  if (!changes.length && !after) { found = null; told = []; parts.told.replaceChildren(); parts.moved.replaceChildren(); shown = hooks.result(null); list(); return; }
  const question = { ...hooks.question(), changes, ...(after ? { after } : {}) };
  const key = document.documentElement.lang + app.mark + JSON.stringify(question);
  if (!cache.has(key)) {
    parts.told.replaceChildren(el("p", { class: "muted" }, t("web.computing")));
    try { cache.set(key, unpacked(await api.post("scenario", { ...question, revision }))); }
    catch (error) {
      if (error instanceof api.Late) return;
      found = null; told = [];
      parts.moved.replaceChildren();
      app.failed(error, parts.told);
      shown = hooks.result(null); list();
      return;
    }
    if (cache.size > 40) cache.delete(cache.keys().next().value);
  } else api.forget("scenario");
  found = cache.get(key);
  told = found.told;
  shown = hooks.result(found);
  list();
  if (!found.detailed) { clearTimeout(later); later = setTimeout(() => details(key, question, revision), 400); }
}

// Reasons and confidence come after the levels, once nobody moves anything any more.
let later = 0;
async function details(key, question, mine) {
  let answer;
  try { answer = await api.post("scenario-details", { ...question, revision: mine }); } catch { return; }
  if (answer.late || mine !== revision) return;
  const whole = { ...unpacked({ ...cache.get(key), ...answer }), detailed: true };
  cache.set(key, whole);
  found = whole;
  shown = hooks.result(found, true);
  list();
}

function unpacked(answer) {
  const raw = Uint8Array.from(atob(answer.case.curve), (c) => c.charCodeAt(0));
  return { ...answer, case: { ...answer.case, units: new Uint16Array(raw.buffer) } };
}

function list() {
  const skipped = Math.max(0, told.length - changes.length);
  const upon = after ? told.slice(0, skipped).map((words) => el("li", { class: "muted" }, words)) : [];
  parts.list.replaceChildren(...upon, ...changes.map((change, i) => el("li", {}, told[skipped + i] || t(`web.change_${change.change}`), " ",
    el("button", { type: "button", class: "quiet small", "aria-label": t("web.edit_one", { n: i + 1 }), onclick: () => drawForm(i) }, t("web.edit_short")), " ",
    el("button", { type: "button", class: "quiet small", "aria-label": t("web.remove_one", { n: i + 1 }), onclick: () => { set(changes.filter((_, k) => k !== i)); parts.kind.focus(); } }, t("web.remove")))));
  parts.undo.disabled = !past.length; parts.redo.disabled = !future.length;
  parts.views.hidden = !found;
  for (const box of parts.views.querySelectorAll("input[type=radio]")) box.checked = box.value === shown;
  parts.sides.hidden = shown !== "side";
  view.pin(changes.map((change, i) => ({ change, i })).filter(({ change }) => ["session_added", "session_moved"].includes(change.change) && "lon" in change).map(({ change, i }) => ({ i, lon: change.lon, lat: change.lat, name: t("web.drag_session", { name: change.name || app.sites.training?.find((site) => site.id === change.origin)?.name || t("web.change_session_added") }),
    moved: (lon, lat) => set(changes.map((one, k) => (k === i ? { ...one, lon: Number(lon.toFixed(5)), lat: Number(lat.toFixed(5)) } : one))) })), "sessions");
}

// Where the curtain between before and after hangs, as a share of the map's width.
export const curtain = () => Number(parts.curtain.value) / 100;

// Pins of the changes, once there is a map.
export const repin = () => list();

// Who gains and who loses at the slider's minutes, each counted apart.
export function tell(m, before, now, classOf) {
  if (!found || !now || !parts.moved) return;
  let lifted = 0, fallen = 0;
  before.zones.zone_id.forEach((_, row) => { const [x, y] = [classOf(before, row, m), classOf(now, row, m)]; lifted += x === 2 && y !== 2; fallen += x !== 2 && y === 2; });
  const [won, lost] = [found.won.residents[m], found.lost.residents[m]];
  const sentence = won || lost ? t("web.moved", { m: number(m), won: number(won), lost: number(lost), lifted: number(lifted), fallen: number(fallen) }) : t("web.moved_none", { m: number(m) });
  parts.told.replaceChildren(el("p", { class: "sentence", id: "moved" }, sentence), found.why ? el("p", {}, found.why) : "", found.detailed ? "" : el("p", { class: "muted" }, t("web.details_coming")));
  parts.moved.replaceChildren(table([{ name: t("web.public"), key: "name" }, { name: t("web.winners"), key: "won", number: true, show: (r) => number(r.won) }, { name: t("web.losers"), key: "lost", number: true, show: (r) => number(r.lost) }],
    Object.keys(found.won).map((group) => ({ name: t(`web.group_${group}`), won: found.won[group][m], lost: found.lost[group][m] })), { caption: t("web.moved_caption") }));
}

let editing = null;
function stopPicking() { view.pick(null); view.showStops(null); view.showPicked([]); view.pin([], "origin"); }

function drawForm(index = null) {
  stopPicking();
  editing = index;
  const change = index === null ? null : changes[index];
  if (change) parts.kind.value = change.change;
  const form = forms(app).find((one) => one.kind === parts.kind.value);
  if (!form) { parts.form.replaceChildren(el("p", {}, t("web.change_elsewhere"))); return; }
  const made = form.draw(change, hooks.question());
  const problem = el("p", { class: "error", role: "alert", hidden: true });
  parts.form.replaceChildren(el("form", { onsubmit: (e) => {
    e.preventDefault();
    const value = made.read();
    problem.hidden = !!value;
    if (!value) { problem.textContent = t("web.change_incomplete"); return; }
    const whole = { change: form.kind, ...value };
    const next = editing === null ? [...changes, whole] : changes.map((one, k) => (k === editing ? whole : one));
    drawForm(); set(next);
  } }, made.fields, problem, el("div", { class: "actions" }, el("button", { type: "submit" }, t(editing === null ? "web.add" : "web.modify")), editing === null ? null : el("button", { type: "button", class: "quiet", onclick: () => drawForm() }, t("web.cancel")))));
  if (change) parts.form.querySelector("input, select")?.focus();
}

function section() {
  const name = parts.name.value.trim();
  const id = name.normalize("NFD").replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "").toLowerCase().slice(0, 40) || "scenario";
  return { id, name: name || t("web.scenario"), changes, ...(after ? { after } : {}) };
}

async function save(replace) {
  if (!changes.length) { parts.saved.textContent = t("web.change_incomplete"); return; }
  try {
    const answer = await api.post("scenario-save", { ...section(), known: app.mark, replace });
    app.mark = answer.mark; app.scenarios.splice(0, Infinity, ...answer.scenarios);
    parts.saved.replaceChildren(t("web.saved", { id: section().id }));
  } catch (error) {
    if (error instanceof api.Late) return;
    const held = app.scenarios.some((one) => one.id === section().id);
    parts.saved.replaceChildren(error.message, held ? " " : "", held ? el("button", { type: "button", class: "quiet small", onclick: () => save(true) }, t("web.replace")) : "");
  }
}

async function exported() {
  try { await api.download("scenario-toml", section(), `${section().id}.toml`); } catch (error) { parts.saved.textContent = error.message; }
}

const long = (name, question, done) => run(name, question, parts.job, done, app.failed);

const metier = (code) => app.metiers.find((m) => m.code === code)?.name || code;
const publicName = (id) => app.profiles.find((p) => p.id === id)?.name || id;
const schedule = (id) => app.schedules.find((s) => s.id === id)?.name || t("web.own_hours");

function tellFull(result) {
  if (!result.people.length) return el("p", { class: "sentence" }, t("web.full_none", { n: number(result.asked) }));
  return table([{ name: t("web.metier"), key: "metier_name" }, { name: t("web.public"), key: "profile", show: (r) => publicName(r.profile) }, { name: t("web.hours"), key: "schedule", show: (r) => schedule(r.schedule) },
    { name: t("web.winners"), key: "residents_won", number: true, show: (r) => number(r.residents_won) }, { name: t("web.losers"), key: "residents_lost", number: true, show: (r) => number(r.residents_lost) },
    { name: t("web.zones_lifted"), key: "zones_unflagged", number: true }, { name: t("web.zones_fallen"), key: "zones_flagged", number: true },
    { name: t("web.free_won"), key: "free_won", number: true, show: (r) => number(r.free_won) }, { name: t("web.free_lost"), key: "free_lost", number: true, show: (r) => number(r.free_lost) }], result.people, { caption: t("web.full_caption", { n: number(result.asked) }) });
}

function tellLines(result) {
  return table([{ name: t("web.line"), key: "line_name" }, { name: t("web.trial"), key: "trial", show: (r) => `${word("web.trial", r.trial)}${r.at ? ` ${r.at}` : ""}${r.towards ? ` → ${r.towards}` : ""}` }, { name: t("web.metier"), key: "metier", show: (r) => metier(r.metier) },
    { name: t("web.hours"), key: "schedule", show: (r) => schedule(r.schedule) }, { name: t("web.winners"), key: "won", number: true, show: (r) => number(r.won) }, { name: t("web.losers"), key: "lost", number: true, show: (r) => number(r.lost) }], result.rows, { caption: t("web.lines_caption", { n: number(result.found) }) });
}
