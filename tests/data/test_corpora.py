"""What each corpus says of itself, and what is refused since its reader would not look at it."""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields
from inspect import signature

import pytest
import yaml

from conftest import PROJECT, write_lines
from stance.base.errors import StanceError
from stance.base.markdown import put_table
from stance.cli.list_corpora import corpora_table
from stance.data.build import dataset_folder, split_beside
from stance.data.columns import QUESTION, Columns
from stance.data.config import ALWAYS_READ, DataConfig, LabelSpellings, PartSpellings, SplitConfig
from stance.data.info import info_of, known
from stance.data.read import read_corpus

CORPORA = {info.name: info for info in known()}
OWN = ("annotations", "table", "import", "dna")


def said(name):
    """What the yaml of a corpus says, with that of the one that it goes on from."""
    content = yaml.safe_load((PROJECT / "conf" / "data" / f"{name}.yaml").read_text(encoding="utf-8"))
    others = [other for other in content.pop("defaults") if other not in ("data_schema", "_self_")]
    return {key: value for other in others for key, value in said(other).items()} | content


def test_each_corpus_has_a_yaml_and_each_yaml_a_corpus():
    assert {path.stem for path in (PROJECT / "conf" / "data").glob("*.yaml")} == set(CORPORA)
    assert len(CORPORA) == len(known())


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_and_its_yaml_say_the_same(name):
    info, content = CORPORA[name], said(name)
    assert content["reader"] == (info.reader or name)
    assert content.get("headline", "macro_f1") == info.headline
    if info.folder:
        assert info.folder == content["path"].split("/")[0] or "texts" in info.options
        assert info.origin and info.files


@pytest.mark.parametrize("name", CORPORA)
def test_a_reader_takes_its_options_and_no_other(name):
    """An option that its function does not take would only fail once somebody reads the corpus."""
    info = info_of(CORPORA[name].reader or name)
    assert info.options <= {field.name for field in fields(DataConfig)} - ALWAYS_READ
    other = {"labels": "label_map", "parts": "part_map", "quoting": "manner", "fill_down": "manner"}
    wanted = {other.get(option, option) for option in info.options}
    taken = list(signature(info.read).parameters)[1:]
    assert set(taken) - wanted <= {"strict", *(["part_map", "target"] if name == "annotations" else [])}
    assert wanted <= set(taken)


def refused(reader, **options):
    with pytest.raises(StanceError) as caught:
        DataConfig(name="x", reader=reader, root="", path="p", **options)
    return str(caught.value)


def test_what_the_reader_does_not_read_is_refused_with_those_that_do():
    assert refused("gwsd", task="b") == (
        "data.task: not read with data.reader=gwsd; found 'b'; allowed: with data.reader=semeval2016"
    )
    assert "found 'nonsense'; allowed: with data.reader=table" in refused("gwsd", target="nonsense")
    assert refused("annotations", target="talks").startswith("data.target: not read with data.reader=annotations")
    assert "data.reader=mpqa or seesaw or unsc or vast" in refused("gwsd", derived_neutrals=True)
    assert "data.labels: not read with data.reader=vast; found {" in refused("vast", labels=LabelSpellings(favor=["x"]))
    assert "data.parts: not" in refused("dna", parts=PartSpellings(test=["x"]))
    assert "data.verify: not" in refused("table", verify=False)
    assert "data.columns.part: not read here; found 'split'" in refused("annotations", columns=Columns(part="split"))
    assert refused("table", revision="v2") == (
        "data.revision: read of a repository alone; found 'v2'; allowed: data.hub=..."
    )


def test_a_column_that_a_script_does_not_look_at_is_refused():
    Columns(holder="who").check_read("columns", QUESTION)
    with pytest.raises(StanceError, match=r"columns\.id: not read here; found 'key'; allowed: text, target, holder"):
        Columns(id="key").check_read("columns", QUESTION)


def test_what_is_at_its_default_is_nobodys_business():
    data = DataConfig(name="x", reader="gwsd", root="", path="p", task="a", target="", columns=Columns(), verify=False)
    assert data.reader == "gwsd"
    assert DataConfig(name="x", reader="semeval2016", root="", path="p", task="b").task == "b"


