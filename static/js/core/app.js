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
island.world ??= read("world-data") ?? {};

export const store = createStore(initialState(island));
const opened = [];

export const link = new Link({
  path: "/ws/market/",
  onData: (event) => {
    store.dispatch(event);
    if (event.topic === "world") link.pauseWatch(store.state.world.state === "halted");
  },
  onState: (change) => {
    store.dispatch({ kind: "link", link: change });
    // The page is older than the world, whose markets may have a region in their codes.
    const unknown = change.refused?.code === "unknown_topic";
    if (unknown && !store.state.world.slug) location.reload();
  },
  onOpen: () => opened.forEach((callback) => callback()),
});

/** Call back each time the connection is there again. */
export function whenOpened(callback) {
  opened.push(callback);
}
