// The instrument beside one case: its verdict at the cut-off, what the cut-off means for others like it, the promise.
// Builds its parts and writes into them, as `page.js` does for the whole sweep.

import { buildBar, buildFigure, perThousand, promise } from "./page.js";
import * as words from "./words.js";

const { element, write: tell } = words;

export function build() {
  const { bar, slider, cutoff } = buildBar();
  const parts = { slider, cutoff, counts: {}, figures: {} };
  parts.verdict = element("b", { class: "verdict" });
  parts.score = element("span", {});
  parts.look = element("span", { class: "look" });
  parts.back = element("button", { type: "button", class: "back", title: "Back to the result" }, "Back");
  parts.thousand = element("p", { class: "thousand" });
  parts.promise = element("p", { class: "promise", "aria-live": "polite" });
  parts.plots = element("div", { class: "plots single" }, buildFigure(parts, "scores"));
  const called = element("p", { class: "called", "aria-live": "polite" }, parts.score, " ", parts.verdict);
  const looked = element("p", { class: "looked" }, parts.look, " ", parts.back);
  const texts = [parts.thousand, parts.promise];
  parts.root = element("div", { class: "readroom threshold beside" }, bar, called, looked, ...texts, parts.plots);
  return parts;
}

/** Everything that depends on the cut-off; `place` has row and threshold. */
export function write(parts, table, data, { row, threshold }) {
  const { score, finding, own, own_name: name, cohort } = data.beside;
  const above = words.read(score) >= threshold; // as core.metrics.is_positive: a tie is above
  const shown = words.threshold(threshold);
  tell(parts.cutoff, shown);
  tell(parts.score, `${finding}, score ${words.threshold(words.read(score))}:`);
  parts.score.title = score; // exact, where four decimals make a tie of what is none
  tell(parts.verdict, above ? "above" : "below");
  parts.verdict.classList.toggle("above", above);
  const moved = own !== "" && words.read(own) !== threshold;
  const at = own === "" ? "the result has no threshold" : `the result is at ${words.threshold(words.read(own))}`;
  tell(parts.look, moved || own === "" ? `A look: ${at}` : `The result (${name})`);
  parts.look.classList.toggle("moved", moved || own === "");
  parts.back.hidden = !moved;
  const { fn, fp } = table.counts(row);
  const [missed, alarms] = [`${fn} of ${words.count(table.positives)}`, `${fp} of ${words.count(table.negatives)}`];
  const people = perThousand(table, row, data.prevalence);
  tell(
    parts.thousand,
    `Of 1,000 like ${cohort}, ${(1000 * data.prevalence).toFixed(0)} with the finding: missed ${people.fn.toFixed(1)} (${missed}), false alarms ${people.fp.toFixed(1)} (${alarms}).`,
  );
  tell(parts.promise, promise(table, data, row, threshold));
  parts.slider.setAttribute("aria-valuetext", `${shown}, this case is ${above ? "above" : "below"}`);
}
