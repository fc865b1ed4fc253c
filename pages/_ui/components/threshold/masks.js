// The cut-off of a segmentation and its smallest lesion, linked through Dice, volume, lesions and every case; drawn in
// the browser from a table that travels once. Like `threshold.js` a door for Streamlit and the object behind it.

import * as figures from "./mask_figures.js";
import { timedFrame } from "./timings.js";
import * as words from "./words.js";

const { element, write } = words;

const REST_MS = 250; // a key is let go of when it rests this long
const LEAP = 5; // steps of Shift+arrow
const HEIGHT = 232;
const FIGURES = {
  dice: ["Dice by cut-off", figures.dice],
  volume: ["Volume error by cut-off", figures.volume],
  cases: ["Dice of each case", figures.cases],
  sensitivity: ["Lesions found by cut-off", figures.sensitivity],
  alarms: ["False positives by cut-off", figures.alarms],
  froc: ["Lesions found against false positives", figures.froc],
};
const CARDS = {
  dice: ["Dice, mean", "Of the cases in which either mask holds a voxel."],
  volume: ["Volume error, mean", "Predicted less reference, in mL."],
  sensitivity: ["Lesions found", "Lesions of the reference of which at least one voxel is drawn."],
  alarms: ["False positives a scan", "Drawn lesions without a voxel of the reference, scans without lesions included."],
};

const instruments = new WeakMap(); // by the element that Streamlit gives us
const kept = new Map(); // where the cut-off stood, by the key that Python gave: a page comes back after a switch

export default function ({ parentElement, data, setStateValue }) {
  let instrument = instruments.get(parentElement);
  if (!instrument) {
    instrument = new MaskInstrument(parentElement);
    instruments.set(parentElement, instrument);
  }
  instrument.show(data, setStateValue);
  return () => {
    instrument.end();
    instruments.delete(parentElement);
  };
}

class MaskInstrument {
  constructor(parent) {
    this.parts = buildPage();
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
    const place = kept.get(data.key);
    const stays = place?.rev === data.rev && place.turn === data.goto.turn;
    const { cut, smallest } = stays ? place : data.goto;
    const recounted = smallest !== this.smallest;
    Object.assign(this, { cut, smallest });
    if (fresh) {
      this.parts.slider.max = data.cut_offs.length - 1;
      this.parts.smallest.replaceChildren(...data.smallest.map((text, i) => element("option", { value: i }, text)));
    }
    this.parts.smallest.value = String(smallest);
    this.keep();
    if (fresh || recounted) this.build();
    this.redraw();
  }

  keep() {
    const { cut, smallest } = this;
    kept.set(this.data.key, { rev: this.data.rev, turn: this.data.goto.turn, cut, smallest });
  }

  // --- Drawing -----------------------------------------------------------------------------------

  fit() {
    if (this.data && Math.floor(this.parts.plots.clientWidth) !== this.width) {
      this.build();
      this.redraw();
    }
  }

  build() {
    const { parts, data, smallest } = this;
    this.width = Math.floor(parts.plots.clientWidth);
    if (!this.width) return;
    this.figures = [];
    for (const [name, { place, legend }] of Object.entries(parts.figures)) {
      place.replaceChildren();
      const size = { width: Math.floor(place.clientWidth), height: HEIGHT };
      const figure = FIGURES[name][1](data, smallest, size);
      legend.replaceChildren(...figure.legend.filter(Boolean).map((line) => element("p", {}, line)));
      place.append(figure.plot.svg);
      figure.plot.onDrag({
        go: (at) => this.moveTo(figure.pick(at)),
        drop: () => this.release(),
        signal: this.life.signal,
      });
      this.figures.push(figure);
    }
  }

