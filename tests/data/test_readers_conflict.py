"""Readers of the corpora on conflicts, of Discourse Network Analyzer, and of NLI pairs: composed files, real ones."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections import Counter

import pytest
from hydra import compose, initialize_config_dir
from openpyxl import Workbook

from conftest import PROJECT
from stance.base.errors import StanceError
from stance.base.lines import Manner
from stance.base.rows import read_rows
from stance.cli.config import register, typed
from stance.data import dna
from stance.data.agreement import aggregate
from stance.data.columns import Columns
from stance.data.corpora import conflict_bias, nli, ruw, unsc
from stance.data.duplicates import normalized
from stance.data.read import read_corpus
from stance.data.splits import PARTS, split_examples

COLUMNS = Columns(
    id="statement_id", holder="organization", target="concept", label="agreement",
    annotator="coder", document="document_title", date="time",
)  # fmt: skip
LABELS = {"1": "favor", "0": "against"}


def data_of(name, *overrides):
    """The configuration that ``data=NAME`` stands for."""
    register()
    with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
        return typed(compose("build_dataset", [f"data={name}", *overrides])).data


def labels_by_part(corpus):
    return Counter((corpus.parts[a.id], a.label) for a in corpus.annotations)


def write_ruw(folder, *, last="The ferry is late,Vale,NONE,Moss,FAVOR", encoding="gb18030"):
    header = "Tweet,Target 1,Stance 1,Target 2,Stance 2,Test/Train/Dev"
    for name, (part, _) in ruw.FILES.items():
        spelled = ruw.SPELLED[part]
        rows = f"{header}\n\u201cNever\u201d,Vale,AGAINST,Moss,FAVOR,{spelled}\n{last},{spelled}\n"
        (folder / name).write_bytes(rows.encode(encoding))


def test_ruw_gives_two_rows_a_tweet(tmp_path):
    write_ruw(tmp_path)
    corpus = ruw.read(tmp_path, verify=False)
    assert [(a.text, a.target, a.label, a.document) for a in corpus.annotations[:3]] == [
        ("\u201cNever\u201d", "Vale", "against", "train-2"),
        ("\u201cNever\u201d", "Moss", "favor", "train-2"),
        ("The ferry is late", "Vale", "neutral", "train-3"),
    ]
    assert Counter(corpus.parts.values()) == {"train": 4, "validation": 4, "test": 4}
    assert len({a.id for a in corpus.annotations}) == 12
    with pytest.raises(StanceError, match="not the file that the published results are about"):
        ruw.read(tmp_path)
    for last, message in (
        ("So what,Vale,MIXED,Moss,NONE", "unknown label; found 'MIXED'; allowed: AGAINST, NONE, FAVOR"),
        (",Vale,FAVOR,Moss,NONE", "'Tweet' is empty"),
        ("So what,,FAVOR,Moss,NONE", "'Target 1' is empty"),
    ):
        write_ruw(tmp_path, last=last)
        with pytest.raises(StanceError, match=f"raw_train_Russia_Ukraine.csv, line 3: .*{message}"):
            ruw.read(tmp_path, verify=False)
    write_ruw(tmp_path, encoding="utf-8")
    with pytest.raises(StanceError, match=r"line 2: byte .* of the line is not gb18030"):
        ruw.read(tmp_path, verify=False)
    write_ruw(tmp_path)
    (tmp_path / "raw_val_Russia_Ukraine.csv").write_bytes((tmp_path / "raw_test_Russia_Ukraine.csv").read_bytes())
    with pytest.raises(StanceError, match="line 2: a tweet of another part; found 'Test'; allowed: Dev"):
        ruw.read(tmp_path, verify=False)


def write_conflict_bias(folder, text="They don\u00e2\u0080\u0099t listen", label="Pro-Israel"):
    for name, number in (("val_data.csv", ""), ("test_data.csv", "Index")):
        rows = f'{number},created_time,self_text,Sentiment\n1,8/2/2024 22:18,"{text}",{label}\n'
        (folder / name).write_text(rows, encoding="utf-8")


def test_conflict_bias_learns_from_the_published_validation_part(tmp_path):
    write_conflict_bias(tmp_path)
    corpus = conflict_bias.read(tmp_path, verify=False)
    assert [(a.text, a.target, a.holder, a.label, a.date) for a in corpus.annotations] == [
        ("They don\u2019t listen", conflict_bias.TARGET, "", "favor", "8/2/2024 22:18")
    ] * 2
    assert corpus.parts == {"val-2": "train", "test-2": "test"}
    assert (
        conflict_bias.decoded_again("caf\u00e9, d\u00e9j\u00e0, \u00c3\u00a9t\u00e9")
        == "caf\u00e9, d\u00e9j\u00e0, \u00e9t\u00e9"
    )
    with pytest.raises(StanceError, match="not the file that the published results are about"):
        conflict_bias.read(tmp_path)
    write_conflict_bias(tmp_path, text="They left \u00e2\u009c\u0085")
    assert conflict_bias.read(tmp_path, verify=False).annotations[0].text == "They left \u2705"
    write_conflict_bias(tmp_path, label="Pro-Vale")
    with pytest.raises(StanceError, match=r"val_data.csv, line 2: unknown label; found 'Pro-Vale'; allowed: Pro-Pal"):
        conflict_bias.read(tmp_path, verify=False)
    write_conflict_bias(tmp_path, text=" ")
    with pytest.raises(StanceError, match=r"val_data.csv, line 2: field 'self_text' is empty"):
        conflict_bias.read(tmp_path, verify=False)


def write_nli(folder, last="It rained.,It was dry.,contradiction"):
    for name in nli.FILES:
        rows = f"premise,hypothesis,label\nIt rained.,It was wet.,entailment\n{last}\n"
        (folder / name).write_text(rows, encoding="utf-8")


def test_nli_pairs_of_a_premise_are_one_document(tmp_path):
    write_nli(tmp_path)
    corpus = nli.read(tmp_path, verify=False)
    assert [(a.text, a.target, a.label) for a in corpus.annotations[:2]] == [
        ("It rained.", "It was wet.", "favor"),
        ("It rained.", "It was dry.", "against"),
    ]
    assert {a.document for a in corpus.annotations} == {"mnli_dev-2"}
    assert corpus.parts is None
    with pytest.raises(StanceError, match=r"mnli_dev.csv: not the file that the published results are about"):
        nli.read(tmp_path)
    for last, message in (
        ("It rained.,It was dry.,not_entailment", "unknown label; found 'not_entailment'"),
        ("It rained.,,neutral", "'hypothesis' is empty"),
    ):
        write_nli(tmp_path, last)
        with pytest.raises(StanceError, match=f"mnli_dev.csv, line 3: .*{message}"):
            nli.read(tmp_path, verify=False)


def write_unsc(folder, *sentences, spoken="SPV.1_spch001"):
    """Sentences as a dict of those columns that are not ``_``; all of one speech."""
    (folder / "umuc").mkdir(exist_ok=True)
    columns = ["fileid", "speech_sentence_id", "text", *unsc.KINDS, *unsc.COUNTRIES, *unsc.MEMBERS]
    lines = [",".join(columns)]
    for number, sentence in enumerate(sentences):
        row = {"fileid": "SPV.1_spch001", "speech_sentence_id": str(number)} | sentence
        lines.append(",".join(row.get(column, "_") for column in columns))
    (folder / unsc.SENTENCES).write_text("\n".join(lines) + "\n")
    (folder / unsc.SPEECHES).write_text(f"fileid\tcountry\tdate\n{spoken}\tVale Islands\t1 May 2014\n")


SPEECH = (
    {"text": "We thank the chair."},
    {"text": ""},
    {
        "text": "Mossland broke its word and the Council slept.",
        "A0_Negative_Evaluation": "Direct_NegEval",
        "A4_Country_Name": "republic_of_mossland",
        "A2_Target_Council": "Country",
        "A2_Target_Council_2": "UNSC",
    },
    {"text": "Somebody must answer.", "A0_Negative_Evaluation": "Indirect_NegEval", "A4_Country_Name": "-NONE-"},
    {"text": "Reed said what is not so.", "B1_ChallengeType": "Challenge", "B3_Country_Name": "reed"},
    {"text": "It was three ships.", "B1_ChallengeType": "Correction"},
)


def test_unsc_is_against_those_who_are_named_and_nothing_else(tmp_path):
    write_unsc(tmp_path, *SPEECH)
    corpus = unsc.read(tmp_path, verify=False)
    assert [(a.holder, a.target, a.label, a.tags) for a in corpus.annotations] == [
        ("Vale Islands", "Republic Of Mossland", "against", ("Direct_NegEval",)),
        ("Vale Islands", unsc.COUNCIL_NAME, "against", ("Direct_NegEval",)),
        ("Vale Islands", "Reed", "against", ("Challenge",)),
    ]
    first = corpus.annotations[0]
    assert (first.context, first.document, first.date) == ("We thank the chair.", "SPV.1_spch001", "1 May 2014")
    assert len(corpus.annotations[2].context.split(".")) == 4
    derived = unsc.read(tmp_path, derived_neutrals=True, verify=False)
    neutral = [a for a in derived.annotations if a.label == "neutral"]
    assert [(a.text, a.target, a.annotator) for a in neutral] == [
        ("We thank the chair.", target, "derived") for target in ("Reed", "Republic Of Mossland", unsc.COUNCIL_NAME)
    ]
    assert [a for a in derived.annotations if a.label == "against"] == list(corpus.annotations)


def test_unsc_refuses_what_it_does_not_know(tmp_path):
    write_unsc(tmp_path, *SPEECH)
    with pytest.raises(StanceError, match="not the file that the published results are about"):
        unsc.read(tmp_path)
    write_unsc(tmp_path, {"text": "No.", "A0_Negative_Evaluation": "Praise"})
    with pytest.raises(StanceError, match="line 2: unknown kind of conflict in A0_Negative_Evaluation; found 'Praise'"):
        unsc.read(tmp_path, verify=False)
    write_unsc(tmp_path, *SPEECH, spoken="SPV.1_spch002")
    with pytest.raises(StanceError, match=r"line 2: no such speech in .*metadata.tsv; found 'SPV.1_spch001'"):
        unsc.read(tmp_path, verify=False)
    (tmp_path / unsc.SENTENCES).write_text("fileid,text\nSPV.1_spch001,No.\n")
    with pytest.raises(StanceError, match=r"line 2: columns are missing; found .*A0_Negative_Evaluation"):
        unsc.read(tmp_path, verify=False)


def write_dna(
    path, *, version=3, text="\U0001f600 The union says: pay now. No.", span=(19, 27), agreement=1, concept="pay"
):
    """A database with one statement, by the guild, and a note beside it, in the tables of DNA 2 or 3."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    short = "Entity INTEGER" if version == 3 else "StatementTypeId INTEGER, Value TEXT"
    database.executescript(f"""
        PRAGMA synchronous = OFF;
        CREATE TABLE CODERS (ID INTEGER, Name TEXT);
        CREATE TABLE DOCUMENTS (ID INTEGER, Title TEXT, Text TEXT, Date INTEGER);
        CREATE TABLE STATEMENTTYPES (ID INTEGER, Label TEXT);
        CREATE TABLE VARIABLES (ID INTEGER, Variable TEXT, DataType TEXT, StatementTypeId INTEGER);
        CREATE TABLE STATEMENTS (ID INTEGER, StatementTypeId INTEGER, DocumentId INTEGER, Start INTEGER, Stop INTEGER,
            Coder INTEGER);
        CREATE TABLE DATASHORTTEXT (ID INTEGER, StatementId INTEGER, VariableId INTEGER, {short});
        CREATE TABLE DATABOOLEAN (ID INTEGER, StatementId INTEGER, VariableId INTEGER, Value INTEGER);
        CREATE TABLE DATAINTEGER (ID INTEGER, StatementId INTEGER, VariableId INTEGER, Value INTEGER);
        CREATE TABLE DATALONGTEXT (ID INTEGER, StatementId INTEGER, VariableId INTEGER, Value TEXT);
        CREATE TABLE ENTITIES (ID INTEGER, VariableId INTEGER, Value TEXT);
        INSERT INTO CODERS VALUES (1, 'Coder 1');
        INSERT INTO STATEMENTTYPES VALUES (1, 'DNA Statement'), (2, 'Annotation');
        INSERT INTO VARIABLES VALUES (1, 'person', 'short text', 1), (2, 'organization', 'short text', 1),
            (3, 'concept', 'short text', 1), (4, 'agreement', 'boolean', 1), (5, 'strength', 'integer', 1),
            (6, 'note', 'long text', 2);
        INSERT INTO DATALONGTEXT VALUES (1, 8, 6, 'ask again');
    """)
    day = 1106697600 * (1 if version == 3 else 1000)
    database.execute("INSERT INTO DOCUMENTS VALUES (1, 'A strike', ?, ?)", (text, day))
    database.execute("INSERT INTO STATEMENTS VALUES (7, 1, 1, ?, ?, 1), (8, 2, 1, 0, 2, 1)", span)
    for variable, value in ((1, "Ms Vale"), (2, "The guild"), (3, concept)):
        if version == 3:
            database.execute("INSERT INTO ENTITIES VALUES (?, ?, ?)", (variable + 10, variable, value))
            database.execute("INSERT INTO DATASHORTTEXT VALUES (?, 7, ?, ?)", (variable, variable, variable + 10))
        else:
            database.execute("INSERT INTO DATASHORTTEXT VALUES (?, 7, ?, 1, ?)", (variable, variable, value))
    database.execute("INSERT INTO DATABOOLEAN VALUES (1, 7, 4, ?)", (agreement,))
    database.execute("INSERT INTO DATAINTEGER VALUES (1, 7, 5, -1)")
    database.commit()
    database.close()
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_dna_reads_a_database_of_ones_own(tmp_path, version):
    path = write_dna(tmp_path / "mine #1.dna", version=version)
    corpus = read_corpus(data_of("dna", f"data.path='{path}'"))
    (statement,) = corpus.annotations
    assert (statement.text, statement.holder, statement.target, statement.label) == (
        "pay now.", "The guild", "pay", "favor",
    )  # fmt: skip
    assert (statement.id, statement.document, statement.annotator, statement.date) == (
        "7", "A strike", "Coder 1", "2005-01-26",
    )  # fmt: skip
    assert corpus.parts is None
    scale = "data.labels={favor: [1], neutral: [0], against: [-1]}"
    other = data_of("dna", f"data.path='{path}'", "data.columns.holder=person", "data.columns.label=strength", scale)
    (statement,) = read_corpus(other).annotations
    assert (statement.holder, statement.label) == ("Ms Vale", "against")


