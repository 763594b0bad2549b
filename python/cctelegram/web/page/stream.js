// The stream of events: comes back by itself, and says when it is away.

const AGAIN = 2000; // milliseconds between two tries where the browser has given up

// `on(kind, content)` for each event; `state(word)` is called with live, away or refused.
export function follow(kinds, on, state) {
  let source = null;
  let timer = 0;

  function open() {
    source = new EventSource("/events");
    source.onopen = () => state("live");
    source.onerror = () => {
      state("away");
      // A refusal (503, 401) ends it for good; a broken connection does not.
      if (source.readyState === EventSource.CLOSED) again();
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => on(kind, JSON.parse(event.data)));
    }
  }

  function again() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const code = await fetch("/health").then((answer) => answer.status, () => 0);
      if (code === 401) state("refused");
      if (code === 200 || code === 503) open();
      else again();
    }, AGAIN);
  }

  open();
}

export const ask = (path) => answered(path, {});
export const order = (path) => answered(path, { method: "POST" });

async function answered(path, request) {
  const answer = await fetch(path, request);
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error ?? `${path} answered ${answer.status}`);
  return content;
}