  redraw() {
    cancelAnimationFrame(this.coming);
    this.coming = requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.width) return this.fit();
    const start = performance.now();
    const { parts, cut } = this;
    parts.slider.value = cut;
    this.write();
    for (const figure of this.figures) figure.move(cut);
    parts.root.dataset.cut = cut;
    timedFrame(start);
  }

  write() {
    const { parts, data, cut, smallest } = this;
    const shown = data.cut_offs[cut].toFixed(2);
    const [lesions, alarms] = [data.sensitivity[smallest], data.alarms[smallest]];
    write(parts.cutoff, shown);
    const number = (curve, digits) => (curve.value[cut] === null ? "–" : curve.value[cut].toFixed(digits));
    const ends = (curve, digits) => {
      if (curve.lo[cut] === null) return "";
      const between = curve.lo[cut] < 0 ? " to " : "–";
      return `${curve.lo[cut].toFixed(digits)}${between}${curve.hi[cut].toFixed(digits)}`;
    };
    const card = (name, value, limits, note) => {
      write(parts.cards[name].value, value);
      write(parts.cards[name].limits, limits);
      write(parts.cards[name].note, note);
    };
    card("dice", number(data.dice, 3), ends(data.dice, 3), `${words.count(data.dice.n[cut])} of ${words.count(data.scans)} cases`);
    card("volume", `${number(data.volume, 2)} mL`, ends(data.volume, 2), `mean reference ${data.reference_ml.toFixed(2)} mL`);
    const of = lesions.n[cut] ? `${words.count(lesions.k[cut])} of ${words.count(lesions.n[cut])}` : "no lesion of this size";
    card("sensitivity", words.percent(lesions.value[cut]), words.interval(lesions.lo[cut], lesions.hi[cut]), of);
    card("alarms", number(alarms, 2), ends(alarms, 2), `in ${words.count(data.scans)} scans`);
    parts.slider.setAttribute("aria-valuetext", `${shown}, Dice ${number(data.dice, 3)}, lesions found ${words.percent(lesions.value[cut])}`);
  }

  // --- What the reader does ----------------------------------------------------------------------

  moveTo(cut) {
    const next = Math.min(this.data.cut_offs.length - 1, Math.max(0, cut));
    if (Number.isNaN(next) || next === this.cut) return; // a picture that knows no cut-off moves none
    this.cut = next;
    this.keep();
    this.redraw();
  }

  /** Tell Python where the cut-off was let go. */
  release() {
    clearTimeout(this.resting);
    const { cut, smallest } = this;
    this.send("move", { rev: this.data.rev, turn: this.data.goto.turn, cut, smallest });
  }

  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.release(), REST_MS);
  }

  listen() {
    const { slider, smallest } = this.parts;
    const { signal } = this.life;
    slider.addEventListener("input", () => this.moveTo(Number(slider.value)), { signal });
    slider.addEventListener("change", () => this.rest(), { signal });
    slider.addEventListener("keydown", (event) => this.key(event), { signal });
    smallest.addEventListener("change", () => {
      this.smallest = Number(smallest.value);
      this.keep();
      this.build();
      this.redraw();
      this.release();
    }, { signal });
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: LEAP, PageDown: -LEAP }[event.key];
    const end = { Home: 0, End: this.data.cut_offs.length - 1 }[event.key];
    if (step === undefined && end === undefined) return;
    event.preventDefault();
    this.moveTo(end ?? this.cut + step * (event.shiftKey && Math.abs(step) === 1 ? LEAP : 1));
    this.rest();
  }
}

function buildPage() {
  const slider = element("input", { type: "range", min: 0, step: 1, id: "cutoff", title: "A voxel at or above the cut-off is drawn. Arrow: next; Shift+arrow: five; Home, End." });
  const cutoff = element("output", { class: "value", for: "cutoff" });
  const smallest = element("select", { id: "smallest", title: "Smaller components of both masks are not counted as lesions. Dice and volume stay those of the whole masks." });
  const parts = { slider, cutoff, smallest, cards: {}, figures: {} };
  const bar = element("div", { class: "bar" }, element("label", { for: "cutoff" }, "Voxel cut-off"), slider, cutoff);
  bar.append(element("label", { for: "smallest" }, "Smallest lesion"), smallest);
  const cards = element("div", { class: "cards" });
  for (const [name, [title, meaning]] of Object.entries(CARDS)) {
    const [value, limits, note] = [element("b", {}), element("span", { class: "limits" }), element("span", { class: "note" })];
    parts.cards[name] = { value, limits, note };
    const card = element("div", { class: "card", title: meaning }, element("span", {}, title), element("span", {}, value, " ", limits), note);
    cards.append(card);
  }
  parts.plots = element("div", { class: "plots" });
  for (const [name, [title]] of Object.entries(FIGURES)) {
    const place = element("div", { class: "place" });
    const legend = element("div", { class: "legend" });
    parts.figures[name] = { place, legend };
    const body = element("div", { class: "body" }, place, legend);
    parts.plots.append(element("figure", { class: `of-${name}` }, element("figcaption", {}, title), body));
  }
  parts.root = element("div", { class: "readroom threshold masks" }, bar, cards, parts.plots);
  return parts;
}
