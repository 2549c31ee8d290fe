// Questions to the server. A late reply to an earlier question of the same channel is dropped.

const latest = new Map();
let launch = "";
let secret = "";
let language = "";

export class Refused extends Error {}
export class Late extends Error {}

export function setLaunch(value) { launch = value; }
export function setSecret(value) { secret = value; }
export function setLanguage(value) { language = value; }

function headers(more) {
  const all = { "X-Geo-Access-Language": language, ...more };
  if (secret) all["X-Geo-Access-Token"] = secret;
  return all;
}

async function answered(response) {
  if (response.ok) return response;
  let told = "";
  try { told = (await response.json()).error; } catch { /* no words came with it */ }
  throw new Refused(told || String(response.status));
}

export async function get(name) {
  return (await answered(await fetch(`/api/${name}`, { headers: headers() }))).json();
}

export async function bytes(name) {
  return (await answered(await fetch(`/api/${name}`, { headers: headers() }))).arrayBuffer();
}

async function send(name, body) {
  return answered(await fetch(`/api/${name}`, {
    method: "POST", body: JSON.stringify(body),
    headers: headers({ "Content-Type": "application/json", "X-Geo-Access-Launch": launch }),
  }));
}

async function inTurn(channel, work) {
  const turn = (latest.get(channel) || 0) + 1;
  latest.set(channel, turn);
  const found = await work();
  if (latest.get(channel) !== turn) throw new Late();
  return found;
}

// An answer at hand makes those under way late.
export function forget(channel) { latest.set(channel, (latest.get(channel) || 0) + 1); }

export const post = (name, body, channel = name) => inTurn(channel, async () => (await send(name, body)).json());

export const surface = (body) => inTurn("surface", async () => {
  const buffer = await (await send("surface", body)).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { ...head, grid: new Uint8Array(buffer, 4 + length) };
});

export async function download(route, body, name) {
  const blob = await (await send(route, body)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
