// Long work beside: how far it is, and a way to stop it.

import * as api from "./api.js";
import { el, has, t } from "./words.js";

let running = null;

export async function long(name, question, box, done, failed) {
  if (running) return;
  const bar = el("progress", { max: 1, value: 0, "aria-label": t("web.long") });
  const where = el("span", { class: "muted" });
  const stop = el("button", { type: "button", class: "quiet small", onclick: () => { running.stop = true; } }, t("web.cancel"));
  box.replaceChildren(bar, where, stop);
  running = { stop: false };
  try {
    const { job } = await api.post(name, question);
    for (;;) {
      const state = await api.post("job", { job, stop: running.stop });
      if (state.state === "done") { box.replaceChildren(done(state.result)); break; }
      if (state.state === "failed") throw new api.Refused(state.error);
      if (state.state === "stopped") { box.replaceChildren(el("p", {}, t("web.stopped"))); break; }
      bar.value = state.share; where.textContent = state.stage && has(`stage.${state.stage}`) ? t(`stage.${state.stage}`) : state.stage;
      await new Promise((resolve) => { setTimeout(resolve, 400); });
    }
  } catch (error) { failed(error, box); }
  running = null;
}
