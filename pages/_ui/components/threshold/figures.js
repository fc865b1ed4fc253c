// The six linked pictures. Each draws itself once, answers a click with a row of the table, and moves its marks.

import { niceTicks, Plot, steps } from "./plot.js";
import * as words from "./words.js";

const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** Sensitivity against 1 - specificity, with the band that was sent. */
export function roc(table, data, size) {
  const x = { from: 0, to: 1, ticks: SHARES, title: "1 − specificity" };
  const y = { from: 0, to: 1, ticks: SHARES, title: "sensitivity" };
  const plot = new Plot({ ...size, x, y, square: true, label: data.legends.roc.join(" ") });
  const rows = range(table.last + 1);
  const limits = data.band ? "band_" : "";
  if (table.positives && table.negatives) {
    const at = (row, side, other) => [
      1 - (table.share(`${limits}specificity_${side}`, row) ?? 0),
      table.share(`${limits}sensitivity_${other}`, row) ?? 0,
    ];
    const upper = steps([...rows.map((row) => at(row, "hi", "hi")), [1, 1]], "after");
    const lower = steps([[0, 0], ...rows.map((row) => at(row, "lo", "lo"))], "before");
    plot.area([...upper, ...lower.reverse()], "band");
    plot.rule("chance", [0, 0], [1, 1]);
    plot.line(rows.map((row) => [table.falseAlarms(row), table.sensitivity(row)]), "model");
  }
  return onCurve(plot, table, (row) => [table.falseAlarms(row), table.sensitivity(row)], rows);
}

/** Precision against recall, as the steps that the average precision sums; the prevalence beside it. */
export function precisionRecall(table, data, size) {
  const x = { from: 0, to: 1, ticks: SHARES, title: "recall (sensitivity)" };
  const y = { from: 0, to: 1, ticks: SHARES, title: "precision (PPV)" };
  const plot = new Plot({ ...size, x, y, square: true, label: data.legends.pr.join(" ") });
  const rows = range(table.last + 1).filter((row) => table.tp[row] + table.fp[row] > 0);
  const precision = (row) => table.tp[row] / (table.tp[row] + table.fp[row]);
  if (table.positives && table.negatives) {
    const edge = (side) => steps([[0, table.share(`ppv_${side}`, rows[0])], ...rows.map((row) => [table.sensitivity(row), table.share(`ppv_${side}`, row)])], "before");
    plot.area([...edge("hi"), ...edge("lo").reverse()], "pointwise");
    const prevalence = table.positives / (table.positives + table.negatives);
    plot.rule("chance", [0, prevalence], [1, prevalence]);
    plot.line(steps([[0, precision(rows[0])], ...rows.map((row) => [table.sensitivity(row), precision(row)])], "before"), "model");
  }
  return onCurve(plot, table, (row) => [table.sensitivity(row), rows.length && row >= rows[0] ? precision(row) : 1], rows);
}

/** Sensitivity and specificity at every cut-off. */
export function rates(table, data, size) {
  const x = scoreAxis(data, "cut-off");
  const y = { from: 0, to: 1, ticks: SHARES, title: "share" };
  const plot = new Plot({ ...size, x, y, label: data.legends.rates.join(" ") });
  for (const name of ["sensitivity", "specificity"]) {
    const curve = (end) => thresholdSteps(table, x, (row) => table.share(name + end, row));
    plot.area([...curve("_lo"), ...curve("_hi").reverse()], `${name} pale`);
    plot.line(curve(""), name);
  }
  referred(plot, data);
  return onScores(plot, table);
}

/** The scores of both classes, each as shares of its own cases, one up and one down. */
export function scores(table, data, size) {
  const { edges, positives, negatives } = data.histogram;
  const most = Math.max(...positives, ...negatives, 1e-9);
  const x = scoreAxis(data, "score");
  const plot = new Plot({ ...size, x, y: { from: -1, to: 1, ticks: [], title: "share of each class" }, label: data.legends.scores.join(" ") });
  const bars = { positives: 1, negatives: -1 };
  for (const [name, sign] of Object.entries(bars)) {
    data.histogram[name].forEach((share, i) => {
      if (!share) return;
      const [left, right] = [plot.x(edges[i]), plot.x(edges[i + 1])];
      const [zero, top] = [plot.y(0), plot.y((sign * 0.92 * share) / most)];
      plot.add("rect", { x: left, y: Math.min(zero, top), width: Math.max(right - left - 0.5, 0.5), height: Math.abs(zero - top), class: `bar ${name}` });
    });
  }
  const { left, top, width, height } = plot.box;
  const veil = plot.add("rect", { x: left, y: top, width, height, class: "veil" });
  referred(plot, data);
  plot.rule("zero", [x.from, 0], [x.to, 0]);
  const corner = (name, right, low) =>
    plot.mark("text", { x: right ? left + width - 6 : left + 6, y: low ? top + height - 7 : top + 14, "text-anchor": right ? "end" : "start", class: `count ${name}` });
  const told = { fn: corner("missed", false, false), tp: corner("found", true, false), tn: corner("clear", false, true), fp: corner("alarm", true, true) };
  const names = { fn: "missed", tp: "found", tn: "rightly clear", fp: "false alarms" };
  if (data.beside) caseMark(plot, words.read(data.beside.score));
  const lines = onScores(plot, table);
  return {
    ...lines,
    move(row, threshold) {
      lines.move(row, threshold);
      const counts = table.counts(row);
      for (const [cell, node] of Object.entries(told)) words.write(node, `${names[cell]} ${words.count(counts[cell])}`);
      // A transform, not a width: the browser then has nothing to lay out.
      const share = (Math.min(Math.max(plot.x(threshold), left), left + width) - left) / width;
      veil.setAttribute("transform", `translate(${left * (1 - share)} 0) scale(${share.toFixed(4)} 1)`);
    },
  };
}

