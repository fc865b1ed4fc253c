// Connected regions of a mask, as `core.metrics.lesions` counts lesions: voxels that touch at a corner are one
// (26 neighbours, 8 in a plane). A mask is `values >= level`. Rows are taken as runs, so that a volume is read once.

/** Sizes of the regions in voxels, Int32Array in no order. `dims` has two or three sizes, x fastest. */
export function regionSizes(values, dims, level) {
  const [width, height, depth = 1] = dims;
  const runs = new Runs();
  const firsts = new Int32Array(height * depth + 1); // where each row's runs begin
  for (let row = 0, at = 0; row < height * depth; row++, at += width) {
    firsts[row] = runs.count;
    runs.read(values, at, width, level);
    const y = row % height;
    firsts[row + 1] = runs.count;
    if (firsts[row] === runs.count) continue;
    const above = row - height; // the row beside this one in the slice before
    if (y > 0) runs.join(firsts, row, row - 1);
    if (above < 0) continue;
    runs.join(firsts, row, above);
    if (y > 0) runs.join(firsts, row, above - 1);
    if (y < height - 1) runs.join(firsts, row, above + 1);
  }
  return runs.sizes();
}

class Runs {
  constructor() {
    this.count = 0;
    this.from = new Int32Array(1024);
    this.to = new Int32Array(1024); // one past the last voxel
    this.parent = new Int32Array(1024);
  }

  read(values, at, width, level) {
    for (let x = 0; x < width; x++) {
      if (values[at + x] < level) continue;
      const from = x;
      while (x < width && values[at + x] >= level) x++;
      this.add(from, x);
    }
  }

  add(from, to) {
    if (this.count === this.from.length) {
      for (const name of ["from", "to", "parent"]) {
        const larger = new Int32Array(2 * this.count);
        larger.set(this[name]);
        this[name] = larger;
      }
    }
    this.from[this.count] = from;
    this.to[this.count] = to;
    this.parent[this.count] = this.count++;
  }

  /** Join the runs of two rows that touch, at a corner too. */
  join(firsts, row, other) {
    let [a, b] = [firsts[row], firsts[other]];
    const [lastA, lastB] = [firsts[row + 1], firsts[other + 1]];
    while (a < lastA && b < lastB) {
      if (this.from[a] <= this.to[b] && this.from[b] <= this.to[a]) this.unite(a, b);
      if (this.to[a] < this.to[b]) a++;
      else b++;
    }
  }

  root(run) {
    const { parent } = this;
    while (parent[run] !== run) run = parent[run] = parent[parent[run]];
    return run;
  }

  unite(a, b) {
    const [one, two] = [this.root(a), this.root(b)];
    if (one < two) this.parent[two] = one;
    else this.parent[one] = two;
  }

  sizes() {
    const held = new Int32Array(this.count);
    for (let run = 0; run < this.count; run++) held[this.root(run)] += this.to[run] - this.from[run];
    return held.filter((size) => size > 0);
  }
}
