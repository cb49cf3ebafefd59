// An actor's statements by month, a line for each proposal, and its changes of position, quoted.
const MOST_MONTHS = 240;

const monthsOf = (cells) => {
  const named = [...new Set(cells.flatMap((cell) => cell.months.map(([month]) => month)))].sort();
  if (!named.length) return [];
  const number = (month) => 12 * Number(month.slice(0, 4)) + Number(month.slice(5, 7)) - 1;
  const [first, last] = [number(named[0]), number(named.at(-1))];
  if (!(last - first < MOST_MONTHS)) return named;
  return Array.from(
    { length: last - first + 1 },
    (_, step) =>
      `${String(Math.floor((first + step) / 12)).padStart(4, "0")}-${String(((first + step) % 12) + 1).padStart(2, "0")}`,
  );
};

const monthCell = (cell, month, counts, most, changed) => {
  if (!counts) return el("td", {}, el("span", { class: "month" }));
  const [against, neutral, favor] = counts;
  const said = `${month}: ${favor} favor, ${neutral} neutral, ${against} against${changed ? ", a change of position" : ""}`;
  const bar = (kind, number) => {
    const node = el("i", { class: kind });
    node.style.setProperty("--h", `${(48 * number) / most}%`);
    return node;
  };
  const bars = [
    ["favor", favor],
    ["against", against],
    ["neutral", neutral],
  ].filter(([, number]) => number);
  const show = () => {
    choose(`${cell.actor},${cell.proposal}`, month);
    byId("evidence").focus();
    byId("evidence").scrollIntoView();
  };
  return el(
    "td",
    {},
    el(
      "button",
      { type: "button", class: changed ? "month changed" : "month", title: said, "aria-label": said, onclick: show },
      ...bars.map(([kind, number]) => bar(kind, number)),
    ),
  );
};

const quote = (row) =>
  el(
    "div",
    {},
    el("p", { class: "quote", dir: "auto" }, ...markedSentence(row)),
    el(
      "p",
      { class: "soft" },
      `${dateOf(row) || "no date"} · `,
      el("bdi", {}, titleOf(E.document[row])),
      " ",
      el("button", { type: "button", class: "linklike", onclick: () => showDocument(row) }, "Show in the document"),
    ),
  );

const changeOf = (cell, change) =>
  el(
    "div",
    { class: "change" },
    el("h3", {}, `${change.date}: from ${change.before} to ${change.after}`),
    el(
      "p",
      { class: "soft" },
      el("bdi", {}, DATA.proposals[cell.proposal]),
      `; permutation test, p = ${change.p_value.toPrecision(2)}`,
    ),
    ...[
      ["Before", change.evidence_before],
      ["After", change.evidence_after],
    ].flatMap(([when, found]) =>
      found.length ? [el("p", {}, el("strong", {}, when)), ...found.slice(0, 2).map(quote)] : [],
    ),
  );

const showTimeline = () => {
  const actor = Number(byId("actor").value);
  const cells = DATA.cells.filter((cell) => cell.actor === actor).sort((a, b) => a.proposal - b.proposal);
  const months = monthsOf(cells);
  const most = Math.max(
    1,
    ...cells.flatMap((cell) => cell.months.map(([, against, , favor]) => Math.max(against, favor))),
  );
  const line = (cell) => {
    const counts = new Map(cell.months.map(([month, ...numbers]) => [month, numbers]));
    const changed = new Set(cell.changes.map((change) => change.date.slice(0, 7)));
    return el(
      "tr",
      {},
      el("th", { scope: "row", dir: "auto" }, DATA.proposals[cell.proposal], el("small", {}, cell.position)),
      ...months.map((month) => monthCell(cell, month, counts.get(month), most, changed.has(month))),
    );
  };
  const heads = months.map((month, place) =>
    el(
      "th",
      { scope: "col" },
      place === 0 || month.endsWith("-01") ? el("strong", {}, month.slice(0, 4)) : "",
      el("br"),
      month.slice(5, 7),
    ),
  );
  const drawn = el(
    "table",
    { class: "months" },
    el("caption", { dir: "auto" }, DATA.actors[actor]),
    el("thead", {}, el("tr", {}, el("td"), ...heads)),
    el("tbody", {}, ...cells.map(line)),
  );
  byId("months").replaceChildren(
    months.length
      ? el(
          "div",
          { class: "scroll", tabindex: "0", role: "region", "aria-label": "Statements by month, a table" },
          drawn,
        )
      : el("p", {}, "None of the actor's statements is dated."),
  );
  const changes = cells
    .flatMap((cell) => cell.changes.map((change) => [cell, change]))
    .sort(([, a], [, b]) => (a.date < b.date ? -1 : 1));
  byId("changes").replaceChildren(
    ...(changes.length
      ? changes.map(([cell, change]) => changeOf(cell, change))
      : [el("p", { class: "soft" }, "No change of position that is more than noise.")]),
  );
};
