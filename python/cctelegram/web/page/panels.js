// The panels of the page, each from its part of /api/overview.

import { $, el, facts, mark, show, table } from "./elements.js";
import { age, bytes, bytesText, count, length, lengthText, moment, share, unknown } from "./format.js";

const CAUSES = { telegram: "Telegram", network: "Network", disk: "Disk", rules: "My rules", bridge: "The bridge" };
const STATES = { ok: "well", holding: "holding back", degraded: "impaired", failing: "failing", unknown: "unknown" };

const plain = (sentence) => sentence.toLowerCase().replace(/\.$/u, "");

export function head(told) {
  $("home").textContent = told.home.split(/[\\/]/u).filter(Boolean).at(-1);
  $("home").title = told.home;
  $("about").textContent = `Version ${told.version}, process ${told.pid}, home ${told.home}`;
  document.title = `${told.headline.state === "ok" ? "" : `${STATES[told.headline.state]}: `}CCTelegram`;
  show($("headline"), told.headline, (headline) => {
    $("headline").className = `headline ${headline.state}`;
    return [mark(headline.state), el("span", {}, headline.says)];
  });
  show($("causes"), told.causes, (causes) => causes.map((cause) =>
    el("li", { className: `cause ${cause.state}` },
      el("h3", {}, mark(cause.state), CAUSES[cause.name] ?? cause.name, el("span", { className: "state" }, STATES[cause.state])),
      el("p", {}, cause.says))));
  // What a cause says already is not said again.
  const said = told.causes.map((cause) => plain(cause.says));
  const reasons = told.health.problems.filter(({ reason, action }) => action !== null || !said.includes(plain(reason)))
    .map(({ reason, action }) => (action === null ? reason : `${reason.replace(/\.$/u, "")}. ${action}`));
  reasons.push(...told.alerts.map((alert) => `Alert: ${alert.title}: ${alert.says}. ${alert.action}`));
  $("reasons").hidden = reasons.length === 0;
  show($("reasons"), reasons, (all) => all.map((reason) => el("li", {}, reason)));
}

export function now(told, latency) {
  const add = (name) => (told.lanes?.every((lane) => lane[name] !== null) ? told.lanes.reduce((sum, lane) => sum + lane[name], 0) : null);
  const queued = add("queued");
  const oldest = told.lanes === null ? null : Math.max(0, ...told.lanes.map((lane) => lane.oldest_seconds ?? 0));
  const held = add("held");
  const { rss_bytes: used, budget_bytes: budget } = told.process;
  const tiles = [
    ["Waiting", count(queued), queued ? ["oldest ", length(oldest)] : "nothing in the queue"],
    ["Held back", count(held), held ? "told of in a digest later" : "nothing held"],
    ["Event to phone", latency ? length(latency.p95) : unknown(), latency ? ["p95 of the last ", count(latency.count), ", p50 ", length(latency.p50)] : "nothing sent yet"],
    ["Sent", count(told.totals.sent), ["since the start, ", length(told.uptime_seconds), " ago"]],
    ["Open questions", count(told.questions?.open), told.questions?.open ? ["the oldest for ", age(told.questions.oldest[0].opened_at)] : "nobody waits for you"],
    ["Memory", bytes(used), budget ? el("meter", { min: 0, max: budget, high: budget, low: budget * 0.96, optimum: 0, value: used ?? 0, "aria-label": `Memory: ${used === null ? "unknown" : bytesText(used)} of ${bytesText(budget)}`, title: `of ${bytesText(budget)}` }) : ""],
  ];
  $("now").replaceChildren(...tiles.map(([name, value, more]) =>
    el("div", { className: "tile" }, el("dt", {}, name), el("dd", {}, el("strong", {}, value), el("span", { className: "soft" }, more)))));
}

