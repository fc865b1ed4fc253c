// The viewer: one film or one volume on a canvas, drawn in the browser from bytes fetched once.
// This file is the component's door (Streamlit calls the default export whenever data or theme change)
// and the object behind it, which answers every move. Python hears of the crosshair and of a segmentation's cut-off
// when they have rested, and of the wish for another case, nothing else.

import { PictureError } from "./bytes.js";
import { buildOverlayBar, buildPage, buildToolBar, element, syncControls } from "./controls.js";
import { Cut } from "./cut.js";
import { buildCutBar, syncCutBar } from "./cutbar.js";
import { listen } from "./input.js";
import * as memories from "./memory.js";
import * as panes from "./panes.js";
import { Picture } from "./picture.js";
import { Scene } from "./scene.js";
import { Strip } from "./strip.js";
import { timed, timedRedraw } from "./timings.js";

const REST_MS = 250; // Python hears of the crosshair this long after its last move
const PATIENCE_MS = 150; // a shorter wait shows no "Loading"
const PAN_KEY = 40; // css pixels

const viewers = new WeakMap(); // by the element that Streamlit gives us

export default function ({ parentElement, data, setStateValue }) {
  let viewer = viewers.get(parentElement);
  if (!viewer) {
    viewer = new Viewer(parentElement);
    viewers.set(parentElement, viewer);
  }
  viewer.show(data, { setStateValue });
  // Streamlit runs the last returned cleanup alone, at unmount: so it is returned on every call.
  return () => {
    viewer.end();
    viewers.delete(parentElement);
  };
}

class Viewer {
  constructor(parent) {
    this.parts = buildPage();
    parent.append(this.parts.root);
    this.scene = new Scene(this.parts.stage, this.parts.canvas);
    this.strip = new Strip(this.parts);
    this.picture = null;
    this.pointer = null; // picture index under the pointer, on a film
    this.mount = crypto.getRandomValues(new Uint32Array(1))[0]; // Python tells one viewer's sum of steps from another's
    this.stepped = 0;
    this.life = new AbortController();
    listen(this, this.parts.stage, this.life.signal);
    this.resizing = new ResizeObserver(() => this.redraw());
    this.resizing.observe(this.parts.stage);
  }

  end() {
    this.life.abort();
    this.picture?.close();
    this.resizing.disconnect();
    this.strip.end();
    clearTimeout(this.resting);
    clearTimeout(this.letGo);
    clearTimeout(this.patience);
    cancelAnimationFrame(this.coming);
    this.parts.root.remove();
    this.picture = this.scene = null;
  }

  get ready() {
    return Boolean(this.picture?.image);
  }

  get film() {
    return this.picture.meta.kind === "film";
  }

  // --- What Python sends -------------------------------------------------------------------------

  show(data, send) {
    this.send = send;
    this.data = data;
    this.memory = memories.memoryOf(data.key, data.overlay);
    const bar = JSON.stringify([data.labels, !data.labels_url, data.heat_url && data.heat_for, data.meta.kind]);
    if (bar !== this.bar) buildOverlayBar(this.parts.overlay, data, this.actions());
    this.bar = bar;
    if (this.picture?.url !== data.image_url) this.open(data);
    this.strip.help(data.meta, data.case);
    this.overlay("labels", data.labels_url);
    this.overlay("heat", data.heat_url);
    this.showCut(data);
    this.redraw();
  }

  /** Another result has a cut-off of its own; the same one is left in the reader's hand until Python says otherwise. */
  showCut({ cut: facts, foreground_url: url, meta }) {
    const { picture, parts } = this;
    parts.cut.hidden = !url;
    parts.root.classList.toggle("with-cut", Boolean(url));
    this.overlay("foreground", url);
    const subject = url && `${url} ${facts.turn}`;
    if ((picture.cut?.subject ?? null) === subject) return;
    picture.cut?.end();
    picture.cut = url && new Cut(subject, facts, meta.dims, () => this.redraw());
    if (url) buildCutBar(parts.cut, facts, this.actions());
    picture.fillCut();
  }

  open({ meta, image_url: url }) {
    this.picture?.close();
    this.picture = new Picture(meta, url);
    this.pointer = null;
    memories.suit(this.memory, meta);
    buildToolBar(this.parts.tools, meta, this.actions());
    this.state("loading");
    this.load(this.picture);
  }

  async load(picture) {
    try {
      await picture.loadImage();
    } catch (problem) {
      if (picture.closed) return;
      if (!(problem instanceof PictureError)) throw problem;
      this.state("error", problem);
      return;
    }
    timed("bytes", picture.since);
    this.state("ready");
    this.redraw();
  }

  async overlay(kind, url) {
    const { picture } = this;
    try {
      await picture.loadOverlay(kind, url);
    } catch (problem) {
      if (picture.closed) return;
      if (!(problem instanceof PictureError)) throw problem;
    }
    picture.fillCut();
    this.redraw();
  }

