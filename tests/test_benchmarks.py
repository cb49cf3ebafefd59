"""The bench: operations are counted right, batches are seen as they run, pages show what is recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, PreTrainedModel, set_seed

import flops
import page
import sentences
import summary
import throughput
import worker
from conftest import PROJECT
from stance import StanceClassifier
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.questions import Question
from stance.models.card import Card
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}


def test_operations_are_those_that_torch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    config = BertConfig(vocab_size=50, num_labels=3, attn_implementation="eager", **SIZES)
    model = BertForSequenceClassification(config).eval()
    for rows, length in ((1, 5), (3, 17)):
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            model(input_ids=torch.ones(rows, length, dtype=torch.long))
        counted = flops.encoder_flops(config.to_dict(), np.full(rows, length)).sum()
        assert counted == counter.get_total_flops()


def test_an_encoder_that_is_not_counted_is_named():
    with pytest.raises(StanceError, match=r"not counted.*'modernbert'.*roberta"):
        flops.encoder_flops({"model_type": "modernbert"}, np.array([8]))


def test_more_rows_are_distinct_and_begin_with_the_rows():
    rows = [("a", "x", ""), ("b", "y", "h"), ("c", "x", "")]
    found = sentences.more_rows(rows, 20)
    assert found[:3] == rows
    assert len(set(found)) == len(found) == 20
    assert {text for text, _, _ in found} == {"a", "b", "c"}
    assert sentences.more_rows(rows, 2) == rows[:2]


def test_a_sample_is_part_of_the_rows_in_their_order():
    sample = sentences.chosen(100, 0.2)
    assert len(sample) == 20
    assert sample == sorted(set(sample)) == sentences.chosen(100, 0.2)
    assert sentences.chosen(7, 1.0) == list(range(7))


@pytest.fixture(scope="module")
def checkpoint(tiny_encoder, tmp_path_factory):
    set_seed(3)
    encoder = EncoderModel.new(str(tiny_encoder), InputFormat(max_length=64))
    with torch.no_grad():
        encoder.model.classifier.weight.mul_(40)
    folder = tmp_path_factory.mktemp("checkpoint") / "c"
    StanceClassifier(encoder, Card("encoder", {"name": "d", "fingerprint": "f"}, encoder.input_format)).save_pretrained(
        folder
    )
    return folder


@pytest.fixture
def in_this_process(monkeypatch):
    """Jobs run here, not in processes that each load the libraries anew, and what they patch is put back."""
    monkeypatch.setattr(PreTrainedModel, "__call__", PreTrainedModel.__call__)
    monkeypatch.setattr(worker, "SQUARES", (64,))

    def run(command, **options):
        monkeypatch.setattr(sys, "argv", command[1:])
        worker.main()
        return subprocess.CompletedProcess(command, 0)

    return run


def test_every_batch_is_seen_with_its_padding(checkpoint, in_this_process):
    ask, batches = worker.SYSTEMS["pipeline-32"].load(checkpoint), flops.Batches()
    batches.watch()
    rows = [("Yes.", "sign it", "she"), ("They said so at noon and again at night.", "sign it", "she")]
    ask(rows)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    form = InputFormat()
    lengths = [len(tokenizer(*form.pair(Question(*row)))["input_ids"]) for row in rows]
    assert batches.tokens == lengths
    assert batches.width == [max(lengths)] * 2
    assert batches.batches == 1


def test_rows_are_cut_to_the_length_asked_for(checkpoint):
    rows = [("Nobody came.", "x", ""), ("The harbour was closed again.", "x", "")]
    tokenizer, form = AutoTokenizer.from_pretrained(checkpoint), InputFormat()
    for length in (16, 40):
        cut = worker._cut(checkpoint, rows, length, 3)
        assert [len(tokenizer(*form.pair(Question(*row)))["input_ids"]) for row in cut] == [length] * 3


def test_peak_memory_grows_with_what_is_held():
    """In a process of its own: this one may have held more before."""
    code = "import worker; before = worker.peak_mb(); held = b'1' * 80_000_000; print(worker.peak_mb() - before)"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=PROJECT / "benchmarks", capture_output=True, text=True, check=True)
    assert 40 < float(ran.stdout) < 160


def test_a_bench_from_rows_to_page_goes_on_where_it_stopped(
    checkpoint, in_this_process, readable_annotations, tmp_path, monkeypatch, capsys, caplog
):
    write_annotations(tmp_path / "mine.jsonl", readable_annotations)
    out = tmp_path / "bench" / "throughput.json"
    arguments = ["--checkpoint", str(checkpoint), "--outputs", str(tmp_path), "--out", str(out), "--rows", "20"]
    arguments += ["--repeats", "2", "--systems", "pipeline-32", "torch", "cascade"]
    arguments += ["--dataset", "data=annotations", f"data.path={tmp_path / 'mine.jsonl'}"]
    monkeypatch.setattr(throughput, "FILES", {"checkpoint": (40,)})
    monkeypatch.setattr(throughput, "LENGTHS", (8, 16))
    jobs = []

    def run(command, **options):
        jobs.append(json.loads(Path(command[2]).read_text()))
        if len(jobs) == 3:
            return subprocess.CompletedProcess(command, 1, stderr="killed")
        return in_this_process(command)

    monkeypatch.setattr(throughput, "subprocess", SimpleNamespace(run=run))

    def bench():
        monkeypatch.setattr(sys, "argv", ["throughput.py", *arguments])
        throughput.main()

    with pytest.raises(SystemExit):
        bench()
    assert "torch/0: killed" in capsys.readouterr().err
    assert not out.exists()
    bench()
    assert "going on: 2 measurements stand" in caplog.text
    done = [(job["measure"], job.get("system")) for job in jobs]
    assert done == [
        ("peak", None),
        ("system", "pipeline-32"),
        ("system", "torch"),
        ("system", "torch"),
        ("peak", None),
        ("system", "torch"),
        ("system", "pipeline-32"),
        ("lengths", "torch"),
        ("file", None),
    ]
    record = json.loads(out.read_text())
    torch_path, plain = record["systems"]["torch"], record["systems"]["pipeline-32"]
    assert plain["agreement"] == 1.0
    assert torch_path["rows"] == torch_path["encoder_rows"] == 20
    assert torch_path["raw"][0]["useful_flops"] == plain["raw"][0]["useful_flops"]
    assert torch_path["latency_ms"]["calls"] == throughput.CALLS
    assert "macro_f1" not in torch_path  # the card names other data
    assert record["systems"]["cascade"] == {"left_out": "no --cascade"}
    assert record["by_rows"]["checkpoint 40"]["scored"] == 40
    assert [found["tokens"] for found in record["by_length"]["torch"]] == [8, 16]
    assert not out.with_name("throughput.json.partial").exists()
    text = (out.parent / "README.md").read_text()
    assert f"**{torch_path['rows_per_second']['median']:,.1f}**" in text
    assert "Left out: the toolkit, cascade (no --cascade)." in text
    assert str(checkpoint) not in text
    assert not any(row.text in out.read_text() + text for row in readable_annotations)


def test_what_a_user_can_mend_leaves_a_system_out_and_names_no_folder(in_this_process, tmp_path):
    job = {"measure": "system", "system": "torch", "checkpoint": str(tmp_path / "none"), "calls": 1, "spawned": 0.0}
    rows, result = tmp_path / "rows.json", tmp_path / "result.json"
    rows.write_text('[["a", "x", ""]]')
    (tmp_path / "none").mkdir()
    (tmp_path / "job.json").write_text(json.dumps({**job, "rows": str(rows), "result": str(result)}))
    in_this_process(["python", "worker.py", str(tmp_path / "job.json")])
    assert json.loads(result.read_text())["left_out"].startswith("DIR: not a checkpoint of this toolkit")


def test_macro_f1_is_counted_where_the_checkpoint_knows_the_data():
    held = sentences.Sentences("d", "f", (("a", "x", ""), ("b", "x", ""), ("c", "x", "")), ("favor", "against"))
    about = {"checkpoints": {"checkpoint": {"data": {"fingerprint": "f"}}}}
    labels = {"torch/0": {"labels": ["favor", "against", "favor"]}, "onnx/0": {"labels": ["favor", "favor", "favor"]}}
    assert summary._quality(about, "torch", held, labels)["macro_f1"] == pytest.approx(2 / 3)  # neutral never occurs
    found = summary._quality(about, "onnx", held, labels)
    assert found == {"agreement": pytest.approx(2 / 3), "macro_f1": pytest.approx(2 / 9), "scored": 2}


def test_aims_are_judged_by_what_is_recorded():
    def system(speed, **more):
        return {"rows_per_second": {"median": speed}, **more}

    record = {"systems": {"pipeline-32": system(10.0), "torch": system(16.0), "onnx": {"left_out": "no model.onnx"}}}
    table = page._aims_table(record)
    assert "| torch against `pipeline` at batch 32 | 1.50 times | 1.60 times | yes |" in table
    assert "| ONNX fp32 against `pipeline` at batch 32 | 2.00 times | not measured |  |" in table
    record["systems"]["torch"] = system(14.0)
    assert "| 1.50 times | 1.40 times | **no** |" in page._aims_table(record)


def test_costs_are_rows_divided_by_speed_and_stand_between_their_marks(tmp_path):
    raw = {"useful_flops": 2e9 * 10}
    torch = {"rows": 10, "rows_per_second": {"median": 100.0}, "raw": [raw]}
    sample = {"rows": 5, "rows_per_second": {"median": 1.0}, "raw": [raw]}
    record = {
        "rows": {"number": 10},
        "machine": {"cores": 2},
        "systems": {"torch": torch, "pipeline-1": sample, "onnx": {"left_out": "no file"}},
    }
    text = page.costs(record)
    # 10^7 / 100 s are 28 hours; 10^9 / 100 / 16 s are 7.2 days; a sample of the rows is not scaled up
    assert "| the toolkit, torch | 100.0 | 28 hours | 104 minutes |" in text
    assert "7.2 days" in text and "a row at a time" not in text
    assert f"= {page.GPU_TFLOPS * 1e12 * page.GPU_SHARE / 2e9:,.0f} rows per second" in text
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- costs -->\nold\n<!-- /costs -->\nafter\n")
    page.write_costs(record, path)
    assert path.read_text() == f"before\n<!-- costs -->\n{text}\n<!-- /costs -->\nafter\n"


def test_the_pages_that_are_committed_are_those_of_the_record():
    record = json.loads((PROJECT / "benchmarks" / "throughput.json").read_text(encoding="utf-8"))
    assert (PROJECT / "benchmarks" / "README.md").read_text(encoding="utf-8") == page.page_text(record)
    assert f"{page.MARKS[0]}\n{page.costs(record)}\n{page.MARKS[1]}" in (PROJECT / "docs" / "scaling.md").read_text(
        encoding="utf-8"
    )
