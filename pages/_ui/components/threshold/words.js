// Numbers as text. Percentages have one decimal; a threshold shows four digits and acts on all of them.

const grouped = new Intl.NumberFormat("en");

export function count(number) {
  return grouped.format(number);
}

/** A share that was sent in tenths of a percent. */
export function percent(share) {
  return share === null ? "–" : `${(share * 100).toFixed(1)} %`;
}

export function interval(low, high) {
  return low === null || high === null ? "" : `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)}`;
}

export function threshold(value) {
  if (value === Infinity) return "above every score";
  return String(Number(value.toPrecision(4)));
}

/** The shortest text that reads back to the same number. */
export function exact(value) {
  return value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(value);
}

export function read(text) {
  return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
}

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Change a text only where it differs: the browser lays out what was touched. */
export function write(node, text) {
  if (node.firstChild?.nodeValue !== text) node.textContent = text;
}
