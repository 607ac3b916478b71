/**
 * Orders from the page to the world. Every submit has its own `client_order_id`, so a retry never
 * doubles an order. The states a player sees: sending, accepted (journaled), then the order's own.
 */
import { call, get } from "./api.js";
import { link, store, whenOpened } from "./app.js";
import { credits, whole, words } from "./format.js";
import { toast } from "./toast.js";

const UNDO_MS = 5_000;
const ASK_EVERY_MS = 1_000;
const ASKS_MAX = 15;
const OFFLINE = new Set(["link_down", "no_reply"]);

export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function describe(order) {
  const price = order.price ? ` at ${credits(order.price)}` : "";
  return `${order.side} ${whole(order.quantity)} ${order.market}${price}`;
}

function patch(id, change) {
  store.dispatch({ kind: "ticket_patch", id, patch: change });
}

function decided(id, answer) {
  // The journal's answer holds figures alone, a socket's the whole order.
  const result = answer.result?.id ? answer.result : null;
  if (result) store.dispatch({ kind: "orders", orders: [result] });
  const error = answer.error ?? null;
  const rejected = answer.ok === false || answer.status === "rejected";
  const state = rejected ? "rejected" : (result?.status ?? answer.result?.status ?? "new");
  const reason = error?.code ?? result?.reason ?? null;
  patch(id, {
    state,
    reason,
    detail: error?.detail ?? error?.title ?? null,
    seq: answer.seq,
    tick: answer.tick,
    result,
    order: answer.command_id ?? result?.id,
  });
}

function accepted(id, reply) {
  patch(id, { state: "accepted", order: reply.command_id });
}

/** Ask the journal about a command whose second answer hasn't come. */
async function ask(id, commandId, times = 0) {
  const ticket = store.state.tickets.find((known) => known.id === id);
  if (!ticket || ticket.state !== "accepted" || times >= ASKS_MAX) return;
  try {
    const answer = await get(`/api/commands/${commandId}`);
    if (answer.status === "executed" || answer.status === "rejected") {
      decided(id, { ...answer, command_id: commandId, ok: answer.status === "executed" });
      return;
    }
  } catch (problem) {
    if (!problem.temporary && problem.status !== 404) return;
  }
  setTimeout(() => ask(id, commandId, times + 1), ASK_EVERY_MS);
}

async function send(id, fields) {
  try {
    const reply = await link.request("order.place", fields, { decided: (a) => decided(id, a) });
    if (reply.status === "accepted") accepted(id, reply);
    else decided(id, reply);
  } catch (problem) {
    if (OFFLINE.has(problem.code)) await sendByRest(id, fields);
    else
      patch(id, {
        state: "rejected",
        reason: problem.code,
        detail: problem.detail ?? problem.title,
      });
  }
}

/** Without a socket the same order, under the same key, goes through the other door. */
async function sendByRest(id, fields) {
  try {
    const reply = await call("POST", "/api/orders", { body: fields, key: fields.client_order_id });
    accepted(id, reply);
    ask(id, reply.command_id);
  } catch (problem) {
    const lost = OFFLINE.has(problem.code);
    patch(
      id,
      lost
        ? { state: "sending", detail: "waiting for the connection" }
        : { state: "rejected", reason: problem.code, detail: problem.detail ?? problem.title },
    );
  }
}

/** Place an order; returns the id of its ticket. */
export function place(fields) {
  const id = newKey();
  const order = { ...fields, client_order_id: id };
  store.dispatch({
    kind: "ticket",
    ticket: { id, state: "sending", fields: order, at: Date.now() },
  });
  send(id, order);
  return id;
}

function cancelDecided(answer) {
  if (answer.ok) return;
  toast(`Too late to cancel: ${words(answer.error?.code)}`, { kind: "error" });
}

export async function cancel(orderId) {
  try {
    await link.request("order.cancel", { order: orderId }, { decided: cancelDecided });
  } catch (problem) {
    if (OFFLINE.has(problem.code)) {
      try {
        await call("DELETE", `/api/orders/${orderId}`);
        return;
      } catch (second) {
        problem = second;
      }
    }
    toast(`Not canceled: ${words(problem.code)}`, { kind: "error" });
  }
}

/** Cancel at once; the undo places the same orders again, at the back of the queue. */
export async function cancelAll(market = null) {
  const open = Object.values(store.state.orders).filter((o) => !market || o.market === market);
  if (!open.length) {
    toast("No open orders to cancel.");
    return;
  }
  try {
    await link.request("order.cancel_all", market ? { market } : {});
  } catch (problem) {
    toast(`Not canceled: ${words(problem.code)}`, { kind: "error" });
    return;
  }
  const count = open.length === 1 ? "1 order" : `${open.length} orders`;
  toast(`Canceled ${count}. Undo places them again, at the back of the queue.`, {
    kind: "ok",
    for_ms: UNDO_MS,
    action: "Undo",
    onAction: () => open.forEach(placeAgain),
  });
}

function placeAgain(order) {
  const fields = { market: order.market, side: order.side, type: order.type, quantity: order.left };
  if (order.tif) fields.tif = order.tif === "gtt" ? "gtc" : order.tif;
  if (order.price) fields.price = order.price;
  place(fields);
}

/** After a reconnect: what was never answered is sent again under its own key, or asked for. */
whenOpened(() => {
  for (const ticket of store.state.tickets) {
    if (ticket.state === "sending" && Date.now() - ticket.at > 500) send(ticket.id, ticket.fields);
    if (ticket.state === "accepted" && ticket.order) ask(ticket.id, ticket.order);
  }
});