/** How often the finding was there among cases of like score. */
export function calibration(table, data, size) {
  const x = { from: 0, to: 1, ticks: SHARES, title: "mean score" };
  const y = { from: 0, to: 1, ticks: SHARES, title: "observed share" };
  const plot = new Plot({ ...size, x, y, square: true, label: data.legends.calibration.join(" ") });
  plot.rule("chance", [0, 0], [1, 1]);
  const bins = data.calibration;
  for (const bin of bins) plot.rule("whisker", [bin.mean, bin.lo], [bin.mean, bin.hi]);
  plot.line(bins.map((bin) => [bin.mean, bin.observed]), "model thin");
  for (const bin of bins) plot.add("circle", { cx: plot.x(bin.mean), cy: plot.y(bin.observed), r: 3, class: "point" });
  return onScores(plot, table);
}

/** What acting on the score is worth at each probability, against treating everybody and nobody. */
export function decision(table, data, size) {
  const { probability, model, lo, hi, all } = data.decision;
  const highest = Math.max(...(hi ?? model), ...all.slice(0, 1), 0.01);
  const y = { from: -0.25 * highest, to: 1.08 * highest, ticks: niceTicks(0, highest, 3), title: "net benefit" };
  const x = { from: 0, to: 1, ticks: SHARES, title: "probability that is acted on" };
  const plot = new Plot({ ...size, x, y, label: data.legends.decision.join(" ") });
  const along = (values) => probability.map((p, i) => [p, values[i]]);
  if (lo) plot.area([...along(lo), ...along(hi).reverse()], "band");
  plot.rule("none", [0, 0], [1, 0]);
  plot.line(along(all), "all");
  plot.line(along(model), "model");
  const lines = onScores(plot, table);
  const dot = plot.dot();
  return {
    ...lines,
    move(row, threshold) {
      lines.move(row, threshold);
      const i = Math.min(probability.length - 1, Math.max(0, Math.round(threshold * 100) - 1));
      dot(probability[i], Math.min(y.to, Math.max(y.from, model[i])));
    },
  };
}

/** Where the case beside the instrument lies among the others. */
function caseMark(plot, score) {
  const { top, height, left, width } = plot.box;
  const at = plot.x(score);
  const end = at > left + width / 2;
  plot.mark("line", { x1: at, x2: at, y1: top, y2: top + height, class: "case" });
  const name = plot.mark("text", { x: at + (end ? -5 : 5), y: top + height / 2 - 4, "text-anchor": end ? "end" : "start", class: "case" });
  name.textContent = "this case";
}

function onCurve(plot, table, place, rows) {
  const dot = plot.dot();
  return {
    plot,
    move(row) {
      dot(...place(row));
    },
    pick({ px, py }) {
      let [best, least] = [0, Infinity];
      for (const row of rows) {
        const [x, y] = place(row);
        const far = (plot.x(x) - px) ** 2 + (plot.y(y) - py) ** 2;
        if (far < least) [best, least] = [row, far];
      }
      return best;
    },
  };
}

function onScores(plot, table) {
  const cutoff = plot.cutoff();
  return { plot, move: (_, threshold) => cutoff(threshold), pick: ({ x }) => table.nearest(x) };
}

function referred(plot, data) {
  if (!data.referred) return;
  const { top, height } = plot.box;
  const [from, to] = [plot.x(data.referred.low), plot.x(data.referred.high)];
  plot.add("rect", { x: from, y: top, width: Math.max(to - from, 1), height, class: "referred" });
}

/** A rate over thresholds: a row's rate holds from its own threshold down to the next one. */
function thresholdSteps(table, axis, rate) {
  const points = [];
  for (let row = 0; row <= table.last; row++) {
    const share = rate(row);
    if (share !== null) points.push([row ? table.thresholds[row] : axis.to, share]);
  }
  return steps(points, "after");
}

function scoreAxis({ scores: { low, high } }, title) {
  if (low >= 0 && high <= 1) return { from: 0, to: 1, ticks: SHARES, title };
  return { from: low, to: high, ticks: niceTicks(low, high, 4), title };
}

function range(length) {
  return Array.from({ length }, (_, i) => i);
}
