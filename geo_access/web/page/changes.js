// One form per kind of change: every field by keyboard; a place or stops may also be clicked on the map.

import * as api from "./api.js";
import * as view from "./map.js";
import { clock, el, field, number, select, t } from "./words.js";

let stops = null;

export function forms(app) {
  const lines = app.editing.lines.map((line) => [line.id, `${line.name} (${t("web.trips_of", { n: number(line.trips) })})`]);
  const training = (app.sites.training || []).map((site) => [site.id, site.name]);
  const every = [...training, ...(app.sites.job || []).filter((site) => !training.some(([id]) => id === site.id)).map((site) => [site.id, site.name])];
  const metiers = app.metiers.map((m) => [m.code, m.name]);
  const good = (input) => input.value !== "" && input.checkValidity();
  const minutesInput = (name, value) => el("input", { type: "number", name, min: 1, max: 1440, step: 1, value, required: true });

  // A site of the study, or a place: coordinates typed, or a click.
  function place(change, sites, empty) {
    const site = select("edit_site", [["", empty], ...sites], change?.site || "");
    const at = el("input", { type: "text", name: "edit_at", autocomplete: "off", placeholder: "3.8, 50.2", value: change && "lon" in change ? `${change.lon}, ${change.lat}` : "" });
    const name = el("input", { type: "text", name: "edit_name", maxlength: 200, autocomplete: "off", value: change?.name || "" });
    const choose = el("button", { type: "button", class: "quiet", onclick: () => { view.pick((lon, lat) => { put(lon, lat); view.showPicked([[lon, lat]]); view.pick(null); at.focus(); }); } }, t("web.on_the_map"));
    const read = () => {
      if (site.value) return { site: site.value };
      const typed = at.value.trim().match(/^(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)$/);
      return typed ? { lon: Number(typed[1]), lat: Number(typed[2]), ...(name.value.trim() ? { name: name.value.trim() } : {}) } : null;
    };
    const put = (lon, lat) => { at.value = `${lon.toFixed(5)}, ${lat.toFixed(5)}`; site.value = ""; };
    return { fields: [field(t("web.site"), site, { wide: true }), field(t("web.or_place"), at), field(t("web.place_name"), name), view.present() ? el("div", { class: "actions" }, choose) : null], read, put };
  }

  const line = (change) => select("edit_line", lines, change?.line);
  const window_ = (change) => [clock("edit_start", change?.start || "05:00"), clock("edit_end", change?.end || "09:00")];

  return [
    { kind: "session_added", draw(change, question) {
      const where = place(change, every, t("web.new_place"));
      const metier = select("edit_metier", metiers, change?.metier || question.metier);
      const level = el("input", { type: "number", name: "edit_level", min: 1, max: 8, value: change?.level || app.editing.levels[question.metier][0], required: true });
      metier.addEventListener("change", () => { [level.value] = app.editing.levels[metier.value]; });
      const places = el("input", { type: "number", name: "edit_places", min: 1, max: 100000, value: change?.places || 12, required: true });
      return { fields: [field(t("web.metier"), metier, { wide: true }), field(t("web.level_of"), level), field(t("web.places_of"), places), ...where.fields],
        read: () => { const at = where.read(); return at && good(level) && good(places) ? { metier: metier.value, level: Number(level.value), places: Number(places.value), ...at } : null; } };
    } },
    { kind: "session_moved", draw(change, question) {
      const origin = select("edit_origin", training, change?.origin);
      const metier = select("edit_metier", [["", t("web.all")], ...metiers], change ? change.metier || "" : question.metier);
      const where = place(change, every, t("web.new_place"));
      // Its site can be taken and dropped elsewhere: the change is made as it falls.
      const grip = () => { const from = change ? null : app.placed?.get(origin.value); view.pin(from ? [{ lon: from[0], lat: from[1], colour: "#14202b", name: t("web.drag_session", { name: origin.selectedOptions[0].text }), moved: (lon, lat) => { where.put(lon, lat); origin.form.requestSubmit(); } }] : [], "origin"); };
      origin.addEventListener("change", grip); grip();
      return { fields: [field(t("web.from_site"), origin, { wide: true }), field(t("web.metier"), metier, { wide: true }), ...where.fields],
        read: () => { const at = where.read(); return at ? { origin: origin.value, ...(metier.value ? { metier: metier.value } : {}), ...at } : null; } };
    } },
    { kind: "session_closed", draw(change, question) {
      const site = select("edit_site", training, change?.site);
      const metier = select("edit_metier", [["", t("web.all")], ...metiers], change ? change.metier || "" : question.metier);
      return { fields: [field(t("web.site"), site, { wide: true }), field(t("web.metier"), metier, { wide: true })], read: () => ({ site: site.value, ...(metier.value ? { metier: metier.value } : {}) }) };
    } },
    { kind: "headway", draw(change) {
      const [start, end] = window_(change);
      const [which, every_] = [line(change), minutesInput("edit_headway", change?.headway_min || 15)];
      return { fields: [field(t("web.line"), which, { wide: true }), field(t("web.headway"), every_), field(t("web.from_hour"), start), field(t("web.to_hour"), end)],
        read: () => (good(every_) && good(start) && good(end) ? { line: which.value, headway_min: Number(every_.value), start: start.value, end: end.value } : null) };
    } },
    { kind: "repeat_trip", draw(change) {
      const which = line(change);
      const towards = el("select", { name: "edit_towards" });
      const fill = () => towards.replaceChildren(el("option", { value: "" }, t("web.any_direction")), ...(app.editing.lines.find((l) => l.id === which.value)?.towards || []).map((name) => el("option", { value: name, selected: name === change?.towards }, name)));
      which.addEventListener("change", fill); fill();
      const [near, start] = [clock("edit_near", change?.near || "05:50"), clock("edit_start", change?.start || "04:25")];
      return { fields: [field(t("web.line"), which, { wide: true }), field(t("web.direction_of"), towards), field(t("web.like_trip"), near), field(t("web.new_start"), start)],
        read: () => (good(start) && good(near) ? { line: which.value, ...(towards.value ? { towards: towards.value } : {}), near: near.value, start: start.value } : null) };
    } },
    { kind: "shift_trips", draw(change) {
      const [start, end] = window_(change);
      const [which, by] = [line(change), el("input", { type: "number", name: "edit_by", min: -240, max: 240, value: change?.minutes || -15, required: true })];
      return { fields: [field(t("web.line"), which, { wide: true }), field(t("web.shift_by"), by), field(t("web.from_hour"), start), field(t("web.to_hour"), end)],
        read: () => (good(by) && Number(by.value) && good(start) && good(end) ? { line: which.value, minutes: Number(by.value), start: start.value, end: end.value } : null) };
    } },
    { kind: "hold_connection", draw(change) {
      const [start, end] = window_(change);
      const [which, fed] = [line(change), select("edit_feeder", lines, change?.feeder)];
      const at = el("input", { type: "text", name: "edit_at_stop", maxlength: 200, required: true, autocomplete: "off", value: change?.stop || "" });
      const by = el("input", { type: "number", name: "edit_wait", min: 1, max: 120, value: change?.minutes || 5, required: true });
      return { fields: [field(t("web.line"), which, { wide: true }), field(t("web.waits_at"), at), field(t("web.waits_for"), fed, { wide: true }), field(t("web.waits_most"), by), field(t("web.from_hour"), start), field(t("web.to_hour"), end)],
        read: () => (good(at) && good(by) && good(start) && good(end) ? { stop: at.value.trim(), minutes: Number(by.value), line: which.value, feeder: fed.value, start: start.value, end: end.value } : null) };
    } },
    { kind: "close_line", draw(change) { const which = line(change); return { fields: [field(t("web.line"), which, { wide: true })], read: () => ({ line: which.value }) }; } },
    { kind: "add_line", draw: (change) => newLine(change, { good, minutesInput, window_ }) },
    { kind: "cancel_trips", draw(change) {
      const which = select("edit_line", [["", t("web.every_line")], ...lines], change?.line || "");
      const share = el("input", { type: "number", name: "edit_share", min: 1, max: 99, value: Math.round(100 * (change?.share || 0.2)), required: true });
      const seed = el("input", { type: "number", name: "edit_seed", min: 0, value: change?.seed || 1, required: true });
      return { fields: [field(t("web.line"), which, { wide: true }), field(t("web.share_cancelled"), share), field(t("web.draw_number"), seed)],
        read: () => (good(share) && good(seed) ? { share: Number(share.value) / 100, seed: Number(seed.value), ...(which.value ? { line: which.value } : {}) } : null) };
    } },
    { kind: "line_booked", draw(change) {
      const which = line(change);
      const how = select("edit_booked", [["1", t("web.booked_yes")], ["0", t("web.booked_no")]], change && change.booked === false ? "0" : "1");
      return { fields: [field(t("web.line"), which, { wide: true }), field(t("web.booked"), how, { wide: true })], read: () => ({ line: which.value, booked: how.value === "1" }) };
    } },
    { kind: "fare_free", draw(change) {
      const price = el("input", { type: "number", name: "edit_price", min: 0, max: 1000, step: "any", value: change?.pass_month_eur ?? 0, required: true });
      return { fields: [field(t("web.pass_price"), price)], read: () => (good(price) ? { pass_month_eur: Number(price.value) } : null) };
    } },
    { kind: "hours_moved", draw(change) {
      const shifts = app.editing.shifts.map((shift) => [JSON.stringify([shift.site, shift.start, shift.end]), `${shift.name} ${shift.start}–${shift.end}`]);
      const which = select("edit_shift", shifts, change ? JSON.stringify([change.site, change.start, change.end]) : undefined);
      const [start, end] = [clock("edit_start", change?.new_start || "06:00"), clock("edit_end", change?.new_end || "14:00")];
      return { fields: [field(t("web.shift_of"), which, { wide: true }), field(t("web.shift_start"), start), field(t("web.shift_end"), end)],
        read: () => { if (!which.value || !good(start) || !good(end)) return null; const [site, from, to] = JSON.parse(which.value); return { site, start: from, end: to, new_start: start.value, new_end: end.value }; } };
    } },
    { kind: "threshold", draw(change) {
      const which = select("edit_threshold", app.thresholds.map((one) => [one.id, one.name]), change?.id);
      const value = minutesInput("edit_minutes", change?.minutes || 75);
      return { fields: [field(t("web.threshold_of"), which, { wide: true }), field(t("web.minutes_of"), value)], read: () => (good(value) ? { id: which.value, minutes: Number(value.value) } : null) };
    } },
  ];
}

