// The observatory's door: métier, sector, territory, public; what is shown is what is downloaded.

import * as api from "./api.js";
import { curves, smallMaps } from "./curves.js";
import * as view from "./map.js";
import { picture } from "./picture.js";
import { change, current } from "./state.js";
import { table } from "./table.js";
import { el, field, has, minutes, number, percent, select, t, word } from "./words.js";

let app, shown = null, found = null, order = ["share", false], typing = 0;
const ENTRIES = ["metier", "sector", "territory", "public"];
const LABEL = { metier: "metier_name", sector: "family", territory: "zone_name", public: "profile" };

export function open(context) {
  app = context;
  const s = current();
  s.by = ENTRIES.includes(s.by) ? s.by : "metier";
  s.kind = app.sites[s.kind] ? s.kind : Object.keys(app.sites)[0];
  const again = (values) => { change({ ...values, zone: undefined }); open(app); };
  const any = (options) => [["", t("web.all")], ...options];
  const families = [...new Set(app.metiers.map((m) => m.family).filter(Boolean))];
  const kinds = [...new Set(app.zones.features.map((f) => f.properties.kind))];
  const typed = el("input", { type: "search", name: "contains", value: s.contains || "", maxlength: 100, autocomplete: "off", oninput: (e) => { clearTimeout(typing); typing = setTimeout(() => { change({ contains: e.target.value.trim() }, { step: false }); ask(); }, 250); } });
  app.question.replaceChildren(el("h1", {}, t("web.observatory_title")),
    el("form", { onsubmit: (e) => e.preventDefault() },
      field(t("web.entry"), select("by", ENTRIES.map((e) => [e, t(`web.by_${e}`)]), s.by, (e) => again({ by: e.target.value, contains: undefined }))),
      field(t("web.towards"), select("kind", Object.keys(app.sites).map((k) => [k, t(`kind.${k}`)]), s.kind, (e) => again({ kind: e.target.value }))),
      field(t("web.metier"), select("metier", any(app.metiers.map((m) => [m.code, m.name])), s.metier || "", (e) => again({ metier: e.target.value }))),
      field(t("web.family"), select("family", any(families.map((f) => [f, f])), s.family || "", (e) => again({ family: e.target.value }))),
      field(t("web.zone_kind"), select("zone_kind", any(kinds.map((k) => [k, has(`zone_kind.${k}`) ? t(`zone_kind.${k}`) : k])), s.zone_kind || "", (e) => again({ zone_kind: e.target.value }))),
      s.by === "territory" && app.zonings.length ? field(t("web.zoning"), select("zoning", [["", t("web.zoning_own")], ...app.zonings.map((z) => [z.id, z.name || t(`web.zoning_${z.id}`)])], s.zoning || "", (e) => again({ zoning: e.target.value || undefined })), { wide: true }) : null,
      field(t("web.public"), select("profile", any(app.profiles.map((p) => [p.id, p.name])), s.profile ?? (s.by === "public" ? "" : app.profiles[0].id), (e) => again({ profile: e.target.value })), { wide: true }),
      field(t("web.filter_rows"), typed, { wide: true }),
      el("div", { class: "actions" }, ["csv", "xlsx", "gpkg"].map((form) => el("button", { type: "button", class: "quiet", disabled: form === "gpkg" && s.by !== "territory", onclick: () => save(form) }, t(`web.export_${form}`))),
        el("button", { type: "button", class: "quiet", onclick: savePicture }, t("web.export_png")),
        el("button", { type: "button", class: "quiet", onclick: () => print() }, t("web.print")))));
  app.legend.replaceChildren();
  app.detail.hidden = true;
  const asked = ask();
  if (s.zone) asked.then(() => openTerritory(s.zone));
  return asked;
}

const zoning = () => app.zonings.find((z) => z.id === current().zoning);

function question() {
  const s = current();
  const asked = { by: s.by, kind: s.kind, order: order[0], down: order[1] };
  for (const key of ["metier", "family", "zone_kind", "contains"]) if (s[key]) asked[key] = s[key];
  if (s.by === "territory" && zoning()) asked.zoning = s.zoning;
  const profile = s.profile === undefined ? (s.by === "public" ? "" : app.profiles[0].id) : s.profile;
  if (profile) asked.profile = profile;
  return asked;
}

async function save(form) {
  try { await api.download("export", { ...question(), form }, `geo-access-${current().by}.${form}`); } catch (error) { app.failed(error); }
}

const publicName = (id) => app.profiles.find((p) => p.id === id)?.name || id;
const metierName = (code) => app.metiers.find((m) => m.code === code)?.name || code;
const nameOf = (row) => (current().by === "public" ? publicName(row.profile) : row[LABEL[current().by]] || "–");

