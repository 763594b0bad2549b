// The newest events: each one's way, step by step, with the time of each.

import { $, el } from "./elements.js";
import { age, clock, lengthText, moment } from "./format.js";

const STEPS = [
  ["occurred", "happened"], ["stored", "stored"], ["sending", "sending"], ["sent", "on the phone"],
  ["answered", "answered"], ["answer_file", "handed on"],
];
const WORDS = {
  queued: "waits", held: "held", sending: "sending", sent: "sent", digested: "digest",
  ambiguous: "unclear", dead: "refused",
};
const SLOW = 1; // seconds
const rows = new Map(); // event id -> its element and what it shows

export function list(events) {
  const place = $("event-list");
  if (events.length === 0) {
    rows.clear();
    place.replaceChildren(el("li", { className: "soft" }, "No event is stored yet."));
    return;
  }
  const elements = events.map((event) => {
    const key = JSON.stringify(event);
    const known = rows.get(event.event_id);
    if (known?.key === key) return known.element;
    const element = row(event, known?.element.querySelector("details").open ?? false);
    rows.set(event.event_id, { key, element });
    return element;
  });
  const ids = new Set(events.map((event) => event.event_id));
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
  // Only what moved is touched: an open row keeps its focus.
  if (elements.some((element, index) => place.children[index] !== element) || place.children.length !== elements.length) {
    place.replaceChildren(...elements);
  }
}

function row(event, open) {
  const asks = event.decision !== null;
  const wanted = STEPS.filter(([step]) => asks || !["answered", "answer_file"].includes(step));
  const times = new Map(event.steps.map(({ step, at }) => [step, at]));
  let before = null;
  const way = wanted.map(([step, words]) => {
    const at = times.get(step);
    const seconds = at !== undefined && before !== null ? Math.max(0, at - before) / 1e6 : null;
    const took = seconds === null ? "" : lengthText(seconds);
    // What took long is where to look; how long a person takes is theirs.
    const slow = seconds > SLOW && step !== "answered";
    const item = el("li", { className: at === undefined ? "not-yet" : "done" },
      el("span", { className: "step" }, words),
      el("span", { className: slow ? "took slow" : "took" }, at === undefined ? "not yet" : took ? `+${took}` : clock(at)));
    if (at !== undefined) before = at;
    return item;
  });
  const state = event.decision === "answered" ? "answered" : event.decision === "open" && event.state === "sent" ? "asks" : WORDS[event.state] ?? event.state;
  return el("li", { className: `event ${event.state}` },
    el("details", { open },
      el("summary", {},
        el("span", { className: `badge ${event.state}` }, state),
        el("span", { className: "name" }, event.title),
        el("span", { className: "soft about" }, `${event.type} · ${event.source} · `, age(event.steps[0].at, "", " ago")),
        el("ol", { className: "way", "aria-label": "Its way" }, way)),
      el("dl", { className: "facts" },
        fact("Event id", el("code", {}, event.event_id)),
        fact("Lane", event.lane),
        event.steps.map(({ step, at }) => fact(
          STEPS.find(([name]) => name === step)?.[1] ?? step, `${moment(at)}, ${precise(at)}`)),
        event.deliveries.map((one) => fact(one.chat_id === null ? "Delivery" : `To chat ${one.chat_id}`,
          [one.state, one.reason, one.note, one.attempts ? `tried ${one.attempts} times` : null].filter(Boolean).join("; "))))));
}

function fact(name, value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value));
}

function precise(us) {
  return `${clock(us)}.${String(Math.floor(us / 1000) % 1000).padStart(3, "0")}`;
}
