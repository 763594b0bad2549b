// One message as an element.

import { bytes, clock, el, icon } from "./elements.js";
import { shown } from "./text.js";

// Texts of service messages: what happened in the chat.
function serviceText(message) {
  const who = message.from.first_name;
  if (message.forum_topic_created) return `${who} created the topic “${message.forum_topic_created.name}”`;
  if (message.forum_topic_edited) return `${who} changed the topic to “${message.forum_topic_edited.name ?? ""}”`;
  if (message.forum_topic_closed) return `${who} closed the topic`;
  if (message.forum_topic_reopened) return `${who} reopened the topic`;
  if (message.pinned_message) return `${who} pinned “${summary(message.pinned_message)}”`;
  return null;
}

export function summary(message) {
  const text = message.text ?? message.caption ?? message.document?.file_name ?? (message.photo ? "Photo" : "");
  const line = text.split("\n")[0];
  return line.length > 80 ? `${[...line].slice(0, 79).join("")}…` : line;
}

// `context`: own (is it the person's), actions, topic name or null, waiting(index) -> boolean.
export function messageElement(message, context) {
  const service = serviceText(message);
  const id = `m${message.chat.id}_${message.message_id}`;
  if (service !== null) return el("p", { id, className: "service" }, service);
  const content = el(
    "div",
    { className: "bubble" },
    context.named ? el("p", { className: "sender" }, message.from.first_name) : null,
    context.topic ? el("p", { className: "topic" }, context.topic) : null,
    message.reply_to_message ? quoted(message, context) : null,
    message.photo ? photo(message) : null,
    message.document ? file(message.document) : null,
    body(message, context),
    footer(message),
  );
  const reactions = message.sandbox.reactions.map((one) => el("span", { className: "reaction" }, one.emoji ?? "★"));
  const answer = el(
    "button",
    { type: "button", className: "answer", "aria-label": "Reply", title: "Reply", onclick: () => context.actions.reply(message) },
    icon("reply"),
  );
  return el(
    "article",
    { id, className: context.own ? "message own" : "message" },
    el("div", { className: "row" }, content, answer),
    reactions.length ? el("p", { className: "reactions" }, ...reactions) : null,
    keyboard(message, context),
  );
}

function body(message, context) {
  const text = message.text ?? message.caption;
  if (!text) return null;
  const entities = message.entities ?? message.caption_entities;
  return el("div", { className: "text", dir: "auto" }, ...shown(text, entities, context.actions));
}

function footer(message) {
  const edits = message.sandbox.edits.length;
  return el(
    "p",
    { className: "meta" },
    message.sandbox.silent ? el("span", { className: "silent", title: "Sent without a sound", role: "img", "aria-label": "silent" }, icon("silent")) : null,
    message.edit_date ? el("span", { className: "edited", title: `${edits} earlier version${edits === 1 ? "" : "s"}` }, "edited") : null,
    el("time", { dateTime: new Date(message.date * 1000).toISOString() }, clock(message.date)),
  );
}

function quoted(message, context) {
  const original = message.reply_to_message;
  return el(
    "button",
    { type: "button", className: "quoted", onclick: () => context.actions.show(original) },
    el("b", {}, original.from.first_name),
    el("span", {}, message.quote?.text ?? summary(original)),
  );
}

function file(document) {
  return el(
    "a",
    { className: "file", href: `file/${encodeURIComponent(document.file_id)}`, download: document.file_name },
    el("span", { className: "disc" }, icon("file")),
    el("span", { className: "about" }, el("b", {}, document.file_name), el("span", {}, bytes(document.file_size))),
  );
}

function photo(message) {
  const size = message.photo[message.photo.length - 1];
  return el("img", {
    className: message.has_media_spoiler ? "photo hidden" : "photo",
    src: `file/${encodeURIComponent(size.file_id)}`,
    width: size.width,
    height: size.height,
    alt: message.caption ?? "Photo",
    onclick: (event) => event.currentTarget.classList.remove("hidden"),
  });
}

function keyboard(message, context) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  let index = 0;
  const lines = rows.map((row) => {
    const buttons = row.map((one) => button(one, index++, message, context));
    return el("div", { className: "buttons" }, ...buttons);
  });
  return el("div", { className: "keyboard", role: "group", "aria-label": "Buttons of this message" }, ...lines);
}

function button(one, index, message, context) {
  const className = `key ${one.style ?? ""}`;
  if (one.url) {
    const safe = /^https?:\/\//iu.test(one.url);
    return el(
      "a",
      { className, title: one.url, ...(safe ? { href: one.url, target: "_blank", rel: "noopener noreferrer" } : {}) },
      el("span", { className: "label" }, one.text),
      icon("link"),
    );
  }
  if (one.copy_text) {
    const copy = () => navigator.clipboard.writeText(one.copy_text.text).then(() => context.actions.notify("Copied"));
    return el("button", { type: "button", className, onclick: copy }, el("span", { className: "label" }, one.text), icon("copy"));
  }
  const waiting = context.waiting(message, index);
  return el(
    "button",
    {
      type: "button",
      className: waiting ? `${className} waiting` : className,
      "aria-busy": waiting ? "true" : null,
      onclick: () => context.actions.tap(message, index),
    },
    el("span", { className: "label" }, one.text),
  );
}
