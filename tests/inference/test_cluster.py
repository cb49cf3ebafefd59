"""Ray workers answer as the model in this process does, whatever becomes of them."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from importlib.util import find_spec
from unittest.mock import Mock

import pytest

from conftest import write_lines
from stance.base.errors import StanceError
from stance.data.agreement import aggregate
from stance.inference.config import PredictConfig, RayConfig
from stance.inference.predict_file import load_classifier, predict_file
from stance.inference.ray import in_order
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.config import LinearConfig
from stance.models.fitting import Setup, fit
from stance.models.priors import Prior

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="needs stance[ray]")


@pytest.fixture(scope="module")
def cluster():
    """One Ray of two cores for all tests, since it takes seconds to start."""
    import ray  # here, since each process that collects the tests would wait for it

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def test_a_file_comes_out_the_same_and_a_stopped_run_goes_on(cluster, readable_annotations, tmp_path):
    """288 rows with repeats and a bad one, in chunks of 25; the other engine takes over in the middle."""
    examples = aggregate(readable_annotations).examples
    model = fit(LinearConfig(name="tfidf", features="tfidf", classifier="svm"), examples[:54], examples[54:], Setup())
    StanceClassifier(model, Card("tfidf")).save_pretrained(tmp_path / "checkpoint")
    rows = [
        {"text": f"{row.text} {turn % 3}", "target": row.target, "holder": row.holder, "turn": turn}
        for turn in range(4)
        for row in readable_annotations
    ]
    rows[100]["text"] = ""
    config = PredictConfig(
        checkpoint=str(tmp_path / "checkpoint"),
        input=str(write_lines(tmp_path / "in.jsonl", rows)),
        output=str(tmp_path / "local.jsonl"),
        chunk=25,
    )
    classifier = load_classifier(config)
    tally = predict_file(classifier, config)
    assert (tally.rows, tally.bad, tally.scored) == (287, 1, 215)
    mixed = replace(config, output=str(tmp_path / "mixed.jsonl"), engine="ray")
    original, calls = model.predict_proba, []

    def dying(questions):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(questions)

    class Dying:
        predict_proba = staticmethod(dying)

    with pytest.raises(KeyboardInterrupt):
        predict_file(StanceClassifier(Dying(), classifier.card, classifier.folder), replace(mixed, engine="local"))
    assert predict_file(classifier, mixed) == tally
    for suffix in (".jsonl", ".rejects.jsonl"):
        assert (tmp_path / f"mixed{suffix}").read_bytes() == (tmp_path / f"local{suffix}").read_bytes()


def test_a_worker_that_dies_is_asked_again_and_one_that_cannot_begin_is_an_error(cluster, tmp_path):
    def fragile():
        def square(number):
            if number == 3 and not (tmp_path / "died").exists():
                (tmp_path / "died").touch()
                os._exit(1)
            return number * number

        return square

    assert list(in_order(fragile, iter(range(8)), RayConfig(workers=1))) == [n * n for n in range(8)]

    def lacking():
        raise StanceError("c: no such folder")

    with pytest.raises(ConnectionError, match=r"a Ray worker failed: .*c: no such folder"):
        list(in_order(lacking, range(2), RayConfig(workers=1)))
    with pytest.raises(StanceError, match=r"ray\.workers: one to a CPU; found 3; allowed: 1 to 2"):
        list(in_order(fragile, range(2), RayConfig(workers=3)))


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StanceError, match=r'in the checkout, pip install -e "\.\[ray\]"'):
        list(in_order(lambda: abs, range(2), RayConfig()))


class FewWorkers:
    """Ray as ``in_order`` uses it, in this process: an answer is made when it is asked for."""

    class exceptions:
        class RayError(Exception):
            """A worker failed."""

    def __init__(self, resources, *, failing=False):
        self.resources, self.failing, self.options_said, self.connected, self.pending = resources, failing, [], False, 0

    def is_initialized(self):
        return self.connected

    def init(self, address, **said):
        if address == "nowhere:1":
            raise ConnectionError("refused")
        self.connected = True

    def shutdown(self):
        self.connected = False

    def cluster_resources(self):
        return self.resources

    def remote(self, kind):
        class Actor:
            @staticmethod
            def options(**said):
                self.options_said.append(said)
                return Actor

            @staticmethod
            def remote(make):
                worker = kind(make)

                class Method:
                    @staticmethod
                    def remote(item):
                        self.pending += 1
                        return lambda: worker.do(item)

                return type("Handle", (), {"do": Method})

        return Actor

    def get(self, waiting):
        if self.failing:
            raise self.exceptions.RayError("first line\nthe model is not there")
        self.pending -= 1
        return waiting()


@pytest.mark.parametrize(("resources", "need"), [({"CPU": 2}, "num_cpus"), ({"CPU": 4, "GPU": 1}, "num_gpus")])
def test_answers_come_in_order_and_few_are_under_way(monkeypatch, resources, need):
    ray = FewWorkers(resources)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", ray.exceptions)
    under_way = []
    for answer in in_order(lambda: abs, range(-9, 0), RayConfig()):
        under_way.append((answer, ray.pending))
    assert [answer for answer, _ in under_way] == [*range(9, 0, -1)]
    assert max(pending for _, pending in under_way) < 9
    assert ray.options_said[0][need] == 1 and not ray.connected


def test_a_cluster_that_is_not_there_a_worker_that_fails_and_one_that_stays_connected(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", FewWorkers({"CPU": 1}))
    with pytest.raises(ConnectionError, match="no Ray at nowhere:1: refused"):
        list(in_order(lambda: abs, [1], RayConfig(address="nowhere:1")))
    slow = FewWorkers({"CPU": 1})
    slow.init = Mock(side_effect=Exception("The current node timed out during startup."))
    monkeypatch.setitem(sys.modules, "ray", slow)
    with pytest.raises(ConnectionError, match="no Ray at this machine: The current node timed out"):
        list(in_order(lambda: abs, [1], RayConfig()))
    failing = FewWorkers({"CPU": 1}, failing=True)
    failing.connected = True
    monkeypatch.setitem(sys.modules, "ray", failing)
    with pytest.raises(ConnectionError, match="a Ray worker failed: the model is not there"):
        list(in_order(lambda: abs, [1], RayConfig()))
    assert failing.connected  # whoever connected it ends it


def test_workers_are_not_asked_in_the_place_of_another_model(tmp_path):
    source = str(write_lines(tmp_path / "in.jsonl", [{"text": "They signed.", "target": "sign"}]))
    of_this_process = StanceClassifier(Prior((), {}, (0.2, 0.3, 0.5)), Card("prior"))
    with pytest.raises(StanceError, match="another model than the workers would ask"):
        predict_file(of_this_process, PredictConfig(input=source, output=str(tmp_path / "out.csv"), engine="ray"))
