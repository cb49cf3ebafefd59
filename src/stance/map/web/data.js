// What the page carries. Columns: E of evidence, D of documents; a row is its number.
const DATA = JSON.parse(document.getElementById("data").textContent);
const E = DATA.evidence;
const D = DATA.documents;
const LABELS = DATA.labels;
const SIGNS = { favor: "+", neutral: "=", against: "\u2212" };
const ALL = E.id.map((_, row) => row);
const CELLS = new Map(DATA.cells.map((cell) => [`${cell.actor},${cell.proposal}`, cell]));

const byId = (id) => document.getElementById(id);

// An element; names of attributes that begin with "on" are listeners. Texts of the map are only ever text nodes.
const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
};
const many = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;

const textOf = (row) => D.text[E.document[row]];
const slice = (row, name) =>
  E[`${name}_start`][row] < 0 ? "" : textOf(row).slice(E[`${name}_start`][row], E[`${name}_end`][row]);
const sentenceOf = (row) => E.texts[row]?.sentence ?? textOf(row).slice(E.start[row], E.end[row]);
const contextOf = (row) => E.texts[row]?.context ?? slice(row, "context");
const dateOf = (row) => D.date[E.document[row]];
const labelOf = (row) => LABELS[E.label[row]] ?? "";
const sureOf = (row) => E[labelOf(row)]?.[row] ?? 0;
const titleOf = (number) => D.title[number] || D.id[number];

// How far the first answer is before the second: those near 0 teach most.
const marginOf = (row) => {
  const [first, second] = LABELS.map((label) => E[label][row]).sort((a, b) => b - a);
  return first - second;
};