  state(name, problem = null) {
    const { stage, status } = this.parts;
    stage.dataset.state = name;
    stage.dataset.drawn = "";
    stage.setAttribute("aria-busy", String(name === "loading"));
    status.replaceChildren();
    clearTimeout(this.patience);
    if (name === "loading") {
      this.patience = setTimeout(() => status.replaceChildren(`Loading ${this.data.case} …`), PATIENCE_MS);
    } else if (problem) {
      status.append(element("p", {}, problem.message));
      if (problem.again) status.append(this.retryButton());
    }
  }

  retryButton() {
    const retry = element("button", { type: "button" }, "Try again");
    retry.addEventListener("click", () => {
      this.picture.close();
      this.picture = null;
      this.show(this.data, this.send);
    });
    return retry;
  }

  // --- Choices -----------------------------------------------------------------------------------

  actions() {
    return {
      chooseOverlay: (kind, style) => this.change(() => memories.chooseOverlay(this.memory, kind, style)),
      setOpacity: (value) => this.change(() => (this.memory.opacity = value)),
      toggleLabel: (name) => this.toggleLabel(name),
      goToLabel: () => this.goToLabel(),
      setPreset: (id) => this.change(() => (this.memory.preset = id)),
      zoomBy: (factor) => this.zoomBy(factor),
      reset: () => this.reset(),
      toggle: (name) => this.toggle(name),
      moveCut: (step) => this.moveCut(step),
      releaseCut: () => this.releaseCut(),
      resultCut: () => this.resultCut(),
      setSmallest: (mm3) => this.change(() => (this.picture.cut.smallest = mm3)),
    };
  }

  change(act) {
    act();
    this.redraw();
  }

  toggle(name) {
    this.change(() => {
      if (name === "overlay") memories.toggleOverlay(this.memory);
      else this.memory[name] = !this.memory[name];
    });
  }

  toggleLabel(name) {
    const { hidden } = this.memory;
    this.change(() => hidden.delete(name) || hidden.add(name));
  }

  toggleLabelAt(place) {
    const label = this.data.labels_url && this.data.labels[place];
    if (label) this.toggleLabel(label[1]);
    return Boolean(label);
  }

  reset() {
    this.change(() => memories.reset(this.memory));
  }

  changeWindow(factor, shift) {
    const { meta } = this.picture;
    const { low, high } = memories.windowOf(this.memory, meta);
    const least = meta.scale.exact ? 1 : meta.scale.slope;
    const half = Math.max((high - low) * factor, least) / 2;
    const middle = (low + high) / 2 + shift * (high - low);
    this.change(() => memories.keepWindow(this.memory, meta, { low: middle - half, high: middle + half }));
  }

  /** One case on or back. Told as a running sum: of two presses within one run of Python's the second is the last word. */
  nextCase(by) {
    // A crosshair still on its way belongs to the case that is left, and would break into the run that changes it.
    clearTimeout(this.resting);
    clearTimeout(this.letGo);
    this.stepped += by;
    this.send.setStateValue("steps", { mount: this.mount, sum: this.stepped });
  }

  // --- Cut-off of a segmentation -------------------------------------------------------------------

  moveCut(step) {
    this.change(() => {
      this.picture.cut.moveTo(step);
      if (memories.shownOverlays(this.memory).labels === "off") memories.chooseOverlay(this.memory, "labels", this.memory.labels);
    });
  }

  /** Tell Python where the cut-off was let go, once it rests: keys let go of it at each step. */
  releaseCut() {
    clearTimeout(this.letGo);
    const { cut } = this.picture;
    this.letGo = setTimeout(() => this.send.setStateValue("cut", { turn: cut.facts.turn, step: cut.step }), REST_MS);
  }

  resultCut() {
    this.change(() => (this.picture.cut.step = null));
    this.releaseCut();
  }

  // --- Crosshair and slices ----------------------------------------------------------------------

  cross() {
    return memories.crossOf(this.memory, this.picture.meta);
  }

