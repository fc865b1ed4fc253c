// Timings for whoever measures, as performance measures: readroom:cutoff is the script of one frame.

const MOST = 400; // frames kept: the browser would hold a day's worth for ever

let frames = 0;

export function timedFrame(start) {
  if (++frames % MOST === 0) performance.clearMeasures("readroom:cutoff");
  performance.measure("readroom:cutoff", { start, end: performance.now() });
}
