// Panes: which plane of the picture is seen where, which way round, and how large.
// Radiological convention: patient right at the left of the screen, anterior or superior at the top,
// anterior at the left of the sagittal plane. Picture axes are RAS, so each screen axis runs against one.

const AXES = {
  axial: { across: 0, down: 1, through: 2, letters: ["R", "L", "A", "P"] },
  coronal: { across: 0, down: 2, through: 1, letters: ["R", "L", "S", "I"] },
  sagittal: { across: 1, down: 2, through: 0, letters: ["A", "P", "S", "I"] },
};
export const PLANES = Object.keys(AXES);
const MARGIN = 26; // css pixels kept free round a slice at zoom 1, where the letters stand; a film takes all the room
const GAP = 1; // css pixels between panes
const SIDE = 0.382; // share of the width for the two small panes
const NARROW = 560; // below this width the small panes lie under the large one
export const ZOOM = { least: 1, most: 40 };

/** What the panes of this picture are called: a film is one pane. */
export function paneNames(meta) {
  return meta.kind === "film" ? ["film"] : PLANES;
}

/** The name for the screen: without orientation nothing may be called axial. */
export function paneTitle(meta, name) {
  if (meta.kind === "film") return "film";
  if (meta.orientation_known) return name;
  const { across, down } = AXES[name];
  return `plane ${"ijk"[across]}–${"ijk"[down]}`;
}

/** Letters at left, right, top, bottom; null where the header does not give them. */
export function paneLetters(meta, name) {
  if (!meta.orientation_known) return null;
  if (meta.kind === "film") return [meta.edges.left, meta.edges.right, meta.edges.top, meta.edges.bottom];
  return AXES[name].letters;
}

/** Axis that the pane's slices step along; null for a film. */
export function throughAxis(name) {
  return name === "film" ? null : AXES[name].through;
}

/** Size of a pane's plane in its own pixels, and of one pixel in mm (1 where unknown). */
export function paneSize(meta, name) {
  const [across, down] = name === "film" ? [0, 1] : [AXES[name].across, AXES[name].down];
  const spacing = meta.spacing_mm || meta.dims.map(() => 1);
  return { width: meta.dims[across], height: meta.dims[down], mmX: spacing[across], mmY: spacing[down] };
}

/** Picture index -> plane pixel. */
export function toPlane(meta, name, index) {
  if (name === "film") return [index[0], index[1]];
  const { across, down } = AXES[name];
  return [meta.dims[across] - 1 - index[across], meta.dims[down] - 1 - index[down]];
}

/** Plane pixel -> picture index, on the slice where `index` lies; clipped to the picture. */
export function fromPlane(meta, name, pixel, index) {
  const clip = (value, size) => Math.min(size - 1, Math.max(0, Math.floor(value)));
  const moved = [...index];
  const { width, height } = paneSize(meta, name);
  const x = clip(pixel[0], width);
  const y = clip(pixel[1], height);
  if (name === "film") return [x, y];
  const { across, down } = AXES[name];
  moved[across] = width - 1 - x;
  moved[down] = height - 1 - y;
  return moved;
}

/** Place of an index in the arrays: x fastest. */
export function offsetOf(meta, index) {
  const [nx, ny] = meta.dims;
  return index[0] + nx * (index[1] + (meta.kind === "film" ? 0 : ny * index[2]));
}

/** The plane through `index`, turned as it is seen. A film is seen as it is stored. */
export function planeOf(meta, name, values, index) {
  const { width, height } = paneSize(meta, name);
  if (name === "film") return { data: values, width, height };
  const [nx, ny] = meta.dims;
  const stride = [1, nx, nx * ny];
  const { across, down, through } = AXES[name];
  const start = index[through] * stride[through] + (width - 1) * stride[across] + (height - 1) * stride[down];
  const data = new values.constructor(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    let from = start - y * stride[down];
    for (let x = 0; x < width; x++, from -= stride[across]) data[at++] = values[from];
  }
  return { data, width, height };
}

