// The words below the picture, and for a screen reader.

import { element } from "./controls.js";
import { crossOf, windowOf } from "./memory.js";
import { keyHelp, pictureFacts, pointFacts, sideFacts, sliceFacts } from "./readout.js";

const SPEAK_MS = 600; // after the last move

export class Strip {
  constructor(parts) {
    this.parts = parts;
  }

  end() {
    clearTimeout(this.speaking);
  }

  /** The keys, named once for each picture. */
  help(meta, name) {
    const keys = keyHelp(meta);
    this.parts.keys.textContent = keys.short;
    this.parts.stage.setAttribute("aria-label", `Viewer, ${name}. ${keys.long}`);
  }

  /** Case, slices, window, spacing, zoom; sides; and the point. `pointer` is a picture index or null. */
  tell(picture, memory, data, pointer) {
    const { meta } = picture;
    const slices = sliceFacts(meta, crossOf(memory, meta));
    const [name, ...rest] = pictureFacts(meta, data.case, windowOf(memory, meta), memory.zoom);
    const told = slices.map((slice) => element(slice.name === memory.active ? "b" : "span", {}, slice.text));
    const facts = [name, ...told, ...rest];
    this.parts.facts.replaceChildren(...facts.flatMap((part, at) => (at ? [" · ", part] : [part])));
    this.parts.side.textContent = sideFacts(meta);
    this.tellPoint(picture, memory, data, pointer);
    if (!picture.image) return;
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => this.speak(slices.find((slice) => slice.name === memory.active)), SPEAK_MS);
  }

  tellPoint(picture, memory, data, pointer) {
    const told = [];
    const film = picture.meta.kind === "film";
    const chosen = pointer || (film && memory.cross?.length !== 2 ? null : crossOf(memory, picture.meta));
    if (picture.image && chosen) {
      const facts = pointFacts(picture, data.labels, chosen);
      told.push(...facts.map(({ label, text }) => element("span", {}, `${label} `, element("b", {}, text))));
    } else if (picture.image) {
      told.push(element("span", {}, "Point at the picture to read a value."));
    }
    if (picture.problem) told.push(element("span", {}, picture.problem));
    this.parts.point.replaceChildren(...told);
  }

  speak(slice) {
    if (!this.parts.stage.matches(":focus")) return;
    const words = [slice?.text.replace("/", " of "), this.parts.point.textContent].filter(Boolean).join(", ");
    if (this.parts.live.textContent !== words) this.parts.live.textContent = words;
  }
}
