// One plot: a box with two axes, lines in it, and marks that move. Drawn as SVG at real pixel size, once for each
// size and table; a frame of dragging changes a few attributes and nothing else.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 42, right: 10, top: 8, bottom: 32 };

export class Plot {
  /** x, y : {from, to, title, ticks}. square : the box keeps one side length. */
  constructor({ width, height, x, y, square = false, label }) {
    this.svg = shape("svg", { width, height, role: "img", "aria-label": label });
    const side = Math.min(width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
    this.box = {
      left: MARGIN.left,
      top: MARGIN.top,
      width: square ? side : width - MARGIN.left - MARGIN.right,
      height: square ? side : height - MARGIN.top - MARGIN.bottom,
    };
    this.axes = { x, y };
    this.clip = `clip-${Math.random().toString(36).slice(2)}`;
    const clip = shape("clipPath", { id: this.clip });
    const { x: left, y: top, width: across, height: down } = this.frame();
    clip.append(shape("rect", { x: left - 1, y: top - 1, width: across + 2, height: down + 2 })); // half a line's width
    this.svg.append(clip);
    this.drawAxes();
    this.inside = shape("g", { "clip-path": `url(#${this.clip})` });
    this.marks = shape("g", {});
    this.svg.append(this.inside, this.marks);
  }

  frame() {
    const { left, top, width, height } = this.box;
    return { x: left, y: top, width, height };
  }

  x(value) {
    const { from, to } = this.axes.x;
    return this.box.left + ((value - from) / (to - from || 1)) * this.box.width;
  }

  y(value) {
    const { from, to } = this.axes.y;
    return this.box.top + this.box.height - ((value - from) / (to - from || 1)) * this.box.height;
  }

  /** What lies under a pointer, in the axes' units; null far from the box. */
  under(event) {
    const place = this.svg.getBoundingClientRect();
    const { left, top, width, height } = this.box;
    const [px, py] = [event.clientX - place.left, event.clientY - place.top];
    const { x, y } = this.axes;
    return {
      px,
      py,
      near: px > left - 12 && px < left + width + 12 && py > top - 12 && py < top + height + 12,
      x: x.from + ((px - left) / width) * (x.to - x.from),
      y: y.from + ((top + height - py) / height) * (y.to - y.from),
    };
  }

  /** Call `go` with what lies under the pointer while it is held down near the box, and `drop` once it is let go. */
  onDrag({ go, drop, signal }) {
    let held = false;
    const follow = (event) => {
      const place = this.under(event);
      if (held || place.near) go(place);
      return place.near;
    };
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button || !follow(event)) return;
      held = true;
      this.svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    }, { signal });
    this.svg.addEventListener("pointermove", (event) => held && follow(event), { signal });
    const end = () => {
      if (held) drop();
      held = false;
    };
    this.svg.addEventListener("pointerup", end, { signal });
    this.svg.addEventListener("pointercancel", end, { signal });
  }

  drawAxes() {
    const { left, top, width, height } = this.box;
    const bottom = top + height;
    this.svg.append(shape("rect", { ...this.frame(), class: "frame" }));
    for (const tick of this.axes.x.ticks) {
      const at = this.x(tick);
      this.svg.append(shape("line", { x1: at, x2: at, y1: bottom, y2: top, class: "grid" }));
      this.svg.append(text(tick, { x: at, y: bottom + 14, "text-anchor": "middle" }));
    }
    for (const tick of this.axes.y.ticks) {
      const at = this.y(tick);
      this.svg.append(shape("line", { x1: left, x2: left + width, y1: at, y2: at, class: "grid" }));
      this.svg.append(text(tick, { x: left - 5, y: at + 4, "text-anchor": "end" }));
    }
    this.svg.append(text(this.axes.x.title, { x: left + width / 2, y: bottom + 28, "text-anchor": "middle" }));
    const middle = top + height / 2;
    const turned = { x: 10, y: middle, "text-anchor": "middle", transform: `rotate(-90 10 ${middle})` };
    this.svg.append(text(this.axes.y.title, turned));
  }

  add(name, attributes) {
    const made = shape(name, attributes);
    this.inside.append(made);
    return made;
  }

  /** A mark over everything, not cut off at the box. */
  mark(name, attributes) {
    const made = shape(name, attributes);
    this.marks.append(made);
    return made;
  }

  line(points, name) {
    return this.add("path", { d: path(points, this), class: `line ${name}` });
  }

  area(points, name) {
    return this.add("path", { d: `${path(points, this)}Z`, class: `area ${name}` });
  }

  rule(name, from, to) {
    const [x1, y1] = [this.x(from[0]), this.y(from[1])];
    const [x2, y2] = [this.x(to[0]), this.y(to[1])];
    return this.add("line", { x1, y1, x2, y2, class: `rule ${name}` });
  }

  /** The line of the cut-off across a score axis, and how to move it. */
  cutoff() {
    const { top, height } = this.box;
    const line = this.mark("line", { y1: top, y2: top + height, class: "cutoff" });
    return (score) => {
      const at = Math.min(Math.max(this.x(score), this.box.left), this.box.left + this.box.width);
      line.setAttribute("transform", `translate(${at.toFixed(1)} 0)`);
    };
  }

  /** The dot of the cut-off on a curve, and how to move it. */
  dot(name = "") {
    const dot = this.mark("circle", { r: 5, class: `dot ${name}` });
    return (x, y) => dot.setAttribute("transform", `translate(${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)})`);
  }
}

export function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function text(content, attributes) {
  const made = shape("text", { class: "tick", ...attributes });
  made.textContent = content;
  return made;
}

/** Points in the axes' units as a path; points that fall on the same tenth of a pixel are drawn once. */
function path(points, plot) {
  let made = "";
  let last = "";
  for (const [x, y] of points) {
    const place = `${plot.x(x).toFixed(1)} ${plot.y(y).toFixed(1)}`;
    if (place !== last) made += `${made ? "L" : "M"}${place}`;
    last = place;
  }
  return made || "M0 0";
}

/** Points joined by steps: level first, then up or down ("after"), or the other way round ("before"). */
export function steps(points, how) {
  const made = [];
  for (let i = 0; i < points.length; i++) {
    if (i) made.push(how === "after" ? [points[i][0], points[i - 1][1]] : [points[i - 1][0], points[i][1]]);
    made.push(points[i]);
  }
  return made;
}

/** Round numbers from low to high, about as many as asked. */
export function niceTicks(low, high, most) {
  const raw = (high - low || 1) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(6)));
  return ticks;
}
