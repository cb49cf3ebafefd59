"""Readers of corpora of debates: rows composed in each format, what is refused, and the real files where they are."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict

import pytest

from stance.base.errors import StanceError
from stance.data.corpora import iam, ibm_claim_stance, ibm_kpa, perspectrum, procon20
from stance.data.duplicates import normalized

READERS = {
    "procon20": procon20,
    "perspectrum": perspectrum,
    "iam-stance": iam,
    "ibm-claim-stance": ibm_claim_stance,
    "ibm-kpa2021": ibm_kpa,
}


def write_files(folder, names, content):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def refuses(reader, folder, place, message):
    with pytest.raises(StanceError, match=f"{place}: .*{message}"):
        reader.read(folder, verify=False)


def test_procon20(tmp_path):
    def write(row):
        write_files(tmp_path, procon20.FILES, f'10\tIs it dear?\t"""Never.""  It\u00a0pays."\n{row}\n')

    write("01\tIs it dear?\t“Very.”")
    corpus = procon20.read(tmp_path, verify=False)
    assert [(a.id, a.text, a.target, a.label, a.holder, a.document) for a in corpus.annotations[:2]] == [
        ("train-1", '"Never." It pays.', "Is it dear?", "against", "", "Is it dear?"),
        ("train-2", "“Very.”", "Is it dear?", "favor", "", "Is it dear?"),
    ]
    assert Counter(corpus.parts.values()) == {"train": 2, "validation": 2, "test": 2}
    for row, message in (
        ("11\tIs it dear?\tVery.", "unknown label; found '11'; allowed: 10, 01"),
        ("01\tIs it dear?\t ", "'argument' is empty"),
        ("01\t\tVery.", "'question' is empty"),
        ("01\tIs it dear?", "2 cells instead of 3"),
        ('01\tIs it dear?\t"Very', "malformed csv"),
    ):
        write(row)
        refuses(procon20, tmp_path, "train.tsv, line 2", message)


def test_iam(tmp_path):
    def write(row):
        write_files(tmp_path, iam.FILES, f'C\tShould we dig\t"Dig,\u200b they say\t7_1\t-1\n{row}\n')

    write("C\tShould we dig\t\ufeffDig.\t7_2\t1")
    corpus = iam.read(tmp_path, verify=False)
    assert [(a.id, a.text, a.target, a.label, a.document) for a in corpus.annotations[:2]] == [
        ("train-1", '"Dig, they say', "Should we dig", "against", "7_1"),
        ("train-2", "Dig.", "Should we dig", "favor", "7_2"),
    ]
    assert Counter(corpus.parts.values()) == {"train": 2, "validation": 2, "test": 2}
    for row, message in (
        ("C\tShould we dig\tDig.\t7_2\t0", "unknown label; found '0'; allowed: -1, 1"),
        ("C\tShould we dig\t\ufeff\t7_2\t1", "'claim' is empty"),
        ("C\tShould we dig\tDig.\t\t1", "'article' is empty"),
        ("Should we dig\tDig.\t7_2\t1", "4 cells instead of 5"),
    ):
        write(row)
        refuses(iam, tmp_path, "train.txt, line 2", message)


def test_ibm_kpa(tmp_path):
    def write(row, header="arg_id,argument,topic,stance"):
        write_files(tmp_path, ibm_kpa.FILES, f'{header}\narg_0_0,"It pays,\nsoon.",We should dig,1\n{row}\n')

    write("arg_0_1,It does not.,We should dig,-1")
    corpus = ibm_kpa.read(tmp_path, verify=False)
    assert [(a.id, a.text, a.label, a.document) for a in corpus.annotations[:2]] == [
        ("train-arg_0_0", "It pays, soon.", "favor", "We should dig"),
        ("train-arg_0_1", "It does not.", "against", "We should dig"),
    ]
    assert Counter(corpus.parts.values()) == {"train": 2, "validation": 2, "test": 2}
    for row, message in (
        ("arg_0_1,It does not.,We should dig,0", "unknown label; found '0'; allowed: -1, 1"),
        ("arg_0_1,,We should dig,1", "'argument' is empty"),
        (",It does not.,We should dig,1", "'arg_id' is empty"),
    ):
        write(row)
        refuses(ibm_kpa, tmp_path, "arguments_train.csv, line 4", message)
    for row, name in (("It does not.,We should dig", "text"), ('"It pays, soon.",We should sail', "target")):
        write(f"arg_0_0,{row},1")
        refuses(ibm_kpa, tmp_path, "train, id 'train-arg_0_0'", f"it occurs before with another {name}")
    write("arg_0_1,It does not.,We should dig,-1", header="arg_id,text,topic,stance")
    refuses(ibm_kpa, tmp_path, "arguments_train.csv, line 3", "'argument' is empty")


