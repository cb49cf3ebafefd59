// The table of positions: a click or Enter shows a cell's sentences, arrows move, and the search counts what fits.
const table = byId("positions");
const placeOf = (node) => [node.closest("tr"), node.closest("td")];
const reach = (node) => {
  for (const other of table.querySelectorAll('td > [tabindex="0"]')) other.tabIndex = -1;
  node.tabIndex = 0;
  node.focus();
};

const move = (event) => {
  const [line, cell] = placeOf(event.target);
  if (!cell) return;
  const lines = [...table.tBodies[0].rows].filter((each) => !each.hidden);
  const row = lines.indexOf(line);
  const column = cell.cellIndex;
  const last = line.cells.length - 1;
  const steps = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 1],
    End: [row, last],
  };
  const [toRow, toColumn] = steps[event.key] ?? [-1, -1];
  const next = toColumn >= 1 && lines[toRow]?.cells[toColumn]?.firstElementChild;
  if (event.key in steps) event.preventDefault();
  if (next) reach(next);
};

const openCell = (event) => {
  const cell = event.target.closest("td[data-cell]");
  if (!cell) return;
  reach(cell.firstElementChild);
  choose(cell.dataset.cell);
  byId("evidence").focus();
  byId("evidence").scrollIntoView();
};

const countShown = () => {
  byId("filtered").hidden = !filtering;
  const some = new Set();
  for (const place of table.querySelectorAll("td[data-cell]")) {
    const cell = CELLS.get(place.dataset.cell);
    const number = filtering ? cell.evidence.reduce((sum, row) => sum + fits[row], 0) : cell.evidence.length;
    place.classList.toggle("dim", number === 0);
    const told = place.querySelector(".shown-n");
    told.hidden = !filtering;
    told.textContent = `${number.toLocaleString("en")} shown`;
    if (number) some.add(cell.actor);
  }
  for (const line of table.tBodies[0].rows) line.hidden = filtering && !some.has(Number(line.dataset.actor));
  const focusable =
    table.querySelector('tr:not([hidden]) td > [tabindex="0"]') ?? table.querySelector("tbody tr:not([hidden]) td > *");
  if (focusable) focusable.tabIndex = 0;
};
