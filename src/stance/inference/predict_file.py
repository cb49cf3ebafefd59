"""Scoring a file of any length with a checkpoint, in flat memory; and the shares of labels in a scored file."""

import json
import logging
import textwrap
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from stance.base.errors import StanceError, UndecodableError, input_error
from stance.base.extras import from_extras
from stance.base.files import quick_digest, writing
from stance.base.lines import Row, ScannedRow
from stance.base.names import SUFFIXES, beside, is_parquet, must_exist, table_kind
from stance.base.predictions import ABSTAIN, Probabilities, probabilities_of, to_predictions
from stance.base.questions import Question
from stance.base.rows import read_rows, scan_chunks, scan_length
from stance.base.tables import RowEncoder, encoder_for
from stance.data.columns import Gaps
from stance.inference.columns import added, cells_of, sort_rows
from stance.inference.config import PredictConfig
from stance.inference.journal import Journal
from stance.inference.ray import in_order
from stance.inference.repeats import REMEMBERED, Plan, Repeats
from stance.models.classifier import StanceClassifier, checkpoint_folder
from stance.models.config import RUNTIMES
from stance.models.pretrained import named_checkpoint
from stance.models.reading import Reading, count, marks, readers, readings, say, windowed

log = logging.getLogger(__name__)

#: Characters of a text that are printed with ``show``.
SHOWN = 60

#: Settings that an unfinished file does not depend on, and those that its journal knows by content.
_NOT_IDENTITY = ("checkpoint", "input", "output", "overwrite", "show", "engine", "ray", "runtime")

#: What is counted of how rows are read.
_READ = ("cut", "unknown", "marked", "unmentioned")

#: Files of the journal.
_ROWS, _TABLE, _REJECTS, _REPEATS = "rows", "rows.parquet", "rejects.jsonl", "repeats"


@dataclass(slots=True)
class Tally:
    """What became of the rows of a file.

    Attributes:
        rows: Written.
        bad: Not scored; they are in the file of rejects.
        scored: Rows that the model was asked for; the other rows were repeats of them.
        cut: Rows whose text is too long for the model.
        unknown: Rows most of whose text is unknown to the model's tokenizer.
        marked: Rows whose text mentions the holder.
        unmentioned: Rows whose text does not, although they name one.
        position: How far the input was read (see :class:`stance.base.lines.ScannedRow`).
    """

    rows: int = 0
    bad: int = 0
    scored: int = 0
    cut: int = 0
    unknown: int = 0
    marked: int = 0
    unmentioned: int = 0
    position: int = 0


def rejects_path(output: str | Path) -> Path:
    """Where the bad rows of a scored file go."""
    return beside(output, "." + _REJECTS)


def predict_file(classifier: StanceClassifier, config: PredictConfig) -> Tally:
    """Write every good input row, in order, with ``label`` and a probability for each label added.

    A bad row (not to be read; an empty text or target, or a value that is no text) goes to the file of rejects, with
    its line, the reason and the row as it stood. Repeated rows are scored once. While it runs, all is in the folder
    ``OUTPUT.partial``; a run that was killed goes on after its last whole chunk and ends with the same bytes.
    With ``engine=ray`` the workers load ``config.checkpoint`` themselves.

    Returns:
        Numbers of rows.

    Raises:
        ConnectionError: Ray failed; what was scored stays for the next time.
        StanceError: Names file, line, value and what is allowed: a missing column, a column that would be overwritten,
            a file without (good) rows; a risk that is not to be reached; an unfinished run with other settings. With
            ``strict`` also the first bad row. Of the file under way nothing is left then.
    """
    output, rejects = Path(config.output), rejects_path(config.output)
    encoder = encoder_for(output, must_exist(config.input), added(config), excel_safe=config.excel_safe)
    for path in (output, rejects):
        if path.is_dir():
            raise input_error(str(path), "a folder is there", allowed="the path of a file")
    _say_whose_rejects(output, rejects, config.input)
    lowest = _threshold(classifier, config)
    if config.windows and not readers(classifier.predictor):
        log.info("windows=true changes nothing: the model reads texts of any length")
    folder = output.with_name(output.name + ".partial")
    journal = Journal(folder, _identity(classifier, config), overwrite=config.overwrite)
    tally = journal.tally(Tally)
    try:
        if not journal.whole:
            _score(classifier, config, journal, encoder, lowest, tally)
            if is_parquet(output):
                from stance.base.parquet import to_parquet  # here, since pyarrow takes a while to load

                with writing(journal.path(_TABLE)):
                    to_parquet(journal.path(_grown(output)), journal.path(_TABLE))
    except StanceError:
        journal.discard()
        raise
    finally:
        journal.close()
    became = "was read in windows" if config.windows else "was cut (windows=true reads it all)"
    say(classifier.predictor, Counter(asdict(tally)), log, became)
    journal.deliver({_TABLE if is_parquet(output) else _grown(output): output, _REJECTS: rejects})
    return tally


