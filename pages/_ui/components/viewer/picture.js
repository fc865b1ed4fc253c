// The live picture: its facts, its arrays, and the planes now seen of them; labels at a moved cut-off among them. Arrays go with the object, so that
// many cases one after another leave the browser's memory flat.

import { fetchValues } from "./bytes.js";
import { offsetOf, planeOf, throughAxis } from "./panes.js";

// A loop: `reduce` calls a function for each of a film's millions, and takes ten times as long.
function largest(values) {
  let most = 0;
  for (let at = 0; at < values.length; at++) if (values[at] > most) most = values[at];
  return most;
}

export class Picture {
  constructor(meta, url) {
    this.meta = meta;
    this.url = url;
    this.since = performance.now();
    this.image = this.labels = this.heat = this.foreground = null;
    this.cut = null; // the look at another cut-off, where the result has a foreground
    this.peak = 0; // of the heat map
    this.problem = ""; // why an overlay is not shown
    this.urls = { labels: null, heat: null, foreground: null };
    this.planes = new Map();
    this.loading = new AbortController();
  }

  /** Stop what is still on its way. */
  close() {
    this.loading.abort();
    this.cut?.end();
  }

  get closed() {
    return this.loading.signal.aborted;
  }

  async loadImage() {
    this.image = await fetchValues(this.url, this.meta.dtype, this.meta.dims, this.loading.signal);
  }

  /** Fetch labels, heat or foreground when their URL is new; resolves to whether something changed. The image stays. */
  async loadOverlay(kind, url) {
    if (this.urls[kind] === (url || null)) return false;
    this.urls[kind] = url || null;
    this[kind] = null;
    this.problem = "";
    for (const key of this.planes.keys()) if (key.startsWith(kind)) this.planes.delete(key);
    if (!url) return true;
    let values;
    try {
      values = await fetchValues(url, "uint8", this.meta.dims, this.loading.signal);
    } catch (problem) {
      if (this.urls[kind] === url) this.problem = `The overlay is not shown. ${problem.message}`;
      throw problem;
    }
    if (this.urls[kind] !== url) return false;
    this[kind] = values;
    if (kind === "heat") this.peak = largest(values);
    return true;
  }

  /** The plane of a layer (image, labels, heat, foreground) through `index`, kept until another slice of it is asked for. */
  plane(layer, pane, index) {
    const axis = throughAxis(pane);
    const slice = axis === null ? 0 : index[axis];
    const key = `${layer} ${pane}`;
    let kept = this.planes.get(key);
    if (kept?.slice !== slice) {
      kept = { slice, plane: planeOf(this.meta, pane, this[layer], index) };
      this.planes.set(key, kept);
    }
    return kept.plane;
  }

  /** Give the cut-off its bytes once all are here. */
  fillCut() {
    if (this.cut && !this.cut.ready && this.foreground && this.labels) this.cut.take(this.foreground, this.labels);
  }

  /** The labels to draw: the result's own, or those at a moved cut-off. */
  labelPlane(pane, index) {
    const own = this.plane("labels", pane, index);
    if (!this.cut?.moved || !this.cut.ready) return own;
    const steps = this.plane("foreground", pane, index);
    const key = `cut ${pane}`;
    let kept = this.planes.get(key);
    if (kept?.step !== this.cut.step || kept.own !== own || kept.steps !== steps) {
      kept = { step: this.cut.step, own, steps, plane: this.cut.plane(own, steps, kept?.plane) };
      this.planes.set(key, kept);
    }
    return kept.plane;
  }

  /** The axial slice where a label has most voxels, at its voxel nearest to their middle; null when absent. */
  largestSlice(value) {
    const [nx, ny, nz] = this.meta.dims;
    let best = { count: 0 };
    for (let z = 0; z < nz; z++) {
      let [count, sumX, sumY] = [0, 0, 0];
      for (let y = 0, at = z * nx * ny; y < ny; y++) {
        for (let x = 0; x < nx; x++, at++) {
          if (this.labels[at] !== value) continue;
          count++;
          sumX += x;
          sumY += y;
        }
      }
      if (count > best.count) best = { count, x: sumX / count, y: sumY / count, z };
    }
    return best.count ? this.nearestVoxel(value, best) : null;
  }

  nearestVoxel(value, { x: middleX, y: middleY, z }) {
    const [nx, ny] = this.meta.dims;
    let nearest = { distance: Infinity };
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        const distance = (x - middleX) ** 2 + (y - middleY) ** 2;
        const here = this.labels[offsetOf(this.meta, [x, y, z])] === value;
        if (here && distance < nearest.distance) nearest = { distance, x, y };
      }
    }
    return [nearest.x, nearest.y, z];
  }
}
