"""Exports of annotation tools become rows by a mapping (``data=import``); see docs/annotate.md."""
