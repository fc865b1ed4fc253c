// Picture bytes: fetched once, unpacked in a stream into an array of the size that the picture's facts promise.
// Owns what can go wrong on the way and the sentence for it. Keeps nothing: the live picture holds its own arrays.

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array };

const GZIP = [0x1f, 0x8b, 0x08];

/** A failure with a sentence for the screen; `again` tells whether trying again may help. */
export class PictureError extends Error {
  constructor(sentence, again) {
    super(sentence);
    this.again = again;
  }
}

/** The values behind a relative URL, x fastest, exactly as many as `dims` multiply to. */
export async function fetchValues(url, dtype, dims, signal) {
  const response = await request(url, signal);
  const Values = ARRAYS[dtype];
  const count = dims.reduce((product, n) => product * n, 1);
  const bytes = new Uint8Array(count * Values.BYTES_PER_ELEMENT);
  try {
    await fill(bytes, (await unpacked(response.body)).getReader());
  } catch (problem) {
    if (signal.aborted || problem instanceof PictureError) throw problem;
    throw new PictureError("The picture arrived damaged.", true);
  }
  return new Values(bytes.buffer);
}

async function request(url, signal) {
  let response;
  try {
    response = await fetch(new URL(url, document.baseURI), { signal, credentials: "same-origin" });
  } catch (problem) {
    if (signal.aborted) throw problem;
    throw new PictureError("The server does not answer.", true);
  }
  if (response.status === 410) throw new PictureError("This picture was deleted.", false);
  if (!response.ok) throw new PictureError("This picture is not here. Choose the case again.", false);
  return response;
}

// The body is gzip, or plain where the server named it as an encoding and the browser has undone it. A header
// cannot tell: a compressing middleware may have wrapped the gzip once more.
async function unpacked(body) {
  const [peek, whole] = body.tee();
  const reader = peek.getReader();
  const { value } = await reader.read();
  reader.cancel();
  const packed = value && GZIP.every((byte, at) => value[at] === byte);
  return packed ? whole.pipeThrough(new DecompressionStream("gzip")) : whole;
}

// Never unpacks more than was promised: a wrong answer must not eat the browser's memory.
async function fill(bytes, reader) {
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > bytes.length) {
      reader.cancel();
      throw new PictureError("The picture does not match its description. Reload the page.", false);
    }
    bytes.set(value, at);
    at += value.length;
  }
  if (at < bytes.length) throw new PictureError("The picture arrived incomplete.", true);
}
