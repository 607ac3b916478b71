/**
 * The pulse of the world: a very faint guilloche band whose amplitude follows the volatility.
 * The only thing on the site that moves by itself; still when hidden or when motion is unwelcome.
 */
import { store } from "../core/app.js";
import { color, onTheme, reducedMotion } from "../core/theme.js";

const LINES = 22;
const STEP_PX = 5;
const FRAME_MS = 50;
const ALPHA = 0.16;

export class LeaPulse extends HTMLElement {
  connectedCallback() {
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.replaceChildren(this.canvas);
    this.phase = 0;
    this.amplitude = 0.5;
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(this);
    this.unTheme = onTheme(() => this.fit());
    this.seen = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
    });
    this.seen.observe(this);
    this.timer = setInterval(() => this.step(), FRAME_MS);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.resize.disconnect();
    this.seen.disconnect();
    this.unTheme();
  }

  fit() {
    const scale = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = this.clientWidth * scale;
    this.canvas.height = this.clientHeight * scale;
    this.stroke = color("--accent");
    this.scale = scale;
    this.draw();
  }

  step() {
    if (!this.visible || document.hidden || reducedMotion()) return;
    const volatility = Number(store.state.indicators.volatility_multiplier ?? 1);
    const goal = Math.max(0.25, Math.min(1, 0.45 * (Number.isFinite(volatility) ? volatility : 1)));
    this.amplitude += (goal - this.amplitude) * 0.05;
    this.phase += 0.012;
    this.draw();
  }

  draw() {
    const pen = this.canvas.getContext("2d");
    const width = this.clientWidth;
    const height = this.clientHeight;
    if (!pen || !width) return;
    pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.globalAlpha = ALPHA;
    pen.strokeStyle = this.stroke;
    pen.lineWidth = 0.8;
    for (let line = 0; line < LINES; line += 1) {
      const shift = (line / LINES) * 2 * Math.PI;
      pen.beginPath();
      for (let x = 0; x <= width; x += STEP_PX) {
        const t = (x / 1200) * 2 * Math.PI;
        const envelope = 0.35 + 0.65 * Math.abs(Math.sin(t * 1.5 + this.phase * 0.4));
        const wave = Math.sin(t * 3 + shift + this.phase) * Math.cos(t * 2 - shift * 0.5);
        const y = height / 2 + (height / 2 - 4) * this.amplitude * envelope * wave;
        if (x) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      }
      pen.stroke();
    }
  }
}

customElements.define("lea-pulse", LeaPulse);