def _say_whose_rejects(output: Path, rejects: Path, source: str) -> None:
    """Warn of a new output whose bad rows replace those of another one, which differs in its suffix alone."""
    if not rejects.exists() or output.exists():
        return
    near = (path for path in sorted(output.parent.iterdir()) if table_kind(path)[0] in SUFFIXES)
    others = [path for path in near if rejects_path(path) == rejects and path.resolve() != Path(source).resolve()]
    if others:
        names = " or ".join(path.name for path in others)
        log.warning("%s holds the bad rows of %s: those of %s, if any, take their place", rejects, names, output.name)


def first_rows(config: PredictConfig) -> list[str]:
    """The first ``config.show`` rows of the output: label, its probability, holder, target, beginning of the text."""
    lines: list[str] = []
    for _, row in islice(read_rows(config.output), config.show):
        label = row[config.prefix + "label"]
        sure = "" if label == ABSTAIN else f"{float(row[config.prefix + label]):.2f}"
        holder = row.get(config.columns.holder) or config.holder or "the author"
        target = config.target if config.target is not None else row[config.columns.target]
        text = textwrap.shorten(str(row[config.columns.text]), SHOWN, placeholder=" ...")
        lines.append(f"{label:<8}{sure:<6}{holder}: {target}    {text}")
    return lines


def _score(
    classifier: StanceClassifier,
    config: PredictConfig,
    journal: Journal,
    encoder: RowEncoder,
    lowest: float,
    tally: Tally,
) -> None:
    """Bring all rows of the input that the journal does not have yet into its files."""
    repeats = Repeats(REMEMBERED)
    grown = _grown(config.output)
    if tally.rows:
        encoder.go_on(journal.path(grown))
        repeats.recall(journal.path(_REPEATS))
    if done := tally.rows + tally.bad:
        log.info("going on after row %s, where a run was stopped", f"{done:,}")
    waiting: deque[tuple[Sequence[ScannedRow], list[tuple[Row, Question]], list[dict[str, Any]], Plan]] = deque()
    mentioned = config.details or marks(classifier.predictor)
    looks = mentioned or bool(readers(classifier.predictor))
    undecoded: list[int] = []
    gaps = Gaps(config.input, vars(config.columns), {} if config.holder else {"holder": Gaps.MEANING["holder"]})

    def asked() -> Iterator[list[Question]]:
        """What the model is asked, chunk by chunk; with several workers it is read ahead of the answers."""
        begun, seen = False, 0
        for chunk in scan_chunks(config.input, config.chunk, config.encoding, config.manner):
            undecoded.extend(row.number for row in chunk if isinstance(row.values, UndecodableError))
            good, bad = sort_rows(chunk, config, gaps, begun=begun)
            begun = begun or bool(good)
            seen += len(chunk)
            if seen <= done:  # what is told in the end is of the whole file
                continue
            plan = repeats.plan([read for _, read in good])
            waiting.append((chunk, good, bad, plan))
            yield plan.new

    shape = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
    file = {"desc": Path(config.input).name, "total": scan_length(config.input), "initial": tally.position}
    # of bytes read (rows for parquet), since the number of rows of a text is not known beforehand
    with tqdm(**file, bar_format=shape, smoothing=0) as bar, closing(_answers(classifier, config, asked())) as answers:
        for answer in answers:
            chunk, good, bad, plan = waiting.popleft()
            if good:
                scores, record = plan.settle(answer)
                read = _readings(classifier, [row for _, row in good], mentioned) if looks else [None] * len(good)
                added = map(partial(cells_of, config, lowest), to_predictions(scores), read)
                written = [row | cells for (row, _), cells in zip(good, added, strict=True)]
                journal.append(grown, encoder.encode(written))
                journal.append(_REPEATS, record)
                tally.scored += len(plan.new)
                counts = count(row for row in read if row is not None)
                for name in _READ:
                    setattr(tally, name, getattr(tally, name) + counts[name])
            if bad:
                journal.append(_REJECTS, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in bad).encode())
            tally.rows += len(good)
            tally.bad += len(bad)
            tally.position = chunk[-1].position
            journal.commit(asdict(tally))
            speed = (tally.rows + tally.bad - done) / max(bar.format_dict["elapsed"], 1e-9)
            bar.set_postfix_str(f"{tally.rows + tally.bad:,} rows, {speed:,.0f} rows/s", refresh=False)
            bar.update(tally.position - bar.n)
    if undecoded:
        told = "%d rows set aside are not in %s, line %d first: if the file is in another encoding, say encoding=NAME"
        log.warning(told, len(undecoded), config.encoding, undecoded[0])
    gaps.tell("fill_down")
    if not tally.rows and not tally.bad:
        raise input_error(config.input, "no rows in the file")
    if not tally.rows:
        with journal.path(_REJECTS).open(encoding="utf-8") as lines:
            first = json.loads(next(lines))
        raise input_error(config.input, f"all {tally.bad:,} rows are bad; line {first['line']}: {first['reason']}")


