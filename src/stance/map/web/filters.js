// Which rows fit the search. Letters are compared without case and accents, whichever way they are composed.
const fold = (text) =>
  text
    .normalize("NFD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase();
const form = byId("filters");
const fits = new Uint8Array(E.id.length).fill(1);
let haystacks = null;
let filtering = false;

const haystackOf = (row) => {
  const place = E.document[row];
  const parts = [
    sentenceOf(row),
    DATA.actors[E.actor[row]],
    DATA.proposals[E.proposal[row]],
    D.title[place],
    D.source[place],
    E.texts[row]?.mention,
  ];
  return fold(parts.filter(Boolean).join("\n"));
};

// A date may be a year or a month: it fits if any of its days does. Without a date a row fits no span.
const within = (date, from, to) => {
  if (!from && !to) return true;
  if (!date) return false;
  const first = date + "-01-01".slice(date.length === 4 ? 0 : 3, date.length === 10 ? 0 : 6);
  const last = date + "-12-31".slice(date.length === 4 ? 0 : 3, date.length === 10 ? 0 : 6);
  return (!from || last >= from) && (!to || first <= to);
};

const applyFilters = () => {
  const chosen = (name) => form.elements[name].value;
  const words = fold(chosen("words")).split(/\s+/).filter(Boolean);
  const [source, label, from, to] = ["source", "label", "from", "to"].map(chosen);
  filtering = words.length > 0 || source !== "*" || label !== "*" || Boolean(from || to);
  if (words.length && !haystacks) haystacks = ALL.map(haystackOf);
  const dated = D.date.map((date) => within(date, from, to));
  const sourced = D.source.map((name) => source === "*" || name === source);
  for (const row of ALL) {
    const place = E.document[row];
    fits[row] = Number(
      dated[place] &&
        sourced[place] &&
        (label === "*" || E.label[row] === Number(label)) &&
        words.every((word) => haystacks[row].includes(word)),
    );
  }
  const found = fits.reduce((sum, fit) => sum + fit, 0);
  byId("found").textContent = filtering ? `${found.toLocaleString("en")} of ${many(ALL.length, "answer")}` : "";
};
