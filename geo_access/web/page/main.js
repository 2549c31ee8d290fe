// The page: start, wait for the study, one door at a time.

import * as adviser from "./adviser.js";
import * as api from "./api.js";
import * as employer from "./employer.js";
import * as view from "./map.js";
import { unpack } from "./mesh.js";
import * as observatory from "./observatory.js";
import * as planner from "./planner.js";
import { change, current, read, token } from "./state.js";
import { el, setWords, t, translate } from "./words.js";

const DOORS = { planner, adviser, observatory, employer };
const $ = (id) => document.getElementById(id);
let app = null;
let sayTiles = null;

async function begin() {
  api.setSecret(token());
  if (token()) history.replaceState(null, "", "#");
  api.setLanguage(navigator.language?.startsWith("en") ? "" : "");
  await wait();
}

async function wait() {
  let state;
  try { state = await api.get("start"); } catch (error) { $("stage").textContent = error.message; return; }
  setWords(state.words, state.language);
  api.setLaunch(state.launch); api.setLanguage(state.language);
  translate();
  $("language").textContent = state.language === "fr" ? "English" : "Français";
  $("language").lang = state.language === "fr" ? "en" : "fr";
  $("language").onclick = () => { api.setLanguage(state.language === "fr" ? "en" : "fr"); view.clearSurface(); wait(); };
  if (state.state === "failed") { $("progress").hidden = true; $("stage").className = "sentence error"; $("stage").textContent = state.error; return; }
  if (state.state === "preparing") {
    $("stage").textContent = state.stage; $("progress").value = state.share;
    setTimeout(wait, 400);
    return;
  }
  await ready(state);
}

async function ready(state) {
  document.title = `${state.name} – geo-access`;
  $("study").textContent = state.name;
  $("day").textContent = t("web.valid", { day: state.day });
  $("synthetic").hidden = !state.synthetic;
  $("notice").hidden = !state.notice; $("notice").textContent = state.notice || "";
  $("provenance").textContent = t("web.provenance", { manifest: state.provenance.manifest, sources: state.provenance.sources, day: state.day });
  $("notes").replaceChildren(...state.notes.map((note) => el("li", {}, note)));
  sayTiles = (key) => { $("tiles").hidden = !state.tiles; if (state.tiles) $("tiles").textContent = t(key, { host: new URL(state.tiles.url).host }); };
  sayTiles("web.tiles_told");
  const first = app === null;
  const zones = first ? await api.get("zones") : app.zones;
  app = { ...state, zones, placed: app?.placed, question: $("question"), answer: $("answer"), detail: $("detail"), rows: $("rows"), legend: $("legend"),
    say(told, more = "") { $("answer").replaceChildren(el("p", { class: "sentence" }, told), more ? el("p", { class: "muted" }, more) : ""); },
    stale() { for (const node of $("answer").querySelectorAll(".sentence")) { node.classList.add("stale"); node.dataset.stale = t("web.stale"); } },
    failed(error, where = null) {
      if (error instanceof api.Late) return;
      const told = error instanceof api.Refused ? error.message : t("web.lost");
      (where || $("answer")).replaceChildren(el("p", { class: "sentence error", role: "alert" }, told));
    } };
  $("preparing").hidden = true; $("door").hidden = false;
  toggleMap(matchMedia("(max-width: 60rem)").matches);
  read();
  doors();
  $("door").classList.toggle("tables", current().door === "observatory");
  const opened = DOORS[current().door].open(app);
  if (first) {
    const [streets, sites, mesh] = await Promise.all([api.get("streets"), api.get("sites"), api.bytes("mesh")]);
    app.placed = new Map(sites.features.map((f) => [f.properties.site, f.geometry.coordinates]));
    const layers = { zones, streets, sites, mesh: unpack(mesh), tiles: state.tiles };
    const drawn = await view.start("map", state.bounds, layers, {
      onzone: (row) => DOORS[current().door].zoned?.(row), onplace: (lon, lat) => DOORS[current().door].placed?.(lon, lat),
      onsite: (site) => DOORS[current().door].sited?.(site) || false, onhover: (lon, lat) => DOORS[current().door].hovered?.(lon, lat),
      ontiles: () => sayTiles("web.tiles_failed") }).catch(() => false);
    $("map").hidden = !drawn; $("no-map").hidden = drawn; $("map-toggle").hidden = !drawn;
    view.base(current().door !== "adviser");
    if (drawn) { await opened; DOORS[current().door].redraw(); }
  }
  document.documentElement.dataset.ready = "yes";
}

function doors() {
  $("doors").replaceChildren(...Object.keys(DOORS).map((door) => el("li", {}, el("a", { href: `#door=${door}`, "aria-current": door === current().door ? "page" : null,
    onclick: (event) => { event.preventDefault(); if (door !== current().door) { for (const key of Object.keys(current())) delete current()[key]; change({ door }); show(); } } }, t(`web.door_${door}`)))));
}

function show() {
  doors();
  view.clearSurface(); view.curtain(null); view.trip(null); view.reached([]); view.mark(null); view.unpin(); view.base(current().door !== "adviser"); view.pick(null); view.showStops(null); view.showPicked([]);
  for (const part of ["answer", "rows", "legend", "detail"]) app[part].replaceChildren();
  app.detail.hidden = true; app.rows.className = app.detail.className = "";
  $("door").classList.toggle("tables", current().door === "observatory"); view.resize();
  DOORS[current().door].open(app);
  $("question").focus();
}

function toggleMap(folded) {
  const button = $("map-toggle");
  const set = (hide) => { $("map").classList.toggle("folded", hide); button.setAttribute("aria-expanded", String(!hide)); button.textContent = t(hide ? "web.show_map" : "web.hide_map"); view.resize(); };
  button.onclick = () => set(!$("map").classList.contains("folded"));
  set(folded);
}

window.addEventListener("popstate", () => { if (app) { read(); show(); } });
begin();
