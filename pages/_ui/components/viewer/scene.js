// The canvas: all panes of a picture, pixels first, then lines and letters.

import { heatCover } from "./contours.js";
import { OTHER } from "./cut.js";
import { drawContours, drawCross, drawFrame, drawLetters, drawScale } from "./marks.js";
import { crossOf, shownOverlays, windowOf } from "./memory.js";
import { layout, viewOf } from "./panes.js";
import { frameOf, greyTable, paintGreys, paintHeat, paintLabels, word } from "./raster.js";

const OTHER_COLOUR = "#FFFFFF"; // of voxels that only a lower cut-off takes, where several labels could have them
const RATIO_MOST = 2; // device pixels per css pixel that we draw

export class Scene {
  constructor(stage, canvas) {
    this.stage = stage;
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.frames = new Map(); // pixel buffers by pane
    this.table = null; // greys of the last window
    this.ratio = 1;
  }

  /** The panes' rectangles in css pixels. */
  rects(meta, main) {
    return layout(meta, main, this.stage.clientWidth, this.stage.clientHeight);
  }

  /** Draw everything, or black while the picture has no bytes. */
  draw(picture, memory, labels) {
    const { stage, canvas, context } = this;
    this.ratio = Math.min(RATIO_MOST, window.devicePixelRatio || 1);
    const width = Math.round(stage.clientWidth * this.ratio);
    const height = Math.round(stage.clientHeight * this.ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    if (!picture.image) return;
    const rects = this.rects(picture.meta, memory.main);
    for (const pane of rects) this.drawPane(pane, picture, memory, labels);
    stage.dataset.panes = JSON.stringify(rects);
  }

  drawPane(pane, picture, memory, labels) {
    const { context, ratio } = this;
    const frame = this.frame(pane);
    const view = viewOf(picture.meta, pane, memory, ratio);
    const index = crossOf(memory, picture.meta);
    const shown = shownOverlays(memory);
    const heat = picture.heat && shown.heat !== "off" && picture.plane("heat", pane.name, index);
    this.paintUnder(frame, view, picture, memory, {
      image: picture.plane("image", pane.name, index),
      heat: shown.heat === "heat" ? heat : null,
    });
    if (picture.labels && shown.labels !== "off") {
      paintLabels(frame, view, picture.labelPlane(pane.name, index), this.look(memory, labels, shown.labels));
    }
    const [x, y] = [Math.round(pane.x * ratio), Math.round(pane.y * ratio)];
    context.putImageData(frame.image, x, y);
    context.save();
    context.beginPath();
    context.rect(x, y, frame.width, frame.height);
    context.clip();
    context.translate(x, y);
    if (heat && shown.heat === "contour") drawContours(context, view, heat, picture.peak, ratio);
    this.drawMarks(pane, picture.meta, memory, view, index, frame);
    context.restore();
  }

  /** What lies under the labels, kept: a cut-off that is dragged, or a label switched, changes nothing of it. */
  paintUnder(frame, view, picture, memory, { image, heat }) {
    const greys = this.greys(picture, memory);
    const under = [image, heat, greys, memory.smooth, view.left, view.top, view.scaleX, view.scaleY];
    if (frame.under?.every((part, i) => part === under[i])) {
      frame.pixels.set(frame.kept);
      return;
    }
    paintGreys(frame, view, image, greys, memory.smooth);
    if (heat) paintHeat(frame, view, heat, heatCover(picture.peak));
    frame.kept.set(frame.pixels);
    frame.under = under;
  }

  drawMarks(pane, meta, memory, view, index, { width, height }) {
    const { context, ratio } = this;
    const film = meta.kind === "film";
    // A film's point is drawn once the reader has set one.
    const crossed = film ? memory.cross?.length === 2 : true;
    if (memory.lines && crossed) drawCross(context, meta, pane, view, index, width, height, ratio);
    drawLetters(context, meta, pane, width, height, ratio);
    if (film) return;
    if (pane.name === memory.main) drawScale(context, meta, view, width, height, ratio);
    const active = this.stage.matches(":focus") && pane.name === memory.active;
    drawFrame(context, width, height, active, ratio);
  }

  greys({ meta, url }, memory) {
    const { low, high } = windowOf(memory, meta);
    const want = `${url} ${low} ${high} ${memory.invert}`;
    if (this.table?.want !== want) {
      this.table = { want, greys: greyTable(meta.dtype, meta.scale, { low, high }, memory.invert) };
    }
    return this.table.greys;
  }

  frame(pane) {
    const width = Math.max(1, Math.round(pane.width * this.ratio));
    const height = Math.max(1, Math.round(pane.height * this.ratio));
    let frame = this.frames.get(pane.name);
    if (frame?.width !== width || frame.height !== height) {
      frame = frameOf(width, height);
      this.frames.set(pane.name, frame);
    }
    return frame;
  }

  look(memory, labels, style) {
    const look = { colour: new Uint32Array(256), shown: new Uint8Array(256) };
    for (const [value, name, colour] of labels) {
      look.colour[value] = word(colour);
      look.shown[value] = memory.hidden.has(name) ? 0 : 1;
    }
    look.colour[OTHER] = word(OTHER_COLOUR);
    look.shown[OTHER] = 1;
    look.opacity = style === "fill" ? memory.opacity : 0;
    look.outline = Math.max(1, Math.round(this.ratio));
    return look;
  }
}
