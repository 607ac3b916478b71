/** Short notices in a polite live region. At most four at a time; the oldest goes first. */
const SHOWN_MAX = 4;
const FOR_MS = 5_000;

function region() {
  return document.getElementById("toasts");
}

/**
 * @param {string} text
 * @param {{kind?: string, for_ms?: number, action?: string, onAction?: Function, key?: string}} options
 *   A toast with the key of one still shown replaces its text.
 */
export function toast(text, { kind = "info", for_ms = FOR_MS, action, onAction, key } = {}) {
  const place = region();
  if (!place) return;
  const known = key && [...place.children].find((child) => child.dataset.key === key);
  const box = known || document.createElement("div");
  box.className = "toast";
  box.dataset.kind = kind;
  if (key) box.dataset.key = key;
  const line = document.createElement("p");
  line.textContent = text;
  box.replaceChildren(line);
  const close = () => box.remove();
  if (action)
    box.append(
      button(action, "link-button", () => {
        close();
        onAction();
      }),
    );
  box.append(button("Dismiss", "link-button", close));
  clearTimeout(Number(box.dataset.timer));
  box.dataset.timer = String(setTimeout(close, for_ms));
  if (!known) place.append(box);
  while (place.children.length > SHOWN_MAX) place.firstElementChild.remove();
}

function button(label, className, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = label;
  element.addEventListener("click", onClick);
  return element;
}
