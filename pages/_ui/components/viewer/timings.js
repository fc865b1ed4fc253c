// Timings for whoever measures, as performance measures: readroom:bytes, readroom:first-picture,
// readroom:first-overlay (all from the moment a picture was asked for) and readroom:redraw.

const MOST = 400; // redraws kept: the browser would hold a day's worth for ever

let redraws = 0;

export function timed(name, start) {
  performance.measure(`readroom:${name}`, { start, end: performance.now() });
}

export function timedRedraw(start) {
  if (++redraws % MOST === 0) performance.clearMeasures("readroom:redraw");
  timed("redraw", start);
}
