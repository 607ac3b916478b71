/** Theme and contrast: the system's unless the player chose; kept in this browser. */
const root = document.documentElement;
const changed = new Set();

export function theme() {
  return localStorage.getItem("lea-theme") ?? "system";
}

export function setTheme(name) {
  if (name === "dark" || name === "light") {
    localStorage.setItem("lea-theme", name);
    root.dataset.theme = name;
  } else {
    localStorage.removeItem("lea-theme");
    delete root.dataset.theme;
  }
  announce();
}

export function highContrast() {
  return localStorage.getItem("lea-contrast") === "more";
}

export function setHighContrast(on) {
  if (on) {
    localStorage.setItem("lea-contrast", "more");
    root.dataset.contrast = "more";
  } else {
    localStorage.removeItem("lea-contrast");
    delete root.dataset.contrast;
  }
  announce();
}

function announce() {
  for (const callback of changed) callback();
}

/** Call back when the colors may have changed. */
export function onTheme(callback) {
  changed.add(callback);
  return () => changed.delete(callback);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
matchMedia("(prefers-contrast: more)").addEventListener("change", announce);

let probe = null;

/** The color a token has now, resolved: canvases can't read custom properties. */
export function color(token) {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${token})`;
  return getComputedStyle(probe).color;
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
