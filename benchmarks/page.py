"""The page of the recorded numbers: every number in it comes from throughput.json."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from stance.base.files import write_beside, write_text
from stance.base.markdown import markdown_table
from stance.reporting.figures import ACCENT, INK
from worker import SYSTEMS

#: What the others are measured against.
BASE = "pipeline-32"

Record = Mapping[str, Any]

#: The aims: in words, the number reached (None where it was not measured), the aim, and how it is written.
AIMS: tuple[tuple[str, Callable[[Record], float | None], float, str], ...] = (
    ("torch against `pipeline` at batch 32", lambda r: times(r, "torch"), 1.5, "{:.2f} times"),
    ("ONNX fp32 against `pipeline` at batch 32", lambda r: times(r, "onnx"), 2, "{:.2f} times"),
    ("ONNX int8 against `pipeline` at batch 32", lambda r: times(r, "onnx-int8"), 3, "{:.2f} times"),
    ("cascade against `pipeline` at batch 32", lambda r: times(r, "cascade"), 12, "{:.2f} times"),
    ("cascade in int8 against `pipeline` at batch 32", lambda r: times(r, "cascade-int8"), 12, "{:.2f} times"),
    ("torch against `pipeline`, a row at a time", lambda r: times(r, "torch", "pipeline-1"), 5, "{:.2f} times"),
    ("ONNX fp32, share of the matrix peak", lambda r: _of(r, "onnx", "share_of_peak"), 0.65, "{:.0%}"),
    ("ONNX fp32, same labels as torch", lambda r: _of(r, "onnx", "agreement"), 0.995, "{:.2%}"),
    ("cascade, macro-F1 minus that of torch", lambda r: _loss(r, "cascade"), -0.002, "{:+.4f}"),
    ("cascade in int8, macro-F1 minus that of torch", lambda r: _loss(r, "cascade-int8"), -0.002, "{:+.4f}"),
)

#: Rows of an archive, and machines like the one that measured.
ARCHIVES, MACHINES = (10_000_000, 1_000_000_000), (1, 16)

#: NVIDIA's data sheet of the H100 SXM: bf16 matrix products without sparsity, TFLOP/s. And the share of it supposed.
GPU_TFLOPS, GPU_SHARE = 989, 0.1

#: Rows per second of all that surrounds the model, in one process (docs/inference.md).
AROUND = 14_000

#: The costs are between these in docs/scaling.md.
MARKS = ("<!-- costs -->", "<!-- /costs -->")

TEXT = """# Speed and memory of inference

After this page you know how many rows a second each way of labelling scores, and how much memory and time it takes.

{intro}

![Rows per second by system](throughput.svg)

{systems}

{notes}

## Aims

{aims}

## Work and machine

{work}

{peak}

## One sentence at a time

{latency}

## Cost against rows

{by_rows}

## Cost against length

{by_length}

## Repeat it

```
python scripts/build_dataset.py {dataset}
python benchmarks/throughput.py --checkpoint DIR --cascade DIR --embedding DIR --linear DIR
python benchmarks/throughput.py --render
```

