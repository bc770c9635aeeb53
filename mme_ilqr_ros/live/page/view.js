// Draws the world. World coordinates: m, y up; the canvas: CSS pixels, y down.
import { COLOUR, contour, fieldColour, imageOf, mapColour } from "./images.js";

const ARROW = 0.5; // [s] of driving that the arrow of something that moves shows
const SPEEDS = [[166, 220, 245], [58, 160, 221], [31, 78, 156], [8, 23, 58]]; // slow to fast

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.show = { field: true, plans: true, seen: true };
    this.world = null;
    this.frame = null;
    this.plan = [];
    this.standing = [];
    this.trail = [];
    this.zoom = 1;
    this.shift = [0, 0];
    this.marked = -1; // the circle under the pointer
    this.waiting = false;
  }

  setWorld(world) {
    const isNew = !this.world || this.world.name !== world.name
      || this.world.grid?.columns !== world.grid?.columns;
    this.world = world;
    this.map = world.grid ? imageOf(world.grid, mapColour()) : null;
    if (isNew) {
      this.trail = [];
      this.field = null;
      this.seeAll();
    }
  }

  setField(field) { this.field = field ? imageOf(field, fieldColour(), contour) : null; }

  setFrame(frame) {
    const last = this.trail[this.trail.length - 1];
    if (this.frame && frame.time < this.frame.time) this.trail = [];
    const [x, y, , vx] = frame.robot;
    if (!last || Math.hypot(x - last[0], y - last[1]) > 0.02) this.trail.push([x, y, Math.abs(vx)]);
    if (this.trail.length > 4000) this.trail.splice(0, 1000);
    this.frame = frame;
  }

  seeAll() { this.zoom = 1; this.shift = [0, 0]; this.redraw(); }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  // ---- where things are on the canvas ----

  measure() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const box = bounds(this.world);
    const foot = document.getElementById("legend").offsetHeight + 4; // px
    const room = [width - 24, height - foot - 20];
    const scale = this.zoom
      * Math.min(room[0] / (box.right - box.left), room[1] / (box.top - box.bottom));
    this.scale = scale;
    this.left = width / 2 - scale * (box.left + box.right) / 2 + this.shift[0];
    this.top = (height - foot) / 2 + scale * (box.bottom + box.top) / 2 + this.shift[1];
  }

  toCanvas(x, y) { return [this.left + this.scale * x, this.top - this.scale * y]; }

  toWorld(px, py) { return [(px - this.left) / this.scale, (this.top - py) / this.scale]; }

  circleAt(x, y) {
    const { circles, free } = this.frame ?? { circles: [], free: 0 };
    let best = -1, least = Infinity;
    for (let index = 0; index < free; index++) {
      const [cx, cy, r] = circles.slice(5 * index, 5 * index + 3).map((mm) => mm / 1000);
      const off = Math.hypot(x - cx, y - cy);
      if (off < Math.max(r, 8 / this.scale) && off < least) { best = index; least = off; }
    }
    return best;
  }

  circle(index) {
    return this.frame.circles.slice(5 * index, 5 * index + 5).map((mm) => mm / 1000);
  }

  // ---- drawing, from the ground up ----

  draw() {
    const { canvas, frame, world } = this;
    const density = window.devicePixelRatio || 1;
    const size = [canvas.clientWidth * density, canvas.clientHeight * density].map(Math.round);
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const pen = this.pen = canvas.getContext("2d");
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    if (!world) return;
    this.measure();
    if (this.field && this.show.field) this.drawImage(this.field, true);
    if (this.map) this.drawImage(this.map, false, COLOUR.rule);
    for (const box of world.boxes ?? []) this.polygon(pairs(box), COLOUR.wall);
    this.scaleBar();
    if (!frame) return;
    this.drawCircles();
    if (this.show.seen) this.drawSeen();
    this.drawTrail();
    this.line(pairs(this.plan), COLOUR.plan, 1.6, [7, 5]);
    if (this.show.plans && frame.modes) this.drawModes(frame.modes);
    if (frame.goal) this.drawGoal(frame.goal);
    this.drawRobot();
  }

  drawImage({ image, resolution, origin }, smooth, edge = null) {
    const { pen } = this;
    const [x, y, yaw] = origin;
    pen.save();
    pen.translate(...this.toCanvas(x, y));
    pen.rotate(-yaw);
    pen.imageSmoothingEnabled = smooth;
    const [width, height] = [image.width * resolution, image.height * resolution];
    const place = [0, -height * this.scale, width * this.scale, height * this.scale];
    pen.drawImage(image, ...place);
    if (edge) { pen.strokeStyle = edge; pen.lineWidth = 1; pen.strokeRect(...place); }
    pen.restore();
  }

  drawCircles() {
    const { circles } = this.frame;
    for (let index = 0; index < circles.length / 5; index++) {
      const [x, y, r, vx, vy] = this.circle(index);
      const bold = index === this.marked;
      this.disc(x, y, r, COLOUR.obstacle, bold ? COLOUR.ink : COLOUR["obstacle-edge"], bold ? 2.5 : 1);
      this.arrow(x, y, vx, vy, COLOUR["obstacle-edge"]);
    }
  }

  drawSeen() {
    const { frame } = this;
    this.dots(this.standing, 3, 0.35);
    this.dots(frame.hits ?? [], 2.4, 1);
    const tracks = frame.tracks ?? [];
    for (let at = 0; at < tracks.length; at += 5) {
      const [x, y, r, vx, vy] = tracks.slice(at, at + 5).map((mm) => mm / 1000);
      this.disc(x, y, r, null, COLOUR.seen, 2);
      this.arrow(x, y, vx, vy, COLOUR.seen);
    }
  }

  drawTrail() {
    const fastest = Math.max(this.world.vx_max ?? 1, 0.1);
    for (let at = 1; at < this.trail.length; at++) {
      const [x, y, speed] = this.trail[at];
      this.line([this.trail[at - 1], [x, y]], mixed(SPEEDS, speed / fastest), 3.4);
    }
  }

  drawModes({ count, points, weights, feasible, chosen }) {
    const all = pairs(points), length = all.length / count;
    const most = Math.max(...weights, 1e-9);
    const plan = (n) => all.slice(n * length, (n + 1) * length);
    for (let n = 0; n < count; n++) {
      const opacity = 0.4 + 0.6 * weights[n] / most;
      if (n !== chosen) this.line(plan(n), COLOUR.candidate, 1.8, feasible[n] ? [] : [3, 4], opacity);
    }
    this.line(plan(chosen), COLOUR.chosen, 7, [], 0.75);
  }

  drawGoal([x, y]) {
    const { pen } = this;
    const radius = this.scale * (this.world.tolerance ?? 0.25);
    const [px, py] = this.toCanvas(x, y);
    pen.globalAlpha = 0.25;
    pen.fillStyle = COLOUR.goal;
    pen.beginPath();
    pen.arc(px, py, radius, 0, 2 * Math.PI);
    pen.fill();
    pen.globalAlpha = 1;
    pen.beginPath();
    for (let tip = 0; tip < 10; tip++) {
      const reach = tip % 2 ? 5 : 12, angle = Math.PI * (tip / 5 - 0.5);
      pen.lineTo(px + reach * Math.cos(angle), py + reach * Math.sin(angle));
    }
    pen.closePath();
    pen.fill();
    pen.strokeStyle = COLOUR.paper;
    pen.lineWidth = 1;
    pen.stroke();
  }

  drawRobot() {
    const { outline, radius } = this.world.robot;
    const [x, y, yaw] = this.frame.robot;
    const [cos, sin] = [Math.cos(yaw), Math.sin(yaw)];
    const fill = this.frame.collided ? COLOUR.chosen : COLOUR.robot;
    if (outline.length) {
      const placed = pairs(outline).map(([a, b]) => [x + cos * a - sin * b, y + sin * a + cos * b]);
      this.polygon(placed, fill, COLOUR.ink, 1.5);
    } else this.disc(x, y, radius, fill, COLOUR.ink, 1.5);
    this.line([[x, y], [x + radius * cos, y + radius * sin]], COLOUR.ink, 2);
  }

  scaleBar() {
    const { pen } = this;
    const metres = [0.5, 1, 2, 5, 10, 20, 50].find((m) => m * this.scale > 60) ?? 100;
    const [right, y] = [this.canvas.clientWidth - 14, 22];
    const left = right - metres * this.scale;
    pen.strokeStyle = pen.fillStyle = COLOUR.quiet;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(left, y - 4); pen.lineTo(left, y); pen.lineTo(right, y); pen.lineTo(right, y - 4);
    pen.stroke();
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    pen.textAlign = "right";
    pen.fillText(`${metres} m`, right, y - 7);
  }

  // ---- shapes ----

  line(points, colour, width, dashes = [], opacity = 1) {
    if (points.length < 2) return;
    const { pen } = this;
    pen.globalAlpha = opacity;
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.lineCap = dashes.length ? "butt" : "round";
    pen.lineJoin = "round";
    pen.setLineDash(dashes);
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(...this.toCanvas(x, y));
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  polygon(points, fill, edge = null, width = 1) {
    const { pen } = this;
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(...this.toCanvas(x, y));
    pen.closePath();
    this.paint(fill, edge, width);
  }

  disc(x, y, radius, fill, edge, width) {
    const { pen } = this;
    pen.beginPath();
    pen.arc(...this.toCanvas(x, y), radius * this.scale, 0, 2 * Math.PI);
    this.paint(fill, edge, width);
  }

  paint(fill, edge, width) {
    const { pen } = this;
    if (fill) { pen.fillStyle = fill; pen.fill(); }
    if (edge) { pen.strokeStyle = edge; pen.lineWidth = width; pen.stroke(); }
  }

  arrow(x, y, vx, vy, colour) {
    if (Math.hypot(vx, vy) < 0.02) return;
    const tip = [x + ARROW * vx, y + ARROW * vy], back = Math.atan2(-vy, -vx);
    this.line([[x, y], tip], colour, 2);
    const barb = (turn) => [tip[0] + 7 / this.scale * Math.cos(back + turn),
      tip[1] + 7 / this.scale * Math.sin(back + turn)];
    this.line([barb(0.5), tip, barb(-0.5)], colour, 2);
  }

  dots(flat, size, opacity) {
    const { pen } = this;
    pen.fillStyle = COLOUR.seen;
    pen.globalAlpha = opacity;
    for (let at = 0; at < flat.length; at += 2) {
      const [x, y] = this.toCanvas(flat[at] / 1000, flat[at + 1] / 1000);
      pen.fillRect(x - size / 2, y - size / 2, size, size);
    }
    pen.globalAlpha = 1;
  }
}

function pairs(flat) {
  const points = [];
  for (let at = 0; at < flat.length; at += 2) points.push([flat[at] / 1000, flat[at + 1] / 1000]);
  return points;
}

function bounds(world) {
  if (!world.grid) return { left: -5, right: 5, bottom: -5, top: 5 };
  const { rows, columns, resolution, origin: [x, y, yaw] } = world.grid;
  const [w, h] = [columns * resolution, rows * resolution];
  const corners = [[0, 0], [w, 0], [w, h], [0, h]].map(([a, b]) => [
    x + Math.cos(yaw) * a - Math.sin(yaw) * b, y + Math.sin(yaw) * a + Math.cos(yaw) * b]);
  const [xs, ys] = [corners.map((c) => c[0]), corners.map((c) => c[1])];
  return { left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys),
    top: Math.max(...ys) };
}

function mixed(colours, share) {
  const at = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
  const low = Math.min(Math.floor(at), colours.length - 2);
  const mix = colours[low].map((c, k) => c + (at - low) * (colours[low + 1][k] - c));
  return `rgb(${mix.map(Math.round).join(" ")})`;
}