/** Rectangles in css pixels; `main` is the large pane. */
export function layout(meta, main, width, height) {
  if (meta.kind === "film") return [{ name: "film", x: 0, y: 0, width, height }];
  const small = PLANES.filter((name) => name !== main);
  if (width < NARROW) {
    const low = Math.round(height * SIDE);
    const half = Math.round(width / 2);
    return [
      { name: main, x: 0, y: 0, width, height: height - low - GAP },
      { name: small[0], x: 0, y: height - low, width: half - GAP, height: low },
      { name: small[1], x: half, y: height - low, width: width - half, height: low },
    ];
  }
  const side = Math.round(width * SIDE);
  const half = Math.round(height / 2);
  return [
    { name: main, x: 0, y: 0, width: width - side - GAP, height },
    { name: small[0], x: width - side, y: 0, width: side, height: half - GAP },
    { name: small[1], x: width - side, y: half, width: side, height: height - half },
  ];
}

/** Where the plane lies in a pane, in device pixels. `look` has zoom, and centres by pane name in 0..1. */
export function viewOf(meta, pane, look, ratio) {
  const { width, height } = paneSize(meta, pane.name);
  const { roomX, roomY, perMm, scaleX, scaleY } = scales(meta, pane, look.zoom, ratio);
  const [u, v] = look.centres[pane.name] || [0.5, 0.5];
  return {
    scaleX,
    scaleY,
    pxPerMm: perMm,
    left: roomX / 2 - inside(u, width * scaleX, roomX) * width * scaleX,
    top: roomY / 2 - inside(v, height * scaleY, roomY) * height * scaleY,
  };
}

/** The centre under a new zoom that keeps the point `held` (css pixels of the pane) where it is. */
export function zoomedCentre(meta, pane, look, zoom, held, ratio) {
  const { width, height } = paneSize(meta, pane.name);
  const before = viewOf(meta, pane, look, ratio);
  const { roomX, roomY, scaleX, scaleY } = scales(meta, pane, zoom, ratio);
  const u = (held[0] * ratio - before.left) / before.scaleX;
  const v = (held[1] * ratio - before.top) / before.scaleY;
  return [
    inside((u - (held[0] * ratio - roomX / 2) / scaleX) / width, width * scaleX, roomX),
    inside((v - (held[1] * ratio - roomY / 2) / scaleY) / height, height * scaleY, roomY),
  ];
}

/** The centre after a drag by css pixels. */
export function pannedCentre(meta, pane, look, dx, dy, ratio) {
  const { width, height } = paneSize(meta, pane.name);
  const { roomX, roomY, scaleX, scaleY } = scales(meta, pane, look.zoom, ratio);
  const [u, v] = look.centres[pane.name] || [0.5, 0.5];
  return [
    inside(u - (dx * ratio) / (width * scaleX), width * scaleX, roomX),
    inside(v - (dy * ratio) / (height * scaleY), height * scaleY, roomY),
  ];
}

// Room of the pane and size of one plane pixel in it, in device pixels: fitted in mm, never stretched.
function scales(meta, pane, zoom, ratio) {
  const { width, height, mmX, mmY } = paneSize(meta, pane.name);
  const roomX = Math.max(1, Math.round(pane.width * ratio));
  const roomY = Math.max(1, Math.round(pane.height * ratio));
  const margin = 2 * ratio * (pane.name === "film" ? 0 : MARGIN);
  const fit = Math.min(Math.max(1, roomX - margin) / (width * mmX), Math.max(1, roomY - margin) / (height * mmY));
  const perMm = fit * zoom;
  return { roomX, roomY, perMm, scaleX: perMm * mmX, scaleY: perMm * mmY };
}

// A picture smaller than its pane stays in the middle; a larger one may not be pushed out of it.
function inside(centre, drawn, room) {
  if (drawn <= room) return 0.5;
  const least = room / 2 / drawn;
  return Math.min(1 - least, Math.max(least, centre));
}
