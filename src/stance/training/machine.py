"""The machine that a number was made on, and the code: what makes it come out identical elsewhere, or not."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

from stance.training import distributed as processes

#: Packages whose version a number may depend on.
PACKAGES = ("stance", "torch", "transformers", "datasets", "scikit-learn", "sentence-transformers", "numpy")

#: Flags of a processor that decide which matrix kernels there are: the speed and the last digits of what is computed.
FLAGS = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx_vnni",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "asimddp",
    "i8mm",
)


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, Any]:
    """``processor``, its name as the system says it, and ``flags``, those of :data:`FLAGS` that it has.

    Where there is no ``/proc/cpuinfo`` (any system but Linux) no flag is known.
    """
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    about = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = about.get("flags", about.get("Features", "")).split()
    return {
        "processor": about.get("model name") or platform.processor() or platform.machine(),
        "flags": [name for name in FLAGS if name in flags],
    }


def machine() -> dict[str, Any]:
    """Processor, threads in use, the accelerator if torch sees one, and how many processes if not one."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    together = {"processes": processes.number()} if processes.number() > 1 else {}
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        **processor(),
        "threads": torch.get_num_threads(),
        "device": device,
        **together,
    }


def code_state() -> dict[str, Any]:
    """Commit of this checkout and whether what makes results was changed since; None outside a checkout."""
    project = Path(__file__).resolve().parents[3]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(project), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != project:
            return {"commit": None, "dirty": None}
        changed = git("status", "--porcelain", "--", "src", "conf", "scripts", "seeds", "constraints.txt")
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changed)}
    except (FileNotFoundError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def versions(*more: str) -> dict[str, str]:
    """Of :data:`PACKAGES` and of ``more``, as they are installed."""
    return {name: importlib.metadata.version(name) for name in (*PACKAGES, *more)}