async function savePicture() {
  if (!found) return;
  const told = app.answer.querySelector(".sentence")?.textContent || "";
  const bars = found.list.filter((r) => r.share !== null).slice(0, 30).map((r) => ({ name: nameOf(r), share: r.share, shown: percent(r.share) }));
  const map = current().by === "territory" ? await view.snapshot() : null;
  const { provenance } = found;
  await picture({ title: `${app.name} – ${t("web.observatory_title")}`, told, bars, map, legend: [...app.legend.querySelectorAll(".key")].map((key) => [key.querySelector(".swatch").style.background, key.textContent]),
    foot: [t("web.provenance", { manifest: provenance.manifest, sources: provenance.sources, day: provenance.day }), map ? view.credits() : ""].filter(Boolean).join(" ") }, `geo-access-${current().by}.png`);
}

const COLUMNS = [["reach", "web.reach"], ["residents", "web.residents"], ["adequate", "level.adéquat"], ["fragile", "level.fragile"], ["inadequate", "level.inadéquat"], ["undecided", "web.undecided"], ["located_places", "web.places"], ["remote_places", "web.remote"]];
const SHARES = [["share_candidates_near", "web.component_candidates"], ["share_need_near", "web.component_need"], ["employment_rate", "web.component_employment"]];

function projects(r) {
  if (r.need_projects === null) return r.need_state === null ? "–" : t(`report.need.${r.need_state}`);
  return r.need_state === "at_least" ? t("report.need.at_least", { n: number(r.need_projects) }) : number(r.need_projects);
}

async function ask() {
  app.stale();
  let answer;
  try { answer = await api.post("observatory", question()); } catch (error) { app.rows.replaceChildren(); found = null; app.failed(error); return; }
  const list = answer.rows.map((row) => Object.fromEntries(row.map((value, i) => [answer.columns[i], value])));
  found = { ...answer, list };
  const s = current();
  const groups = s.by === "territory" ? zoning()?.of : null;
  const figures = COLUMNS.filter(([key]) => answer.columns.includes(key));
  const parts_ = SHARES.filter(([key]) => answer.columns.includes(key));
  const worst = list.filter((r) => r.share !== null).sort((a, b) => a.share - b.share)[0];
  app.say(worst ? t("web.observatory_answer", { n: number(list.length), name: nameOf(worst), share: percent(worst.share) }) : t("web.observatory_empty"), t("web.observatory_note"));
  const columns = [
    { name: t(`web.by_${s.by}`), key: LABEL[s.by], sort: nameOf, show: nameOf },
    { name: t("web.share"), key: "share", number: true, show: (r) => (r.masked ? t("web.masked") : [el("span", { class: "bar", style: { width: `${Math.round(60 * (r.share || 0))}px` }, "aria-hidden": "true" }), " ", percent(r.share)]) },
    ...figures.map(([key, name]) => ({ name: t(name), key, number: true, show: (r) => (r[key] === null ? "–" : number(r[key])) })),
    ...parts_.map(([key, name]) => ({ name: t(name), key, number: true, show: (r) => percent(r[key]) })),
    ...(answer.columns.includes("places_per_need") ? [{ name: t("web.component_places"), key: "places_per_need", number: true, show: (r) => (r.places_per_need === null ? "–" : number(r.places_per_need, 2)) }] : []),
    ...(answer.columns.includes("mismatch_corrected") ? [{ name: t("web.mismatch"), key: "mismatch_corrected", number: true, show: (r) => (r.mismatch_corrected === null ? "–" : percent(r.mismatch_corrected)) }] : []),
    ...(answer.columns.includes("official_class") ? [{ name: t("web.official_class"), key: "official_class", number: true, show: (r) => (r.official_class === null ? "–" : number(r.official_class)) }] : []),
    ...(answer.columns.includes("need_projects") ? [{ name: t("report.need.projects"), key: "need_projects", number: true, show: projects }, { name: t("report.need.difficult"), key: "need_difficult", number: true, show: (r) => percent(r.need_difficult) }] : []),
    ...(answer.columns.includes("need_tension") ? [{ name: t("report.need.tension"), key: "need_tension", number: true, show: (r) => (r.need_tension === null ? "–" : [...new Set([r.need_tension, r.need_tension_high])].map((each) => number(each)).join("–")) }] : []),
  ];
  const at = columns.findIndex((column) => column.key === order[0]);
  app.rows.replaceChildren(
    table(columns, list, { caption: t("web.observatory_caption"), sort: [at < 0 ? 1 : at, at < 0 ? false : order[1]], most: 2000, onsort: (column, down) => { order = [column.key, down]; }, open: s.by === "territory" && !zoning() ? (r) => openTerritory(r.zone_id) : null }),
    parts_.length ? el("p", { class: "muted" }, t("web.components_note", { profile: app.profiles[0].name })) : "",
    answer.columns.includes("mismatch_corrected") ? el("p", { class: "muted" }, t("web.mismatch_note")) : "",
    groups ? el("p", { class: "muted" }, t(zoning().name ? "web.zoning_units_note" : "web.zoning_note")) : "",
    ["need_projects", "need_tension"].some((name) => answer.columns.includes(name)) ? el("p", { class: "muted" }, t("web.need_note")) : "",
    list.some((r) => r.masked) ? el("p", { class: "muted" }, t("web.masked_note")) : "",
    answer.curves.length ? curves(answer.curves.map((one) => ({ name: s.by === "public" ? publicName(one.profile) : metierName(one.metier), share: one.share })), t("web.curves_caption")) : "",
    answer.maps.length ? smallMaps(app.zones, app.bounds, answer.maps.map((one) => ({ name: s.by === "public" ? publicName(one.profile) : metierName(one.metier), shares: one.shares })), t("web.maps_caption")) : "",
    answer.supply.length ? supply(answer.supply) : "",
    el("p", { class: "muted" }, t("web.provenance", { manifest: answer.provenance.manifest, sources: answer.provenance.sources, day: answer.provenance.day })));
  // Of a zoning, each zone has the share of its group.
  const shares = new Map(list.map((r) => [groups ? r.zone_name : r.zone_id, r.share]));
  const row = new Map(app.zone_ids.map((id, k) => [k, shares.get(groups ? groups[k] : id)]));
  shown = s.by === "territory" ? app.zones.features.map((f) => row.get(f.id)) : null;
  redraw();
}

