(() => {
  "use strict";
  document.documentElement.classList.add("js");

  // Every table of class sortable is sorted by the buttons in its head; cells without a number stay last.
  const collator = new Intl.Collator("en", { numeric: true });
  const textOf = (cell) => cell.dataset.value ?? cell.textContent.trim();
  const numberOf = (cell) => Number.parseFloat(textOf(cell).replaceAll(",", ""));
  const order = (numeric, sign) => ([a], [b]) => {
    if (!numeric) return sign * collator.compare(a, b);
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const numeric = head.classList.contains("number");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        const body = table.tBodies[0];
        const keyed = [...body.rows].map((row) => [(numeric ? numberOf : textOf)(row.cells[column]), row]);
        body.append(...keyed.sort(order(numeric, sign)).map(([, row]) => row));
      });
    });
  }

  // The table of all rows is narrowed by words, labels, right or wrong, and target.
  const form = document.getElementById("filters");
  const rows = [...document.getElementById("rows-table").tBodies[0].rows].map((row) => ({
    row,
    all: row.textContent.toLowerCase(),
    target: row.cells[3].textContent.toLowerCase(),
    gold: row.cells[4].textContent,
    predicted: row.cells[5].textContent,
    outcome: row.cells[6].textContent,
  }));
  const chosen = (name) => form.elements[name].value;
  const narrow = () => {
    const words = chosen("search").toLowerCase().split(/\s+/).filter(Boolean);
    const target = chosen("target").trim().toLowerCase();
    const same = ["gold", "predicted", "outcome"].filter((name) => chosen(name));
    let shown = 0;
    for (const found of rows) {
      const fits = same.every((name) => found[name] === chosen(name)) && found.target.includes(target);
      found.row.hidden = !(fits && words.every((word) => found.all.includes(word)));
      shown += !found.row.hidden;
    }
    document.getElementById("shown").textContent = `${shown} of ${rows.length} rows`;
  };
  form.addEventListener("input", narrow);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(narrow));
  for (const link of document.querySelectorAll("a[data-gold]")) {
    link.addEventListener("click", () => {
      form.reset();
      for (const name of ["gold", "predicted"]) form.elements[name].value = link.dataset[name];
      narrow();
    });
  }

  // A link to a row shows it, whatever the filters say.
  const reveal = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (row?.hidden) {
      form.reset();
      narrow();
      row.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  narrow();
})();