// A new line over stops: chosen by name from a list, or clicked one after the other; a click beside a stop makes one.
function newLine(change, { good, minutesInput, window_ }) {
  const calls = [...(change?.stops || [])];
  const name = el("input", { type: "text", name: "edit_line_name", maxlength: 60, required: true, autocomplete: "off", value: change?.line || "" });
  const headway = minutesInput("edit_headway", change?.headway_min || 30);
  const [start, end] = window_(change);
  const order = el("ol", {});
  const chosen = el("select", { name: "edit_stop" });
  const named = (call) => (typeof call === "string" ? stops?.features.find((f) => f.properties.stop === call)?.properties.name || call : call.name);
  const at = (call) => (typeof call === "string" ? stops?.features.find((f) => f.properties.stop === call)?.geometry.coordinates : [call.lon, call.lat]);
  function draw() {
    order.replaceChildren(...calls.map((call, i) => el("li", {}, named(call), " ", el("button", { type: "button", class: "quiet small", "aria-label": t("web.remove_stop", { name: named(call) }), onclick: () => { calls.splice(i, 1); draw(); } }, t("web.remove")))));
    view.showPicked(calls.map(at).filter(Boolean));
  }
  async function prepare() {
    stops ??= await api.get("stops");
    const byName = [...stops.features].sort((a, b) => a.properties.name.localeCompare(b.properties.name));
    chosen.replaceChildren(...byName.map((f) => el("option", { value: f.properties.stop }, f.properties.name)));
    view.showStops(stops);
    view.pick((lon, lat, stop) => { calls.push(stop ? stop.stop : { name: t("web.new_stop", { n: calls.length + 1 }), lon: Number(lon.toFixed(5)), lat: Number(lat.toFixed(5)) }); draw(); });
    draw();
  }
  prepare().catch(() => {});
  return { fields: [field(t("web.line_name"), name), field(t("web.headway"), headway), field(t("web.from_hour"), start), field(t("web.to_hour"), end), field(t("web.stop"), chosen, { wide: true }),
    el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => { calls.push(chosen.value); draw(); } }, t("web.add_stop"))), el("div", { class: "wide" }, el("p", { class: "muted" }, t("web.line_hint")), order)],
    read: () => (good(name) && good(headway) && good(start) && good(end) && calls.length > 1 ? { line: name.value.trim(), stops: [...calls], headway_min: Number(headway.value), start: start.value, end: end.value } : null) };
}
