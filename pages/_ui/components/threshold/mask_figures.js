// The six linked pictures of a segmentation's sweep. Each draws itself once for a smallest lesion, answers a click with
// the place of a cut-off, and moves its marks.

import { niceTicks, Plot } from "./plot.js";

const SHARES = [0, 0.25, 0.5, 0.75, 1];
const SHARE = { from: 0, to: 1, ticks: SHARES };
const INTERVAL = "shaded: 95 % at one cut-off each, by patient";

/** Mean Dice by cut-off. */
export function dice(data, _, size) {
  const axis = spread([...data.dice.value, ...data.dice.lo, ...data.dice.hi], 0.1);
  return byCutOff(data, data.dice, size, { ...axis, from: Math.max(0, axis.from), to: Math.min(1, axis.to), title: "mean Dice" }, "model");
}

/** Mean of predicted less reference volume by cut-off. */
export function volume(data, _, size) {
  const axis = { ...spread([...data.volume.value, ...data.volume.lo, ...data.volume.hi, 0]), title: "mL" };
  const made = byCutOff(data, data.volume, size, axis, "model");
  made.plot.rule("none", [0, 0], [1, 0]);
  return { ...made, legend: ["above the line: too much is drawn", ...made.legend.slice(1)] };
}

/** Share of the lesions that are found, by cut-off. */
export function sensitivity(data, smallest, size) {
  return byCutOff(data, data.sensitivity[smallest], size, { ...SHARE, title: "lesion sensitivity" }, "sensitivity");
}

/** False positives a scan by cut-off. */
export function alarms(data, smallest, size) {
  const curve = data.alarms[smallest];
  const axis = { ...spread([0, ...curve.value, ...curve.hi]), from: 0, title: "false positives a scan" };
  return byCutOff(data, curve, size, axis, "specificity");
}

/** Lesion sensitivity against false positives a scan: the free-response curve. */
export function froc(data, smallest, size) {
  const [found, wrong] = [data.sensitivity[smallest].value, data.alarms[smallest].value];
  const x = { ...spread([0, ...wrong]), from: 0, title: "false positives a scan" };
  const label = "Lesion sensitivity against false positives a scan; the same numbers stand in the cards";
  const plot = new Plot({ ...size, x, y: { ...SHARE, title: "lesion sensitivity" }, label });
  const points = found.map((share, i) => (share === null ? null : [wrong[i], share]));
  plot.line(points.filter(Boolean), "model");
  for (const point of points) {
    if (point) plot.add("circle", { cx: plot.x(point[0]), cy: plot.y(point[1]), r: 2.2, class: "point" });
  }
  const dot = plot.dot();
  return {
    plot,
    legend: ["each point a cut-off: free-response curve"],
    move: (cut) => points[cut] && dot(...points[cut]),
    pick: ({ px, py }) => nearest(points.map((point) => point && Math.hypot(plot.x(point[0]) - px, plot.y(point[1]) - py))),
  };
}

/** Every case's Dice at the cut-off, worst first: a mean hides its failures. */
export function cases(data, _, size) {
  const some = Math.max(...data.cut_offs.map((_, cut) => data.cases.filter((held) => held[cut] !== null).length), 1);
  const x = { from: 0, to: some + 1, ticks: [], title: "cases, worst first" };
  const plot = new Plot({ ...size, x, y: { ...SHARE, title: "Dice" }, label: "Dice of each case, worst first; the cases are listed below" });
  const dots = Array.from({ length: some }, () => plot.mark("circle", { r: some > 80 ? 2 : 3.5, class: "point" }));
  const middle = plot.rule("chance", [0, 0], [some + 1, 0]);
  return {
    plot,
    legend: ["dotted: the median"],
    move(cut) {
      const held = data.cases.map((one) => one[cut]).filter((share) => share !== null).sort((a, b) => a - b);
      const half = (held.length - 1) / 2;
      const median = held.length ? (held[Math.floor(half)] + held[Math.ceil(half)]) / 2 : 0;
      middle.setAttribute("transform", `translate(0 ${(plot.y(median) - plot.y(0)).toFixed(1)})`);
      dots.forEach((dot, i) => {
        dot.style.display = i < held.length ? "" : "none";
        if (i < held.length) dot.setAttribute("transform", `translate(${plot.x(i + 1).toFixed(1)} ${plot.y(held[i]).toFixed(1)})`);
      });
    },
    pick: () => NaN, // its axis is no cut-off
  };
}

function byCutOff(data, curve, size, y, name) {
  const plot = new Plot({ ...size, x: { ...SHARE, title: "voxel cut-off" }, y, label: `${y.title} by cut-off; the numbers stand in the card` });
  const cuts = data.cut_offs;
  const along = (ends) => cuts.map((cut, i) => [cut, ends[i]]).filter(([, value]) => value !== null);
  const [lo, hi] = [along(curve.lo), along(curve.hi)];
  if (lo.length) plot.area([...hi, ...lo.reverse()], name === "model" ? "band" : `${name} pale`);
  const points = along(curve.value);
  plot.line(points, name);
  const cutoff = plot.cutoff();
  const dot = plot.dot();
  return {
    plot,
    legend: [points.length ? "" : "No lesion of this size.", lo.length ? INTERVAL : data.without],
    move(cut) {
      cutoff(cuts[cut]);
      if (curve.value[cut] !== null) dot(cuts[cut], curve.value[cut]);
    },
    pick: ({ x }) => nearest(cuts.map((cut) => Math.abs(cut - x))),
  };
}

/** The place of the smallest distance; null is none. */
function nearest(distances) {
  let best = NaN;
  distances.forEach((far, i) => {
    if (far !== null && !(far >= distances[best])) best = i;
  });
  return best;
}

/** An axis that holds these values and a little more; `least` long, lest noise fills the picture. */
function spread(values, least = 0) {
  const held = values.filter((value) => value !== null);
  const [low, high] = held.length ? [Math.min(...held), Math.max(...held)] : [0, 1];
  const more = Math.max(0.06 * (high - low || 1), (least - (high - low)) / 2);
  return { from: low - more, to: high + more, ticks: niceTicks(low - more, high + more, 4) };
}