The last command only writes this page and its picture, from `throughput.json`, which has every repeat.
"""


def render(record: Record, folder: Path) -> Path:
    """Write ``README.md`` and ``throughput.svg`` into a folder; the same record gives the same bytes.

    Returns:
        The page.
    """
    page = folder / "README.md"
    draw(record, folder / "throughput.svg")
    write_text(page, page_text(record))
    return page


def page_text(record: Record) -> str:
    """The page as Markdown."""
    return TEXT.format(
        intro=_intro(record),
        systems=_systems_table(record),
        notes="\n\n".join(_notes(record)),
        aims=_aims_table(record),
        work=_work_table(record),
        peak=_peak(record),
        latency=_latency_table(record),
        by_rows=_by_rows(record),
        by_length=_by_length(record),
        dataset=" ".join(record["settings"]["dataset"]),
    )


def measured(record: Record) -> dict[str, Any]:
    """The systems that were measured, in the order of the table."""
    return {name: found for name, found in record["systems"].items() if "left_out" not in found}


def times(record: Record, name: str, base: str = BASE) -> float | None:
    """How many times as many rows per second as another system; None if either was left out."""
    found = measured(record)
    if name not in found or base not in found:
        return None
    return float(found[name]["rows_per_second"]["median"] / found[base]["rows_per_second"]["median"])


def _of(record: Record, name: str, key: str) -> float | None:
    return measured(record).get(name, {}).get(key)


def _loss(record: Record, name: str) -> float | None:
    found, torch = _of(record, name, "macro_f1"), _of(record, "torch", "macro_f1")
    return None if found is None or torch is None else found - torch


def _intro(record: Record) -> str:
    rows, about, settings = record["rows"], record["machine"], record["settings"]
    flags = ", ".join(about["flags"]) or "none of those that matter"
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items() if name != "stance")
    commit = (record["code"]["commit"] or "none")[:12] + (" with changes" if record["code"]["dirty"] else "")
    made = f"; the last {rows['made']:,} pair a sentence with the target of another" if rows["made"] else ""
    tokens = next((found["tokens"] for found in measured(record).values() if "tokens" in found), None)
    length = (
        f" A row has {tokens['p50']} tokens in the median, {tokens['p5']} to {tokens['p95']} for nine in ten."
        if tokens
        else ""
    )
    return (
        f"{rows['number']:,} sentences of {rows['corpus']}, each once, in their own order{made}.{length} "
        f"The numbers are medians of {settings['repeats']} repeats, the systems in turn, each repeat in its own "
        "process.\n\n"
        f"{about['processor']}, {about['cores']} cores ({flags}), {about['memory_gb']} GB, {about['system']}, "
        f"Python {about['python']}, {versions}; every system may use all cores, no GPU. "
        f"Commit {commit}, {record['date']}."
        + (
            " **A quick trial: it shows that everything runs, and its numbers mean nothing.**"
            if settings["quick"]
            else ""
        )
    )


def _systems_table(record: Record) -> str:
    rows = []
    for name, found in measured(record).items():
        speed, ratio = found["rows_per_second"], times(record, name)
        rows.append(
            (
                SYSTEMS[name].says,
                f"**{speed['median']:,.1f}** ({speed['low']:,.1f} to {speed['high']:,.1f})",
                "-" if ratio is None else f"{ratio:.2f}",
                f"{found['peak_mb']['median']:,.0f}",
                f"{found['start_seconds']['median']:.1f}",
                f"{found['agreement']:.2%}" if "agreement" in found else "-",
                f"{found['macro_f1']:.3f}" if "macro_f1" in found else "-",
            )
        )
    heads = ("system", "rows per second", "times", "peak memory, MB", "start, s", "labels as torch", "macro-F1")
    return markdown_table(heads, rows)


def _notes(record: Record) -> Iterator[str]:
    yield (
        f"Times: rows per second over those of {SYSTEMS[BASE].says}. Start: from the start of the process to the "
        "first label (imports, loading, one sentence); rows per second are counted after that."
    )
    fewer = [
        f"{SYSTEMS[name].says} ({found['rows']:,})"
        for name, found in measured(record).items()
        if found["rows"] < record["rows"]["number"]
    ]
    if fewer:
        yield f"On a random sample of the rows, the same in each repeat, to save time: {', '.join(fewer)}."
    scored = [(name, found) for name, found in measured(record).items() if "macro_f1" in found]
    if scored:
        yield (
            f"Macro-F1 is over the {scored[0][1]['scored']:,} of these rows that are in the test and validation parts "
            "of the dataset that the checkpoint was trained on (validation chose among its epochs), from the labels "
            "that were timed."
        )
    for name, found in measured(record).items():
        if 0 < found["encoder_rows"] < found["rows"]:
            share = found["encoder_rows"] / found["rows"]
            yield f"Rows that reached the encoder in {SYSTEMS[name].says}: {share:.1%}."
    for name, found in record["systems"].items():
        if "left_out" in found:
            yield f"Left out: {SYSTEMS[name].says} ({found['left_out']})."


def _aims_table(record: Record) -> str:
    rows = []
    for says, reached, aim, form in AIMS:
        value = reached(record)
        judged = ("not measured", "") if value is None else (form.format(value), "yes" if value >= aim else "**no**")
        rows.append((says, form.format(aim), *judged))
    return markdown_table(("what", "at least", "reached", ""), rows)


def _work_table(record: Record) -> str:
    rows = [
        (
            SYSTEMS[name].says,
            f"{found['gflops']['median']:,.1f}",
            f"{found['share_of_peak']:.0%}",
            f"{found['padding']:.1%}",
            found["raw"][0]["batches"],
        )
        for name, found in measured(record).items()
        if "gflops" in found
    ]
    heads = ("system", "useful GFLOP/s", "of the matrix peak", "added by padding", "batches")
    return markdown_table(heads, rows)


def _peak(record: Record) -> str:
    peak = record["peak"]
    products = [(name, f"{value:,.1f}") for name, value in peak["by_product"].items()]
    return (
        f"The matrix peak is the fastest fp32 product of each repeat, in the median **{peak['median']:,.1f} GFLOP/s** "
        f"({peak['low']:,.1f} to {peak['high']:,.1f}), measured before each turn of the systems. Useful operations are "
        "those of the matrix products of the encoder for the tokens that rows have; padding is work on top, counted "
        "from the batches that really ran. int8 counts the same operations against the same fp32 peak.\n\n"
        + markdown_table(("product", "GFLOP/s, median of the repeats"), products)
    )


def costs(record: Record) -> str:
    """What archives cost, from the rows per second of the record, with the arithmetic."""
    found = {name: each for name, each in measured(record).items() if each["rows"] == record["rows"]["number"]}
    heads = ["system", "rows per second"]
    heads += [f"{rows:,} rows, {n} machine{'s' * (n > 1)}" for rows in ARCHIVES for n in MACHINES]
    rows = []
    for name, each in found.items():
        speed = each["rows_per_second"]["median"]
        spent = [duration(archive / speed / machines) for archive in ARCHIVES for machines in MACHINES]
        rows.append((SYSTEMS[name].says, f"{speed:,.1f}", *spent))
    said = [
        "Rows divided by the rows per second of the benchmark ([benchmarks/README.md](../benchmarks/README.md)) and by "
        f"the number of machines, each with {record['machine']['cores']} cores and a part of the file. Sentences of "
        "the same lengths, no repeats (they cost nothing). The cost of a row does not grow with the file. Not tried at "
        "this size.",
        markdown_table(heads, rows),
    ]
    torch = found.get("torch")
    if torch is not None and "useful_flops" in torch["raw"][0]:
        operations = torch["raw"][0]["useful_flops"] / torch["rows"]
        speed = GPU_TFLOPS * 1e12 * GPU_SHARE / operations
        waits = duration(ARCHIVES[1] / AROUND)
        said.append(
            f"**On a GPU nothing was measured; this is arithmetic.** A row takes {operations / 1e9:.2f} GFLOP. A card "
            f"of {GPU_TFLOPS} TFLOP/s (H100, bf16, by its data sheet) of which the encoder reached {GPU_SHARE:.0%} "
            f"would do {GPU_TFLOPS} x 10^12 x {GPU_SHARE} / {operations:.3g} = {speed:,.0f} rows per second, and take "
            f"{duration(ARCHIVES[1] / speed)} for a billion. Reading, checking and writing in one process do "
            f"{AROUND:,}, {waits} for a billion: the card would wait, unless {-int(-speed // AROUND)} processes "
            "with a part of the file each kept it busy."
        )
    return "\n\n".join(said)


def duration(seconds: float) -> str:
    """Two digits or three, in the unit that suits."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            value = seconds / length
            return f"{value:,.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def write_costs(record: Record, path: Path) -> None:
    """Put the costs between their marks in a page."""
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    write_text(path, f"{before}{MARKS[0]}\n{costs(record)}\n{MARKS[1]}{after}")