def test_dna_refuses_with_what_there_is(tmp_path):
    path = write_dna(tmp_path / "mine.dna")
    columns = Columns(**(vars(COLUMNS) | {"holder": "actor"}))
    with pytest.raises(StanceError) as error:
        dna.read(path, columns, label_map=LABELS)
    assert "found ['actor', 'agreement', 'concept']" in str(error.value)
    assert "DNA Statement: person, organization, concept, agreement, strength; Annotation: note" in str(error.value)
    with pytest.raises(StanceError, match=r"not one of the published files.*data.verify=false for a file of your own"):
        dna.read(path, COLUMNS, label_map=LABELS, verify=True)
    for changes, message in (
        ({"agreement": 2}, "unknown label; found 2; allowed: 1, 0"),
        ({"concept": ""}, "field 'concept' is empty"),
        ({"span": (18, 19)}, "field 'text' is empty"),
        ({"span": (19, 99)}, r"not within its document; found \[19, 99\]; allowed: 0 to 31"),
    ):
        with pytest.raises(StanceError, match=f"mine.dna, statement 7: {message}"):
            dna.read(write_dna(path, **changes), COLUMNS, label_map=LABELS)
    for damage in ({"text": None}, {"span": ("here", 27)}):
        with pytest.raises(StanceError, match=r"mine.dna: a damaged database: "):
            dna.read(write_dna(path, **damage), COLUMNS, label_map=LABELS)
    path.write_bytes(write_dna(path).read_bytes().replace(b"CREATE TABLE CODERS", b"CREATE TABL\x80 CODERS"))
    with pytest.raises(StanceError, match=r"mine.dna: not a readable database: "):
        dna.read(path, COLUMNS, label_map=LABELS)
    path.write_text("<discourse><article/></discourse>")
    with pytest.raises(StanceError, match=r"mine.dna: not a readable database: .*a file of DNA 1"):
        dna.read(path, COLUMNS, label_map=LABELS)
    with sqlite3.connect(tmp_path / "other.dna") as database:
        database.execute("CREATE TABLE DATASHORTTEXT (Value INTEGER)")
    with pytest.raises(StanceError, match=r"other.dna: the tables are not those of DNA 2 or 3; found {'Value'"):
        dna.read(tmp_path / "other.dna", COLUMNS, label_map=LABELS)