@pytest.mark.parametrize("reader", ["checksums", "word", "corpora.gwsd", "dna_sample", "info"])
def test_only_a_corpus_is_a_reader(reader):
    message = refused(reader)
    assert message.startswith(f"data.reader: unknown value; found {reader!r}; allowed: annotations, bundled, ")
    assert "treebank" not in message and "dna_sample" not in message.partition("allowed")[2]


def test_the_folder_of_a_dataset_is_named_by_what_it_is_of_and_not_by_where_its_files_are(tmp_path):
    def folder(root, *, neutrals=True):
        data = DataConfig(name="vast", reader="vast", root=root, path="vast", derived_neutrals=neutrals)
        return dataset_folder(tmp_path, data, SplitConfig(by="official")).name

    assert folder("/here") == folder("/elsewhere") != folder("/here", neutrals=False)


def test_a_corpus_without_parts_whose_targets_tie_its_documents_is_divided_by_document_beside_another():
    def by(reader):
        return split_beside(DataConfig(name="x", reader=reader, root="", path="p")).by

    assert {reader for reader in CORPORA if not CORPORA[reader].reader and by(reader) == "document"} == {
        "mpqa", "unsc", "nli", "dna",
    }  # fmt: skip
    assert by("vast") == by("annotations") == "auto"


def test_a_table_may_ask_for_annotators_and_an_adjudicator(tmp_path):
    rows = [
        {"id": "1", "text": "They signed.", "target": "sign", "label": label, "annotator": name}
        for name, label in (("ana", "favor"), ("bo", "against"), ("cy", "neutral"))
    ]
    write_lines(tmp_path / "rows.jsonl", rows)
    asked = {"name": "x", "reader": "table", "root": str(tmp_path), "path": "rows.jsonl"}
    corpus = read_corpus(DataConfig(**asked, annotators=["ana"], adjudicator="bo"))
    assert [a.annotator for a in corpus.annotations] == ["ana", "bo"]
    assert corpus.adjudicator == "bo"
    with pytest.raises(StanceError, match=r"rows\.jsonl: no such annotator; found 'eve'; allowed: ana, bo, cy"):
        read_corpus(DataConfig(**asked, annotators=["eve"]))


def test_the_page_of_corpora_is_up_to_date(tmp_path):
    page = (PROJECT / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert f"<!-- corpora -->\n{corpora_table()}\n<!-- /corpora -->" in page, "python scripts/list_corpora.py"
    copy = tmp_path / "corpora.md"
    copy.write_text(page.replace("| `gwsd` |", "| `gone` |"), encoding="utf-8")
    assert (put_table(copy, corpora_table()), put_table(copy, corpora_table())) == (True, False)
    assert copy.read_text(encoding="utf-8") == page
    for line in corpora_table().splitlines()[2:]:
        assert (PROJECT / "docs" / line.partition("](")[2].partition(")")[0]).is_file()
    copy.write_text("nothing here\n")
    with pytest.raises(StanceError, match=r"corpora\.md: no place for the table"):
        put_table(copy, corpora_table())


def test_every_recorded_configuration_is_still_one():
    """Options that a reader does not read are refused: no recorded run had any."""
    records = list((PROJECT / "experiments").rglob("results.json"))
    for path in records:
        config = json.loads(path.read_text(encoding="utf-8"))["config"]
        for said in (config["data"], *((config.get("auxiliary") or {}).get("corpora") or {}).values()):
            typed = {"labels": LabelSpellings, "columns": Columns, "parts": PartSpellings}
            values = {key: typed[key](**value) if key in typed else value for key, value in said.items()}
            assert DataConfig(**({"root": ""} | values)).reader == said["reader"]
    assert records


def test_a_corpus_of_another_format_names_its_place(tmp_path):
    with zipfile.ZipFile(tmp_path / "vast_train.zip", "w") as archive:
        archive.writestr("vast_train.csv", "x")
    data = DataConfig(name="vast", reader="vast", root=str(tmp_path), path=".", verify=False)
    with pytest.raises(StanceError, match=str(tmp_path)):
        read_corpus(data)