def _latency_table(record: Record) -> str:
    rows = [
        (
            SYSTEMS[name].says,
            f"{found['latency_ms']['median']:.1f}",
            f"{found['latency_ms']['p99']:.1f}",
            found["latency_ms"]["calls"],
        )
        for name, found in measured(record).items()
    ]
    return markdown_table(("system", "median, ms", "99th percentile, ms", "calls"), rows)


def _by_rows(record: Record) -> str:
    if not record["by_rows"]:
        return "Not measured."
    kinds = {option: about["kind"] for option, about in record["checkpoints"].items()}
    rows = [
        (
            kinds[name.split()[0]],
            found["rows"],
            f"{found['seconds']:,.1f}",
            f"{1000 * found['seconds'] / found['rows']:.2f}",
            f"{found['peak_mb']:,.0f}",
        )
        for name, found in record["by_rows"].items()
    ]
    return (
        "Files through `predict_file`, which reads, scores and writes 4,096 rows at a time; loading is not counted. "
        "Beyond the corpus, sentences come again with the target of another row, so that no row is a repeat.\n\n"
        + markdown_table(("model", "rows", "seconds", "ms a row", "peak memory, MB"), rows)
    )


def _by_length(record: Record) -> str:
    if not record["by_length"]:
        return "Not measured."
    rows = []
    for name, lengths in record["by_length"].items():
        rows += [
            (
                SYSTEMS[name].says,
                f"{found['tokens']:.0f}",
                f"{found['ms_a_row']:.2f}",
                f"{1000 * found['ms_a_row'] / found['tokens']:.0f}",
            )
            for found in lengths
        ]
    return (
        f"{record['settings']['length_rows']:,} rows cut to one length, the median of three passes.\n\n"
        + markdown_table(("system", "tokens", "ms a row", "µs a token"), rows)
    )


def draw(record: Record, path: Path) -> None:
    """Rows per second as bars, on a logarithmic axis, with the range of the repeats."""
    found = measured(record)
    names = [SYSTEMS[name].says.replace("`", "") for name in found]
    speeds = [each["rows_per_second"] for each in found.values()]
    medians = [speed["median"] for speed in speeds]
    ranges = [
        [speed["median"] - speed["low"] for speed in speeds],
        [speed["high"] - speed["median"] for speed in speeds],
    ]
    with mpl.rc_context({"svg.hashsalt": "stance", "font.size": 10, "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 0.8 + 0.4 * len(names)), layout="constrained")
        axes = figure.add_subplot()
        colours = [ACCENT if name.startswith("the toolkit") else "#b0b7bf" for name in names]
        axes.barh(names, medians, xerr=ranges, color=colours, ecolor=INK, capsize=3)
        for place, speed in enumerate(speeds):
            axes.annotate(f"{speed['median']:,.0f}", (speed["high"], place), (6, -4), textcoords="offset points")
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlabel("rows per second")
        axes.margins(x=0.15)
        axes.spines[["top", "right"]].set_visible(False)
        with write_beside(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
