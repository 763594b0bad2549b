// The tail of the log, with its filter.

import { $, el } from "./elements.js";
import { ask } from "./stream.js";

const OWN = new Set(["timestamp", "level", "event"]);
let lines = [];
let typing = 0;

export function begin() {
  $("log-filter").addEventListener("submit", (event) => event.preventDefault());
  $("log-level").addEventListener("change", load);
  $("log-event").addEventListener("input", soon);
  $("log-text").addEventListener("input", write);
}

function soon() {
  clearTimeout(typing);
  typing = setTimeout(load, 250);
}

export async function load() {
  const query = new URLSearchParams({ level: $("log-level").value, limit: "200" });
  const event = $("log-event").value.trim();
  if (event) query.set("event", event);
  ({ lines } = await ask(`/api/logs?${query}`));
  write();
}

function write() {
  const wanted = $("log-text").value.trim().toLowerCase();
  const found = lines.filter((line) => JSON.stringify(line).toLowerCase().includes(wanted)).reverse();
  if (found.length === 0) {
    $("log").replaceChildren(el("p", { className: "soft" }, "No line fits."));
    return;
  }
  $("log").replaceChildren(el("ul", {}, found.map(entry)));
}

function entry(line) {
  const rest = Object.entries(line).filter(([name]) => !OWN.has(name));
  const at = new Date(line.timestamp);
  return el("li", { className: line.level },
    el("time", { dateTime: line.timestamp, title: at.toLocaleString() }, at.toLocaleTimeString([], { hour12: false })),
    el("span", { className: "level" }, line.level),
    el("b", {}, line.event),
    el("span", {}, rest.flatMap(([name, value]) => [
      el("span", { className: "soft" }, ` ${name}=`), typeof value === "string" ? value : JSON.stringify(value)])));
}
