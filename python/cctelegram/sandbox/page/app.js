// The page: follows the stream of changes, shows one chat of the list, sends what the person does.

import { Composer } from "./composer.js";
import { day, el, icon, initials } from "./elements.js";
import { messageElement, summary } from "./message.js";

const $ = (id) => document.getElementById(id);
const control = location.pathname.replace("/chat/", "/control/");
const ANSWER_SECONDS = 60; // then a button stops waiting for the bot

const world = { chats: new Map(), messages: new Map(), commands: [], bot: null, me: null };
const waiting = new Map(); // "chat:message:index" -> query id, or "" until it is known
const shownIn = { chat: null, topic: null };
const unread = new Map();
const composer = new Composer(say, () => world.commands);
const actions = { tap, say, notify, reply: (message) => composer.reply(message), show };

$("down").append(icon("down"));
$("down").addEventListener("click", () => toEnd());
$("log").addEventListener("scroll", () => { $("down").hidden = atEnd(); });
$("text").focus();
follow();

function follow() {
  const stream = new EventSource("stream");
  stream.onmessage = (event) => changed(JSON.parse(event.data));
  stream.onopen = () => status();
  stream.onerror = () => { $("status").textContent = "connection lost, trying again…"; };
}

function changed(update) {
  const first = world.bot === null;
  const follows = first || atEnd();
  world.bot = update.bot;
  world.commands = update.commands;
  world.me ??= Number(new URLSearchParams(location.search).get("user")) || update.user_id;
  const touched = new Set();
  for (const chat of update.chats) {
    world.chats.set(chat.id, chat);
    if (!world.messages.has(chat.id)) world.messages.set(chat.id, new Map());
    for (const message of chat.messages) {
      const known = world.messages.get(chat.id);
      if (!known.has(message.message_id) && !first && chat.id !== shownIn.chat) {
        unread.set(chat.id, (unread.get(chat.id) ?? 0) + 1);
      }
      if (message.sandbox.deleted) known.delete(message.message_id);
      else known.set(message.message_id, message);
      touched.add(`${chat.id}:${message.message_id}`);
    }
  }
  for (const query of update.queries) if (query.answer) answered(query, first);
  shownIn.chat ??= world.me in Object.fromEntries(world.chats) ? world.me : [...world.chats.keys()][0];
  frame();
  if (first) list();
  else for (const key of touched) refresh(key);
  drafts();
  if (follows) toEnd();
}

function frame() {
  const chat = world.chats.get(shownIn.chat);
  const name = chat.type === "private" ? world.bot.first_name : chat.name;
  $("name").textContent = name;
  $("avatar").textContent = initials(name);
  document.title = `${name} · sandbox`;
  status();
  chatList();
  topicTabs(chat);
  const pinned = world.messages.get(chat.id).get(chat.pinned[chat.pinned.length - 1]);
  $("pinned").hidden = !pinned;
  if (pinned) {
    $("pinned").replaceChildren(icon("pin"), el("span", {}, summary(pinned)));
    $("pinned").onclick = () => show(pinned);
  }
}

let typingEnds = 0;
function status() {
  const chat = world.chats.get(shownIn.chat);
  if (!chat) return;
  clearTimeout(typingEnds);
  $("status").classList.toggle("typing", Boolean(chat.typing));
  if (chat.typing) {
    $("status").textContent = `${chat.typing.action.replaceAll("_", " ")}…`;
    typingEnds = setTimeout(() => { chat.typing = null; status(); }, chat.typing.seconds * 1000);
  } else if (chat.blocked) $("status").textContent = "stopped";
  else $("status").textContent = chat.type === "private" ? "bot" : `${chat.type}${chat.is_forum ? " with topics" : ""}`;
}

function chatList() {
  $("chats").hidden = world.chats.size < 2;
  const entries = [...world.chats.values()].map((chat) => {
    const last = [...world.messages.get(chat.id).values()].pop();
    const count = unread.get(chat.id);
    return el(
      "button",
      { type: "button", "aria-current": chat.id === shownIn.chat ? "true" : null, onclick: () => choose(chat.id, null) },
      el("span", { className: "avatar" }, initials(chat.name)),
      el("span", { className: "about" }, el("b", {}, chat.name), el("span", {}, last ? summary(last) : "")),
      count ? el("span", { className: "count" }, String(count)) : null,
    );
  });
  $("chats").replaceChildren(...entries);
}

function topicTabs(chat) {
  $("topics").hidden = chat.topics.length === 0;
  const tab = (id, name, closed) =>
    el(
      "button",
      { type: "button", role: "tab", "aria-selected": String(shownIn.topic === id), onclick: () => choose(chat.id, id) },
      closed ? `${name} (closed)` : name,
    );
  const tabs = chat.topics.map((topic) => tab(topic.message_thread_id, topic.name, topic.closed));
  $("topics").replaceChildren(tab(null, "All", false), ...tabs);
}

