// What is around the plots on the sweep page: the slider, the cards, the promise, the thousand people. Builds them and
// writes into them; `beside.js` does the same beside a single case.

import { RATES } from "./table.js";
import * as words from "./words.js";

const { element } = words;

const COUNTS = { tp: "found", fn: "missed", fp: "false alarms", tn: "rightly clear" };
const NAMES = { sensitivity: "Sensitivity", specificity: "Specificity", ppv: "PPV", npv: "NPV" };
const TITLES = {
  roc: "ROC",
  pr: "Precision–recall",
  rates: "Sensitivity and specificity by cut-off",
  scores: "Scores",
  calibration: "Calibration",
  decision: "Decision curve",
};
const MEANING = {
  ppv: "Of those called positive here; depends on how common the finding is.",
  npv: "Of those called negative here; depends on how common the finding is.",
};

/** Tenths of a percent below 1 %, halves up to 10 %, whole ones above: what one can tell apart. */
export const PREVALENCES = [
  ...Array.from({ length: 10 }, (_, i) => (i + 1) / 1000),
  ...Array.from({ length: 18 }, (_, i) => 0.015 + i * 0.005),
  ...Array.from({ length: 80 }, (_, i) => 0.11 + i * 0.01),
];

/** The slider with its label and its value: {bar, slider, cutoff}. */
export function buildBar() {
  const slider = element("input", { type: "range", min: 0, step: 1, id: "cutoff", title: "A score equal to the cut-off counts as positive. Arrow: next score; Shift+arrow: ten; Home, End." });
  const cutoff = element("output", { class: "value", for: "cutoff" });
  const bar = element("div", { class: "bar" }, element("label", { for: "cutoff" }, "Cut-off"), slider, cutoff);
  return { bar, slider, cutoff };
}

/** A plot's place in the page, noted in `parts`. */
export function buildFigure(parts, name) {
  const place = element("div", { class: "place" });
  const legend = element("div", { class: "legend" });
  parts.figures[name] = { place, legend };
  const body = element("div", { class: "body" }, place, legend);
  return element("figure", { class: name }, element("figcaption", {}, TITLES[name]), body);
}

export function build() {
  const { bar, slider, cutoff } = buildBar();
  const parts = { slider, cutoff, counts: {}, rates: {}, figures: {} };
  const cards = element("div", { class: "cards" });
  for (const [cell, name] of Object.entries(COUNTS)) {
    const number = element("b", { class: cell });
    const share = element("span", { class: "note" });
    const card = element("button", { type: "button", class: "card count-card", title: `Show the cases: ${name}` });
    card.append(number, element("span", {}, name), share);
    parts.counts[cell] = { number, share, card };
    cards.append(card);
  }
  for (const name of RATES) {
    const [value, limits, of] = [element("b", {}), element("span", { class: "limits" }), element("span", { class: "note" })];
    parts.rates[name] = { value, limits, of };
    const top = element("span", { title: MEANING[name] ?? "" }, NAMES[name]);
    cards.append(element("div", { class: "card" }, top, element("span", {}, value, " ", limits), of));
  }
  parts.promise = element("p", { class: "promise", "aria-live": "polite" });
  parts.people = buildPeople(parts);
  parts.plots = element("div", { class: "plots" });
  for (const name of Object.keys(TITLES)) parts.plots.append(buildFigure(parts, name));
  parts.root = element("div", { class: "readroom threshold" }, bar, cards, parts.promise, parts.plots, parts.people);
  return parts;
}

function buildPeople(parts) {
  parts.prevalence = element("input", { type: "range", min: 0, max: PREVALENCES.length - 1, step: 1, id: "prevalence" });
  parts.prevalenceText = element("output", { class: "value", for: "prevalence" });
  parts.thousand = element("span", { class: "thousand" });
  const label = element("label", { for: "prevalence" }, "Prevalence elsewhere");
  return element("div", { class: "bar people" }, label, parts.prevalence, parts.prevalenceText, parts.thousand);
}

