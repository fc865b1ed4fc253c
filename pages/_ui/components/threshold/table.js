// The sweep as it came from Python: every threshold with its counts, its rates and their limits, in typed arrays.
// Nothing is computed here that has an interval: rates and limits were sent in tenths of a percent, as they are shown.

const NONE = 65535; // undefined: a rate without a denominator

export const RATES = ["sensitivity", "specificity", "ppv", "npv"];

export class Table {
  constructor(data) {
    this.thresholds = new Float64Array(bytes(data.thresholds)); // falling; the first is +inf: nobody is called
    this.tp = new Int32Array(bytes(data.tp));
    this.fp = new Int32Array(bytes(data.fp));
    this.rates = Object.fromEntries(Object.entries(data.rates).map(([name, text]) => [name, new Uint16Array(bytes(text))]));
    this.positives = data.positives;
    this.negatives = data.negatives;
    this.last = this.thresholds.length - 1;
  }

  /** The row whose calls a threshold makes: the lowest offered threshold that is not below it. */
  rowOf(threshold) {
    let [low, high] = [0, this.last];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.thresholds[middle] >= threshold) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The row whose threshold is nearest to a place on a score axis. */
  nearest(score) {
    const row = this.rowOf(score);
    if (row === this.last) return row;
    const [above, below] = [this.thresholds[row] - score, score - this.thresholds[row + 1]];
    return above <= below ? row : row + 1;
  }

  counts(row) {
    const [tp, fp] = [this.tp[row], this.fp[row]];
    return { tp, fp, fn: this.positives - tp, tn: this.negatives - fp };
  }

  /** A share from 0 to 1 as it was sent, or null where it is undefined. */
  share(name, row) {
    const tenths = this.rates[name]?.[row] ?? NONE;
    return tenths === NONE ? null : tenths / 1000;
  }

  sensitivity(row) {
    return this.positives ? this.tp[row] / this.positives : 0;
  }

  falseAlarms(row) {
    return this.negatives ? this.fp[row] / this.negatives : 0;
  }
}

function bytes(text) {
  const packed = atob(text);
  const array = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) array[i] = packed.charCodeAt(i);
  return array.buffer;
}
