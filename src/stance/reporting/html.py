"""What every page of this toolkit is made with, so that nothing of the input is taken for markup or runs."""

import base64
import hashlib

from jinja2 import BaseLoader, Environment, StrictUndefined


def template_environment(loader: BaseLoader) -> Environment:
    """Templates that escape all that is put in, and refuse a name that is not given."""
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def script_hash(script: str) -> str:
    """The hash by which a page's policy knows its own script, and lets no other run.

    Source: W3C, Content Security Policy Level 3, 2.3.1 (``sha256-...``).
    """
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
