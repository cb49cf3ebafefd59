"""What a run says of the machine it was trained on."""

from __future__ import annotations

import platform

import torch

from stance.training.machine import machine, processor

INTEL = """processor\t: 0
model name\t: A Processor (8 cores)
flags\t\t: fpu sse avx2 avx512f amx_tile amx_bf16
processor\t: 1
model name\t: A Processor (8 cores)
flags\t\t: fpu sse avx2 avx512f amx_tile amx_bf16
"""

ARM = """processor\t: 0
Features\t: fp asimd asimddp i8mm
CPU part\t: 0xd40
"""


def test_the_processor_has_its_name_and_the_flags_that_matter(tmp_path):
    (tmp_path / "cpuinfo").write_text(INTEL)
    assert processor(tmp_path / "cpuinfo") == {
        "processor": "A Processor (8 cores)",
        "flags": ["avx2", "avx512f", "amx_tile", "amx_bf16"],
    }


def test_a_system_that_does_not_name_it_gives_at_least_its_kind(tmp_path):
    kind = platform.processor() or platform.machine()
    (tmp_path / "cpuinfo").write_text(ARM)
    assert processor(tmp_path / "cpuinfo") == {"processor": kind, "flags": ["asimddp", "i8mm"]}
    assert processor(tmp_path / "none") == {"processor": kind, "flags": []}


def test_the_machine_is_told_with_its_threads():
    about = machine()
    assert about.items() >= processor().items()
    assert (about["threads"], about["python"]) == (torch.get_num_threads(), platform.python_version())
