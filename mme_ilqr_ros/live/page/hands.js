// Mouse and keys: a click is a goal, a drag a circle, a quick release a throw, arrows drive.
const CLICK = 5; // [px] that the pointer may move in a click
const RADIUS = 0.35; // [m] of a new circle
const THROWN = 0.35; // [m/s] from which a release is a throw
const FASTEST = 2.5; // [m/s] of a throw
const LATELY = 120; // [ms] of the pointer's way that make the speed of a throw
const EVERY = 45; // [ms] between two places of a circle that is dragged
const ARROWS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, 1], ArrowRight: [0, -1] };

export class Hands {
  constructor(view, send, say) {
    Object.assign(this, { view, send, say, held: null, keys: new Set() });
    const { canvas } = view;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => { this.held = null; });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    window.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("keyup", (event) => { if (this.keys.delete(event.key)) this.drive(); });
    window.addEventListener("blur", () => { this.keys.clear(); });
    setInterval(() => { if (this.keys.size) this.drive(); }, 100);
  }

  get simulated() { return this.view.world?.simulated; }

  place(event) {
    const box = this.view.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    if (!this.view.frame) return;
    this.view.canvas.setPointerCapture(event.pointerId);
    this.view.canvas.focus();
    const at = this.place(event);
    const [x, y] = this.view.toWorld(...at);
    const index = this.simulated ? this.view.circleAt(x, y) : -1;
    const does = event.button !== 0 ? "pan" : event.shiftKey && !this.simulated ? "pose"
      : this.simulated ? "circle" : "goal";
    const circle = index < 0 ? [x, y, RADIUS] : this.view.circle(index);
    const off = [circle[0] - x, circle[1] - y];
    this.held = { does, from: at, at, index, off, r: circle[2], moved: false, way: [], sent: 0 };
  }

  move(event) {
    const at = this.place(event), { held, view } = this;
    const [x, y] = view.toWorld(...at);
    if (!held) {
      view.marked = this.simulated ? view.circleAt(x, y) : -1;
      view.redraw();
      return;
    }
    held.moved ||= Math.hypot(at[0] - held.from[0], at[1] - held.from[1]) > CLICK;
    if (held.does === "pan") {
      view.shift = view.shift.map((old, k) => old + at[k] - held.at[k]);
      view.redraw();
    } else if (held.does === "circle" && held.moved) this.drag(x, y, event.timeStamp);
    held.at = at;
  }

  drag(x, y, now) {
    const { held } = this;
    held.way.push([now, x, y]);
    while (held.way.length > 1 && now - held.way[0][0] > LATELY) held.way.shift();
    if (now - held.sent < EVERY) return;
    held.sent = now;
    this.put(x, y, 0, 0);
  }

  put(x, y, vx, vy) {
    const { held, view } = this;
    const circle = { x: x + held.off[0], y: y + held.off[1], r: held.r, vx, vy };
    if (held.index >= 0) this.send({ do: "move_circle", index: held.index, ...circle });
    else {
      held.index = view.frame.free; // where the new one will be
      this.send({ do: "add_circle", ...circle });
    }
    view.marked = held.index;
  }

  release(event) {
    const { held, view } = this;
    this.held = null;
    if (!held) return;
    const [x, y] = view.toWorld(...this.place(event));
    if (held.does === "circle" && held.moved) {
      this.held = held;
      this.put(x, y, ...thrown(held.way, event.timeStamp));
      this.held = null;
    } else if (held.does === "pose") {
      const [fx, fy] = view.toWorld(...held.from);
      this.send({ do: "pose", x: fx, y: fy, yaw: Math.atan2(y - fy, x - fx) });
    } else if (!held.moved && held.does !== "pan") this.send({ do: "goal", x, y });
  }

  wheel(event) {
    event.preventDefault();
    const { view } = this, at = this.place(event);
    if (!view.frame) return;
    const factor = Math.exp(-0.0012 * event.deltaY);
    const [x, y] = view.toWorld(...at), index = this.simulated ? view.circleAt(x, y) : -1;
    if (index >= 0) {
      const [cx, cy, r, vx, vy] = view.circle(index);
      const size = Math.min(Math.max(r * factor, 0.05), 3);
      this.send({ do: "move_circle", index, x: cx, y: cy, r: size, vx, vy });
      return;
    }
    view.zoom = Math.min(Math.max(view.zoom * factor, 0.5), 40);
    view.measure();
    const now = view.toCanvas(x, y);
    view.shift = view.shift.map((old, k) => old + at[k] - now[k]);
    view.redraw();
  }

  key(event) {
    if (event.target.matches?.("select, textarea") && event.key !== "Escape") return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const button = { " ": "pause", s: "step", r: "reset" }[event.key.toLowerCase()];
    if (event.key in ARROWS && this.simulated) {
      this.keys.add(event.key);
      if (!event.repeat) this.drive();
    } else if (button && this.simulated && !event.repeat) document.getElementById(button).click();
    else if (event.key === "0") this.view.seeAll();
    else if (event.key === "Escape") this.send({ do: "stop" });
    else if ((event.key === "Delete" || event.key === "Backspace") && this.view.marked >= 0) {
      this.send({ do: "remove_circle", index: this.view.marked });
      this.view.marked = -1;
    } else return;
    event.preventDefault();
  }

  drive() {
    const sum = [0, 0];
    for (const key of this.keys) ARROWS[key].forEach((part, k) => { sum[k] += part; });
    this.send({ do: "drive", ahead: sum[0], turn: 0.6 * sum[1] });
  }
}

// Velocity [m/s] of what is let go, from the pointer's way in the last moments.
function thrown(way, now) {
  const first = way.find(([time]) => now - time <= LATELY), last = way[way.length - 1];
  if (!first || !last || now - last[0] > LATELY / 2 || last[0] - first[0] < 15) return [0, 0];
  const seconds = (last[0] - first[0]) / 1000;
  const [vx, vy] = [(last[1] - first[1]) / seconds, (last[2] - first[2]) / seconds];
  const speed = Math.hypot(vx, vy);
  if (speed < THROWN) return [0, 0];
  const share = Math.min(1, FASTEST / speed);
  return [vx * share, vy * share];
}
