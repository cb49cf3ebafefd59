// Marks of right and wrong answers, by id of the evidence; kept by the browser where it allows that. All pages from files
// share what it keeps. So each mark is kept for itself, with the sentence, and a new page of the same answer has it too.
const KEPT = "stance map mark ";
const ANNOTATOR = "stance map annotator";
const judged = new Map();
const numberOf = new Map(E.id.map((id, row) => [id, row]));
const keyOf = (id) => `${KEPT}${id} ${sentenceOf(numberOf.get(id))}`;

const keeping = (act) => {
  try {
    act();
    byId("kept").textContent = "Marks are kept in this browser.";
  } catch {
    byId("kept").textContent = "This browser keeps no marks: download them before you close the page.";
  }
};

const keepName = () => keeping(() => localStorage.setItem(ANNOTATOR, byId("annotator").value));

const keep = (id, label) =>
  keeping(() => (label ? localStorage.setItem(keyOf(id), label) : localStorage.removeItem(keyOf(id))));

const recall = () => {
  try {
    byId("annotator").value = localStorage.getItem(ANNOTATOR) ?? "";
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(KEPT))) {
      const [id] = key.slice(KEPT.length).split(" ", 1);
      const label = localStorage.getItem(key);
      if (numberOf.has(id) && key === keyOf(id) && LABELS.includes(label)) judged.set(id, label);
    }
  } catch {
    byId("kept").textContent = "This browser keeps no marks: download them before you close the page.";
  }
};

const tellMarks = () => {
  const wrong = [...judged].filter(([id, label]) => labelOf(numberOf.get(id)) !== label).length;
  byId("marks").textContent = judged.size
    ? `${many(judged.size, "answer")} judged, ${wrong} wrong.`
    : "No answer judged yet.";
  for (const id of ["download", "forget"]) byId(id).disabled = judged.size === 0;
};

// The rows of corrections.csv, in the order of its columns.
const correctionRows = () =>
  [...judged].map(([id, label]) => {
    const row = numberOf.get(id);
    const values = {
      id,
      text: sentenceOf(row),
      holder: DATA.actors[E.actor[row]],
      target: DATA.proposals[E.proposal[row]],
      label,
      annotator: byId("annotator").value.trim() || DATA.annotator,
      document: D.id[E.document[row]],
      context: contextOf(row),
    };
    return DATA.columns.map((column) => values[column]);
  });

const download = () => {
  const file = new Blob([csvText(DATA.columns, correctionRows(), DATA.formula)], { type: "text/csv" });
  const link = el("a", { href: URL.createObjectURL(file), download: "corrections.csv" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

const judge = (row, label) => {
  if (label) judged.set(E.id[row], label);
  else judged.delete(E.id[row]);
  keep(E.id[row], label);
  tellMarks();
};

// The choice below a sentence: not judged, right, or wrong with the right label.
const judgement = (row) => {
  const said = labelOf(row);
  const options = [
    ["", "not judged"],
    [said, `right: ${said}`],
    ...LABELS.filter((label) => label !== said).map((label) => [label, `wrong, it is ${label}`]),
  ];
  const select = el(
    "select",
    { onchange: (event) => judge(row, event.target.value) },
    ...options.map(([value, text]) => el("option", { value }, text)),
  );
  select.value = judged.get(E.id[row]) ?? "";
  return el("label", {}, "Is this right? ", select);
};
