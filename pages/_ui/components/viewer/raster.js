// Numbers to pixels: one plane of stored values through a grey table, with heat and labels over it.
// A plane is {data, width, height}; a view is where it lies, in device pixels: x = left + u * scaleX.
// Colours are written as 32-bit words, alpha first (little-endian, as every browser's machine is today).

const BLACK = 0xff000000;
const OFFSETS = { uint8: 0, uint16: 0, int16: 32768 };
const DARK = 0.8; // how strongly the edge beside an outline is darkened

/** Stored integer (plus `offset`) to a grey pixel, by window {low, high} in values. */
export function greyTable(dtype, scale, window, invert) {
  const offset = OFFSETS[dtype];
  const pixels = new Uint32Array(dtype === "uint8" ? 256 : 65536);
  const gain = 255 / (window.high - window.low);
  for (let i = 0; i < pixels.length; i++) {
    const value = scale.slope * (i - offset) + scale.intercept;
    let grey = Math.round(Math.min(255, Math.max(0, (value - window.low) * gain)));
    if (invert) grey = 255 - grey;
    pixels[i] = BLACK | (grey << 16) | (grey << 8) | grey;
  }
  return { pixels, offset };
}

/** A reusable buffer for one pane. */
export function frameOf(width, height) {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const kept = new Uint32Array(width * height); // the pixels under the labels; `under` says of what
  return { image, width, height, pixels, kept, under: null, mask: new Uint8Array(width * height) };
}

/** Paint the plane's greys; black where the plane does not reach. */
export function paintGreys(frame, view, plane, table, smooth) {
  frame.pixels.fill(BLACK);
  if (smooth) paintSmooth(frame, view, plane, table);
  else paintNearest(frame, view, plane, table);
}

function paintNearest(frame, view, plane, table) {
  const box = reach(frame, view, plane);
  const columns = nearest(box.x0, box.x1, view.left, view.scaleX, plane.width);
  const rows = nearest(box.y0, box.y1, view.top, view.scaleY, plane.height);
  const { data } = plane;
  for (let y = box.y0; y < box.y1; y++) {
    const row = rows[y - box.y0] * plane.width;
    let at = y * frame.width + box.x0;
    for (let i = 0; i < columns.length; i++) frame.pixels[at++] = table.pixels[data[row + columns[i]] + table.offset];
  }
}

function paintSmooth(frame, view, plane, table) {
  const box = reach(frame, view, plane);
  const level = Math.max(0, Math.floor(Math.log2(1 / Math.max(view.scaleX, view.scaleY))));
  const { data, width, height } = shrunk(plane, level);
  const toX = width / plane.width;
  const toY = height / plane.height;
  const columns = between(box.x0, box.x1, view.left, view.scaleX, toX, width);
  const rows = between(box.y0, box.y1, view.top, view.scaleY, toY, height);
  const { pixels } = frame;
  const greys = table.pixels;
  const half = table.offset + 0.5;
  const count = box.x1 - box.x0;
  for (let y = 0; y < box.y1 - box.y0; y++) {
    const upper = rows.first[y] * width;
    const lower = rows.second[y] * width;
    const down = rows.share[y];
    let at = (y + box.y0) * frame.width + box.x0;
    for (let x = 0; x < count; x++) {
      const left = columns.first[x];
      const right = columns.second[x];
      const across = columns.share[x];
      const above = data[upper + left] + (data[upper + right] - data[upper + left]) * across;
      const below = data[lower + left] + (data[lower + right] - data[lower + left]) * across;
      pixels[at++] = greys[(above + (below - above) * down + half) | 0];
    }
  }
}

/** Cover with heat: `cover` has a colour word and a weight 0..1 for each stored heat value. */
export function paintHeat(frame, view, plane, cover) {
  const box = reach(frame, view, plane);
  const columns = nearest(box.x0, box.x1, view.left, view.scaleX, plane.width);
  const rows = nearest(box.y0, box.y1, view.top, view.scaleY, plane.height);
  for (let y = box.y0; y < box.y1; y++) {
    const row = rows[y - box.y0] * plane.width;
    let at = y * frame.width + box.x0;
    for (let i = 0; i < columns.length; i++, at++) {
      const heat = plane.data[row + columns[i]];
      if (cover.weight[heat]) frame.pixels[at] = mix(frame.pixels[at], cover.colour[heat], cover.weight[heat]);
    }
  }
}

/**
 * Cover with labels and outline them. `look` is {colour: words by label value, shown: 0/1 by label value,
 * opacity, outline: width in device pixels}. The outline follows voxel edges at every zoom.
 */
