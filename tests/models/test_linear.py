"""Linear models: they learn, they are stored without pickle, and they come back the same."""

from __future__ import annotations

import random
import shutil
import unicodedata
from dataclasses import asdict, replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
from transformers import AutoModel, AutoTokenizer

from conftest import example, questions
from stance.base.errors import StanceError
from stance.base.labels import LABEL2ID, LABELS
from stance.base.questions import Question, questions_of
from stance.data.agreement import aggregate
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.config import LinearConfig
from stance.models.features import EmbeddingFeatures
from stance.models.fitting import Setup
from stance.models.linear import OWN_WEIGHTS_FROM, LinearModel, fit, load
from stance.models.ngrams import TfidfFeatures
from stance.models.pretrained import SMALL_ENCODER, encoder_location


@pytest.fixture(scope="module")
def rows(readable_annotations):
    examples = aggregate(readable_annotations).examples
    return [e for e in examples if e.document < "G"], [e for e in examples if e.document >= "G"]


@pytest.fixture(scope="module")
def sentence_encoder(tiny_encoder, tmp_path_factory):
    """The tiny encoder with mean pooling, as sentence-transformers writes it."""
    from sentence_transformers import SentenceTransformer

    folder = tmp_path_factory.mktemp("sentences")
    SentenceTransformer(str(tiny_encoder), device="cpu").save(str(folder), create_model_card=False)
    return folder


def fitted(features, train, validation, **options):
    config = LinearConfig(**{"name": "tfidf", "features": "tfidf", "classifier": "svm"} | options)
    return LinearModel.fit(features, config, train, validation)


def test_tfidf_learns_words_and_survives_its_folder(tmp_path, rows):
    train, other = rows
    model = fitted(TfidfFeatures.fit(train), train, other)
    probabilities = model.predict_proba(questions_of(other))
    found = [LABELS[i] for i in probabilities.argmax(axis=1)]
    assert np.mean([f == e.label for f, e in zip(found, other, strict=True)]) > 0.7
    assert probabilities.sum(axis=1) == pytest.approx(1)
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    loaded = load(tmp_path, Card("tfidf"), "torch")
    assert np.array_equal(loaded.predict_proba(questions_of(other)), probabilities)


def test_the_scale_never_changes_a_label_and_lowers_the_loss(rows):
    train, other = rows
    model = fitted(TfidfFeatures.fit(train), train, other)
    decisions = model.decisions(questions_of(other))
    assert np.array_equal(decisions.argmax(axis=1), model.predict_proba(questions_of(other)).argmax(axis=1))
    gold = [LABEL2ID[e.label] for e in other]
    at = np.arange(len(gold))
    scaled, plain = (-np.log(softmax(s * decisions, axis=1)[at, gold]).mean() for s in (model.scale, 1.0))
    assert scaled <= plain + 1e-6


def test_without_own_weights_it_is_scikit_learns_svm(rows):
    train, other = rows
    model = fitted(TfidfFeatures.fit(train), train, other, class_weight=False)
    blocks, targets = [], []
    for field, params in TfidfFeatures.PARAMS.values():
        vectorizer = TfidfVectorizer(**params)
        blocks.append(vectorizer.fit_transform([getattr(e, field) for e in train]).toarray())
        targets.append(vectorizer.transform([getattr(e, field) for e in other]).toarray())
    svm = LinearSVC(C=1.0, random_state=0, max_iter=10_000).fit(np.hstack(blocks), [LABEL2ID[e.label] for e in train])
    assert model.decisions(questions_of(other)) == pytest.approx(svm.decision_function(np.hstack(targets)), abs=1e-3)


