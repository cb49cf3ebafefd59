// A csv as Python writes it: the same inert cells, and a mark by which a spreadsheet knows UTF-8.
const inert = (cell, formula) => (new RegExp(`^(?:${formula})`).test(cell) ? ` ${cell}` : cell);
const csvCell = (cell) => (/[",\r\n]/.test(cell) || cell === "" ? `"${cell.replaceAll('"', '""')}"` : cell);
const csvText = (columns, rows, formula) =>
  "\ufeff" +
  [columns, ...rows].map((row) => row.map((cell) => csvCell(inert(cell, formula))).join(",") + "\r\n").join("");
