// The observatory's door: métier, sector, territory, public; what is shown is what is downloaded.

import * as api from "./api.js";
import * as view from "./map.js";
import { change, current } from "./state.js";
import { table } from "./table.js";
import { el, field, has, number, percent, select, t } from "./words.js";

let app, shown = null;
const ENTRIES = ["metier", "sector", "territory", "public"];

export function open(context) {
  app = context;
  const s = current();
  s.by = ENTRIES.includes(s.by) ? s.by : "metier";
  s.kind = app.sites[s.kind] ? s.kind : Object.keys(app.sites)[0];
  const again = (values) => { change(values); open(app); };
  const any = (options) => [["", t("web.all")], ...options];
  const families = [...new Set(app.metiers.map((m) => m.family).filter(Boolean))];
  const kinds = [...new Set(app.zones.features.map((f) => f.properties.kind))];
  app.question.replaceChildren(el("h1", {}, t("web.observatory_title")),
    el("form", { onsubmit: (e) => e.preventDefault() },
      field(t("web.entry"), select("by", ENTRIES.map((e) => [e, t(`web.by_${e}`)]), s.by, (e) => again({ by: e.target.value }))),
      field(t("web.towards"), select("kind", Object.keys(app.sites).map((k) => [k, t(`kind.${k}`)]), s.kind, (e) => again({ kind: e.target.value }))),
      field(t("web.metier"), select("metier", any(app.metiers.map((m) => [m.code, m.name])), s.metier || "", (e) => again({ metier: e.target.value }))),
      field(t("web.family"), select("family", any(families.map((f) => [f, f])), s.family || "", (e) => again({ family: e.target.value }))),
      field(t("web.zone_kind"), select("zone_kind", any(kinds.map((k) => [k, has(`zone_kind.${k}`) ? t(`zone_kind.${k}`) : k])), s.zone_kind || "", (e) => again({ zone_kind: e.target.value }))),
      field(t("web.public"), select("profile", any(app.profiles.map((p) => [p.id, p.name])), s.profile || app.profiles[0].id, (e) => again({ profile: e.target.value }))),
      el("div", { class: "actions" }, ["csv", "xlsx", "gpkg"].map((form) => el("button", { type: "button", class: "quiet", disabled: form === "gpkg" && s.by !== "territory", onclick: () => save(form) }, t(`web.export_${form}`))),
        el("button", { type: "button", class: "quiet", onclick: () => print() }, t("web.print")))));
  app.legend.replaceChildren();
  return ask();
}

function question() {
  const s = current();
  const asked = { by: s.by, kind: s.kind };
  for (const key of ["metier", "family", "zone_kind"]) if (s[key]) asked[key] = s[key];
  const profile = s.profile === undefined ? app.profiles[0].id : s.profile;
  if (profile) asked.profile = profile;
  return asked;
}

async function save(form) {
  try { await api.download("export", { ...question(), form }, `geo-access-${current().by}.${form}`); } catch (error) { app.failed(error); }
}

async function ask() {
  app.stale();
  let found;
  try { found = await api.post("observatory", question()); } catch (error) { app.rows.replaceChildren(); app.failed(error); return; }
  const rows = found.rows.map((row) => Object.fromEntries(row.map((value, i) => [found.columns[i], value])));
  const s = current();
  const label = { metier: "metier_name", sector: "family", territory: "zone_name", public: "profile" }[s.by];
  const name = (row) => (s.by === "public" ? app.profiles.find((p) => p.id === row.profile)?.name : row[label]) || row[label] || "–";
  const figures = [["reach", "web.reach"], ["residents", "web.residents"], ["adequate", "level.adéquat"], ["fragile", "level.fragile"], ["inadequate", "level.inadéquat"], ["undecided", "web.undecided"], ["located_places", "web.places"], ["remote_places", "web.remote"]].filter(([key]) => found.columns.includes(key));
  const worst = rows.filter((r) => r.share !== null).sort((a, b) => a.share - b.share)[0];
  app.say(worst ? t("web.observatory_answer", { n: number(rows.length), name: name(worst), share: percent(worst.share) }) : t("web.observatory_empty"), t("web.observatory_note"));
  app.detail.hidden = true;
  app.rows.replaceChildren(table([
    { name: t(`web.by_${s.by}`), sort: name, show: name },
    { name: t("web.share"), key: "share", number: true, show: (r) => [el("span", { class: "bar", style: { width: `${Math.round(60 * (r.share || 0))}px` }, "aria-hidden": "true" }), " ", percent(r.share)] },
    ...figures.map(([key, word]) => ({ name: t(word), key, number: true, show: (r) => (r[key] === null ? "–" : number(r[key])) })),
  ], rows, { caption: t("web.observatory_caption"), sort: [1, false] }),
  el("p", { class: "muted" }, t("web.provenance", { manifest: found.provenance.manifest, sources: found.provenance.sources, day: found.provenance.day })));
  const shares = new Map(rows.map((r) => [r.zone_name + r.zone_kind, r.share]));
  shown = s.by === "territory" ? app.zones.features.map((f) => shares.get(f.properties.name + f.properties.kind)) : null;
  redraw();
}

export function redraw() { if (shown) view.shares(app.zones, shown, app.legend); }