function choose(chat, topic) {
  Object.assign(shownIn, { chat, topic });
  unread.delete(chat);
  composer.reply(null);
  frame();
  list();
  drafts();
  toEnd();
}

function visible(message) {
  return shownIn.topic === null || message.message_thread_id === shownIn.topic;
}

function made(message) {
  const chat = world.chats.get(message.chat.id);
  const own = message.from.id === actor(chat);
  const topic = chat.topics.find((one) => one.message_thread_id === message.message_thread_id);
  return messageElement(message, {
    own,
    actions,
    named: chat.type !== "private" && !own,
    topic: shownIn.topic === null && topic ? topic.name : null,
    waiting: (one, index) => waiting.has(key(one, index)),
  });
}

function list() {
  const found = [];
  let last = null;
  for (const message of world.messages.get(shownIn.chat).values()) {
    if (!visible(message)) continue;
    const today = day(message.date);
    if (today !== last) found.push(el("p", { className: "service day" }, today));
    last = today;
    found.push(made(message));
  }
  $("log").replaceChildren(...found);
}

// Show one message as it is now, without touching the others: what is unfolded stays so.
function refresh(position) {
  const [chat, id] = position.split(":").map(Number);
  if (chat !== shownIn.chat) return;
  const before = document.getElementById(`m${chat}_${id}`);
  const message = world.messages.get(chat).get(id);
  if (!message || !visible(message)) {
    before?.remove();
    return;
  }
  const now = made(message);
  if (before) {
    const open = [...before.querySelectorAll(".more")].map((one) => one.getAttribute("aria-expanded"));
    before.replaceWith(now);
    [...now.querySelectorAll(".more")].forEach((one, index) => { if (open[index] === "true") one.click(); });
    return;
  }
  const days = [...$("log").querySelectorAll(".day")];
  if (days.at(-1)?.textContent !== day(message.date)) {
    $("log").append(el("p", { className: "service day" }, day(message.date)));
  }
  now.classList.add("new");
  $("log").append(now);
}

function drafts() {
  document.querySelectorAll(".draft").forEach((one) => one.remove());
  for (const draft of world.chats.get(shownIn.chat).drafts) {
    const text = el("div", { className: "text" }, draft.text || "…");
    $("log").append(el("article", { className: "message draft" }, el("div", { className: "bubble" }, text)));
  }
}

function key(message, index) {
  return `${message.chat.id}:${message.message_id}:${index}`;
}

function actor(chat) {
  return chat.type === "private" ? chat.id : world.me;
}

async function post(path, body) {
  try {
    const response = await fetch(control + path, { method: "POST", body: JSON.stringify(body) });
    const found = await response.json();
    if (response.ok) return found;
    notify(found.error);
  } catch {
    notify("The sandbox does not answer.");
  }
  return null;
}

async function say(text, replyTo = null) {
  const chat = world.chats.get(shownIn.chat);
  const body = { text, chat_id: chat.id, user_id: actor(chat) };
  if (replyTo) body.reply_to = replyTo.message_id;
  if (shownIn.topic !== null) body.thread_id = shownIn.topic;
  const done = await post("say", body);
  if (done) toEnd();
  return done !== null;
}

async function tap(message, index) {
  const position = key(message, index);
  if (waiting.has(position)) return;
  const again = `${message.chat.id}:${message.message_id}`;
  waiting.set(position, "");
  refresh(again);
  const chat = world.chats.get(message.chat.id);
  const query = await post("tap", { message_id: message.message_id, button: index, chat_id: chat.id, user_id: actor(chat) });
  const stop = () => { waiting.delete(position); refresh(again); };
  if (query === null || early.delete(query.id)) stop();
  else {
    waiting.set(position, query.id);
    setTimeout(() => { if (waiting.get(position) === query.id) stop(); }, ANSWER_SECONDS * 1000);
  }
}

const early = new Set(); // answers that came before the tap's own response
function answered(query, first) {
  const position = [...waiting].find(([, id]) => id === query.id)?.[0];
  if (position) {
    waiting.delete(position);
    refresh(position.split(":").slice(0, 2).join(":"));
  } else if (!first) early.add(query.id);
  if (first || !query.answer.text) return;
  if (!query.answer.show_alert) notify(query.answer.text);
  else {
    $("alert-text").textContent = query.answer.text;
    if (!$("alert").open) $("alert").showModal();
  }
}

let toastEnds = 0;
function notify(text) {
  clearTimeout(toastEnds);
  $("toast").textContent = text;
  $("toast").hidden = false;
  toastEnds = setTimeout(() => { $("toast").hidden = true; }, 4000);
}

function show(message) {
  const element = document.getElementById(`m${message.chat.id}_${message.message_id}`);
  if (!element) return;
  element.scrollIntoView({ block: "center", behavior: "smooth" });
  element.classList.remove("marked");
  requestAnimationFrame(() => element.classList.add("marked"));
}

function atEnd() {
  const log = $("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function toEnd() {
  $("log").scrollTop = $("log").scrollHeight;
}