export function lanes(told) {
  show($("lanes"), told.lanes, (all) => {
    if (all === null) return [unknown(), ": the store does not answer."];
    return table("What is queued and held in each lane", ["Lane", "Queued", "Oldest", "Why it waits", "Held", "Why it is held"],
      all.map((lane) => [
        lane.lane, count(lane.queued),
        lane.queued ? length(lane.oldest_seconds) : "–",
        lane.queued ? lane.waits ?? "sent in turn" : "–",
        count(lane.held),
        lane.why.length ? lane.why.map(({ reason, count: many }) => `${many} by ${reason ?? "no reason"}`).join(", ") : "–",
      ]));
  });
}

export function telegram(told) {
  const { telegram: there } = told;
  const pauses = there.pauses?.filter((pause) => pause.seconds > 0) ?? null;
  const results = Object.entries(there.results ?? {}).sort((a, b) => b[1] - a[1]);
  $("telegram").replaceChildren(facts([
    ["Bot", there.bot === null ? unknown() : `@${there.bot}`],
    ["Polling", there.connected ? "connected" : "not connected"],
    ["Last poll answered", there.poll_age_seconds === null ? unknown() : age(told.at - there.poll_age_seconds * 1e6, "", " ago")],
    ["Pauses (429)", pauses === null ? unknown() : pauses.length === 0 ? "none" : el("ul", { className: "plain" }, pauses.map((pause) =>
      el("li", {}, pause.chat_id === null ? "all chats: " : `chat ${pause.chat_id}: `, age(told.at + pause.seconds * 1e6, "another "))))],
    ["Requests by result", results.length ? results.map(([name, many]) => `${name} ${many.toLocaleString("en")}`).join(", ") : unknown()],
    ...Object.entries(there.dead_chats).map(([chat, why]) => [`Chat ${chat}`, `cannot be written to: ${why}`]),
  ]));
}

export function questions(told) {
  show($("questions"), told.questions, (all) => {
    if (all === null) return [unknown(), ": the store does not answer."];
    if (all.open === 0) return el("p", { className: "soft" }, "Nobody waits for an answer.");
    const more = all.open - all.oldest.length;
    return [
      el("ul", { className: "questions" }, all.oldest.map((question) => el("li", {},
        question.link ? el("a", { href: question.link, rel: "noopener noreferrer", target: "_blank" }, question.title) : el("span", { className: "name" }, question.title),
        el("span", { className: "soft" }, "open for ", age(question.opened_at),
          question.expires_at ? [", expires in ", age(question.expires_at)] : ", without an end",
          question.message_id === null ? ", not on the phone yet" : "")))),
      more > 0 ? el("p", { className: "soft" }, `and ${more} more`) : null,
    ];
  });
}

export function totals(told) {
  const states = told.deliveries;
  const state = (name) => (states === null ? unknown() : count(states[name] ?? 0));
  show($("totals"), [states, told.totals], () => [
    el("h3", {}, "In the store now"),
    pairs([["Queued", state("queued")], ["In flight", state("sending")], ["Held", state("held")],
      ["Unclear whether they arrived", state("ambiguous")], ["Refused by Telegram", state("dead")]]),
    el("h3", {}, "Since the start of the bridge"),
    pairs([["Stored", count(told.totals.stored)], ["Rejected files", count(told.totals.rejected)],
      ["Sent", count(told.totals.sent)], ["Shown by an edit", count(told.totals.edited)],
      ["Merged into a digest", count(told.totals.digested)], ["Repeats counted on a message", count(told.totals.deduplicated)],
      ["Held", count(told.totals.held)], ["Unclear", count(told.totals.ambiguous)], ["Refused", count(told.totals.dead)],
      ["Failed requests", count(told.totals.failures)]]),
  ]);
}

// Short facts, in two columns where there is room.
function pairs(all) {
  const made = facts(all);
  made.classList.add("pairs");
  return made;
}

export function process(told) {
  const { process: own } = told;
  const made = pairs([
    ["Up", length(told.uptime_seconds)], ["Processor", share(own.cpu_ratio)],
    ["Memory", bytes(own.rss_bytes)], ["At its highest", bytes(own.peak_bytes)],
    ["Open files", count(own.descriptors)], ["Threads", count(own.threads)],
    ["Tasks", count(own.tasks)], ["Time of this sample", length(own.sample_seconds)],
  ]);
  $("process").replaceChildren(made);
}