function supply(rows) {
  const columns = [{ name: t("web.metier"), key: "metier", sort: (r) => metierName(r.metier), show: (r) => metierName(r.metier) }];
  if ("level" in rows[0]) columns.push({ name: t("web.level_of"), key: "level", show: (r) => r.level });
  if ("voie" in rows[0]) columns.push({ name: t("web.voie"), key: "voie", show: (r) => r.voie });
  if ("modality" in rows[0]) columns.push({ name: t("web.modality"), key: "modality", show: (r) => word("web.modality", r.modality) });
  for (const [key, name] of [["sessions", "web.sessions"], ["places", "web.places_of"], ["free", "web.free"]]) if (key in rows[0]) columns.push({ name: t(name), key, number: true, show: (r) => (r[key] === null ? "–" : number(r[key])) });
  return el("details", {}, el("summary", {}, t("web.supply_title")), table(columns, rows, { caption: t("web.supply_caption") }));
}

// One territory on a page, to be printed: every métier, its level, why, and what is not known.
async function openTerritory(zone) {
  const s = current();
  change({ zone }, { step: false });
  app.detail.hidden = false;
  app.detail.replaceChildren(el("p", { class: "muted" }, t("web.computing")));
  let answer;
  try { answer = await api.post("territory", { zone, kind: s.kind, profile: question().profile || app.profiles[0].id }); } catch (error) { app.failed(error, app.detail); return; }
  view.mark(app.zone_ids.indexOf(zone));
  const lacks = (r) => [r.out_lack_min, r.back_lack_min].filter((v) => v !== null).map((v) => minutes(v)).join(" / ");
  app.detail.className = "sheet";
  app.detail.replaceChildren(el("div", { class: "panel" },
    el("h2", {}, answer.name), el("p", {}, t("web.territory_intro", { kind: has(`zone_kind.${answer.kind}`) ? t(`zone_kind.${answer.kind}`) : answer.kind, residents: answer.residents === null ? "–" : number(answer.residents), profile: publicName(question().profile || app.profiles[0].id), minutes: number(answer.threshold), day: app.day })),
    answer.masked ? el("p", {}, t("web.masked_note")) : table([
      { name: t("web.metier"), key: "metier_name" }, { name: t("level"), key: "level", show: (r) => el("span", { class: `badge level-${["adéquat", "fragile", "inadéquat", "sans objet", "indécidable"].indexOf(r.level)}` }, word("level", r.level)) },
      { name: t("web.share"), key: "reachable_share", number: true, show: (r) => percent(r.reachable_share) }, { name: t("web.reason"), key: "main_reason", show: (r) => `${word("reason", r.main_reason)}${lacks(r) ? ` (${lacks(r)})` : ""}` },
      { name: t("confidence"), key: "confidence", show: (r) => word("confidence", r.confidence) }, { name: t("saturation"), key: "saturation", show: (r) => word("saturation", r.saturation) },
      { name: t("web.nearest"), key: "nearest_site_name", show: (r) => (r.nearest_site_name === null ? "–" : `${r.nearest_site_name}${r.median_time_min === null ? "" : ` (${minutes(r.median_time_min)})`}`) },
    ], answer.rows, { caption: t("web.territory_caption") }),
    el("p", { class: "muted" }, t("web.provenance", { manifest: answer.provenance.manifest, sources: answer.provenance.sources, day: answer.provenance.day })),
    el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => { document.body.classList.add("print-sheet"); print(); document.body.classList.remove("print-sheet"); } }, t("web.print_territory")),
      el("button", { type: "button", class: "quiet", onclick: () => { app.detail.hidden = true; view.mark(null); change({ zone: undefined }, { step: false }); } }, t("web.close")))));
  app.detail.querySelector("h2").scrollIntoView({ block: "nearest" });
}

export const zoned = (row) => { if (current().by === "territory") openTerritory(app.zone_ids[row]); };
export function redraw() { if (shown) view.shares(app.zones, shown, app.legend); else if (app && found) { app.legend.replaceChildren(el("span", {}, t("web.map_by_territory")), ...view.siteKeys()); view.colour(new Uint8Array(app.zones.features.length).fill(3)); view.hatchRows(app.zones, new Uint8Array(app.zones.features.length)); } }