/** Everything that is text and depends on the cut-off; `place` has row, threshold and prevalence. */
export function write(parts, table, data, { row, threshold, prevalence }) {
  writeNumbers(parts, table, data, row, threshold);
  writePeople(parts, table, row, prevalence);
}

/** A prevalence as the slider's place. */
export function showPrevalence(parts, table, prevalence) {
  parts.people.hidden = !table.positives || !table.negatives;
  let best = 0;
  PREVALENCES.forEach((value, i) => {
    if (Math.abs(value - prevalence) < Math.abs(PREVALENCES[best] - prevalence)) best = i;
  });
  parts.prevalence.value = best;
}

function writeNumbers(parts, table, data, row, threshold) {
  const counts = table.counts(row);
  const of = { tp: table.positives, fn: table.positives, fp: table.negatives, tn: table.negatives };
  for (const [cell, { number, share }] of Object.entries(parts.counts)) {
    words.write(number, words.count(counts[cell]));
    words.write(share, `of ${words.count(of[cell])}`);
  }
  const { tp, fp, fn, tn } = counts;
  const parted = { sensitivity: [tp, tp + fn], specificity: [tn, fp + tn], ppv: [tp, tp + fp], npv: [tn, tn + fn] };
  for (const [name, { value, limits, of: place }] of Object.entries(parts.rates)) {
    const [k, n] = parted[name];
    words.write(value, words.percent(table.share(name, row)));
    words.write(limits, words.interval(table.share(`${name}_lo`, row), table.share(`${name}_hi`, row)));
    words.write(place, n ? `${words.count(k)} of ${words.count(n)}` : "nobody");
  }
  const shown = words.threshold(threshold);
  words.write(parts.cutoff, shown);
  const rates = `sensitivity ${words.percent(table.share("sensitivity", row))}, specificity ${words.percent(table.share("specificity", row))}`;
  parts.slider.setAttribute("aria-valuetext", `${shown}, ${rates}`);
  words.write(parts.promise, promise(table, data, row, threshold));
}

/** At a rule's own threshold its promise; at any other what the band leaves, since it was found by looking. */
export function promise(table, data, row, threshold) {
  const own = data.promises.find((point) => words.read(point.threshold) === threshold);
  if (own) return own.text;
  if (!data.band) return data.no_band;
  const limits = ["sensitivity", "specificity"]
    .map((name) => [name, table.share(`band_${name}_lo`, row)])
    .filter(([, low]) => low !== null)
    .map(([name, low]) => `${name} at least ${words.percent(low)}`);
  return limits.length ? `Found by looking: for new cases like these, ${limits.join(" and ")} (95 % confidence for every cut-off at once).` : "";
}

/** A thousand people elsewhere: expected counts, and what a call is worth there. */
function writePeople(parts, table, row, prevalence) {
  const shown = `${Number((prevalence * 100).toFixed(1))} %`;
  words.write(parts.prevalenceText, shown);
  parts.prevalence.setAttribute("aria-valuetext", shown);
  if (!table.positives || !table.negatives) return words.write(parts.thousand, "");
  const { tp, fp, fn, tn } = perThousand(table, row, prevalence);
  const worth = (k, n) => (n > 0 ? `${((100 * k) / n).toFixed(1)} %` : "–");
  const people = (number) => number.toFixed(1);
  words.write(
    parts.thousand,
    `of 1,000: found ${people(tp)}, missed ${people(fn)}, false alarms ${people(fp)}, rightly clear ${people(tn)} · PPV ${worth(tp, tp + fp)} · NPV ${worth(tn, tn + fn)}`,
  );
}

export function perThousand(table, row, prevalence) {
  const [sensitivity, alarms] = [table.sensitivity(row), table.falseAlarms(row)];
  const [ill, well] = [1000 * prevalence, 1000 * (1 - prevalence)];
  return { tp: ill * sensitivity, fn: ill * (1 - sensitivity), fp: well * alarms, tn: well * (1 - alarms) };
}
