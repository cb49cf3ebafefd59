"""The state of the code that a run was made with."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any


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
