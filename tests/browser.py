"""What a page does in headless Chromium; tests that need one skip where there is none."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html import unescape

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def in_browser(html: str, probe: str, folder, budget: int = 5000):
    """What the probe, which the page's policy is made to let run, says of the page in a browser."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the path")
    allowed = base64.b64encode(hashlib.sha256(probe.encode()).digest()).decode()
    copy = html.replace("script-src ", f"script-src 'sha256-{allowed}' ", 1)
    copy = copy.replace("<title>", f"<script>{probe}</script><title>", 1)
    (folder / "page.html").write_text(copy, encoding="utf-8", errors="replace")
    options = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    options += f" disable-component-update disable-sync dump-dom virtual-time-budget={budget} window-size=400,800"
    command = [CHROMIUM, *(f"--{option}" for option in options.split()), f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run(
        [*command, (folder / "page.html").as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    result = re.search(r'<pre id="result">(.*)</pre>', done.stdout, re.S)
    assert result, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(unescape(result.group(1)))