def test_frequent_targets_get_weights_of_their_own():
    """The word means the opposite for the two targets: shared weights cannot learn it."""
    train = [
        example(i, "favor" if (i % 2) == (i // 2 % 2) else "against", holder="", target=f"target {i % 2}",
                text=("yes please" if i // 2 % 2 else "no thanks") + f" {i % 7}")
        for i in range(3 * OWN_WEIGHTS_FROM)
    ]  # fmt: skip
    model = fitted(TfidfFeatures.fit(train), train, train)
    assert model.own == ("target 0", "target 1")
    found = [LABELS[i] for i in model.predict_proba(questions_of(train)).argmax(axis=1)]
    assert found == [e.label for e in train]


def test_characters_are_counted_word_by_word_as_scikit_learn_counts_them(rows):
    """Whatever stands between words, in whatever case and script, and where a text has no word of the vocabulary."""
    train, other = rows
    texts = [
        *(e.text for e in other),
        "  The\u00a0\u00a0ferry\tto\n\nARNO, the the THE ferry ",
        "\u0391\u03a3 \u0130stanbul \U0001f600",
        "\u4e2d",
        "",
    ]
    vectorizer = TfidfVectorizer(**TfidfFeatures.PARAMS["text_characters"][1]).fit(texts + [e.text for e in train])
    expected = vectorizer.transform(texts)
    found = TfidfFeatures({"text_characters": vectorizer}).transform([Question(text, "") for text in texts])
    for name in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


HOLDERS = {
    "hi": ("मोदी", "सोनिया", "शाह"),
    "ta": ("மோடி", "சோனியா", "ஷா"),
    "th": ("สมชาย", "ประยุทธ์", "ทักษิณ"),
    "km": ("ហ៊ុន សែន", "សម រង្ស៊ី", "កឹម សុខា"),
    "zh": ("美", "俄", "英"),
    "en": ("Modi", "Sonia", "Shah"),
}


@pytest.mark.parametrize("script", HOLDERS)
def test_the_words_of_every_script_are_seen(script):
    """Whose stance is asked decides, and nothing else does."""
    draw = random.Random(0)
    frames = ["बैठक परिषद संधि वर्ष", "किसान दिन सरकार नदी", "सीमा रात वार्ता जल", "नगर ग्राम पत्र लेख"]
    rows = [
        example(i, LABELS[i % 3], text=draw.choice(frames), holder=HOLDERS[script][i % 3], target="प्रस्ताव")
        for i in range(60)
    ]
    model = fitted(TfidfFeatures.fit(rows[:40]), rows[:40], rows[40:], C=0.1)
    found = model.predict_proba(questions_of(rows[40:])).argmax(axis=1)
    assert [LABELS[i] for i in found] == [row.label for row in rows[40:]]


def test_a_model_that_older_code_saved_answers_as_it_did(tmp_path, rows):
    """Its words are scikit-learn's, which no other file says."""
    texts = ["मोदी ने संधि ठुकराई", *(e.text for e in rows[0])]
    kinds = {name: (field, params) for name, (field, params) in TfidfFeatures.PARAMS.items() if field == "text"}
    older = {name: TfidfVectorizer(**params | {"min_df": 1}).fit(texts) for name, (_, params) in kinds.items()}
    TfidfFeatures(older, {}).save(tmp_path)
    found = TfidfFeatures.load(tmp_path)
    asked = [*texts, unicodedata.normalize("NFD", "délégué Müller")]
    rows_asked = [Question(text, "") for text in asked]
    expected = np.hstack([vectorizer.transform(asked).toarray() for vectorizer in older.values()])
    assert np.array_equal(found.transform(rows_asked).toarray(), expected)
    found.save(tmp_path)
    assert np.array_equal(TfidfFeatures.load(tmp_path).transform(rows_asked).toarray(), expected)


def test_latin_words_are_those_of_scikit_learn(rows):
    train, other = rows
    texts = [*(e.text for e in other), "They can't sign a U.N. plan_b, 3.5 İstanbul née ﬁn № ½ ①② x²"]
    for name, (field, params) in TfidfFeatures.PARAMS.items():
        if field == "text":
            plain = TfidfVectorizer(**params).fit([e.text for e in train])
            ours = TfidfFeatures.fit(train).vectorizers[name]
            assert ours.vocabulary_ == plain.vocabulary_
            assert np.array_equal(ours.transform(texts).toarray(), plain.transform(texts).toarray())


@pytest.mark.parametrize("word", ["न", "안", "不", "و"])
def test_a_word_of_one_letter_is_one_where_letters_have_no_case(word):
    rows = [example(n, text=f"{word} a Z 1 they") for n in range(2)]
    vocabulary = TfidfFeatures.fit(rows).vectorizers["text_words"].vocabulary_
    assert word in vocabulary
    assert not {"a", "z", "1"} & vocabulary.keys()


def test_two_spellings_of_a_row_are_one_row():
    words = ("accepté", "refusé", "noté")
    rows = [
        example(i, LABELS[i % 3], text=f"Le délégué a {words[i % 3]}.", holder="Müller", target=f"clôture {i % 2}")
        for i in range(3 * OWN_WEIGHTS_FROM)
    ]
    mixed = [
        example(i, row.label, **{name: unicodedata.normalize("NFD", getattr(row, name)) for name in ("text", "target")})
        if i % 4 == 0
        else row
        for i, row in enumerate(rows)
    ]
    model = fitted(TfidfFeatures.fit(mixed), mixed, rows[:9])
    assert model.own == ("clôture 0", "clôture 1")
    nfd = [
        Question(**{name: unicodedata.normalize("NFD", value) for name, value in asdict(question).items()})
        for question in questions_of(rows[:9])
    ]
    assert np.array_equal(model.predict_proba(nfd), model.predict_proba(questions_of(rows[:9])))


def test_own_weights_are_added_to_the_shared_ones_for_their_target_alone():
    class Ones:
        def transform(self, questions):
            return np.ones((len(questions), 2))

    weights = np.arange(18.0).reshape(3, 6)  # shared 0 1, of target a 2 3, of target b 4 5
    model = LinearModel(Ones(), ("a", "b"), weights, np.zeros(3), 1.0)
    found = model.decisions(questions(["x"] * 3, ["b", "c", "a"]))
    assert found.tolist() == [[10, 34, 58], [1, 13, 25], [6, 30, 54]]


def test_rows_that_cannot_be_learnt_from_are_refused():
    with pytest.raises(StanceError, match=r"train: one label only; found \['favor'\]"):
        fitted(None, [example(1, "favor"), example(2, "favor")], [])
    with pytest.raises(StanceError, match="the training rows hold no words"):
        TfidfFeatures.fit([example(1, text="!", target="?", holder="")])
    features = TfidfFeatures.fit([example(i, text="they met", holder="A") for i in range(3)])
    assert "holder_words" not in features.vectorizers


def test_static_embeddings_are_means_of_weighted_words(tmp_path, rows):
    train, other = rows
    config = LinearConfig(name="static", features="static", classifier="svm", C=0.1)
    model = fit(config, train, other, Setup())
    tokenizer = AutoTokenizer.from_pretrained(encoder_location(SMALL_ENCODER))
    words = AutoModel.from_pretrained(encoder_location(SMALL_ENCODER)).get_input_embeddings().weight.numpy(force=True)

    def mean(text):
        """Each token weighs as rare as it is in the training texts."""
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        of_train = [set(tokenizer(e.text, add_special_tokens=False)["input_ids"]) for e in train]
        idf = [1 + np.log((1 + len(train)) / (1 + sum(i in one for one in of_train))) for i in ids]
        total = np.array(idf) @ (words[ids] - words.mean(axis=0))
        return total / np.linalg.norm(total)

    asked = questions_of(other)[0]
    found = model.features.transform([asked, replace(asked, text="!")])
    assert found[0, :384] == pytest.approx(mean(asked.text), abs=1e-4)
    assert found[0, 384:768] == pytest.approx(mean(asked.target), abs=1e-4)
    assert np.isfinite(found).all()
    probabilities = model.predict_proba(questions_of(other))
    assert np.mean(probabilities.argmax(axis=1) == [LABEL2ID[e.label] for e in other]) > 0.6
    StanceClassifier(model, Card("static")).save_pretrained(tmp_path / "c")
    loaded = StanceClassifier.from_pretrained(tmp_path / "c")
    assert loaded.predictor.predict_proba(questions_of(other)) == pytest.approx(probabilities, abs=1e-6)


@pytest.mark.parametrize("classifier", ["svm", "logistic"])
def test_two_labels_in_train_leave_the_third_impossible(classifier):
    words = {"favor": "accepted gladly", "against": "refused flatly"}
    train = [
        example(i, label, text=f"they {words[label]} {i % 5}", holder="")
        for i, label in enumerate(["favor", "against"] * 20)
    ]
    model = fitted(TfidfFeatures.fit(train), train, train, classifier=classifier)
    probabilities = model.predict_proba(questions_of(train))
    assert probabilities[:, LABEL2ID["neutral"]].max() < 1e-6
    assert [LABELS[i] for i in probabilities.argmax(axis=1)] == [e.label for e in train]


def test_embeddings_of_the_packaged_encoder(tmp_path, rows):
    train, other = rows
    features = EmbeddingFeatures.load_encoder("all-MiniLM-L6-v2")
    matrix = features.transform(questions_of(train))
    assert matrix.shape == (len(train), 5 * 384)
    assert np.linalg.norm(matrix[:, :384], axis=1) == pytest.approx(1, abs=1e-5)
    model = fitted(features, train, other, classifier="logistic")
    probabilities = model.predict_proba(questions_of(other))
    model.save(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".pkl", ".pt", ".py")]
    loaded = load(tmp_path, Card("embedding"), "torch")
    modules = tmp_path / "encoder" / "modules.json"
    modules.write_text(modules.read_text().replace("sentence_transformers.", "own_code.", 1))
    with pytest.raises(StanceError, match="foreign class; found 'own_code"):
        EmbeddingFeatures.load(tmp_path)
    (tmp_path / "encoder" / "extra.py").write_text("print()")
    with pytest.raises(StanceError, match=r"extra\.py: a file that a checkpoint does not hold"):
        EmbeddingFeatures.load(tmp_path)
    assert loaded.predict_proba(questions_of(other)) == pytest.approx(probabilities, abs=1e-6)


def embedded(cache, encoder, rows):
    config = LinearConfig(name="embedding", features="embedding", classifier="logistic", encoder=str(encoder))
    return fit(config, *rows, Setup(cache=cache))


def refuse(*args, **kwargs):
    raise AssertionError("the encoder was loaded")


def test_embeddings_of_the_same_rows_are_read_and_the_encoder_is_not_loaded(
    tmp_path, rows, sentence_encoder, monkeypatch
):
    cache = tmp_path / "cache"
    plain, first = embedded(None, sentence_encoder, rows), embedded(cache, sentence_encoder, rows)
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*.safetensors")}
    assert len(kept) == 2  # train and validation
    with monkeypatch.context() as patch:
        patch.setattr(EmbeddingFeatures, "load_encoder", refuse)
        second = embedded(cache, sentence_encoder, rows)
        assert np.array_equal(second.predict_proba(questions_of(rows[1])), plain.predict_proba(questions_of(rows[1])))
        with pytest.raises(AssertionError, match="loaded"):
            embedded(cache, sentence_encoder, (rows[0][1:], rows[1]))
    assert np.array_equal(first.weights, plain.weights)
    assert np.array_equal(second.weights, plain.weights)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.*")} == kept
    second.save(tmp_path)
    loaded = load(tmp_path, Card("embedding"), "torch")
    loaded.predict_proba([Question("A text that is new.", "talk")])
    assert len(list(cache.rglob("*.*"))) == 2


def test_another_encoder_is_not_taken_for_the_one_in_the_cache(tmp_path, rows, sentence_encoder):
    """It differs in one weight in the middle of its file, in the same place under the same name."""
    encoder = tmp_path / "encoder"
    shutil.copytree(sentence_encoder, encoder)
    before = embedded(tmp_path / "cache", encoder, rows)
    weights = load_file(encoder / "model.safetensors")
    weights["encoder.layer.0.output.dense.weight"][0, 0] += 1
    save_file(weights, encoder / "model.safetensors", metadata={"format": "pt"})
    after = embedded(tmp_path / "cache", encoder, rows)
    assert len(list((tmp_path / "cache").rglob("*.*"))) == 4
    assert not np.array_equal(before.weights, after.weights)