  moveCross(index) {
    const set = this.memory.cross?.length === index.length;
    if (set && String(index) === String(this.cross())) return;
    memories.keepCross(this.memory, this.picture.meta, index);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.send.setStateValue("crosshair", index), REST_MS);
    this.redraw();
  }

  step(by, name = this.memory.active) {
    const axis = panes.throughAxis(name);
    const index = this.cross();
    index[axis] = Math.min(this.picture.meta.dims[axis] - 1, Math.max(0, index[axis] + by));
    this.moveCross(index);
  }

  nudge(dx, dy) {
    const { meta } = this.picture;
    const name = this.memory.active;
    const [u, v] = panes.toPlane(meta, name, this.cross());
    this.moveCross(panes.fromPlane(meta, name, [u + dx, v + dy], this.cross()));
  }

  pointAt(place) {
    this.moveCross(place.index);
  }

  hover(place) {
    const index = this.film && place?.on ? place.index : null;
    if (String(index) === String(this.pointer)) return;
    this.pointer = index;
    this.strip.tellPoint(this.picture, this.memory, this.data, this.pointer);
  }

  /** To the next label that is present and shown, where it is largest. */
  goToLabel() {
    if (this.film || !this.picture.labels) return;
    const shown = this.data.labels.filter(([, name]) => !this.memory.hidden.has(name)).map(([value]) => value);
    const after = shown.indexOf(this.lastLabel) + 1;
    for (let i = 0; i < shown.length; i++) {
      const value = shown[(after + i) % shown.length];
      const index = this.picture.largestSlice(value);
      if (!index) continue;
      this.lastLabel = value;
      this.moveCross(index);
      return;
    }
  }

  // --- Panes, zoom, pan --------------------------------------------------------------------------

  rects() {
    return this.scene.rects(this.picture.meta, this.memory.main);
  }

  /** Where a pointer is: {pane, x, y in css pixels of the pane, on the picture or not, index}. */
  placeOf(event, pane = null) {
    const { meta } = this.picture;
    const { ratio } = this.scene;
    const box = this.parts.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const found = pane || this.rects().find((r) => x >= r.x && y >= r.y && x < r.x + r.width && y < r.y + r.height);
    if (!found) return null;
    const view = panes.viewOf(meta, found, this.memory, ratio);
    const u = ((x - found.x) * ratio - view.left) / view.scaleX;
    const v = ((y - found.y) * ratio - view.top) / view.scaleY;
    const { width, height } = panes.paneSize(meta, found.name);
    const on = u >= 0 && v >= 0 && u < width && v < height;
    const index = panes.fromPlane(meta, found.name, [u, v], this.cross());
    return { pane: found, x: x - found.x, y: y - found.y, on, index };
  }

  activate(name) {
    if (this.memory.active !== name) this.change(() => (this.memory.active = name));
  }

  nextPlane() {
    if (this.film) return;
    const at = panes.PLANES.indexOf(this.memory.active);
    this.activate(panes.PLANES[(at + 1) % panes.PLANES.length]);
  }

  enlarge(name = this.memory.active) {
    if (!this.film) this.change(() => (this.memory.main = this.memory.active = name));
  }

  zoomBy(factor, place = null) {
    if (!this.ready) return;
    const { meta } = this.picture;
    const zoom = Math.min(panes.ZOOM.most, Math.max(panes.ZOOM.least, this.memory.zoom * factor));
    const centres = {};
    for (const pane of this.rects()) {
      const held = place?.pane.name === pane.name ? [place.x, place.y] : this.anchor(pane);
      centres[pane.name] = panes.zoomedCentre(meta, pane, this.memory, zoom, held, this.scene.ratio);
    }
    this.change(() => Object.assign(this.memory, { zoom, centres }));
  }

  // What stays in place while zooming by key: a volume's crosshair, the middle of a film.
  anchor(pane) {
    if (pane.name === "film") return [pane.width / 2, pane.height / 2];
    const { ratio } = this.scene;
    const view = panes.viewOf(this.picture.meta, pane, this.memory, ratio);
    const [u, v] = panes.toPlane(this.picture.meta, pane.name, this.cross());
    return [(view.left + (u + 0.5) * view.scaleX) / ratio, (view.top + (v + 0.5) * view.scaleY) / ratio];
  }

  panBy(pane, dx, dy) {
    const centre = panes.pannedCentre(this.picture.meta, pane, this.memory, dx, dy, this.scene.ratio);
    this.change(() => (this.memory.centres[pane.name] = centre));
  }

  panKey(dx, dy) {
    this.panBy(this.rects()[0], -dx * PAN_KEY, -dy * PAN_KEY);
  }

  // --- Drawing -----------------------------------------------------------------------------------

  redraw() {
    cancelAnimationFrame(this.coming);
    this.coming = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { picture, memory, data } = this;
    if (!picture || !this.parts.stage.clientWidth) return;
    const start = performance.now();
    this.scene.draw(picture, memory, data.labels);
    syncControls(this.parts, memory, picture);
    if (picture.cut) syncCutBar(this.parts.cut, picture.cut);
    this.strip.tell(picture, memory, data, this.pointer);
    const layers = ["image", "labels", "heat"].filter((layer) => picture[layer]);
    this.parts.stage.dataset.drawn = layers.join(" ");
    if (!picture.image) return;
    if (!picture.drawn) timed("first-picture", picture.since);
    const overlaid = Boolean(picture.labels || picture.heat);
    if (overlaid && !picture.overlaid) timed("first-overlay", picture.since);
    picture.drawn = true;
    picture.overlaid ||= overlaid;
    timedRedraw(start);
  }
}
