// The list of models. This file is the component's door: Streamlit calls the default export whenever data or theme
// change. Every text is set as text; a row's link is the page's own address with the model in it.

const COLUMNS = [
  { name: "name", title: "Model", cell: named },
  { name: "version", title: "Version", cell: plain("version") },
  { name: "task", title: "Task", cell: (row) => lines(row.task, row.architecture) },
  { name: "figure", title: "Key figure, 95 % interval", cell: (row) => lines(row.figure, row.on) },
  { name: "size", title: "Size", cell: plain("size"), number: true },
  { name: "seconds", title: "A case", cell: plain("seconds"), number: true },
  { name: "stage", title: "Stage", cell: (row) => lines(row.stage, row.aliases) },
  { name: "state", title: "Integrity", cell: state },
];
const GOOD = new Set(["verified", "signed"]);

const lists = new WeakMap(); // by the element that Streamlit gives us: how the reader ordered it

export default function ({ parentElement, data, setTriggerValue }) {
  const held = lists.get(parentElement) ?? { by: null, falling: false, table: null, chosen: null };
  lists.set(parentElement, held);
  const scrolled = held.table?.parentElement.scrollTop ?? 0;
  const draw = () => {
    const box = document.createElement("div");
    box.className = "shelf";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Models on the shelf");
    held.table = table(ordered(data.rows, held), data.chosen, held, draw, (id) => setTriggerValue("open", id));
    box.append(held.table);
    parentElement.querySelector(".shelf")?.remove();
    parentElement.append(box);
    box.scrollTop = scrolled;
    return box;
  };
  const box = draw();
  if (held.chosen !== data.chosen) {
    const row = box.querySelector("[aria-current]")?.closest("tr");
    if (row) box.scrollTop = Math.max(0, row.offsetTop + row.offsetHeight - box.clientHeight);
    held.chosen = data.chosen;
  }
  return () => lists.delete(parentElement);
}

function ordered(rows, { by, falling }) {
  if (!by) return rows;
  const of = (row) => row.sorts[by] ?? (by in row.sorts ? null : row[by]);
  return [...rows].sort((one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === null || b === null) return (a === null) - (b === null); // what is not known stands last either way
    const order = typeof a === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
    return falling ? -order : order;
  });
}

function table(rows, chosen, held, draw, open) {
  const made = element("table");
  const head = made.createTHead().insertRow();
  for (const column of COLUMNS) {
    const cell = element("th", place(column));
    cell.scope = "col";
    const button = element("button", held.by === column.name ? "by" : "");
    button.type = "button";
    button.textContent = column.title;
    if (held.by === column.name) {
      cell.setAttribute("aria-sort", held.falling ? "descending" : "ascending");
      button.append(held.falling ? " ↓" : " ↑");
    }
    button.addEventListener("click", () => {
      held.falling = held.by === column.name && !held.falling;
      held.by = column.name;
      draw().querySelector("th .by").focus();
    });
    cell.append(button);
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    if (row.id === chosen) line.className = "chosen";
    for (const column of COLUMNS) {
      const cell = line.insertCell();
      cell.className = place(column);
      cell.append(...column.cell(row, chosen, open));
    }
    if (row.readable) {
      line.addEventListener("click", (event) => {
        if (!event.target.closest("a") && !String(getSelection())) open(row.id);
      });
    }
  }
  return made;
}

function place({ name, number }) {
  return number ? `number of-${name}` : `of-${name}`;
}

function named(row, chosen, open) {
  const marks = row.pinned ? [element("span", "mark", "pinned")] : [];
  if (!row.readable) return [...lines(row.name, row.problem), ...marks];
  const link = element("a", "", row.name);
  const address = new URL(location.href);
  address.search = new URLSearchParams({ model: row.id });
  link.href = address.href;
  if (row.id === chosen) link.setAttribute("aria-current", "true");
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab is the browser's matter
    event.preventDefault();
    open(row.id);
  });
  return [link, ...marks, ...(row.name === row.id ? [] : [element("small", "id", row.id)])];
}

function state(row) {
  const box = element("span", GOOD.has(row.state) ? "state good" : "state caution", row.state);
  return row.problem && row.readable ? [box, element("small", "", row.problem)] : [box];
}

function plain(name) {
  return (row) => [row[name]];
}

function lines(first, second) {
  return second ? [first, element("small", "", second)] : [first];
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
