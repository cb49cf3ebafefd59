// The sentences: those of a cell, or all that fit the search; so many at once.
const AT_ONCE = 10;
const view = { cell: "", month: "", shown: AT_ONCE };
const list = byId("list");
let rows = [];

// How surely a side is taken, whichever: the neutral ones come last.
const poleOf = (row) => Math.max(E.favor[row], E.against[row]);

const ORDERS = {
  clear: (a, b) => poleOf(b) - poleOf(a),
  new: (a, b) => (dateOf(a) < dateOf(b) ? 1 : dateOf(a) > dateOf(b) ? -1 : 0),
  old: (a, b) => Number(!dateOf(a)) - Number(!dateOf(b)) || -ORDERS.new(a, b),
  doubtful: (a, b) => marginOf(a) - marginOf(b),
};

// Only an address of the web or a file is opened; the page itself never loads one.
const linkTo = (place) => {
  try {
    const address = new URL(D.link[place], document.baseURI);
    return ["http:", "https:", "file:"].includes(address.protocol) && D.link[place] ? address.href : "";
  } catch {
    return "";
  }
};

const showDocument = (row) => {
  const place = E.document[row];
  const text = D.text[place];
  byId("document-title").textContent = titleOf(place);
  const facts = [D.date[place], D.source[place], D.id[place]].filter(Boolean).join(" · ");
  const address = linkTo(place);
  byId("document-facts").replaceChildren(
    facts,
    ...(address
      ? [" · ", el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, "open the original")]
      : []),
  );
  const here = E.texts[row]?.sentence === undefined ? [[E.start[row], E.end[row], "here"]] : [];
  byId("document-text").replaceChildren(
    ...(text ? pieces(text, here) : [contextOf(row), " ", el("mark", { class: "here" }, sentenceOf(row))]),
  );
  byId("document").showModal();
  byId("document-title").focus();
  byId("document-text").querySelector("mark")?.scrollIntoView({ block: "center" });
};

const percent = (share) => `${Math.round(100 * share)}%`;

const item = (row) => {
  const place = E.document[row];
  const label = labelOf(row);
  const others = LABELS.filter((name) => name !== label)
    .map((name) => `${name} ${percent(E[name][row])}`)
    .join(", ");
  const bare = (text) => el("bdi", {}, text);
  const mention = E.texts[row]?.mention;
  const address = linkTo(place);
  return el(
    "li",
    { class: label },
    el(
      "p",
      { class: "about" },
      el("strong", {}, `${SIGNS[label]} ${label} ${percent(sureOf(row))}`),
      el("span", {}, others),
      el("span", {}, bare(DATA.actors[E.actor[row]]), mention ? ` (named as \u201c${mention}\u201d)` : ""),
      bare(DATA.proposals[E.proposal[row]]),
    ),
    el(
      "blockquote",
      { dir: "auto" },
      ...(contextOf(row) ? [el("span", { class: "before" }, ...markedContext(row)), " "] : []),
      ...markedSentence(row),
    ),
    el(
      "p",
      { class: "about" },
      el("span", {}, dateOf(row) || "no date"),
      ...(D.source[place] ? [bare(D.source[place])] : []),
      bare(titleOf(place)),
    ),
    el(
      "div",
      { class: "acts" },
      el("button", { type: "button", class: "linklike", onclick: () => showDocument(row) }, "Show in the document"),
      ...(address
        ? [el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, "Open the original")]
        : []),
      judgement(row),
    ),
  );
};

const draw = () => {
  list.replaceChildren(...rows.slice(0, view.shown).map(item));
  tellMore();
};
const tellMore = () => {
  const left = rows.length - Math.min(view.shown, rows.length);
  byId("more").hidden = left === 0;
  byId("more").textContent = `Show ${Math.min(AT_ONCE, left)} more of ${left.toLocaleString("en")}`;
};
const showMore = () => {
  const first = view.shown;
  view.shown += AT_ONCE;
  list.append(...rows.slice(first, view.shown).map(item));
  tellMore();
  list.children[first]?.querySelector("button").focus();
};

// Sort and show what is chosen and fits; a cell has its own order, the clearest first.
const showRows = () => {
  const cell = CELLS.get(view.cell);
  const order = byId("order").value;
  rows = (cell ? cell.evidence : ALL).filter((row) => fits[row] && (!view.month || dateOf(row).startsWith(view.month)));
  if (!cell || order !== "clear") rows.sort(ORDERS[order]);
  view.shown = AT_ONCE;
  const place = cell
    ? `${DATA.actors[cell.actor]} on: ${DATA.proposals[cell.proposal]} (${cell.position})`
    : "All sentences";
  byId("chosen").textContent =
    `${place}${view.month ? `, ${view.month}` : ""}: ${many(rows.length, "answer")}${filtering ? " that fit the search" : ""}`;
  for (const id of ["whole", "back"]) byId(id).hidden = !cell;
  draw();
};

const choose = (cell, month = "") => {
  view.cell = cell;
  view.month = month;
  for (const place of document.querySelectorAll("#positions td[data-cell]")) {
    place.classList.toggle("chosen", place.dataset.cell === cell);
    place.setAttribute("aria-selected", String(place.dataset.cell === cell));
  }
  showRows();
};