EXPORT = (
    ("statement_id", "organization", "concept", "agreement", "text", "coder", "document_title"),
    ("1", "The guild", "pay", "1", "Pay now & well.", "Coder 1", "A strike"),
    ("2", "The mine", "pay", "0", "Never.", "Coder 1", "A strike"),
)


def write_xlsx(path, *rows, sheets=1):
    """Digits as numbers, empty cells left out, an empty row after the header."""
    book = Workbook()
    for number in range(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in (rows[0], (), *rows[1:]):
            sheet.append([int(text) if text.isdigit() else text or None for text in row])
    book.save(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_dna_reads_an_exported_table(tmp_path, suffix):
    path = tmp_path / f"export.{suffix}"
    if suffix == "xlsx":
        write_xlsx(path, *EXPORT)
    else:
        path.write_text("".join('"' + '","'.join(row) + '"\n' for row in EXPORT))
    corpus = dna.read(path, COLUMNS, label_map=LABELS)
    assert [(a.id, a.text, a.holder, a.target, a.label, a.document) for a in corpus.annotations] == [
        ("1", "Pay now & well.", "The guild", "pay", "favor", "A strike"),
        ("2", "Never.", "The mine", "pay", "against", "A strike"),
    ]
    columns = Columns(**(vars(COLUMNS) | {"document": "document_titel"}))
    with pytest.raises(StanceError, match=r"[23]: no column 'document_titel'; allowed: data.columns.document one of"):
        dna.read(path, columns, label_map=LABELS)
    columns = Columns(**(vars(COLUMNS) | {"holder": "actor"}))
    with pytest.raises(
        StanceError, match=r"(row|line) [23]: no column 'actor'; allowed: .* statement_id, organization, con"
    ):
        dna.read(path, columns, label_map=LABELS)


def test_dna_names_the_row_of_a_sheet(tmp_path):
    path = write_xlsx(tmp_path / "export.xlsx", *EXPORT, ("3", "The mine", "pay", "2", "No.", "Coder 1", "A strike"))
    with pytest.raises(StanceError, match=r"export.xlsx, row 5: unknown label; found '2'"):
        dna.read(path, COLUMNS, label_map=LABELS)
    write_xlsx(path, *EXPORT, ("3", "The mine", "pay", "1", "", "Coder 1", "A strike"))
    with pytest.raises(StanceError, match=r"export.xlsx, row 5: field 'text' is empty"):
        dna.read(path, COLUMNS, label_map=LABELS)


def test_a_sheet_is_read_to_its_end_whatever_the_file_says_of_its_size(tmp_path):
    path = write_xlsx(tmp_path / "export.xlsx", *EXPORT)
    whole, old = list(read_rows(path)), tmp_path / "old.xlsx"
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(old, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', content))
    assert [cells for _, cells in read_rows(old)] == [cells for _, cells in whole]
    assert len(whole) == 2


def test_a_sheet_that_is_none_is_refused(tmp_path):
    path = tmp_path / "export.xlsx"
    path.write_text("statement_id,text")
    with pytest.raises(StanceError, match="not an xlsx workbook: File is not a zip file"):
        list(read_rows(path))
    write_xlsx(path, *EXPORT, sheets=2)
    with pytest.raises(StanceError, match=r"not a workbook of one sheet; found \['Sheet', 'Sheet1'\]"):
        list(read_rows(path))
    write_xlsx(path, *EXPORT, (*EXPORT[1], "more"))
    with pytest.raises(StanceError, match=r"row 5: a cell in a column without a name; found \['more'\]"):
        list(read_rows(path))
    write_xlsx(path, ("text", "text"), ("a", "b"))
    with pytest.raises(
        StanceError, match=r"row 1: no header, or a column occurs twice in it; found \['text', 'text'\]"
    ):
        list(read_rows(path))


@pytest.fixture(scope="module")
def real(corpora):
    """Every corpus by the name of its configuration, each read once, verified."""
    names = ("ruw", "conflict_bias", "unsc", "dna_sample", "dna_hansard", "nli")
    configured = {name: data_of(name, f"data.root={corpora}") for name in names}
    missing = [data.path for data in configured.values() if not data.location.exists()]
    if missing:
        pytest.skip(f"not in {corpora}: {', '.join(missing)}")
    assert all(data.verify for data in configured.values())
    return {name: read_corpus(data) for name, data in configured.items()}


def test_the_real_ruw_has_the_published_counts(real):
    corpus = real["ruw"]
    assert labels_by_part(corpus) == {
        ("train", "against"): 3140, ("train", "neutral"): 2537, ("train", "favor"): 2723,
        ("validation", "against"): 415, ("validation", "neutral"): 423, ("validation", "favor"): 362,
        ("test", "against"): 965, ("test", "neutral"): 554, ("test", "favor"): 881,
    }  # fmt: skip
    assert Counter(a.target for a in corpus.annotations) == {"Russia": 6000, "Ukraine": 6000}
    pairs = Counter()
    for first, second in zip(corpus.annotations[::2], corpus.annotations[1::2], strict=True):
        assert first.document == second.document
        pairs[corpus.parts[first.id], first.label, second.label] += 1
    assert (pairs["train", "against", "favor"], pairs["train", "favor", "against"]) == (1678, 879)
    assert pairs["train", "neutral", "neutral"] == 1100


def test_the_real_conflict_bias_files(real):
    corpus = real["conflict_bias"]
    assert labels_by_part(corpus) == {
        ("train", "against"): 484, ("train", "neutral"): 372, ("train", "favor"): 639,
        ("test", "against"): 437, ("test", "neutral"): 383, ("test", "favor"): 676,
    }  # fmt: skip
    assert sum("\u00e2\u0080" in a.text for a in corpus.annotations) == 0
    assert sum("\u2019" in a.text for a in corpus.annotations) > 500
    texts = {part: {normalized(a.text) for a in corpus.annotations if corpus.parts[a.id] == part} for part in PARTS}
    assert [len(texts["train"]), len(texts["test"]), len(texts["train"] & texts["test"])] == [1494, 1494, 1]


def test_conflict_bias_splits_without_a_train_part(real):
    corpus = real["conflict_bias"]
    examples = aggregate(corpus.annotations[::10]).examples
    splits = split_examples(examples, "auto", validation=0.15, test=0.25, seed=0, parts=corpus.parts)
    assert [example.id.split("-")[0] for example in splits["test"]] == ["test"] * 150
    assert len(splits["train"]) + len(splits["validation"]) == 150
    assert 15 <= len(splits["validation"]) <= 30


def test_the_real_unsc_speeches_are_against_only(real, corpora):
    rows = real["unsc"].annotations
    assert Counter(a.label for a in rows) == {"against": 418}
    assert Counter(a.target for a in rows).most_common(3) == [
        ("Russian Federation", 309), ("Ukraine", 60), (unsc.COUNCIL_NAME, 31),
    ]  # fmt: skip
    assert Counter(tag for a in rows for tag in a.tags) == {
        "Direct_NegEval": 270, "Indirect_NegEval": 120, "Challenge": 28,
    }  # fmt: skip
    assert not any(a.holder == a.target for a in rows)
    assert len({a.document for a in rows}) == 55
    derived = unsc.read(corpora / "unsc-conflicts", derived_neutrals=True).annotations
    assert Counter(a.label for a in derived) == {"against": 418, "neutral": 1665}
    assert len({a.id for a in derived}) == len(derived)


def test_the_real_dna_files(real):
    sample, hansard = real["dna_sample"].annotations, real["dna_hansard"].annotations
    assert Counter(a.label for a in sample) == {"favor": 29, "against": 11}
    assert [len({getattr(a, name) for a in sample}) for name in ("target", "holder", "document")] == [6, 7, 7]
    assert sum(len(a.text.split()) for a in sample) / 40 == pytest.approx(148.5, abs=0.05)
    assert Counter(a.label for a in hansard) == {"against": 464, "favor": 398}
    assert [len({getattr(a, name) for a in hansard}) for name in ("target", "holder", "document")] == [21, 131, 7]
    assert max(Counter(a.document for a in hansard).values()) == 543
    assert {a.date for a in hansard} == {""}


def test_the_real_nli_pairs(real):
    rows = real["nli"].annotations
    assert len(rows) == 19647 + 9831 + 9500 + 250 + 56
    assert Counter(a.label for a in rows) == {"favor": 13170, "against": 11333, "neutral": 14781}
    assert len({a.document for a in rows}) < len(rows) / 2


@pytest.mark.parametrize("name", ["ruw", "conflict_bias", "unsc", "dna_sample", "dna_hansard", "nli"])
def test_a_changed_real_file_is_refused(real, corpora, tmp_path, name):
    data = data_of(name, f"data.root={corpora}")
    source = data.location
    folder = source if source.is_dir() else source.parent
    for file in real[name].files:
        copy = tmp_path / source.name / file if source.is_dir() else tmp_path / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((folder / file).read_bytes() + b"\n")
    changed = data_of(name, f"data.root={tmp_path}", f"data.path={source.name}")
    with pytest.raises(StanceError, match="not the file that the published results are about"):
        read_corpus(changed)


def test_a_database_has_nothing_to_fill_down(tmp_path):
    path = write_dna(tmp_path / "a.dna", version=3)
    with pytest.raises(StanceError, match=r"data\.fill_down: a database has no cells above"):
        dna.read(path, COLUMNS, label_map=LABELS, manner=Manner(fill_down=("organization",)))
