/** What every page has: theme switch, help sheet, keys. */
import { bind, hotkeysOn, listen, setHotkeys } from "./hotkeys.js";
import { highContrast, setHighContrast, setTheme, theme } from "./theme.js";

function wireTheme() {
  for (const radio of document.querySelectorAll("input[name=theme]")) {
    radio.checked = radio.value === theme();
    radio.addEventListener("change", () => setTheme(radio.value));
  }
  const contrast = document.getElementById("contrast");
  if (!contrast) return;
  contrast.checked = highContrast();
  contrast.addEventListener("change", () => setHighContrast(contrast.checked));
}

function wireHelp() {
  const sheet = document.getElementById("help");
  if (!sheet) return;
  const keys = document.getElementById("keys-on");
  keys.checked = hotkeysOn();
  keys.addEventListener("change", () => setHotkeys(keys.checked));
  const open = () => sheet.showModal();
  bind("?", open);
  document.getElementById("help-open")?.addEventListener("click", open);
}

export function startFrame() {
  wireTheme();
  wireHelp();
  bind("g m", () => location.assign("/m/FOOD"));
  bind("g e", () => location.assign("/economy"));
  bind("g w", () => location.assign("/works"));
  bind("g h", () => location.assign("/"));
  listen();
}
