// The plots: lines over time with gaps where nothing was measured. uPlot draws; the legend is ours.

import { $, el } from "./elements.js";
import { bytesText, clock, lengthText, unknown } from "./format.js";

const HEIGHT = 142;
// A young history is drawn from where it begins, but never less than this many seconds.
const LEAST = 600;
const rateText = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)}/s`;
const countText = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(1));
const shareText = (value) => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;

// Title, how a value is written, and the lines: series of /api/history, their label and their colour of page.css.
const PLOTS = [
  { title: "Event to phone", text: lengthText, lines: [
    ["latency_p50", "p50", "a"], ["latency_p95", "p95", "b"], ["latency_p99", "p99", "c"]] },
  { title: "Waiting by lane", text: countText, lines: [
    ["queued_decisions", "decisions", "c"], ["queued_alerts", "alerts", "b"],
    ["queued_ordinary", "ordinary", "a"], ["queued_progress", "progress", "d"], ["held", "held", "e"]] },
  { title: "Stored and sent", text: rateText, lines: [
    ["stored", "stored", "a"], ["sent", "sent", "d"], ["failures", "failed", "c"]] },
  { title: "Requests to Telegram", text: rateText, lines: [
    ["requests", "all", "a"], ["no_answer", "no answer", "c"], ["faults", "refused", "b"]] },
  { title: "Poll and pauses", text: lengthText, lines: [
    ["poll_age", "since a poll", "a"], ["pause", "pause left", "b"]] },
  { title: "Open questions", text: countText, lines: [["decisions_open", "open", "e"]] },
  { title: "Memory", text: bytesText, budget: "memory", lines: [["memory", "resident", "a"]] },
  { title: "Processor", text: shareText, lines: [["cpu", "of one core", "a"]] },
  { title: "Loop lag", text: lengthText, lines: [["lag_p95", "p95", "b"]] },
];
export const SERIES = PLOTS.flatMap((plot) => plot.lines.map(([name]) => name));

const made = [];

export function draw(history, budgets) {
  if (made.length === 0) for (const plot of PLOTS) made.push(new Plot(plot));
  for (const plot of made) plot.show(history, budgets);
}

export function redraw() {
  for (const plot of made) plot.again();
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

class Plot {
  constructor(kind) {
    this.kind = kind;
    this.lines = kind.lines.map(([name, label, hue]) => ({ name, label, hue }));
    this.values = this.lines.map(() => el("b", {}));
    const legend = this.lines.map((line, index) =>
      el("li", {}, el("span", { className: `line ${line.hue}` }), `${line.label} `, this.values[index]));
    this.when = el("span", { className: "soft when" });
    this.canvas = el("div", { className: "canvas", role: "img", tabindex: "0" });
    const empty = el("p", { className: "empty soft" }, "Nothing measured in this span yet.");
    this.figure = el("figure", { className: "plot" },
      el("figcaption", {}, el("h3", {}, kind.title, " ", this.when), el("ul", { className: "legend" }, legend)),
      el("div", { className: "frame" }, this.canvas, empty));
    $("plots").append(this.figure);
    this.plot = null;
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    this.canvas.addEventListener("keydown", (event) => this.pressed(event));
    this.canvas.addEventListener("blur", () => this.point(null));
  }

  show(history, budgets) {
    this.history = history;
    const budget = this.kind.budget ? budgets[this.kind.budget] ?? null : null;
    const columns = this.lines.map((line) => history.series[line.name].values);
    this.figure.classList.toggle("nothing", !columns.some((values) => values.some((value) => value !== null)));
    this.data = [history.times, ...columns];
    if (budget !== null) this.data.push(history.times.map(() => budget));
    if (this.plot === null || budget !== this.budget) {
      this.budget = budget;
      this.again();
    } else this.plot.setData(this.data);
    this.plot.setScale("x", { min: first(history), max: history.times.at(-1) });
    this.legend(this.plot.cursor.idx ?? null);
  }

  // The last known values, or those under the pointer.
  legend(index) {
    const texts = this.lines.map((line, number) => {
      const values = this.data[number + 1];
      const value = index === null ? values.findLast((one) => one !== null) : values[index];
      return value === null || value === undefined ? null : this.kind.text(value);
    });
    texts.forEach((text, number) => this.values[number].replaceChildren(text ?? unknown()));
    this.when.textContent = index === null ? "" : clock(this.data[0][index] * 1e6);
    if (index !== null) return;
    const words = this.lines.map((line, number) => `${line.label} ${texts[number] ?? "unknown"}`).join(", ");
    const label = `${this.kind.title}, ${this.history.span}; last: ${words}`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
  }

  again() {
    if (!this.data) return;
    this.plot?.destroy();
    this.plot = new globalThis.uPlot(this.options(), this.data, this.canvas);
    this.plot.setScale("x", { min: first(this.history), max: this.history.times.at(-1) });
  }

  // The pointer of the keyboard: the arrows go from step to step.
  pressed(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!this.plot || by === undefined) return;
    event.preventDefault();
    const last = this.data[0].length - 1;
    this.point(Math.min(last, Math.max(0, (this.plot.cursor.idx ?? last) + by)));
  }

  point(index) {
    if (!this.plot) return;
    const left = index === null ? -10 : this.plot.valToPos(this.data[0][index], "x");
    this.plot.setCursor({ left, top: index === null ? -10 : 0 });
  }

  fit() {
    const width = Math.floor(this.canvas.clientWidth);
    if (this.plot && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  options() {
    const ink = colour("soft");
    const grid = { stroke: colour("line"), width: 1 };
    const axis = { stroke: ink, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const range = (plot, low, high) => [0, high > 0 ? high * 1.12 : 1];
    const series = this.lines.map((line) => ({
      label: line.label, scale: "y", stroke: colour(`line-${line.hue}`), width: 1.75,
      points: { show: (plot, number) => isolated(plot.data[number]), size: 4 }, spanGaps: false,
    }));
    if (this.budget !== null) {
      series.push({ label: "budget", scale: "y", stroke: colour("line-c"), width: 1, dash: [6, 5], points: { show: false } });
    }
    return {
      width: Math.max(200, Math.floor(this.canvas.clientWidth)), height: HEIGHT, padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      hooks: { setCursor: [(plot) => this.legend(plot.cursor.idx ?? null)] },
      scales: { x: { time: true, auto: false }, y: { range } },
      axes: [
        { ...axis, space: 58, values: (plot, ticks) => ticks.map(hour), size: 26 },
        { ...axis, size: 58, space: 32, values: (plot, ticks) =>
          ticks.map((value) => (value === 0 ? "0" : this.kind.text(value))) },
      ],
      series: [{}, ...series],
    };
  }
}

function hour(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

// Where the drawing begins: at the span's beginning, or later where nothing is known before.
function first({ times, series }) {
  const known = times.findIndex((time, index) => Object.values(series).some(({ values }) => values[index] !== null));
  return Math.min(known < 0 ? times[0] : times[known], times.at(-1) - LEAST);
}

// A value between two gaps has no line: it is drawn as a point.
function isolated(values) {
  return values.some((value, index) => value !== null
    && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
