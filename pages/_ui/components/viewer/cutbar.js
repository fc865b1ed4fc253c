// The bar of a segmentation's cut-off: the slider, what it takes, and that a moved one is a look and not the result.

import { element } from "./controls.js";

const SPOKEN = "Cut-off of the probability of any label";
const REGIONS =
  "Connected regions of any label, counted as lesions are: voxels that touch at a corner belong together.";

/** Build it for a result; `act` has moveCut, releaseCut, resultCut and setSmallest. */
export function buildCutBar(bar, facts, act) {
  const slider = element("input", { type: "range", min: 1, max: facts.steps, step: 1, name: "cut", "aria-label": SPOKEN });
  slider.addEventListener("input", () => act.moveCut(Number(slider.value)));
  slider.addEventListener("change", () => act.releaseCut());
  const back = element("button", { type: "button", name: "result", title: "Back to the result" }, "Back");
  back.addEventListener("click", () => act.resultCut());
  const parts = [
    element("label", { className: "field" }, "Cut-off", slider, element("output", { className: "number at" })),
    element("output", { className: "number volume" }),
    element("output", { className: "number regions", title: REGIONS }),
  ];
  if (facts.voxel_mm3) parts.push(smallest(facts, act));
  bar.replaceChildren(...parts, element("span", { className: "look" }), back);
}

function smallest(facts, act) {
  const options = facts.smallest_mm3.map((mm3) => element("option", { value: mm3 }, mm3 ? `from ${mm3} mm³` : "any size"));
  const about = { "aria-label": "Smallest region that is counted", title: "Smaller regions are drawn and not counted" };
  const select = element("select", { name: "smallest", ...about }, ...options);
  select.addEventListener("change", () => act.setSmallest(Number(select.value)));
  return select;
}

/** Bring the bar to where the cut-off stands. */
export function syncCutBar(bar, cut) {
  const { facts } = cut;
  const find = (name) => bar.querySelector(name);
  const text = (step) => (step / facts.steps).toFixed(3).replace(/0$/, "");
  const slider = find("[name=cut]");
  slider.value = cut.place;
  slider.disabled = !cut.ready;
  const shown = cut.moved || facts.own !== null ? text(cut.place) : "–";
  const count = cut.ready ? cut.count() : null;
  write(find(".at"), shown);
  write(find(".volume"), cut.ready || !cut.moved ? volumeText(cut) : "…");
  write(find(".regions"), `${count ?? "…"} ${count === 1 ? "region" : "regions"}`);
  slider.setAttribute("aria-valuetext", `${shown}, ${find(".volume").textContent}`);
  const own = facts.own === null ? facts.own_text : `the result is at ${text(facts.own)}`;
  write(find(".look"), cut.moved ? `A look: ${own}` : facts.own === null ? "The result" : `The result, at ${shown}`);
  find(".look").classList.toggle("moved", cut.moved);
  find("[name=result]").hidden = !cut.moved;
}

function volumeText({ volume, voxels }) {
  return volume === null ? `${voxels.toLocaleString("en")} voxels` : `${volume.toFixed(2)} mL`;
}

// Only where it differs: the browser lays out what was touched.
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
