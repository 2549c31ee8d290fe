// Words of the catalogue, numbers as the language writes them, and elements that can only hold text.

let entries = {};
let language = "fr";

export function setWords(words, code) { entries = words; language = code; document.documentElement.lang = code; }
export const has = (key) => key in entries;

export function t(key, values = {}) {
  const entry = entries[key];
  if (entry === undefined) throw new Error(`no words for ${key}`);
  return entry.replace(/\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g, (_, name, one, many) =>
    one === undefined ? String(values[name] ?? "") : single(values[name]) ? one : many);
}

// A count, a number or one already written: in French the singular covers all below 2, in English only 1.
function single(count) {
  const plain = String(count ?? "").replace(language === "fr" ? /[\s\u202f\u00a0]/g : /,/g, "").replace(",", ".").replace("−", "-");
  const value = Math.abs(parseFloat(plain));
  return language === "fr" ? value < 2 : value === 1;
}

export const number = (value, decimals = 0) =>
  new Intl.NumberFormat(language, { maximumFractionDigits: decimals, minimumFractionDigits: decimals }).format(value);
export const percent = (share) => (share === null || share === undefined ? "–" : t("web.percent", { n: number(100 * share) }));
export const minutes = (value) => (value === null || value === undefined || !isFinite(value) ? "–" : t("web.minutes", { n: number(Math.ceil(value - 1e-9)) }));

// Elements are made from text only: no name of a feed or a table is ever read as HTML.
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(made.style, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined).map((c) => (c instanceof Node ? c : String(c))));
  return made;
}

export function translate(root = document) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
}

let fields = 0;
export function field(label, control, { wide = false, hint = "" } = {}) {
  control.id ||= `f${(fields += 1)}`;
  const parts = [el("label", { for: control.id }, label), control];
  if (hint) { const id = `${control.id}-hint`; control.setAttribute("aria-describedby", id); parts.push(el("span", { id, class: "muted" }, hint)); }
  return el("div", { class: wide ? "field wide" : "field" }, parts);
}

export const select = (name, options, chosen, onchange) =>
  el("select", { name, onchange }, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));

// An hour as the study writes it: 24 h, beyond midnight up to 47:59; no browser turns it into a.m. and p.m.
export const clock = (name, value) =>
  el("input", { type: "text", name, value, inputmode: "numeric", maxlength: 5, placeholder: "HH:MM", pattern: "([0-3]?[0-9]|4[0-7]):[0-5][0-9]", autocomplete: "off" });
export const word = (prefix, key) => (key && has(`${prefix}.${key}`) ? t(`${prefix}.${key}`) : key || "–");
