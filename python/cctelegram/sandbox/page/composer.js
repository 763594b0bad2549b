// Where the person writes: text, the reply it belongs to, the list of commands.

import { el, icon } from "./elements.js";
import { summary } from "./message.js";

const $ = (id) => document.getElementById(id);

export class Composer {
  // `send(text, replyTo)` returns a promise; `commands()` the bot's commands.
  constructor(send, commands) {
    this.send = send;
    this.commands = commands;
    this.replyTo = null;
    $("send").append(icon("send"));
    $("reply-cancel").append(icon("cancel"));
    $("reply-cancel").addEventListener("click", () => this.reply(null));
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    $("text").addEventListener("input", () => this.typed());
    $("text").addEventListener("keydown", (event) => this.pressed(event));
  }

  pressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") {
      if ($("commands").hidden) this.reply(null);
      $("commands").hidden = true;
    } else if (event.key === "ArrowUp" && !$("commands").hidden) {
      event.preventDefault();
      $("commands").querySelector("li:last-child button").focus();
    }
  }

  async submit() {
    const text = $("text").value.trim();
    if (!text) return;
    const replyTo = this.replyTo;
    $("text").value = "";
    this.reply(null);
    this.typed();
    if (!(await this.send(text, replyTo))) {
      $("text").value = text;
      this.typed();
    }
  }

  typed() {
    const box = $("text");
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    const start = /^\/[a-z0-9_]*$/u.test(box.value) ? box.value.slice(1) : null;
    const fitting = start === null ? [] : this.commands().filter((one) => one.command.startsWith(start));
    $("commands").replaceChildren(...fitting.map((one) => this.offer(one)));
    $("commands").hidden = fitting.length === 0;
  }

  offer(command) {
    const chosen = () => {
      $("text").value = `/${command.command}`;
      $("text").focus();
      this.submit();
    };
    const name = el("b", {}, `/${command.command}`);
    return el("li", {}, el("button", { type: "button", onclick: chosen }, name, el("span", {}, command.description)));
  }

  reply(message) {
    this.replyTo = message;
    $("reply").hidden = message === null;
    if (message === null) return;
    $("reply-name").textContent = message.from.first_name;
    $("reply-text").textContent = summary(message);
    $("text").focus();
  }
}