def copied(line, tail=";;;;"):
    """A line of the released csv as one cell of the copy."""
    return '"' + line.replace('"', '""') + '"' + tail + "\r\n"


def write_claims(folder, *lines):
    header = 'topicId,"split","topicText","claims.claimId","claims.stance","claims.claimCorrectedText"'
    (folder / ibm_claim_stance.FILE).write_bytes("".join([copied(header), *lines]).encode())


def test_ibm_claim_stance(tmp_path):
    write_claims(
        tmp_path,
        copied('1,"test","This house would dig","21","PRO","digging ""pays"", they say"'),
        copied('1,"test","This house would dig","22","CON","it is dear').replace(";;;;", "") + copied('and slow"'),
        # a cell that the spreadsheet broke at its semicolon
        '"2,""train"",""This house would fly"",""23"",""CON"",""flying is dear";" it is loud""";;\r\n',
    )
    corpus = ibm_claim_stance.read(tmp_path, verify=False)
    assert [(a.id, a.text, a.target, a.label, a.document) for a in corpus.annotations] == [
        ("21", 'digging "pays", they say', "This house would dig", "favor", "motion-1"),
        ("22", "it is dear and slow", "This house would dig", "against", "motion-1"),
        ("23", "flying is dear; it is loud", "This house would fly", "against", "motion-2"),
    ]
    assert corpus.parts == {"21": "test", "22": "test", "23": "train"}
    for line, message in (
        (copied('1,"dev","x","21","PRO","y"'), "unknown part; found 'dev'; allowed: train, test"),
        (copied('1,"test","x","21","NONE","y"'), "unknown label; found 'NONE'; allowed: CON, PRO"),
        (copied('1,"test","x","21","PRO",""'), "'claims.claimCorrectedText' is empty"),
        (copied('1,"test","x","21","PRO"'), "5 cells instead of 6"),
        ('"1,""test"" x\r\n', "malformed csv"),
    ):
        write_claims(tmp_path, line)
        refuses(ibm_claim_stance, tmp_path, f"{ibm_claim_stance.FILE}, line 2", message)


def write_perspectrum(folder, *clusters, part="dev", text="It pays"):
    cluster = {"pids": [7], "stance_label_3": "SUPPORT"}
    claims = [
        {"cId": 1, "text": "Digging is wise", "perspectives": [cluster, *clusters]},
        {"cId": 2, "text": "Digging Is Wise", "perspectives": [cluster]},
    ]
    for name, content in (
        (perspectrum.CLAIMS, claims),
        (perspectrum.POOL, [{"pId": 7, "text": text}, {"pId": 8, "text": "It is dear"}]),
        (perspectrum.SPLIT, {"1": "train", "2": part}),
    ):
        (folder / name).write_text(json.dumps(content))


def test_perspectrum(tmp_path):
    write_perspectrum(tmp_path, {"pids": [8, 7], "stance_label_3": "UNDERMINE"})
    corpus = perspectrum.read(tmp_path, verify=False)
    assert [(a.id, a.text, a.target, a.label, a.document, corpus.parts[a.id]) for a in corpus.annotations] == [
        ("1-0-7", "It pays", "Digging is wise", "favor", "claim-1", "train"),
        ("1-1-8", "It is dear", "Digging is wise", "against", "claim-1", "train"),
        ("1-1-7", "It pays", "Digging is wise", "against", "claim-1", "train"),
        ("2-0-7", "It pays", "Digging Is Wise", "favor", "claim-1", "validation"),
    ]
    for cluster, message in (
        ({"pids": [8], "stance_label_3": "NEITHER"}, "unknown label; found 'NEITHER'; allowed: UNDERMINE, SUPPORT"),
        ({"pids": [9], "stance_label_3": "SUPPORT"}, f"no such perspective in {perspectrum.POOL}; found 9"),
    ):
        write_perspectrum(tmp_path, cluster)
        refuses(perspectrum, tmp_path, f"{perspectrum.CLAIMS}, claim 1", message)
    write_perspectrum(tmp_path, text=" ")
    refuses(perspectrum, tmp_path, "claim 1", "'perspective' is empty")
    write_perspectrum(tmp_path, part="held out")
    refuses(perspectrum, tmp_path, "claim 2", "unknown part; found 'held out'; allowed: train, dev, test")
    write_perspectrum(tmp_path, {"pids": [8]})
    refuses(perspectrum, tmp_path, tmp_path.name, "not of Perspectrum's format: KeyError: 'stance_label_3'")


