// What the reader chose, kept from case to case: window, overlay, slice, zoom. Lives in the browser only.

const kept = new Map(); // by the key that Python gave: Streamlit's own is new at every mount

/** The choices of the viewer with this key. */
export function memoryOf(key, overlay) {
  if (!kept.has(key)) kept.set(key, fresh(overlay));
  return kept.get(key);
}

/** Make the choices fit a new picture: a film has no planes. */
export function suit(memory, meta) {
  if (meta.kind === "film") memory.active = "film";
  else if (memory.active === "film") memory.active = memory.main;
}

/** Back to the whole picture in its own window. */
export function reset(memory) {
  Object.assign(memory, { zoom: 1, centres: {}, preset: null, custom: null, invert: false });
}

/** Which overlays are to be seen now: {labels: style or "off", heat: style or "off"}. */
export function shownOverlays(memory) {
  return {
    labels: memory.overlay && memory.labelsOn ? memory.labels : "off",
    heat: memory.overlay && memory.heatOn ? memory.heat : "off",
  };
}

/** Choose a style of one overlay; choosing one that is off brings it back. */
export function chooseOverlay(memory, kind, style) {
  memory[`${kind}On`] = style !== "off";
  if (style === "off") return;
  memory[kind] = style;
  memory.overlay = true;
}

/** One key for the bare picture and back. */
export function toggleOverlay(memory) {
  const shown = shownOverlays(memory);
  if (shown.labels !== "off" || shown.heat !== "off") {
    memory.overlay = false;
  } else {
    memory.overlay = memory.labelsOn = memory.heatOn = true;
  }
}

function fresh(overlay) {
  return {
    overlay: overlay !== "off", // H: everything over the picture on or off
    labels: overlay === "outline" ? "outline" : "fill",
    labelsOn: true,
    heat: overlay === "heat" ? "heat" : "contour",
    heatOn: true,
    opacity: 0.45,
    hidden: new Set(), // label names: values may differ between models
    invert: false,
    smooth: true,
    lines: true, // the crosshair
    preset: null, // null: the picture's own window; "custom": `custom` below
    custom: null, // {low, high} as shares of the picture's own window, so that it suits the next picture too
    zoom: 1,
    centres: {}, // by pane name, in 0..1 of the plane
    cross: null, // crosshair in 0..1 of the picture
    active: "axial",
    main: "axial",
  };
}

/** The window to draw, in values. */
export function windowOf(memory, meta) {
  const own = meta.window;
  if (memory.preset === "custom") {
    const span = own.high - own.low;
    return { low: own.low + memory.custom.low * span, high: own.low + memory.custom.high * span };
  }
  return meta.presets.find((preset) => preset.id === memory.preset) || own;
}

/** Remember a window that the reader set by hand. */
export function keepWindow(memory, meta, { low, high }) {
  const own = meta.window;
  const span = own.high - own.low;
  memory.preset = "custom";
  memory.custom = { low: (low - own.low) / span, high: (high - own.low) / span };
}

/** The crosshair in this picture: the middle until the reader has moved it. */
export function crossOf(memory, meta) {
  const share = memory.cross && memory.cross.length === meta.dims.length ? memory.cross : meta.dims.map(() => 0.5);
  return meta.dims.map((size, axis) => Math.min(size - 1, Math.floor(share[axis] * size)));
}

/** Remember the crosshair; pictures of one size then keep their slice exactly. */
export function keepCross(memory, meta, index) {
  memory.cross = index.map((value, axis) => (value + 0.5) / meta.dims[axis]);
}
