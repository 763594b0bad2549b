// Text with entities. Offsets are UTF-16 units, which is how JavaScript counts as well.

import { el } from "./elements.js";

const PLAIN = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
};

// Return the nodes that show `text`; a wrong entity can only leave out a style, never a letter.
export function shown(text, entities, actions) {
  const sorted = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return nodes(text, 0, text.length, sorted, actions);
}

const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

function nodes(text, start, end, entities, actions) {
  const found = [];
  let at = start;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    // A block before may have taken the line break that this one begins with.
    const begin = Math.max(at, entity.offset);
    const stop = Math.min(end, entity.offset + entity.length);
    if (stop <= begin) continue;
    if (begin > at) found.push(text.slice(at, begin));
    const inner = entities.slice(index + 1).filter((one) => one.offset < stop);
    const children = nodes(text, begin, stop, inner, actions);
    found.push(wrapped(entity, text.slice(begin, stop), children, actions));
    at = stop;
    // A block ends its line by itself; the line break after it would be an empty line.
    if (BLOCKS.has(entity.type) && text[at] === "\n" && at < end) at += 1;
  }
  if (at < end) found.push(text.slice(at, end));
  return found;
}

function wrapped(entity, content, children, actions) {
  if (PLAIN[entity.type]) return el(PLAIN[entity.type], {}, ...children);
  switch (entity.type) {
    case "pre":
      return pre(entity.language, children);
    case "blockquote":
      return el("blockquote", {}, ...children);
    case "expandable_blockquote":
      return expandable(children);
    case "spoiler":
      return spoiler(children);
    case "text_link":
      return link(entity.url, children);
    case "url":
      return link(/^[a-z]+:/iu.test(content) ? content : `https://${content}`, children);
    case "bot_command":
      return el("button", { type: "button", className: "command", onclick: () => actions.say(content) }, ...children);
    default:
      return el("span", { className: `entity ${entity.type}` }, ...children);
  }
}

function link(url, children) {
  let scheme = "";
  try {
    scheme = new URL(url).protocol;
  } catch {
    scheme = "";
  }
  if (scheme !== "http:" && scheme !== "https:") {
    return el("span", { className: "entity", title: url }, ...children);
  }
  return el("a", { href: url, title: url, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function pre(language, children) {
  const code = el("code", {}, ...children);
  const label = language ? el("span", { className: "language" }, language) : null;
  return el("pre", { tabIndex: 0 }, label, code);
}

function spoiler(children) {
  const hidden = el("span", { className: "spoiler", role: "button", tabIndex: 0, "aria-label": "Show hidden text" });
  const open = () => {
    hidden.classList.add("open");
    hidden.removeAttribute("aria-label");
  };
  hidden.addEventListener("click", open);
  hidden.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open();
    }
  });
  hidden.append(...children);
  return hidden;
}

function expandable(children) {
  const fold = el("div", { className: "fold" }, ...children);
  const more = el("button", { type: "button", className: "more", "aria-expanded": "false" }, "Show more");
  more.addEventListener("click", () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    more.setAttribute("aria-expanded", String(open));
    more.textContent = open ? "Show less" : "Show more";
    fold.classList.toggle("open", open);
  });
  // A quote of a few short lines has nothing to unfold; only the layout knows.
  const looked = new ResizeObserver(() => {
    if (fold.classList.contains("open")) return;
    more.hidden = fold.scrollHeight <= fold.clientHeight + 2;
  });
  looked.observe(fold);
  return el("blockquote", { className: "expandable" }, fold, more);
}