@pytest.fixture(scope="module")
def read_debates(corpora):
    """Each corpus, read once."""
    return {name: reader.read(corpora / name) for name, reader in READERS.items()}


#: Rows of the real files by part: against, favor.
COUNTS = {
    "procon20": {"train": (2125, 2140), "validation": (284, 326), "test": (606, 613)},
    "perspectrum": {"train": (3379, 3599), "validation": (1024, 1047), "test": (1302, 1471)},
    "iam-stance": {"train": (1773, 2098), "validation": (233, 259), "test": (271, 256)},
    "ibm-claim-stance": {"train": (414, 625), "test": (655, 700)},
    "ibm-kpa2021": {"train": (2700, 2883), "validation": (460, 472), "test": (277, 446)},
}


@pytest.mark.parametrize("name", READERS)
def test_the_real_files_have_the_published_counts(read_debates, name):
    corpus = read_debates[name]
    counted = Counter((corpus.parts[a.id], a.label) for a in corpus.annotations)
    expected = {
        (part, label): number
        for part, numbers in COUNTS[name].items()
        for label, number in zip(("against", "favor"), numbers, strict=True)
    }
    assert counted == expected
    assert len({a.id for a in corpus.annotations}) == len(corpus.annotations) == len(corpus.parts)
    assert {a.holder for a in corpus.annotations} == {""}
    assert not any({*a.text} & {*"\n\t\u00a0\u200b\ufeff"} for a in corpus.annotations)


@pytest.mark.parametrize(
    ("name", "targets", "documents", "in_two_parts"),
    [
        ("procon20", 419, 419, 385),
        ("perspectrum", 905, 902, 4),
        ("iam-stance", 96, 814, 0),
        ("ibm-claim-stance", 55, 55, 0),
        ("ibm-kpa2021", 31, 31, 0),
    ],
)
def test_what_the_documents_of_the_real_files_are(read_debates, name, targets, documents, in_two_parts):
    corpus = read_debates[name]
    parts = defaultdict(set)
    for a in corpus.annotations:
        parts[a.document].add(corpus.parts[a.id])
    assert len({a.target for a in corpus.annotations}) == targets
    assert len(parts) == documents
    assert sum(len(found) > 1 for found in parts.values()) == in_two_parts


def test_what_the_docstrings_say_of_the_real_files(read_debates):
    procon = read_debates["procon20"].annotations
    assert sum(a.text.count("“") - a.text.count("”") == -1 for a in procon) == 691
    verdicts = Counter((a.target.split()[-1], a.label) for a in procon if a.target.endswith((" YES", " NO")))
    assert verdicts == {("YES", "favor"): 103, ("YES", "against"): 36, ("NO", "favor"): 8, ("NO", "against"): 22}
    labels = defaultdict(set)
    for a in read_debates["perspectrum"].annotations:
        labels[normalized(a.text)].add(a.label)
    assert (len(labels), sum(len(found) == 2 for found in labels.values())) == (8354, 704)
    motions = {a.document: a.target for a in read_debates["ibm-claim-stance"].annotations}
    assert len(set(motions.values())) == len(motions)


@pytest.mark.parametrize("name", READERS)
def test_a_changed_file_is_refused_unless_asked_for(corpora, read_debates, name, tmp_path):
    reader, known = READERS[name], read_debates[name]
    for file in known.files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(corpora / name / file, tmp_path / file)
    assert reader.read(tmp_path) == known
    with (tmp_path / file).open("a") as changed:
        changed.write("\n")
    with pytest.raises(StanceError, match=f"{file}: not the file that the published results are about"):
        reader.read(tmp_path)
    assert reader.read(tmp_path, verify=False).annotations == known.annotations
