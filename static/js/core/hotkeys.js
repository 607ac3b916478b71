/** Single keys, never inside fields, and switched off in the help sheet when they disturb. */
const OFF = "lea-hotkeys-off";
const bound = new Map();
let prefix = null;

export function hotkeysOn() {
  return localStorage.getItem(OFF) !== "1";
}

export function setHotkeys(on) {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

/** Bind a key as `event.key` gives it ("b", "[", "Escape"), or two in a row ("g m"). */
export function bind(key, action) {
  bound.set(key, action);
}

function typing(target) {
  return (
    target instanceof Element &&
    Boolean(target.closest("input, textarea, select, [contenteditable]"))
  );
}

function chord(event) {
  if (event.ctrlKey || event.metaKey) return event.key === "Enter" ? "Control+Enter" : null;
  return event.altKey ? null : event.key;
}

export function listen() {
  document.addEventListener("keydown", (event) => {
    const key = chord(event);
    if (!key || event.isComposing) return;
    const always = key === "Escape" || key === "Control+Enter";
    if (!always && (typing(event.target) || !hotkeysOn() || document.querySelector("dialog[open]")))
      return;
    const action = (prefix && bound.get(`${prefix} ${key}`)) || bound.get(key);
    prefix = key === "g" ? "g" : null;
    if (!action) return;
    if (action(event) !== false) event.preventDefault();
  });
}
