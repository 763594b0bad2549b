// The page: follows the stream, and shows every part of it as it is now.

import { $ } from "./elements.js";
import * as events from "./events.js";
import { clock, tick } from "./format.js";
import * as log from "./log.js";
import * as panels from "./panels.js";
import * as plots from "./plots.js";
import * as profiles from "./profiles.js";
import { ask, follow } from "./stream.js";

const EVENTS = 10;
const HISTORY = 10_000; // milliseconds: a step of the history
const DIRECTORIES = 300_000;
const SOON = 500; // so that a burst is one question

let told = null;
let directories = null;
const due = new Map();

// Asks soon, once for all that happened meanwhile; what fails is asked again when the bridge is back.
function soon(work, wait = SOON) {
  if (due.has(work)) return;
  due.set(work, setTimeout(() => {
    due.delete(work);
    work().catch((error) => console.info(String(error)));
  }, wait));
}

async function newest() {
  events.list((await ask(`/api/events?limit=${EVENTS}`)).events);
}

async function history() {
  const span = document.querySelector("#span input:checked").value;
  const found = await ask(`/api/history?span=${span}&series=${plots.SERIES.join(",")}`);
  plots.draw(found, { memory: told?.process.budget_bytes ?? null });
}

async function sizes() {
  ({ directories } = await ask("/cleanup/stats"));
  if (told) panels.cleanup(told, directories);
}

function all() {
  for (const work of [newest, history, sizes, log.load]) soon(work, 0);
}

function sample(content) {
  const first = told === null;
  told = content;
  panels.head(told);
  panels.now(told, told.latency);
  panels.lanes(told);
  panels.telegram(told);
  panels.questions(told);
  panels.totals(told);
  panels.process(told);
  panels.sessions(told);
  panels.cleanup(told, directories);
  panels.settings(told);
  document.body.classList.remove("loading");
  if (first) soon(history, 0);
}

const HAPPENED = {
  sample,
  reset: all,
  stored: () => { soon(newest); soon(log.load); },
  sent: () => { soon(newest); soon(log.load); },
  failed: () => { soon(newest); soon(log.load); },
  held: () => soon(newest),
  decision: () => { soon(newest); soon(log.load); },
  settings: () => soon(log.load),
  chat: () => soon(log.load),
  alert: () => soon(log.load),
  health: () => soon(log.load),
};

const WORDS = {
  live: () => "live",
  away: () => `The bridge does not answer${told ? `; figures are of ${clock(told.at)}` : ""}. Trying again…`,
  refused: () => "This browser is not let in, or no longer: run cctelegram dashboard in a terminal.",
};

function connection(state) {
  document.body.classList.toggle("away", state !== "live");
  $("connection").className = `connection ${state}`;
  $("connection").textContent = WORDS[state]();
  if (state === "live") all();
}

$("span").addEventListener("change", () => soon(history, 0));
log.begin();
profiles.begin();
follow(Object.keys(HAPPENED), (kind, content) => HAPPENED[kind](content), connection);
setInterval(tick, 1000);
setInterval(() => { if (!document.hidden && !document.body.classList.contains("away")) soon(history, 0); }, HISTORY);
setInterval(() => { if (!document.hidden && !document.body.classList.contains("away")) soon(sizes, 0); }, DIRECTORIES);
