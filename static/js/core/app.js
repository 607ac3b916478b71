/** The live part of a page: its state out of the data islands, and its one connection. */
import { Link } from "./socket.js";
import { createStore, initialState } from "./store.js";

function read(id) {
  const script = document.getElementById(id);
  if (!script) return null;
  try {
    return JSON.parse(script.textContent);
  } catch {
    return null;
  }
}

const island = { ...(read("island") ?? {}) };
island.markets = read("markets-data") ?? island.markets ?? [];
island.indicators ??= read("indicators-data") ?? {};
island.world ??= read("world-data");
// Made before the world was born: what it lacks is there with the world's first word.
const early = island.world !== null && !island.world.slug;
island.world ??= {};

export const store = createStore(initialState(island));
const opened = [];

export const link = new Link({
  path: "/ws/market/",
  onData: (event) => {
    if (early && event.topic === "world") location.reload();
    store.dispatch(event);
    if (event.topic === "world") link.pauseWatch(store.state.world.state === "halted");
  },
  onState: (change) => store.dispatch({ kind: "link", link: change }),
  onOpen: () => opened.forEach((callback) => callback()),
});

/** Call back each time the connection is there again. */
export function whenOpened(callback) {
  opened.push(callback);
}
