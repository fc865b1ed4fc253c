// What is drawn over the pixels with lines and letters: contours, crosshair, orientation letters, scale bar.
// All in device pixels; `ratio` is device pixels per css pixel.

import { LINES, contour } from "./contours.js";
import { paneLetters, toPlane } from "./panes.js";

const LETTER = "#E8C96A";
const DARK = "rgba(0, 0, 0, 0.85)";
const CROSS = "rgba(116, 196, 240, 0.85)";
const FRAME = "#2B3036";
const ACTIVE = "#6E7883";

/** Contours of a heat plane at its shares of the peak. They stay with the plane: windowing need not find them again. */
export function drawContours(context, view, plane, peak, ratio) {
  if (!peak) return;
  plane.lines ??= LINES.map(({ share, colour }) => ({ colour, segments: contour(plane, share * peak) }));
  context.lineCap = "round";
  for (const { colour, segments } of plane.lines) {
    context.beginPath();
    for (let i = 0; i < segments.length; i += 4) {
      context.moveTo(view.left + segments[i] * view.scaleX, view.top + segments[i + 1] * view.scaleY);
      context.lineTo(view.left + segments[i + 2] * view.scaleX, view.top + segments[i + 3] * view.scaleY);
    }
    stroke(context, DARK, 3.5 * ratio);
    stroke(context, colour, 1.5 * ratio);
  }
}

/** Two lines through the middle of the crosshair's pixel, open where they would hide it. */
export function drawCross(context, meta, pane, view, index, width, height, ratio) {
  const [u, v] = toPlane(meta, pane.name, index);
  const x = Math.round(view.left + (u + 0.5) * view.scaleX) + 0.5;
  const y = Math.round(view.top + (v + 0.5) * view.scaleY) + 0.5;
  const open = 7 * ratio;
  const reach = pane.name === "film" ? 22 * ratio : Infinity;
  const lines = [
    [Math.max(0, x - reach), y, x - open, y],
    [x + open, y, Math.min(width, x + reach), y],
    [x, Math.max(0, y - reach), x, y - open],
    [x, y + open, x, Math.min(height, y + reach)],
  ];
  context.lineCap = "butt";
  context.beginPath();
  for (const [x0, y0, x1, y1] of lines) {
    if (x1 <= x0 && y1 <= y0) continue;
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
  }
  if (pane.name === "film") stroke(context, DARK, 3 * ratio);
  stroke(context, CROSS, ratio);
}

/** Letters on all four edges; nothing where the header does not give them. */
export function drawLetters(context, meta, pane, width, height, ratio) {
  const letters = paneLetters(meta, pane.name);
  if (!letters) return;
  const inset = 13 * ratio;
  const places = [
    [inset, height / 2],
    [width - inset, height / 2],
    [width / 2, inset],
    [width / 2, height - inset],
  ];
  context.textAlign = "center";
  context.textBaseline = "middle";
  letters.forEach((letter, i) => write(context, letter, ...places[i], LETTER, 600, 15 * ratio));
}

/** A bar of a round number of millimetres, at the lower left. */
export function drawScale(context, meta, view, width, height, ratio) {
  if (!meta.spacing_mm) return;
  const most = (width * 0.28) / view.pxPerMm;
  const power = 10 ** Math.floor(Math.log10(most));
  const mm = [5, 2, 1].map((n) => n * power).find((n) => n <= most);
  const length = Math.round(mm * view.pxPerMm);
  const x = 14 * ratio;
  const y = height - 14 * ratio;
  context.lineCap = "butt";
  context.beginPath();
  context.moveTo(x, y - 4 * ratio);
  context.lineTo(x, y);
  context.lineTo(x + length, y);
  context.lineTo(x + length, y - 4 * ratio);
  stroke(context, DARK, 3 * ratio);
  stroke(context, "#C9CED4", ratio);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  write(context, `${mm >= 1 ? mm : mm.toPrecision(1)} mm`, x, y - 7 * ratio, "#C9CED4", 400, 12 * ratio);
}

/** The pane's border; the plane that the keys move is framed brighter while the viewer has the focus. */
export function drawFrame(context, width, height, active, ratio) {
  context.lineWidth = ratio;
  context.strokeStyle = active ? ACTIVE : FRAME;
  context.strokeRect(ratio / 2, ratio / 2, width - ratio, height - ratio);
}

function write(context, text, x, y, colour, weight, size) {
  context.font = `${weight} ${size}px "Source Sans", system-ui, sans-serif`;
  context.lineJoin = "round";
  context.lineWidth = size / 4;
  context.strokeStyle = DARK;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function stroke(context, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}
