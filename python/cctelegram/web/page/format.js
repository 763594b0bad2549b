// Figures as text. What is not known is an element that says so, never a zero.

import { el } from "./elements.js";

export const unknown = () => el("span", { className: "unknown" }, "unknown");
const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);
const or = (value, text) => (known(value) ? text(value) : unknown());

export const countText = (value) => Math.round(value).toLocaleString("en");
export const count = (value) => or(value, countText);
export const bytes = (value) => or(value, bytesText);
export const length = (seconds) => or(seconds, lengthText);
export const share = (value) => or(value, (ratio) => `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`);

export function bytesText(value) {
  for (const [unit, size] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (Math.abs(value) >= size) return `${(value / size).toFixed(1)} ${unit}`;
  }
  return `${Math.round(value)} B`;
}

// A length of time in its largest unit: 3 ms, 1.2 s, 8 min, 5 h, 2 days.
export function lengthText(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return "<1 ms";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number.isInteger(seconds) ? seconds : seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
const MOMENT = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false };

// Times of the bridge are microseconds since the epoch.
export const date = (us) => new Date(us / 1000);
export const clock = (us) => date(us).toLocaleTimeString([], CLOCK);
export const moment = (us) => date(us).toLocaleString([], MOMENT);

// An age or a time that is left; `tick` keeps it true while the page is open.
export function age(us, before = "", after = "") {
  const made = el("time", { dateTime: date(us).toISOString(), title: moment(us) });
  Object.assign(made.dataset, { at: us, before, after });
  return write(made, Date.now() * 1000);
}

function write(made, now) {
  const { at, before, after } = made.dataset;
  const text = `${before}${lengthText(Math.round(Math.abs(now - Number(at)) / 1e6))}${after}`;
  if (made.textContent !== text) made.textContent = text;
  return made;
}

export function tick() {
  const now = Date.now() * 1000;
  for (const made of document.querySelectorAll("time[data-at]")) write(made, now);
}