def _grown(output: str | Path) -> str:
    """The file of the journal that grows: the output itself, or what parquet is made of."""
    return _ROWS if is_parquet(output) else _ROWS + "".join(table_kind(output))


def _identity(classifier: StanceClassifier, config: PredictConfig) -> dict[str, Any]:
    """What a run must have in common with one that was stopped, to go on from there."""
    identity = {"input": quick_digest(config.input), "checkpoint": classifier.digest(), "runtime": classifier.runtime}
    for name, value in asdict(config).items():
        if name not in _NOT_IDENTITY:
            identity |= (
                {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
            )
    return identity


def load_classifier(config: PredictConfig) -> StanceClassifier:
    """The classifier that is asked: here, or in each worker."""
    return StanceClassifier.from_pretrained(config.checkpoint, config.runtime)


def _answers(
    classifier: StanceClassifier, config: PredictConfig, batches: Iterable[Sequence[Question]]
) -> Generator[Probabilities]:
    """The probabilities of each batch, in order."""
    if config.engine == "local":
        yield from map(_asked(classifier, config), batches)
        return
    folder = checkpoint_folder(config.checkpoint, config.runtime)
    if classifier.folder is None or not folder.samefile(classifier.folder):
        found = str(classifier.folder or "a model of this process")
        allowed = f"the model of checkpoint={config.checkpoint}, which the workers load; or engine=local"
        raise input_error("engine=ray", "another model than the workers would ask", found=found, allowed=allowed)
    of_a_disk = named_checkpoint(config.checkpoint) is None and Path(config.checkpoint).is_dir()
    there = replace(config, checkpoint=str(folder.absolute())) if of_a_disk else config
    if classifier.runtime in RUNTIMES:
        there = replace(there, runtime=classifier.runtime)  # and not what a worker would find best
    yield from in_order(lambda: _asked(load_classifier(there), there), batches, config.ray)


def _asked(classifier: StanceClassifier, config: PredictConfig) -> Callable[[Sequence[Question]], Probabilities]:
    return partial(probabilities_of, (windowed(classifier) if config.windows else classifier).predictor)


def _threshold(classifier: StanceClassifier, config: PredictConfig) -> float:
    """The confidence above which a row is answered; below 0 if every row is."""
    if config.abstain.risk is None:
        return -1.0
    with from_extras():
        from stance.evaluation.selective import threshold_for
    if config.windows or "onnx-int8" in classifier.runtime:
        how = "windows=true" if config.windows else "runtime=onnx-int8"
        log.warning("%s changes some labels: what is said of errors was counted without it", how)
    rows = classifier.card.thresholds
    chosen, bound = threshold_for(rows, config.abstain.risk, config.abstain.delta, config.checkpoint)
    log.info(
        "answering above confidence %.3f: on validation %.0f%% of the rows, %.1f%% of them wrong; in truth, with "
        "probability %g, at most %.1f%%, for rows like those of validation (docs/evaluation.md says what that means)",
        *(chosen.confidence, 100 * chosen.rows / rows[-1].rows, 100 * chosen.errors / chosen.rows),
        *(1 - config.abstain.delta, 100 * bound),
    )
    return chosen.confidence


def _readings(classifier: StanceClassifier, rows: Sequence[Question], mentioned: bool) -> list[Reading]:
    """How each row is read; one that repeats another, as that one."""
    distinct = list(dict.fromkeys(rows))
    found = readings(classifier.predictor, distinct, mentioned=mentioned)
    read = dict(zip(distinct, found, strict=True))
    return [read[row] for row in rows]
