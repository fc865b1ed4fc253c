// Counts regions beside the page, so that no frame of a drag waits for it. The first message brings the volumes, each
// further one a question; the answer is the sizes of the regions.

import { regionSizes } from "./regions.js";

let held = null;

self.addEventListener("message", ({ data }) => {
  if (!held) {
    held = data;
    return;
  }
  const sizes = regionSizes(held[data.of], held.dims, data.level);
  self.postMessage(sizes, [sizes.buffer]);
});
