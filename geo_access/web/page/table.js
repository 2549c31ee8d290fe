// A table that sorts by its headings and opens a row by a button: all that the map does, without the map.

import { el, t } from "./words.js";

export function table(columns, rows, { caption = "", open = null, chosen = null, sort = null, most = 400, onsort = null } = {}) {
  let [by, down] = sort || [null, false];
  const body = el("tbody");
  const foot = el("p", { class: "muted" });
  const heads = columns.map((column, index) => {
    const button = el("button", { type: "button", onclick: () => { down = by === index ? !down : !!column.number; by = index; draw(); if (onsort) onsort(column, down); } }, column.name);
    return el("th", { scope: "col", class: column.number ? "number" : null }, button);
  });
  function value(row, index) { const column = columns[index]; return column.sort ? column.sort(row) : row[column.key]; }
  function draw() {
    const order = [...rows];
    if (by !== null) {
      order.sort((a, b) => {
        const [x, y] = [value(a, by), value(b, by)];
        if (x === y) return 0;
        if (x === null || x === undefined) return 1;
        if (y === null || y === undefined) return -1;
        const less = typeof x === "number" ? x - y : String(x).localeCompare(String(y));
        return down ? -less : less;
      });
    }
    heads.forEach((head, index) => head.setAttribute("aria-sort", by !== index ? "none" : down ? "descending" : "ascending"));
    body.replaceChildren(...order.slice(0, most).map((row) => el("tr", { class: chosen && chosen(row) ? "chosen" : null },
      columns.map((column, index) => {
        const shown = column.show ? column.show(row) : row[column.key] ?? "–";
        const inner = index === 0 && open ? el("button", { type: "button", class: "row", onclick: () => open(row) }, shown) : shown;
        return index === 0 ? el("th", { scope: "row" }, inner) : el("td", { class: column.number ? "number" : null }, inner);
      }))));
    foot.textContent = order.length > most ? t("web.more_rows", { n: order.length - most }) : "";
  }
  draw();
  // Wider than the page it scrolls by itself, also by keyboard.
  return el("div", {}, el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption || t("web.table") }, el("table", { class: columns.length > 4 ? "broad" : null }, el("caption", {}, caption), el("thead", {}, el("tr", {}, heads)), body)), foot);
}
