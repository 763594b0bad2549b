// Makes elements. Text only ever enters as text, never as markup, and what is hidden in it is made visible.

export const $ = (id) => document.getElementById(id);

// Control characters, those that change the direction, and those that have no width.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu;
const PICTURE = /\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?$/u;

// As the bridge shows it in the chat: `‹U+202E›`. A joiner behind a picture belongs to it.
export function visible(text) {
  return text.replace(HIDDEN, (letter, at) => {
    if (letter === "\u200d" && PICTURE.test(text.slice(0, at))) return letter;
    if (letter === "\n") return "⏎";
    return `‹U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}

const node = (child) => (typeof child === "string" ? visible(child) : child);

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.includes("-")) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined).map(node));
  return made;
}

// The mark of a state: its shape says the same as its colour.
const SHAPES = {
  ok: "M5 12.5 10 17 19 7",
  holding: "M8 6v12M16 6v12",
  degraded: "M12 5v9M12 17.5v.6",
  failing: "M6 6 18 18M18 6 6 18",
  unknown: "M9 9a3 3 0 1 1 4 3c-1 .6-1 1.2-1 2M12 17.5v.6",
};

export function mark(state) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("mark");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[state] ?? SHAPES.unknown);
  drawing.append(path);
  return drawing;
}

// Replaces what a place shows only when the content changed: focus and selection stay where they are.
const shown = new WeakMap();
export function show(place, content, make) {
  const key = JSON.stringify(content);
  if (shown.get(place) === key) return;
  shown.set(place, key);
  place.replaceChildren(...[make(content)].flat(3).filter(Boolean).map(node));
}

export function table(caption, heads, rows) {
  const cell = (value, index) => el(index === 0 ? "th" : "td",
    { scope: index === 0 ? "row" : null, "data-head": heads[index], className: value === "–" ? "none" : "" }, value);
  return el("table", {},
    el("caption", { className: "hidden" }, caption),
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell)))));
}

export function facts(pairs) {
  return el("dl", { className: "facts" }, pairs.map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
