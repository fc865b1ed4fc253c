// Heat maps as lines and as cover. Contours by marching squares (Lorensen and Cline 1987, in two dimensions).

export const LINES = [
  { share: 0.5, colour: "#FFB347" },
  { share: 0.8, colour: "#FFE08A" },
];
const FLOOR = 0.3; // share of the peak below which heat is not drawn
const COVER = 0.75; // strongest cover
const AMBER = [255, 179, 71];
const PALE = [255, 240, 190];

/** Colour words and weights by stored heat value: nothing below the floor, then amber to pale yellow. */
export function heatCover(peak) {
  const cover = { colour: new Uint32Array(256), weight: new Float32Array(256) };
  for (let heat = 1; heat < 256 && peak > 0; heat++) {
    const share = Math.min(1, heat / peak);
    if (share < FLOOR) continue;
    const t = (share - FLOOR) / (1 - FLOOR);
    const [r, g, b] = AMBER.map((low, i) => Math.round(low + (PALE[i] - low) * t));
    cover.colour[heat] = 0xff000000 | (b << 16) | (g << 8) | r;
    cover.weight[heat] = COVER * (0.35 + 0.65 * t);
  }
  return cover;
}

/** Line segments x0, y0, x1, y1, … in plane coordinates (a value lies at the middle of its pixel). */
export function contour({ data, width, height }, level) {
  const segments = [];
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const at = y * width + x;
      const a = data[at];
      const b = data[at + 1];
      const c = data[at + width + 1];
      const d = data[at + width];
      const shape = (a >= level ? 1 : 0) | (b >= level ? 2 : 0) | (c >= level ? 4 : 0) | (d >= level ? 8 : 0);
      if (shape === 0 || shape === 15) continue;
      cross(segments, shape, x + 0.5, y + 0.5, level, a, b, c, d);
    }
  }
  return segments;
}

// Corners a b c d run clockwise from the upper left; n e s w are where the line meets the sides.
function cross(segments, shape, x, y, level, a, b, c, d) {
  const n = () => [x + (level - a) / (b - a), y];
  const e = () => [x + 1, y + (level - b) / (c - b)];
  const s = () => [x + (level - d) / (c - d), y + 1];
  const w = () => [x, y + (level - a) / (d - a)];
  const pairs = {
    1: [w, n], 2: [n, e], 3: [w, e], 4: [e, s], 6: [n, s], 7: [w, s],
    8: [s, w], 9: [n, s], 11: [e, s], 12: [w, e], 13: [n, e], 14: [w, n],
  };
  if (shape === 5 || shape === 10) {
    // A saddle: the mean of the corners decides which pair is joined.
    const joined = (a + b + c + d) / 4 >= level === (shape === 5);
    segments.push(...(joined ? [...n(), ...e(), ...s(), ...w()] : [...w(), ...n(), ...e(), ...s()]));
    return;
  }
  const [from, to] = pairs[shape];
  segments.push(...from(), ...to());
}
