// The threshold instrument: one cut-off, linked everywhere, drawn in the browser from a table that travels once.
// This file is the component's door (Streamlit calls the default export whenever data or theme change) and the
// object behind it. Python hears of a cut-off when it is let go, never while it moves.

import * as beside from "./beside.js";
import * as figures from "./figures.js";
import * as page from "./page.js";
import { Table } from "./table.js";
import { timedFrame } from "./timings.js";
import * as words from "./words.js";

const REST_MS = 250; // a key is let go of when it rests this long
const LEAP = 10; // steps of Shift+arrow
const DRAWN = {
  roc: figures.roc,
  pr: figures.precisionRecall,
  rates: figures.rates,
  scores: figures.scores,
  calibration: figures.calibration,
  decision: figures.decision,
};
const SQUARE = new Set(["roc", "pr", "calibration"]);
const REFERRED = new Set(["rates", "scores"]);
const HEIGHT = { page: 232, beside: 150 };

const instruments = new WeakMap(); // by the element that Streamlit gives us
const kept = new Map(); // where the cut-off stood, by the key that Python gave: a page comes back after a switch

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  let instrument = instruments.get(parentElement);
  if (!instrument) {
    instrument = new Instrument(parentElement, data.beside);
    instruments.set(parentElement, instrument);
  }
  instrument.show(data, { setStateValue, setTriggerValue });
  // Streamlit runs the last returned cleanup alone, at unmount: so it is returned on every call.
  return () => {
    instrument.end();
    instruments.delete(parentElement);
  };
}

class Instrument {
  /** `oneCase` : it stands beside one case, whose score is in the data. */
  constructor(parent, oneCase) {
    this.page = oneCase ? beside : page;
    this.height = oneCase ? HEIGHT.beside : HEIGHT.page;
    this.parts = this.page.build();
    parent.append(this.parts.root);
    this.life = new AbortController();
    this.listen();
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.parts.root);
  }

  end() {
    this.life.abort();
    this.resizing.disconnect();
    clearTimeout(this.resting);
    cancelAnimationFrame(this.coming);
    this.parts.root.remove();
  }

  // --- What Python sends -------------------------------------------------------------------------

  show(data, send) {
    this.send = send;
    const fresh = this.data?.rev !== data.rev;
    this.data = data;
    if (fresh) {
      this.table = new Table(data.table);
      this.parts.slider.max = this.table.last;
    }
    const place = kept.get(data.key);
    if (place?.rev === data.rev && place.turn === data.goto.turn) {
      Object.assign(this, { row: place.row, threshold: place.threshold });
    } else {
      this.threshold = words.read(data.goto.threshold);
      this.row = this.table.rowOf(this.threshold);
    }
    this.prevalence = place?.rev === data.rev ? place.prevalence : data.prevalence;
    if (this.parts.people) page.showPrevalence(this.parts, this.table, this.prevalence);
    this.keep();
    if (fresh || this.drawn !== data.drawing || this.score !== data.beside?.score) this.build();
    this.redraw();
  }

  keep() {
    const { row, threshold, prevalence } = this;
    kept.set(this.data.key, { rev: this.data.rev, turn: this.data.goto.turn, row, threshold, prevalence });
  }

  // --- Drawing -----------------------------------------------------------------------------------

  fit() {
    const width = Math.floor(this.parts.plots.clientWidth);
    if (this.table && width !== this.width) {
      this.build();
      this.redraw();
    }
  }

  build() {
    const { parts, data, table } = this;
    this.width = Math.floor(parts.plots.clientWidth);
    if (!this.width) return;
    this.drawn = data.drawing;
    this.score = data.beside?.score;
    this.figures = {};
    for (const [name, { place, legend }] of Object.entries(parts.figures)) {
      const lines = [...data.legends[name], ...(data.referred && REFERRED.has(name) ? ["grey: referred"] : [])];
      const missing = data.missing[name];
      place.replaceChildren();
      legend.replaceChildren(...(missing ? [missing] : lines).map((line) => words.element("p", {}, line)));
      place.parentElement.classList.toggle("square", SQUARE.has(name) && !missing);
      if (missing) continue;
      const width = SQUARE.has(name) ? this.height + 12 : Math.floor(place.clientWidth);
      const figure = DRAWN[name](table, data, { width, height: this.height });
      place.append(figure.plot.svg);
      this.figures[name] = figure;
      figure.plot.onDrag({
        go: (at) => this.moveTo(figure.pick(at)),
        drop: () => this.release(),
        signal: this.life.signal,
      });
    }
  }

  redraw() {
    cancelAnimationFrame(this.coming);
    this.coming = requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.width) return this.fit();
    const start = performance.now();
    const { parts, table, data, row, threshold } = this;
    parts.slider.value = table.last - row; // to the right is a higher cut-off
    this.page.write(parts, table, data, this);
    for (const figure of Object.values(this.figures)) figure.move(row, threshold);
    parts.root.dataset.row = row;
    timedFrame(start);
  }

  // --- What the reader does ----------------------------------------------------------------------

  moveTo(row) {
    const next = Math.min(this.table.last, Math.max(0, row));
    if (next === this.row && this.threshold === this.table.thresholds[next]) return;
    this.row = next;
    this.threshold = this.table.thresholds[next];
    this.keep();
    this.redraw();
  }

  /** To the cut-off that the result was called at, which no score needs to have. */
  goBack() {
    this.threshold = words.read(this.data.beside.own);
    this.row = this.table.rowOf(this.threshold);
    this.keep();
    this.redraw();
    this.release();
  }

  /** Tell Python where the cut-off was let go. */
  release() {
    clearTimeout(this.resting);
    const { rev, goto } = this.data;
    this.send.setStateValue("move", { rev, turn: goto.turn, threshold: words.exact(this.threshold) });
  }

  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.release(), REST_MS);
  }

  listen() {
    const { slider, prevalence, back } = this.parts;
    const { signal } = this.life;
    for (const [cell, { card }] of Object.entries(this.parts.counts)) {
      card.addEventListener("click", () => this.open(cell), { signal });
    }
    slider.addEventListener("input", () => this.moveTo(this.table.last - Number(slider.value)), { signal });
    slider.addEventListener("change", () => this.rest(), { signal });
    slider.addEventListener("keydown", (event) => this.key(event), { signal });
    prevalence?.addEventListener("input", () => {
      this.prevalence = page.PREVALENCES[Number(prevalence.value)];
      this.keep();
      this.redraw();
    }, { signal });
    prevalence?.addEventListener("change", () => this.send.setStateValue("prevalence", this.prevalence), { signal });
    back?.addEventListener("click", () => this.goBack(), { signal });
  }

  /** The cases behind one of the four counts, at the cut-off that is shown. */
  open(cell) {
    clearTimeout(this.resting);
    this.release();
    this.send.setTriggerValue("cell", cell);
  }

  key(event) {
    const step = { ArrowRight: -1, ArrowUp: -1, ArrowLeft: 1, ArrowDown: 1, PageUp: -LEAP, PageDown: LEAP }[event.key];
    const end = { Home: this.table.last, End: 0 }[event.key];
    if (step === undefined && end === undefined) return;
    event.preventDefault();
    this.moveTo(end ?? this.row + step * (event.shiftKey && Math.abs(step) === 1 ? LEAP : 1));
    this.rest();
  }
}
