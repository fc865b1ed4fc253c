// The strip below the picture: where the crosshair is, what lies there, and what can be pressed.

import { offsetOf, paneNames, paneTitle, throughAxis } from "./panes.js";

const UNICODE_MINUS = "\u2212";

/** Native voxel of a picture index: (i, j, k), or (row, column) of a film. */
export function nativeIndex(meta, index) {
  const point = [...index, 1];
  return meta.to_native.slice(0, -1).map((row) => row.reduce((sum, factor, i) => sum + factor * point[i], 0));
}

/** RAS+ millimetres of a picture index, or null. */
export function millimetres(meta, index) {
  if (!meta.affine || !meta.orientation_known) return null;
  const point = [...index, 1];
  return meta.affine.slice(0, 3).map((row) => row.reduce((sum, factor, i) => sum + factor * point[i], 0));
}

/** A stored number as the study's value, with no more digits than it has. */
export function valueText(meta, stored) {
  const { slope, intercept, exact } = meta.scale;
  const value = slope * stored + intercept;
  if (exact) return number(value, 0);
  return `about ${number(value, Math.max(0, Math.min(8, -Math.floor(Math.log10(slope)))))}`;
}

/** The facts of the picture: one part after another, for the first line. */
export function pictureFacts(meta, name, window, zoom) {
  const facts = [name];
  if (meta.kind === "film") facts.push(`${meta.dims[0]} × ${meta.dims[1]}`);
  const digits = window.high - window.low < 20 ? 2 : 0;
  facts.push(`W ${number(window.high - window.low, digits)} · L ${number((window.high + window.low) / 2, digits)}`);
  const short = (mm) => number(mm, 2).replace(/\.?0+$/, "");
  if (meta.spacing_mm) facts.push(`${meta.spacing_mm.map(short).join(" × ")} mm`);
  facts.push(`zoom ${number(zoom, 1)}×`);
  return facts;
}

/** Slice numbers of all planes, counted from 1: [{name, text}]. */
export function sliceFacts(meta, index) {
  if (meta.kind === "film") return [];
  return paneNames(meta).map((name) => {
    const axis = throughAxis(name);
    return { name, text: `${paneTitle(meta, name)} ${index[axis] + 1}/${meta.dims[axis]}` };
  });
}

/** What is known of the sides, in words. */
export function sideFacts(meta) {
  if (meta.kind === "film") {
    if (!meta.edges) return "Side unknown";
    const { left, right, top, bottom } = meta.edges;
    return `Sides from header: left edge ${left}, right ${right}, top ${top}, bottom ${bottom}`;
  }
  if (!meta.orientation_known) return "Orientation unknown";
  const oblique = meta.oblique_deg >= 0.5 ? ` · oblique ${Math.round(meta.oblique_deg)}°` : "";
  return `Patient right is on the left${oblique}`;
}

/** What lies under the crosshair or pointer: [{label, text}]. */
export function pointFacts(picture, labels, index) {
  const { meta } = picture;
  const native = nativeIndex(meta, index);
  const at = offsetOf(meta, index);
  const facts = [];
  const mm = millimetres(meta, index);
  if (mm) facts.push({ label: "mm (RAS)", text: mm.map((value) => number(value, 1)).join(", ") });
  facts.push(
    meta.kind === "film"
      ? { label: "row, column", text: native.join(", ") }
      : { label: `voxel${meta.native_orientation ? ` (${meta.native_orientation})` : ""}`, text: native.join(", ") },
  );
  facts.push({ label: "value", text: valueText(meta, picture.image[at]) });
  if (picture.heat) facts.push({ label: "heat", text: (picture.heat[at] / 255).toFixed(2) });
  if (picture.labels) {
    const value = picture.labels[at];
    if (picture.foreground) facts.push({ label: "p", text: probabilityText(picture, at) });
    const known = labels.find(([label]) => label === value);
    facts.push({ label: "label", text: value === 0 ? "none" : known ? known[1] : `label ${value}` });
  }
  return facts;
}

// In steps, rounded down: 0.355 stands for 0.355 up to 0.360.
function probabilityText({ foreground, cut }, at) {
  return number(foreground[at] / cut.facts.steps, 3);
}

/** The keys: the short list stands in the strip, the whole one names the viewer for screen readers. */
export function keyHelp(meta) {
  const film = meta.kind === "film";
  const own = film ? ["drag pan"] : ["↑ ↓ slice", "V plane", "E enlarge", "G go to label"];
  const short = [...own, "+ − zoom", "H overlay", "I invert", "[ ] or right-drag contrast", "0 reset", "N P case"];
  const moves = film
    ? "Arrows: pan. Shift and arrows: move the point. Wheel: zoom."
    : "Up and down arrows or wheel: slice. Page up and page down: 10 slices. V: next plane. E: enlarge the plane. " +
      "Shift and arrows: move the crosshair. G: go to the next label. X: crosshair lines.";
  const common =
    "Plus and minus: zoom. 0: reset. H: overlay on or off. 1 to 9: one label on or off. I: invert. " +
    "Square brackets: contrast. Braces: brightness. N and P: next and previous case.";
  return { short: short.join(" · "), long: `${moves} ${common}` };
}

function number(value, digits) {
  return value.toFixed(digits).replace("-", UNICODE_MINUS);
}
