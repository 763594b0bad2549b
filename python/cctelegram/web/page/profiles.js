// Profiles of the running bridge: take one, end it, open those that are kept.

import { $, el, show, table } from "./elements.js";
import { bytesText, lengthText, moment } from "./format.js";
import { ask, order } from "./stream.js";

const AGAIN = 1000; // milliseconds between two looks while one runs
const LINES = 10;
let timer = 0;

export function begin() {
  $("profiles").addEventListener("toggle", load);
  $("profile-form").addEventListener("submit", (event) => { event.preventDefault(); take(); });
  $("profile-end").addEventListener("click", () => order("/profile/end").catch(failed));
}

async function take() {
  const [kind, seconds] = [$("profile-kind").value, $("profile-seconds").value];
  $("profile-lines").replaceChildren();
  say(`Measuring for ${seconds} s…`);
  const taken = order(`/profile/${kind}?seconds=${seconds}`);
  // Soon, so that the countdown begins.
  timer = setTimeout(load, AGAIN / 4);
  try {
    found(await taken);
  } catch (error) {
    failed(error);
  }
  load();
}

// Shows what runs, whoever began it, and what is kept.
async function load() {
  clearTimeout(timer);
  if (!$("profiles").open) return;
  try {
    const { running, profiles } = await ask("/profiles");
    $("profile-start").disabled = running !== null;
    $("profile-end").hidden = running === null;
    if (running !== null) {
      const left = Math.ceil(running.seconds_left);
      say(left ? `A ${running.kind} profile is being taken, for another ${left} s.` : "Its page is being written…");
      timer = setTimeout(load, AGAIN);
    }
    show($("profile-pages"), profiles, kept);
  } catch (error) {
    failed(error);
  }
}

function found(profile) {
  const by = profile.note ? `${profile.by} (${profile.note})` : profile.by;
  const early = profile.ended_early ? `; ${profile.ended_early}` : "";
  say(`Measured by ${by} for ${lengthText(profile.seconds)}${early}.`);
  const amount = (value) => (profile.unit === "bytes" ? bytesText(value) : `${value} ${profile.unit}`);
  const place = (line) => `${line.file.split(/[\\/]/u).at(-1)}${line.line ? `:${line.line}` : ""}`;
  const rows = profile.top.slice(0, LINES).map((line) => [
    line.native ? `${line.function}, in ${line.native}` : line.function, line.file ? place(line) : "–",
    `${(line.share * 100).toFixed(1)} %`, amount(line.value)]);
  $("profile-lines").replaceChildren(rows.length
    ? table("The lines with the most", ["Function", "Where", "Share", "Amount"], rows)
    : el("p", { className: "soft" }, "Nothing was measured: the bridge was idle."));
}

function kept(profiles) {
  if (profiles.length === 0) return el("p", { className: "soft" }, "No profile is kept.");
  return el("ul", {}, profiles.map(({ name, bytes, at }) => el("li", {},
    el("a", { href: `/profiles/${encodeURIComponent(name)}`, target: "_blank", rel: "noopener" }, name),
    el("span", { className: "soft" }, ` ${moment(at)}, ${bytesText(bytes)}`))));
}

const say = (text) => { $("profile-said").textContent = text; };
const failed = (error) => say(error instanceof TypeError ? "The bridge does not answer." : error.message);