export function sessions(told) {
  show($("sessions"), [told.sessions, told.tools], ([all, tools]) => [
    all.length === 0 ? el("p", { className: "soft" }, "No agent is connected now.") : all.map(session),
    tools.length === 0 ? null : [
      el("h3", {}, "All sessions ever"),
      table("Calls of all sessions by tool, with their time", ["Tool", "Answered", "Failed", "p50", "p95"], tools.map((each) =>
        [each.tool, count(each.ok), count(each.error), length(each.p50), length(each.p95)])),
    ],
  ]);
}

function session(told) {
  const calls = Object.entries(told.calls ?? {});
  return el("article", { className: "session" },
    el("h3", {}, client(told.client)),
    el("p", { className: "soft" }, `process ${told.pid}, since ${moment(Date.parse(told.started_at) * 1000)}, `, bytes(told.rss_bytes)),
    calls.length === 0 ? el("p", { className: "soft" }, "No tool called yet.")
      : el("p", { className: "soft" }, calls.map(([tool, results]) => `${tool} ${results.ok + results.error}${results.error ? ` (${results.error} failed)` : ""}`).join(", ")));
}

function client(named) {
  if (named === null || named === undefined) return "An agent that called nothing yet";
  return typeof named === "string" ? named : [named.name, named.version].filter(Boolean).join(" ");
}

export function cleanup(told, directories) {
  const { cleanup: rounds, store } = told;
  show($("cleanup"), [rounds, directories, Math.round((store.bytes ?? 0) / 1e5), Math.round((store.disk_free_bytes ?? 0) / 1e7)], () => [
    facts([
      ["Store", [bytes(store.bytes), store.wal_bytes === null ? "" : ` and ${bytesText(store.wal_bytes)} of log`]],
      ["Free on the disk", bytes(store.disk_free_bytes)],
      ["Last round", rounds.last ? [age(Date.parse(rounds.last.at) * 1000, "", " ago"), `: ${rounds.last.removed} removed, ${bytesText(rounds.last.bytes)}, in ${lengthText(rounds.last.seconds)}`] : "none since the start"],
      ["Next round", rounds.next ? [age(Date.parse(rounds.next) * 1000, "in ")] : "none is due"],
      ["Since the start", `${rounds.rounds} ${rounds.rounds === 1 ? "round" : "rounds"}, ${rounds.removed} removed, ${bytesText(rounds.bytes)}, ${rounds.errors} failed`],
    ]),
    directories === null ? unknown() : table("Size and growth of each directory", ["Directory", "Files", "Size", "Growth a day", "Limit reached"],
      directories.map((each) => [
        named(each, directories), count(each.files), bytes(each.bytes),
        each.bytes_a_day === undefined ? unknown() : bytesText(each.bytes_a_day),
        each.limit_in_days === undefined ? (each.bytes_a_day === undefined ? unknown() : "not foreseen") : each.limit_in_days === 0 ? "now" : `in ${lengthText(each.limit_in_days * 86400)}`,
      ])),
  ]);
}

// Two places may go by one name: then its folder is said too.
function named(each, all) {
  const alone = all.filter((other) => other.directory === each.directory).length === 1;
  return alone ? each.directory : `${each.directory} in ${each.path.split(/[\\/]/u).filter(Boolean).at(-1)}`;
}

export function settings(told) {
  const { settings: there } = told;
  const content = { ...there, read_seconds_ago: null, at: Math.round((told.at / 1e6 - there.read_seconds_ago) / 5) };
  show($("settings"), content, () => [
    facts([
      ["In force since", age(told.at - there.read_seconds_ago * 1e6, "", " ago")],
      ["Changes since the start", `${there.reloads} accepted, ${there.refusals} rejected`],
      ["Rejected now", there.refused ?? "nothing"],
      ...there.restart.map((each) => [each.key, `waits for a restart: ${each.written} (${each.origin})`]),
    ]),
    table("Settings that differ from their defaults, which are not listed", ["Changed setting", "Value", "From"], there.changed.map((each) =>
      [el("code", {}, each.key), el("code", {}, each.value), each.origin])),
  ]);
}