export function paintLabels(frame, view, plane, look) {
  const box = reach(frame, view, plane);
  const columns = nearest(box.x0, box.x1, view.left, view.scaleX, plane.width);
  const rows = nearest(box.y0, box.y1, view.top, view.scaleY, plane.height);
  const { pixels, mask, width } = frame;
  // What is labelled lies in here: the outline looks nowhere else.
  const held = { x0: box.x1, x1: box.x0, y0: box.y1, y1: box.y0 };
  mask.fill(0);
  for (let y = box.y0; y < box.y1; y++) {
    const row = rows[y - box.y0] * plane.width;
    let at = y * width + box.x0;
    for (let i = 0; i < columns.length; i++, at++) {
      const label = plane.data[row + columns[i]];
      if (!look.shown[label]) continue;
      const x = box.x0 + i;
      if (x < held.x0) held.x0 = x;
      if (x >= held.x1) held.x1 = x + 1;
      if (y < held.y0) held.y0 = y;
      held.y1 = y + 1;
      mask[at] = label;
      if (look.opacity) pixels[at] = mix(pixels[at], look.colour[label], look.opacity);
    }
  }
  if (held.x0 < held.x1 && look.outline) outline(frame, held, look);
}

function outline(frame, box, look) {
  const { pixels, mask, width, height } = frame;
  const t = look.outline;
  for (let y = Math.max(t, box.y0 - t); y < Math.min(height - t, box.y1 + t); y++) {
    for (let x = Math.max(t, box.x0 - t); x < Math.min(width - t, box.x1 + t); x++) {
      const at = y * width + x;
      const label = mask[at];
      const west = mask[at - t];
      const east = mask[at + t];
      const north = mask[at - t * width];
      const south = mask[at + t * width];
      if (label === west && label === east && label === north && label === south) continue;
      pixels[at] = label ? look.colour[label] : mix(pixels[at], BLACK, DARK);
    }
  }
}

/** 0xAABBGGRR of '#RRGGBB'. */
export function word(colour) {
  const rgb = parseInt(colour.slice(1), 16);
  return (BLACK | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}

function mix(under, over, weight) {
  const r = (under & 255) + ((over & 255) - (under & 255)) * weight;
  const g = ((under >> 8) & 255) + (((over >> 8) & 255) - ((under >> 8) & 255)) * weight;
  const b = ((under >> 16) & 255) + (((over >> 16) & 255) - ((under >> 16) & 255)) * weight;
  return (BLACK | ((b + 0.5) << 16) | ((g + 0.5) << 8) | ((r + 0.5) | 0)) >>> 0;
}

// The device pixels whose centres lie on the plane.
function reach(frame, view, plane) {
  const clip = (value, top) => Math.min(top, Math.max(0, Math.ceil(value - 0.5)));
  return {
    x0: clip(view.left, frame.width),
    x1: clip(view.left + plane.width * view.scaleX, frame.width),
    y0: clip(view.top, frame.height),
    y1: clip(view.top + plane.height * view.scaleY, frame.height),
  };
}

function nearest(from, to, start, scale, size) {
  const index = new Int32Array(Math.max(0, to - from));
  for (let i = 0; i < index.length; i++) {
    index[i] = Math.min(size - 1, Math.max(0, Math.floor((from + i + 0.5 - start) / scale)));
  }
  return index;
}

function between(from, to, start, scale, toLevel, size) {
  const count = Math.max(0, to - from);
  const places = { first: new Int32Array(count), second: new Int32Array(count), share: new Float32Array(count) };
  for (let i = 0; i < count; i++) {
    const at = ((from + i + 0.5 - start) / scale) * toLevel - 0.5;
    const low = Math.floor(at);
    places.first[i] = Math.min(size - 1, Math.max(0, low));
    places.second[i] = Math.min(size - 1, Math.max(0, low + 1));
    places.share[i] = at - low;
  }
  return places;
}

// The plane at 1 / 2^level of its size by box averages, kept with the plane: shrinking on the fly would alias.
function shrunk(plane, level) {
  if (level === 0 || plane.width < 2 || plane.height < 2) return plane;
  plane.half ??= halve(plane);
  return shrunk(plane.half, level - 1);
}

function halve({ data, width, height }) {
  const w = Math.ceil(width / 2);
  const h = Math.ceil(height / 2);
  const half = new data.constructor(w * h);
  for (let y = 0; y < h; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = Math.min(left + 1, width - 1);
      const sum = data[upper + left] + data[upper + right] + data[lower + left] + data[lower + right];
      half[y * w + x] = Math.round(sum / 4);
    }
  }
  return { data: half, width: w, height: h };
}
