// A sentence with actor and proposal marked, as nodes.
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Thai}\p{sc=Khmer}\p{sc=Lao}\p{sc=Myanmar}]/u;
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\\/]/g, "\\$&");
const whole = (term) =>
  UNSPACED.test(term) ? escaped(term) : `(?<![\\p{L}\\p{M}\\p{N}_])${escaped(term)}(?![\\p{L}\\p{M}\\p{N}_])`;
const PATTERNS = DATA.terms.map((terms) => {
  const spelled = terms.flatMap((term) => [...new Set([term, term.normalize("NFD")])]);
  return spelled.length ? new RegExp(spelled.map(whole).join("|"), "giu") : null;
});

// Pieces of a text; a range is [from, to, class], and none overlaps another.
const pieces = (text, ranges) => {
  const nodes = [];
  let end = 0;
  for (const [from, to, kind] of ranges.sort((a, b) => a[0] - b[0])) {
    nodes.push(text.slice(end, from), el("mark", { class: kind }, text.slice(from, to)));
    end = to;
  }
  return [...nodes, text.slice(end)];
};

// Where the actor is named within a part of the document that begins at an offset; null if it is not.
const holderIn = (row, text, offset) => {
  const from = E.mention_start[row] - offset;
  const to = E.mention_end[row] - offset;
  return E.mention_start[row] >= 0 && from >= 0 && to <= text.length ? [from, to, "holder"] : null;
};

const markedSentence = (row) => {
  const text = sentenceOf(row);
  const holder = holderIn(row, text, E.start[row]);
  const found = [...(PATTERNS[E.proposal[row]] ? text.matchAll(PATTERNS[E.proposal[row]]) : [])]
    .map((match) => [match.index, match.index + match[0].length, "proposal"])
    .filter(([from, to]) => !holder || to <= holder[0] || from >= holder[1]);
  return pieces(text, holder ? [holder, ...found] : found);
};

const markedContext = (row) => {
  const text = contextOf(row);
  const holder = E.context_start[row] < 0 ? null : holderIn(row, text, E.context_start[row]);
  return pieces(text, holder ? [holder] : []);
};
