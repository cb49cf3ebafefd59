"""Good files to be damaged: those that the fast tests of importers and readers compose."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

import test_imports_tools as tools
import test_readers as older
import test_readers_conflict as conflict
import test_readers_corpora as corpora
import test_readers_debates as debates
import test_readers_mpqa as mpqa_tests

from stance.data.corpora import (
    conflict_bias,
    gwsd,
    iam,
    ibm_claim_stance,
    ibm_kpa,
    mpqa,
    newsmtsc,
    nli,
    perspectrum,
    procon20,
    pstance,
    ruw,
    seesaw,
    semeval2016,
    tweeteval,
    unsc,
    vast,
)

#: Tool -> tests that compose exports of it.
EXPORTS: dict[str, Callable[[Path], Any]] = {
    "label-studio": tools.test_label_studio_spans_know_what_they_are_related_to,
    "label-studio: states": tools.test_label_studio_knows_what_is_no_judgement,
    "label-studio: paths": tools.test_label_studio_paths_and_choices_for_a_region,
    "label-studio: flat": tools.test_label_studio_flat_exports,
    "doccano": tools.test_doccano_generations,
    "doccano: zip": tools.test_doccano_relations_and_members_of_a_zip,
    "prodigy": tools.test_prodigy,
    "refi-qda": lambda folder: tools.test_refi_qda(folder, "NVivo 14", True),
    "dna": tools.test_dna_export_with_semicolons,
    "dna: 2": lambda folder: tools.test_dna_databases(folder, 2, packed=False),
    "dna: 3": lambda folder: tools.test_dna_databases(folder, 3, packed=False),
    "inception: tsv": tools.test_webanno_tsv,
    "inception: zip": tools.test_curation_beside_annotators_is_left_out,
    "inception: cas": tools.test_cas_json_and_xmi,
    "brat": lambda folder: tools.test_brat(folder, "", "\n"),
    "argilla": tools.test_argilla,
    "sheet": tools.test_a_workbook_with_instructions_and_a_header_of_two_rows,
    "mturk": tools.test_mechanical_turk,
}


class Wanted(Exception):
    """The folder is kept."""


class Reader(NamedTuple):
    """A reader of a published corpus, and a test that composes a folder in its format."""

    module: ModuleType
    compose: Callable[[Path], Any]


CORPORA = {
    "pstance": Reader(pstance, corpora.test_pstance),
    "newsmtsc": Reader(newsmtsc, corpora.test_newsmtsc),
    "gwsd": Reader(gwsd, corpora.test_gwsd),
    "vast": Reader(vast, corpora.test_vast_keeps_or_leaves_out_synthetic_neutrals),
    "seesaw": Reader(seesaw, corpora.test_seesaw),
    "semeval2016": Reader(semeval2016, older.test_semeval_rows_with_bare_quotes_and_odd_bytes),
    "tweeteval": Reader(tweeteval, older.test_tweeteval_maps_by_name_and_not_by_number),
    "ruw": Reader(ruw, conflict.test_ruw_gives_two_rows_a_tweet),
    "conflict_bias": Reader(conflict_bias, conflict.test_conflict_bias_learns_from_the_published_validation_part),
    "nli": Reader(nli, conflict.test_nli_pairs_of_a_premise_are_one_document),
    "unsc": Reader(unsc, conflict.test_unsc_is_against_those_who_are_named_and_nothing_else),
}
for _name, _module in {
    "procon20": procon20, "perspectrum": perspectrum, "iam": iam, "ibm_claim_stance": ibm_claim_stance,
    "ibm_kpa": ibm_kpa, "mpqa": mpqa,
}.items():  # fmt: skip
    _tests = mpqa_tests if _name == "mpqa" else debates
    for _test in vars(_tests).values():
        names = getattr(getattr(_test, "__code__", None), "co_names", ())
        if getattr(_test, "__name__", "").startswith("test_") and _name in names and _test.__code__.co_argcount == 1:
            CORPORA.setdefault(_name, Reader(_module, _test))


@cache
def export(name: str) -> Path:
    """A folder with an export."""
    folder = Path(tempfile.mkdtemp(prefix="storm"))
    EXPORTS[name](folder)
    return folder


@cache
def corpus(name: str) -> Path:
    """A folder in the format of a corpus."""
    folder, kept = Path(tempfile.mkdtemp(prefix="storm")), Path(tempfile.mkdtemp(prefix="storm")) / "kept"

    def keep(path: Path, *_: object, **__: object) -> None:
        shutil.copytree(path, kept)
        raise Wanted

    with patch.object(CORPORA[name].module, "read", keep):
        try:
            CORPORA[name].compose(folder)
        except Wanted:
            return kept
    raise AssertionError(f"{name}: nothing was read")
