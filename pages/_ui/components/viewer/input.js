// Hands: pointer, wheel and keys, turned into the viewer's moves. Owns no state but the drag in progress.

const CLICK = 4; // css pixels that a click may slip
const WIDTH_DRAG = 200; // css pixels of right-drag that change the window's width e-fold

/** Listen on the stage for as long as `signal` lives. */
export function listen(viewer, stage, signal) {
  const on = (name, handle, options = {}) => stage.addEventListener(name, handle, { ...options, signal });
  let drag = null;

  on("pointerdown", (event) => {
    if (!viewer.ready || event.target.closest("button")) return;
    stage.focus({ preventScroll: true });
    const place = viewer.placeOf(event);
    if (!place) return;
    stage.setPointerCapture(event.pointerId);
    viewer.activate(place.pane.name);
    drag = { kind: dragKind(event, place.pane), place, x: event.clientX, y: event.clientY, moved: false };
    if (drag.kind === "cross") viewer.pointAt(place);
    event.preventDefault();
  });
  on("pointermove", (event) => {
    if (!viewer.ready) return;
    if (!drag) return viewer.hover(viewer.placeOf(event));
    const dx = event.clientX - drag.x;
    const dy = event.clientY - drag.y;
    drag.moved ||= Math.hypot(dx, dy) > CLICK;
    if (drag.kind === "cross") return viewer.pointAt(viewer.placeOf(event, drag.place.pane));
    if (!drag.moved) return;
    if (drag.kind === "window") viewer.changeWindow(Math.exp(dx / WIDTH_DRAG), dy / WIDTH_DRAG);
    else viewer.panBy(drag.place.pane, dx, dy);
    Object.assign(drag, { x: event.clientX, y: event.clientY });
  });
  on("pointerup", (event) => {
    const clicked = drag?.kind === "pan" && !drag.moved && event.button === 0;
    if (clicked) viewer.pointAt(viewer.placeOf(event, drag.place.pane));
    drag = null;
  });
  on("pointercancel", () => (drag = null));
  on("pointerleave", () => !drag && viewer.ready && viewer.hover(null));
  on("contextmenu", (event) => event.preventDefault());
  on("dblclick", (event) => {
    const place = viewer.ready && viewer.placeOf(event);
    if (place) viewer.enlarge(place.pane.name);
  });
  on("wheel", (event) => wheel(viewer, stage, event), { passive: false });
  on("keydown", (event) => {
    // Brackets are typed with AltGr on many keyboards; any other modifier belongs to the browser.
    const shortcut = (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
    if (event.target !== stage || shortcut) return;
    if (!press(viewer, event)) return;
    event.preventDefault();
    event.stopPropagation(); // the page has keys of its own
  });
  on("focus", () => viewer.redraw());
  on("blur", () => viewer.redraw());
}

// On a film the left button pans and a click sets the point; on a volume it moves the crosshair.
function dragKind(event, pane) {
  if (event.button === 2) return "window";
  if (event.button === 1 || event.shiftKey || pane.name === "film") return "pan";
  return "cross";
}

function wheel(viewer, stage, event) {
  // Without the focus the wheel belongs to the page.
  if (!viewer.ready || stage.getRootNode().activeElement !== stage) return;
  const place = viewer.placeOf(event);
  if (!place || !event.deltaY) return;
  event.preventDefault();
  const zooms = place.pane.name === "film" || event.ctrlKey || event.metaKey || event.shiftKey;
  if (zooms) viewer.zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15, place);
  else viewer.step(event.deltaY < 0 ? 1 : -1, place.pane.name);
}

const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const STEPS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };

function press(viewer, event) {
  const { key } = event;
  if (key === "n" || key === "N") return done(() => viewer.nextCase(1));
  if (key === "p" || key === "P") return done(() => viewer.nextCase(-1));
  if (!viewer.ready) return false;
  if (MOVES[key] && event.shiftKey) return done(() => viewer.nudge(...MOVES[key]));
  if (STEPS[key] && viewer.film) return done(() => viewer.panKey(...(MOVES[key] || [0, -STEPS[key] / 2])));
  if (STEPS[key]) return done(() => viewer.step(STEPS[key]));
  if (/^[1-9]$/.test(key)) return viewer.toggleLabelAt(Number(key) - 1);
  const act = {
    "+": () => viewer.zoomBy(1.25),
    "=": () => viewer.zoomBy(1.25),
    "-": () => viewer.zoomBy(1 / 1.25),
    0: () => viewer.reset(),
    "[": () => viewer.changeWindow(1 / 1.1, 0),
    "]": () => viewer.changeWindow(1.1, 0),
    "{": () => viewer.changeWindow(1, -0.05),
    "}": () => viewer.changeWindow(1, 0.05),
    h: () => viewer.toggle("overlay"),
    i: () => viewer.toggle("invert"),
    x: () => viewer.toggle("lines"),
    v: () => viewer.nextPlane(),
    e: () => viewer.enlarge(),
    g: () => viewer.goToLabel(),
  }[key.length === 1 ? key.toLowerCase() : key];
  return act ? done(act) : false;
}

function done(act) {
  act();
  return true;
}
