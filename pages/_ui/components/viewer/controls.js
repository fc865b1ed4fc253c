// The controls above the picture and the strip below it: real HTML controls, filled from the memory.
// Text from outside enters through textContent alone.

import { shownOverlays } from "./memory.js";

const COLOUR = /^#[0-9a-f]{6}$/i;

/** An element with properties, attributes (those with a dash, and role) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** Everything the component puts on the page, once for each viewer. */
export function buildPage() {
  const parts = {
    overlay: element("div", { className: "bar", role: "group", "aria-label": "Overlay" }),
    cut: element("div", { className: "bar cut", role: "group", "aria-label": "Cut-off", hidden: true }),
    tools: element("div", { className: "bar", role: "group", "aria-label": "Picture" }),
    canvas: element("canvas", { "aria-hidden": "true" }),
    status: element("div", { className: "status", role: "status" }),
    facts: element("p", { className: "facts" }),
    side: element("p", { className: "side" }),
    point: element("p", { className: "point" }),
    keys: element("p", { className: "keys" }),
    live: element("div", { className: "live", role: "status", "aria-live": "polite" }),
  };
  parts.stage = element("div", { className: "stage", tabIndex: 0, role: "application" }, parts.canvas, parts.status);
  const second = element("div", { className: "line" }, parts.point, parts.side);
  const strip = element("div", { className: "strip" }, parts.facts, second, parts.keys);
  const bars = [parts.overlay, parts.cut, parts.tools];
  parts.root = element("div", { className: "readroom" }, ...bars, parts.stage, strip, parts.live);
  return parts;
}

/** The overlay bar for what this picture has; `act` has chooseOverlay, setOpacity, toggleLabel. */
export function buildOverlayBar(bar, data, act) {
  const groups = [];
  if (data.labels_url) {
    groups.push(segmented("Labels", "labels", ["off", "outline", "fill"], act.chooseOverlay));
    groups.push(opacitySlider(act));
    groups.push(...data.labels.map(([, name, colour], place) => labelSwitch(name, colour, place, act)));
  }
  if (data.heat_url) {
    groups.push(segmented("Heat map", "heat", ["off", "contour", "heat"], act.chooseOverlay));
    const about = element("span", { className: "note" }, "Heat map");
    if (data.heat_for) about.append(" for ", element("b", {}, data.heat_for));
    about.append(element("span", { className: "lines" }, " · lines at 50 % and 80 % of the peak"));
    groups.push(about);
  }
  if (!groups.length) groups.push(element("span", { className: "note" }, "No overlay yet."));
  bar.replaceChildren(...groups);
}

/** The picture's own bar; `act` has setPreset, zoomBy, reset, goToLabel and toggle(name). */
export function buildToolBar(bar, meta, act) {
  const options = meta.presets.map(({ id, name }) => element("option", { value: id }, name));
  const custom = element("option", { value: "custom", hidden: true }, "Custom");
  const select = element("select", { name: "preset" }, ...options, custom);
  select.addEventListener("change", () => act.setPreset(select.value));
  const tools = [
    element("label", { className: "field" }, "Window", select),
    button("Invert", "invert", "I", () => act.toggle("invert"), true),
    button("Smooth", "smooth", "", () => act.toggle("smooth"), true),
  ];
  if (meta.kind !== "film") tools.push(button("Crosshair", "lines", "X", () => act.toggle("lines"), true));
  const out = button("−", "out", "−", () => act.zoomBy(1 / 1.25));
  const into = button("+", "in", "+", () => act.zoomBy(1.25));
  out.setAttribute("aria-label", "Zoom out");
  into.setAttribute("aria-label", "Zoom in");
  tools.push(element("span", { className: "segments", role: "group", "aria-label": "Zoom" }, out, into));
  tools.push(button("Reset", "reset", "0", act.reset));
  if (meta.kind !== "film") tools.push(button("Go to label", "goto", "G", act.goToLabel));
  bar.replaceChildren(...tools);
}

/** Bring every control to what the memory holds. */
export function syncControls(parts, memory, { meta, labels }) {
  const goto = parts.tools.querySelector("[data-act=goto]");
  if (goto) goto.disabled = !labels;
  const shown = shownOverlays(memory);
  for (const pressed of parts.root.querySelectorAll("[data-style]")) {
    pressed.setAttribute("aria-pressed", String(shown[pressed.dataset.kind] === pressed.dataset.style));
  }
  for (const name of ["invert", "smooth", "lines"]) {
    parts.tools.querySelector(`[data-act=${name}]`)?.setAttribute("aria-pressed", String(memory[name]));
  }
  for (const box of parts.overlay.querySelectorAll("input[type=checkbox]")) box.checked = !memory.hidden.has(box.value);
  const slider = parts.overlay.querySelector("input[type=range]");
  if (slider) {
    slider.value = memory.opacity;
    slider.disabled = shown.labels !== "fill";
    slider.nextElementSibling.textContent = memory.opacity.toFixed(2);
  }
  const select = parts.tools.querySelector("select");
  if (select) {
    const listed = memory.preset === "custom" || meta.presets.some(({ id }) => id === memory.preset);
    select.querySelector("[value=custom]").hidden = memory.preset !== "custom";
    select.value = listed ? memory.preset : meta.presets[0].id;
  }
}

function segmented(title, kind, styles, choose) {
  const buttons = styles.map((style) => {
    const made = element("button", { type: "button" }, style);
    Object.assign(made.dataset, { kind, style });
    made.addEventListener("click", () => choose(kind, style));
    return made;
  });
  return element("span", { className: "segments", role: "group", "aria-label": title }, ...buttons);
}

function opacitySlider(act) {
  const slider = element("input", { type: "range", min: 0, max: 1, step: 0.05, name: "opacity" });
  slider.addEventListener("input", () => act.setOpacity(Number(slider.value)));
  return element("label", { className: "field" }, "Opacity", slider, element("output", { className: "number" }));
}

function labelSwitch(name, colour, place, act) {
  const box = element("input", { type: "checkbox", value: name });
  box.addEventListener("change", () => act.toggleLabel(name));
  const chip = element("label", { className: "chip" }, box, element("span", { className: "swatch" }), name);
  if (COLOUR.test(colour)) chip.style.setProperty("--label", colour);
  if (place < 9) chip.title = `Key ${place + 1}`;
  return chip;
}

function button(text, name, key, act, pressed = false) {
  const made = element("button", { type: "button" }, text);
  made.dataset.act = name;
  if (key) made.title = `Key ${key}`;
  if (pressed) made.setAttribute("aria-pressed", "false");
  made.addEventListener("click", act);
  return made;
}
