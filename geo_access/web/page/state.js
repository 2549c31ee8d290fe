// One state for all doors in the address bar's fragment: a link reproduces the view. The adviser's door keeps none.

const state = { door: "planner" };
const KEPT = { planner: ["metier", "profile", "kind", "schedule", "minutes", "zone", "site", "at", "mode", "towards", "lon", "lat"],
  observatory: ["by", "metier", "family", "zone_kind", "profile", "kind", "contains", "zone"], employer: ["esite", "elon", "elat", "start", "end", "eprofile", "eminutes"], adviser: [] };

export function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(state)) delete state[key];
  state.door = KEPT[given.get("door")] ? given.get("door") : "planner";
  for (const [key, value] of given) if (key !== "token") state[key] = value;
  return state;
}

export const token = () => new URLSearchParams(location.hash.slice(1)).get("token") || "";
export const current = () => state;

function written() {
  const kept = new URLSearchParams([["door", state.door]]);
  for (const key of KEPT[state.door]) if (state[key] !== undefined && state[key] !== "" && state[key] !== null) kept.set(key, state[key]);
  return `#${kept}`;
}

// A new question is a step that "back" undoes; a moved slider is not.
export function change(values, { step = true } = {}) {
  Object.assign(state, values);
  history[step ? "pushState" : "replaceState"](null, "", written());
}
