// The employer's door: zones and shares, never a person's address.

import * as api from "./api.js";
import { long } from "./jobs.js";
import * as view from "./map.js";
import { change, current } from "./state.js";
import { table } from "./table.js";
import { clock, el, field, number, percent, select, t } from "./words.js";

let app, parts = {}, shares = null, place = null;

export function open(context) {
  app = context;
  const s = current();
  const sites = app.sites.job || [];
  place = s.elon && !s.esite ? { lon: Number(s.elon), lat: Number(s.elat) } : null;
  parts.site = select("site", [...(place ? [["", t("web.this_place")]] : []), ...sites.map((x) => [x.id, x.name])], place ? "" : s.esite || sites[0]?.id);
  parts.start = clock("start", s.start || "05:00");
  parts.end = clock("end", s.end || "13:00");
  parts.profile = select("profile", app.profiles.map((p) => [p.id, p.name]), s.eprofile || app.profiles[0].id);
  parts.minutes = el("input", { type: "number", name: "minutes", min: 5, max: 180, value: s.eminutes || 60 });
  app.question.replaceChildren(el("h1", {}, t("web.employer_title")), el("p", { class: "muted" }, t("web.employer_law")),
    el("p", { class: "muted" }, t("web.employer_hint")),
    sites.length ? el("form", { onsubmit: (e) => { e.preventDefault(); ask(); } },
      field(t("web.site"), parts.site, { wide: true }), field(t("web.shift_start"), parts.start), field(t("web.shift_end"), parts.end),
      field(t("web.public"), parts.profile, { wide: true }), field(t("web.longest"), parts.minutes),
      el("div", { class: "actions" }, el("button", { type: "submit" }, t("web.ask")), el("button", { type: "button", class: "quiet", onclick: hours }, t("web.hours_served")), el("button", { type: "button", class: "quiet", onclick: trips }, t("web.trips_open")))) : el("p", {}, t("web.no_employer")));
  app.legend.replaceChildren();
  app.detail.hidden = true;
  return sites.length ? ask(false) : undefined;
}

// A site of the study, or a place of the map.
const where = () => (parts.site.value ? { site: parts.site.value } : place);
const asked = () => ({ ...where(), start: parts.start.value, end: parts.end.value, profile: parts.profile.value, minutes: Number(parts.minutes.value) });

// Which hours nobody is brought for, at this site.
async function hours() {
  if (!parts.more) return;
  parts.more.replaceChildren(el("p", { class: "muted" }, t("web.computing")));
  let found;
  try { found = await api.post("employer-hours", asked()); } catch (error) { app.failed(error, parts.more); return; }
  const none = found.hours.filter((one) => one.unserved_in).map((one) => one.hour), out = found.hours.filter((one) => one.unserved_out).map((one) => one.hour);
  const share = (n) => n / Math.max(found.everyone, 1);
  const bar = (n, unserved) => [el("span", { class: "bar", style: { width: `${Math.round(60 * share(n))}px` }, "aria-hidden": "true" }), " ", percent(share(n)), unserved ? ` – ${t("web.unserved")}` : ""];
  parts.more.replaceChildren(el("p", { class: "sentence" }, none.length || out.length ? t("web.unserved_told", { begin: none.join(", ") || "–", end: out.join(", ") || "–" }) : t("web.all_served")),
    table([{ name: t("web.hour"), key: "hour" }, { name: t("web.can_begin"), key: "arrive", number: true, show: (r) => bar(r.arrive, r.unserved_in) }, { name: t("web.can_end"), key: "leave", number: true, show: (r) => bar(r.leave, r.unserved_out) }], found.hours, { caption: t("web.hours_caption") }));
}

// A trip more each way on every line near: applied, recomputed, the one that opens most first.
function trips() {
  if (!parts.more) return;
  long("employer-trips", asked(), parts.more, (found) => (found.trips.length ? table([{ name: t("web.line"), key: "line" }, { name: t("web.trips_more"), key: "starts", sort: (r) => r.starts.join(), show: (r) => r.starts.join(", ") },
    { name: t("web.gain"), key: "gained", number: true, show: (r) => number(r.gained) }, { name: t("web.residents"), key: "reached", number: true, show: (r) => number(r.reached) }], found.trips, { caption: t("web.trips_caption") }) : el("p", {}, t("web.no_line_near"))), app.failed);
}

async function ask(step = true) {
  view.pin(parts.site.value ? [] : [{ ...place, name: t("web.this_place") }]);
  change({ esite: parts.site.value, ...(parts.site.value ? { elon: undefined, elat: undefined } : {}), start: parts.start.value, end: parts.end.value, eprofile: parts.profile.value, eminutes: parts.minutes.value }, { step });
  app.stale();
  app.answer.append(el("p", { class: "muted" }, t("web.computing")));
  let found;
  try { found = await api.post("employer", asked()); }
  catch (error) { app.failed(error); return; }
  const best = [...found.shifts].sort((a, b) => b.reached - a.reached)[0];
  const gain = best && best.reached > found.reached ? t("web.employer_better", { start: best.start, end: best.end, n: number(best.reached - found.reached) }) : t("web.employer_no_better");
  app.say(t("web.employer_answer", { site: found.name || t("web.this_place"), start: parts.start.value, end: parts.end.value, share: percent(found.reached / Math.max(found.everyone, 1)), n: number(found.reached) }), gain);
  app.detail.hidden = false;
  app.detail.replaceChildren(parts.more = el("div", { "aria-live": "polite" }),
    table([{ name: t("web.shifted"), key: "minutes", number: true, show: (r) => t("web.shift", { sign: r.minutes > 0 ? "+" : "−", n: number(Math.abs(r.minutes)) }) }, { name: t("web.hours"), key: "start", show: (r) => `${r.start} – ${r.end}` },
      { name: t("web.residents"), key: "reached", number: true, show: (r) => number(r.reached) }, { name: t("web.gain"), key: "gained", number: true, show: (r) => number(r.gained) }, { name: t("web.loss"), key: "lost", number: true, show: (r) => number(r.lost) }], found.shifts, { caption: t("web.shifts_caption") }),
    table([{ name: t("web.public"), key: "name" }, { name: t("web.residents"), key: "reached", number: true, show: (r) => number(r.reached) }], found.publics, { caption: t("web.publics_caption") }));
  app.rows.replaceChildren(table([{ name: t("web.zone"), key: "name" }, { name: t("web.share"), key: "share", number: true, show: (r) => percent(r.share) }, { name: t("web.residents"), key: "residents", number: true, show: (r) => number(r.residents) }], found.zones, { caption: t("web.zones_caption"), sort: [1, true] }));
  shares = found.zones.map((z) => z.share);
  redraw();
}

// An employer clicked on the map is the one that is asked about.
export function sited(site) {
  if (site.kind !== "job" || !parts.site) return false;
  parts.site.value = site.site; ask();
  return true;
}

export function placed(lon, lat) { if (!parts.start) return; change({ esite: undefined, elon: lon.toFixed(5), elat: lat.toFixed(5), start: parts.start.value, end: parts.end.value, eprofile: parts.profile.value, eminutes: parts.minutes.value }, { step: false }); open(app); }

export function redraw() { if (place) view.pin([{ ...place, name: t("web.this_place") }]); if (shares) view.shares(app.zones, shares, app.legend); }
