// Ties the parts together.
document.documentElement.classList.add("js");
recall();

const refresh = () => {
  applyFilters();
  countShown();
  showRows();
};
let waiting = 0;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 150);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(refresh));

table.addEventListener("click", openCell);
table.addEventListener("keydown", move);
byId("order").addEventListener("change", showRows);
byId("more").addEventListener("click", showMore);
byId("whole").addEventListener("click", () => choose(""));
const backToCell = () => table.querySelector("td.chosen > button")?.focus();
byId("back").addEventListener("click", backToCell);

const showActor = (number) => {
  const select = byId("actor");
  if (![...select.options].some((option) => option.value === number)) return;
  select.value = number;
  showTimeline();
  byId("timeline").focus();
  byId("timeline").scrollIntoView();
};
byId("actor").addEventListener("change", showTimeline);
for (const node of document.querySelectorAll(".node[data-actor]")) {
  node.addEventListener("click", () => showActor(node.dataset.actor));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    showActor(node.dataset.actor);
  });
}
for (const line of document.querySelectorAll("line[data-cell]")) {
  line.addEventListener("click", () => {
    choose(line.dataset.cell);
    byId("evidence").scrollIntoView();
  });
}

byId("annotator").addEventListener("change", keepName);
byId("download").addEventListener("click", download);
byId("forget").addEventListener("click", () => {
  if (!confirm("Forget all marks?")) return;
  for (const id of judged.keys()) keep(id, "");
  judged.clear();
  tellMarks();
  draw();
});
byId("close").addEventListener("click", () => byId("document").close());

// "/" goes to the search, Escape from a sentence back to its cell.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    form.elements.words.focus();
  }
  if (event.key === "Escape" && !typing && event.target.closest("section")?.querySelector("#evidence")) backToCell();
});
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

tellMarks();
countShown();
showRows();
if (byId("actor").options.length) showTimeline();
