"""ONNX files: the same answers as torch, or none; never those of other weights."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import set_seed

from conftest import WORDS, example, questions
from stance.base.errors import StanceError
from stance.base.files import read_json
from stance.base.labels import LABELS
from stance.data.config import DataConfig
from stance.inference import export
from stance.inference.config import ExportConfig, PredictConfig
from stance.inference.export import compare_logits, export_checkpoint, refusals, summary
from stance.inference.predict_file import predict_file
from stance.models.card import CARD, Card
from stance.models.classifier import StanceClassifier
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat
from stance.models.onnx import FILES, REPORT, OnnxModel
from stance.models.priors import Prior

pytest.importorskip("onnxruntime")

TEXTS = ["They signed at dawn.", "Nobody came, and the long talks about the harbour went on without them.", "No."] * 9
COLUMNS = [
    [f"{text} {'again ' * (i % 11)}" for i, text in enumerate(TEXTS)],
    ["sign the accord", "hold talks", "leave"] * 9,
    ["the union", "", "the ministry"] * 9,
    [""] * 27,
]

QUESTIONS = questions(*COLUMNS)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """An export that keeps what a random model of one layer can keep: int8 need be neither close nor fast."""
    rows = [
        {
            "id": f"{part} {word}",
            "text": f"The {place} {word} it.",
            "target": f"let it be {word}",
            "label": label,
            "part": part,
        }
        for part, place in (("train", "guild"), ("validation", "council"), ("test", "widow"))
        for label, words in WORDS.items()
        for word in words
    ]
    folder = tmp_path_factory.mktemp("export")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = DataConfig(name="rows", reader="table", root=str(folder), path="rows.jsonl")
    bounds = {"loss": 1.0, "agreement_int8": 0.0, "speed": 0.0}
    return ExportConfig(data=data, checkpoint=str(folder / "c"), outputs=str(folder / "outputs"), **bounds)


@pytest.fixture(scope="module")
def exported(tiny_encoder, config):
    """An ensemble of a prior and an encoder with a scale, exported; its reports."""
    set_seed(3)
    encoder = EncoderModel.new(str(tiny_encoder), InputFormat(max_length=48))
    body = encoder.model.base_model  # tracing takes its time layer by layer, and the second is like the first
    body.encoder.layer, body.config.num_hidden_layers = body.encoder.layer[:1], 1
    with torch.no_grad():  # logits that differ from row to row, around 0, so that the labels do
        encoder.model.classifier.weight.mul_(400)
        encoder.model.classifier.bias.sub_(torch.tensor(encoder.logits(QUESTIONS).mean(axis=0)))
    encoder = replace(encoder, scale=0.5)
    members = {
        "prior": StanceClassifier(Prior.fit("majority", [example(1)]), Card("prior")),
        "encoder": StanceClassifier(encoder, Card("encoder", input_format=encoder.input_format, scale=0.5)),
    }
    StanceClassifier.mean_of(members).save_pretrained(config.checkpoint)
    return export_checkpoint(config)


@pytest.fixture(scope="module")
def folder(exported):
    """The encoder alone."""
    (found,) = exported
    return found


@pytest.fixture
def copy(folder, tmp_path):
    """One to spoil."""
    return shutil.copytree(folder, tmp_path / "copy")


def load(folder, runtime):
    return StanceClassifier.from_pretrained(folder, runtime)


def test_fp32_gives_the_logits_of_torch_whatever_the_order_and_the_batch(folder):
    expected = load(folder, "torch").predictor.logits(QUESTIONS)
    assert np.ptp(expected, axis=0).min() > 50 * 1e-4  # so that rows in another order would be seen
    model = load(folder, "onnx").predictor
    assert isinstance(model, OnnxModel)
    assert np.abs(model.logits(QUESTIONS) - expected).max() < 1e-4
    alone = replace(model, batch_tokens=1).logits(QUESTIONS)  # nothing padded
    assert np.abs(alone - expected).max() < 1e-4
    turned = model.logits(QUESTIONS[::-1])
    assert np.abs(turned[::-1] - expected).max() < 1e-4


def test_the_scale_counts_and_probabilities_are_those_of_torch(folder):
    onnx, plain = (load(folder, runtime).predict(*COLUMNS) for runtime in ("onnx", "torch"))
    assert [p.label for p in onnx] == [p.label for p in plain]
    assert len({p.label for p in onnx}) > 1
    for one, other in zip(onnx, plain, strict=True):
        assert dict(one.scores) == pytest.approx(dict(other.scores), abs=1e-5)
    assert load(folder, "onnx").predictor.scale == 0.5


def test_int8_has_its_weights_in_bytes_and_other_logits(folder):
    import onnx

    fp32, int8 = (load(folder, runtime).predictor.logits(QUESTIONS) for runtime in ("onnx", "onnx-int8"))
    assert 1e-4 < np.abs(fp32 - int8).max() < np.inf
    graph = onnx.load(folder / FILES["onnx-int8"]).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("MatMulInteger") == 4 + 2  # queries, keys and values as one, three more; the two of the head
    weights = [onnx.numpy_helper.to_array(w) for w in graph.initializer if w.data_type == onnx.TensorProto.INT8]
    assert 32 < max(np.abs(w.astype(int)).max() for w in weights) <= 64  # seven bits: products overflow nowhere


def test_the_report_says_what_was_measured(exported, folder):
    report = read_json(folder / REPORT)
    assert report == exported[folder]
    assert (report["rows"], report["part"], report["data"]["name"]) == (12, "validation", "rows")
    fp32 = report["models"]["onnx"]
    assert fp32["agreement"] == {"same": 12, "of": 12, "share": 1.0}
    assert fp32["macro_f1"] == report["torch"]["macro_f1"]
    assert 0 < fp32["logit_difference"] < 1e-4
    assert "12 of 12" in summary(report) and "-> model.onnx" in summary(report)
    assert not list(folder.glob(".*"))


def test_runtimes_by_name(exported, folder, config):
    assert [load(folder, r).runtime for r in ("torch", "onnx", "onnx-int8", "auto")] == [
        "torch", "onnx", "onnx-int8", "onnx",
    ]  # fmt: skip
    assert StanceClassifier.from_pretrained(folder).runtime == "torch"
    ensemble = load(config.checkpoint, "onnx")
    assert ensemble.runtime == "onnx"
    plain = load(config.checkpoint, "torch").predictor.predict_proba(QUESTIONS)
    assert ensemble.predictor.predict_proba(QUESTIONS) == pytest.approx(plain, abs=1e-5)
    with pytest.raises(StanceError, match="runtime: unknown value; found 'tensorrt'; allowed: torch, onnx, onnx-int8"):
        load(folder, "tensorrt")
    prior = f"{config.checkpoint}/prior"
    assert load(prior, "auto").runtime == ""
    with pytest.raises(StanceError, match="a checkpoint of kind prior has no encoder; found 'onnx'; allowed: torch"):
        load(prior, "onnx")
    with pytest.raises(StanceError, match="no fine-tuned encoder in it; found 'prior'"):
        export_checkpoint(replace(config, checkpoint=prior))


def test_a_copy_keeps_its_runtime(folder, tmp_path):
    load(folder, "onnx").save_pretrained(tmp_path / "c")
    assert load(tmp_path / "c", "onnx-int8").runtime == "onnx-int8"
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == sorted(p.name for p in folder.iterdir())


def test_files_of_other_weights_are_not_used(copy, caplog):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(StanceError, match=r"model\.onnx: exported from other weights .*; allowed: python scripts/expo"):
        load(copy, "onnx")
    assert load(copy, "auto").runtime == "torch"
    assert "exported from other weights" in caplog.text and "it runs on torch" in caplog.text


def test_a_file_that_was_not_checked_is_not_used(copy):
    shutil.copyfile(copy / FILES["onnx-int8"], copy / FILES["onnx"])
    with pytest.raises(StanceError, match="missing, or not the file that was checked"):
        load(copy, "onnx")
    (copy / REPORT).unlink()
    with pytest.raises(StanceError, match=r"no onnx\.json for runtime onnx-int8; allowed: torch, or python scripts"):
        load(copy, "onnx-int8")
    (copy / FILES["onnx"]).unlink()
    assert load(copy, "auto").runtime == "torch"


def test_without_onnx_runtime(folder, config, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StanceError, match=r'torch, or in the checkout, pip install -e "\.\[onnx\]" first'):
        load(folder, "onnx")
    assert load(folder, "auto").runtime == "torch"
    assert "ONNX Runtime is not installed" in caplog.text
    with pytest.raises(StanceError, match=r'is not installed, which this needs; allowed: .*"\.\[onnx\]"'):
        export_checkpoint(config)


def test_what_loses_too_much_is_not_kept(copy, config, monkeypatch):
    """With converters planted: fp32 as exported before, and an int8 file that is no model of these weights."""
    good, bad = copy / "good.onnx", copy / "bad.onnx"
    (copy / FILES["onnx"]).rename(good)
    (copy / FILES["onnx-int8"]).unlink()
    spoil(good, bad)

    def write(model, fp32, int8):
        shutil.copyfile(good, fp32)
        shutil.copyfile(bad, int8)

    monkeypatch.setattr(export, "_write_models", write)
    (report,) = export_checkpoint(replace(config, checkpoint=str(copy), agreement_int8=0.9, speed=1000.0)).values()
    int8 = report["models"]["onnx-int8"]
    assert not int8["accepted"] and report["models"]["onnx"]["accepted"]
    assert int8["reasons"][0] == "the label of torch for 0 of 12 rows; allowed: 90.0%"
    assert "times as fast as fp32" in int8["reasons"][1]
    assert "not kept: the label of torch for" in summary(report)
    assert sorted(p.name for p in copy.glob("*.onnx")) == ["bad.onnx", "good.onnx", "model.onnx"]
    assert not list(copy.glob(".*"))
    with pytest.raises(StanceError, match="no file for runtime onnx-int8 was kept: the label of torch for"):
        load(copy, "onnx-int8")
    assert load(copy, "onnx").runtime == "onnx"


def spoil(source, sink):
    """The same graph with its logits turned round: no label is right."""
    import onnx

    model = onnx.load(source)
    head = [each for each in model.graph.initializer if each.name.startswith("classifier.")]
    assert len(head) == 2
    for each in head:
        each.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(each), each.name))
    onnx.save(model, sink)


def test_bounds_are_what_they_say(config):
    gold = ["against"] * 50 + ["neutral"] * 30 + ["favor"] * 20
    torch_logits = np.eye(3)[[LABELS.index(label) for label in gold]]
    logits = torch_logits.copy()
    logits[0] = [0, 1, 0]
    measured = compare_logits(torch_logits, logits, gold)
    assert measured["agreement"] == {"same": 99, "of": 100, "share": 0.99}
    assert measured["loss"] == pytest.approx(1 - (98 / 99 + 60 / 61 + 1) / 3)
    strict = replace(config, loss=0.009, agreement=0.99, agreement_int8=0.99, speed=1.0)
    assert refusals(measured, 1.0, strict, int8=True) == []
    assert refusals(measured, 1.0, strict, int8=False) == ["logits 1 from torch's; allowed: 0.001"]
    assert refusals(measured, 1.0, replace(strict, loss=0.008), int8=True) == [
        "macro-F1 0.0088 below torch's; allowed: 0.008"
    ]
    assert refusals(measured, 0.9, replace(strict, agreement_int8=0.991), int8=True) == [
        "the label of torch for 99 of 100 rows; allowed: 99.1%",
        "0.90 times as fast as fp32 on this processor; allowed: 1 or more",
    ]
    broken = compare_logits(torch_logits, np.full((100, 3), np.nan), gold)
    assert "logits that are no finite numbers" in refusals(broken, 1.0, strict, int8=True)
    with pytest.raises(StanceError, match="agreement: not a share; found 99"):
        replace(config, agreement=99)


def test_a_file_is_scored_alike_and_no_run_mixes_runtimes(folder, tmp_path, monkeypatch):
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"text": t, "target": g}) + "\n" for t, g in zip(*COLUMNS[:2], strict=True)))
    labels = {}
    for runtime in ("torch", "onnx"):
        output = tmp_path / f"{runtime}.jsonl"
        config = PredictConfig(checkpoint=str(folder), input=str(source), output=str(output), runtime=runtime, chunk=9)
        predict_file(load(folder, runtime), config)
        labels[runtime] = [json.loads(line)["label"] for line in output.read_text().splitlines()]
    assert labels["torch"] == labels["onnx"] and len(labels["onnx"]) == 27
    killed, run = load(folder, "onnx"), OnnxModel.predict_proba
    turns = iter(range(2))
    monkeypatch.setattr(OnnxModel, "predict_proba", lambda *rows: run(*rows) if next(turns) == 0 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        predict_file(killed, config)
    with pytest.raises(StanceError, match=r"an unfinished run with another runtime \('onnx', now 'torch'\)"):
        predict_file(load(folder, "torch"), replace(config, runtime="auto"))
    assert (folder / CARD).exists()
