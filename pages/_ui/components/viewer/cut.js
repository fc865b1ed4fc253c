// A look at another cut-off of a segmentation: which voxels it takes, their volume, their connected regions.
// Owns the cut-off that is shown. The result's own labels are shown until it is moved; then a voxel is taken from the
// cut-off upwards, with the colour of its label where the result gave it one.

import { timed } from "./timings.js";

export const OTHER = 255; // label value of a voxel that the result left out, where several labels could have taken it
const ROUNDING = 1e-9; // as in core.metrics.lesions: a region of exactly the smallest size stays
const KEPT_COUNTS = 60; // region sizes remembered by cut-off

export class Cut {
  /** `facts` as Python sent them, about this `subject`; `changed` is called when a number has become known. */
  constructor(subject, facts, dims, changed) {
    Object.assign(this, { subject, facts, dims, changed });
    this.step = facts.at; // null: the result's own labels
    this.smallest = 0; // mm3
    this.regions = new Map(); // region sizes by cut-off, "result" for the own labels
    this.asked = null;
  }

  end() {
    this.worker?.terminate();
  }

  get moved() {
    return this.step !== null;
  }

  /** Where the slider stands. */
  get place() {
    return this.step ?? this.facts.own ?? this.facts.steps / 2;
  }

  /** Go to a step; the result's own one is the result. */
  moveTo(step) {
    const next = Math.min(this.facts.steps, Math.max(1, Math.round(step)));
    this.step = next === this.facts.own ? null : next;
  }

  /** The bytes came: `steps` is the probability of any label in steps, `labels` the result's own. */
  take(steps, labels) {
    const start = performance.now();
    const counts = new Int32Array(this.facts.steps + 1);
    for (let i = 0; i < steps.length; i++) counts[steps[i]]++;
    for (let step = this.facts.steps; step > 0; step--) counts[step - 1] += counts[step];
    Object.assign(this, { steps, labels, atLeast: counts });
    this.others = this.facts.labels > 1 ? OTHER : 1;
    this.worker = new Worker(new URL("./regions-worker.js", import.meta.url), { type: "module" });
    this.worker.postMessage({ steps, labels, dims: this.dims });
    timed("cut-table", start);
  }

  get ready() {
    return Boolean(this.steps);
  }

  /** Labels of a plane at the cut-off; `into` is an earlier answer for the same pane, whose array is used again. */
  plane(labels, steps, into) {
    const data = into?.data.length === labels.data.length ? into.data : new Uint8Array(labels.data.length);
    const { step, others } = this;
    for (let i = 0; i < data.length; i++) data[i] = steps.data[i] >= step ? labels.data[i] || others : 0;
    return { data, width: labels.width, height: labels.height };
  }

  /** Voxels of any label, and their volume in mL or null. */
  get voxels() {
    return this.moved ? this.atLeast[this.step] : this.facts.voxels;
  }

  get volume() {
    return this.facts.voxel_ml === null ? null : this.voxels * this.facts.voxel_ml;
  }

  /** How many regions there are, once `ready`; null while that is not known, and then it is found out. */
  count() {
    const sizes = this.regions.get(this.name);
    if (!sizes) return this.ask();
    const { voxel_mm3: voxel } = this.facts;
    if (!this.smallest || !voxel) return sizes.length;
    return sizes.reduce((n, size) => n + (size * voxel >= this.smallest * (1 - ROUNDING)), 0);
  }

  get name() {
    return this.moved ? this.step : "result";
  }

  // One question at a time: what was passed over in a drag is never counted.
  ask() {
    if (this.asked !== null) return null;
    const ask = (this.asked = this.name);
    const start = performance.now();
    this.worker.onmessage = ({ data: sizes }) => {
      timed("regions", start);
      this.asked = null;
      if (this.regions.size >= KEPT_COUNTS) this.regions.delete(this.regions.keys().next().value);
      this.regions.set(ask, sizes);
      this.changed();
    };
    this.worker.postMessage(this.moved ? { of: "steps", level: ask } : { of: "labels", level: 1 });
    return null;
  }
}
