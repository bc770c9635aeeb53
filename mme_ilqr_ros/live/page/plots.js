// Speed and solve time over the last seconds, and the weights of the plans.
import { COLOUR } from "./images.js";

const SECONDS = 20;
const LEFT = 34, FOOT = 15; // px for the numbers

export class Plots {
  constructor() {
    this.kept = [];
    this.period = 0.05;
    this.vx_max = 1;
  }

  setWorld(world) {
    this.period = world.period;
    this.vx_max = world.vx_max ?? 1;
    this.vx_min = world.vx_min ?? 0;
  }

  add(frame) {
    if (this.kept.length && frame.time < this.kept[this.kept.length - 1].time) this.kept = [];
    if (frame.solve_ms === undefined) return;
    this.kept.push({ time: frame.time, vx: frame.robot[3], ms: frame.solve_ms,
      wanted: frame.command?.[0] });
    while (this.kept[0].time < frame.time - SECONDS) this.kept.shift();
    this.modes = frame.modes;
    document.getElementById("speed-now").textContent = `${frame.robot[3].toFixed(2)} m/s`;
    this.redraw();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const least = Math.min(0, ...this.kept.map((k) => k.vx));
    const speed = paper("speed", least < -0.02 ? least : 0, Math.max(this.vx_max, 0.1) * 1.05);
    speed.axis("m/s");
    speed.curve(this.kept, "wanted", COLOUR.command, 1.2, [3, 3]);
    speed.curve(this.kept, "vx", COLOUR.ink, 1.8);
    const sorted = this.kept.map((k) => k.ms).sort((a, b) => a - b), count = sorted.length;
    if (!count) return;
    const share = (part) => sorted[Math.min(count - 1, Math.floor(part * count))];
    document.getElementById("solve-now").textContent
      = `${share(0.5).toFixed(1)}, worst ${sorted[count - 1].toFixed(0)} ms`;
    const most = Math.max(1.3 * share(0.95), 2); // one late cycle does not flatten all others
    const solve = paper("solve", 0, [2, 5, 10, 20, 50, 100, 200, 500].find((t) => t >= most) ?? most);
    solve.axis("ms");
    solve.curve(this.kept, "ms", COLOUR.command, 1.4);
    this.drawWeights();
  }

  drawWeights() {
    const { pen, width, height } = begin("weights");
    const { weights = [], chosen = -1, feasible = [] } = this.modes ?? {};
    document.getElementById("plans-now").textContent
      = weights.length ? `${weights.length} plan${weights.length > 1 ? "s" : ""}` : "none";
    const slot = Math.min((width - 8) / Math.max(weights.length, 1), 60);
    pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    pen.textAlign = "center";
    weights.forEach((weight, n) => {
      const room = height - FOOT - 12, tall = Math.max(weight * room, 1), x = 4 + n * slot;
      pen.globalAlpha = feasible[n] ? 1 : 0.35;
      pen.fillStyle = n === chosen ? COLOUR.chosen : COLOUR.candidate;
      pen.fillRect(x + 3, 12 + room - tall, slot - 6, tall);
      pen.globalAlpha = 1;
      pen.fillStyle = n === chosen ? COLOUR.chosen : COLOUR.quiet;
      pen.fillText(weight.toFixed(2).replace(/^0/, ""), x + slot / 2, 12 + room - tall - 2);
      pen.fillText(n + 1, x + slot / 2, height - 3);
    });
  }
}

function begin(id) {
  const canvas = document.getElementById(id), density = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const pen = canvas.getContext("2d");
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

function paper(id, low, high) {
  const { pen, width, height } = begin(id);
  const y = (value) => 6 + (height - FOOT - 8) * (high - value) / (high - low);
  const x = (age) => LEFT + (width - LEFT - 4) * (1 - age / SECONDS);
  return {
    axis() {
      pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
      pen.fillStyle = COLOUR.quiet;
      pen.strokeStyle = COLOUR.rule;
      pen.lineWidth = 1;
      pen.textAlign = "right";
      for (const value of ticks(low, high)) {
        pen.beginPath();
        pen.moveTo(LEFT, y(value));
        pen.lineTo(width - 4, y(value));
        pen.stroke();
        pen.fillText(value, LEFT - 4, y(value) + 4);
      }
      pen.textAlign = "left";
      pen.fillText(`${SECONDS} s ago`, LEFT, height - 2);
      pen.textAlign = "right";
      pen.fillText("now", width - 4, height - 2);
    },
    curve(kept, key, colour, thick, dashes = []) {
      const now = kept.length ? kept[kept.length - 1].time : 0;
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.setLineDash(dashes);
      pen.save();
      pen.beginPath();
      pen.rect(LEFT, 4, width - LEFT, height - FOOT - 4);
      pen.clip();
      pen.beginPath();
      for (const moment of kept) {
        if (moment[key] !== undefined) pen.lineTo(x(now - moment.time), y(moment[key]));
      }
      pen.stroke();
      pen.restore();
      pen.setLineDash([]);
    },
  };
}

function ticks(low, high) {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((s) => (high - low) / s <= 3.5) ?? high;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-6); k * step <= high + 1e-9; k++) {
    found.push(Number((k * step).toFixed(2)));
  }
  return found;
}
