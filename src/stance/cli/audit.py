"""Audit a corpus for leaks and easy guesses.

    stance audit data=semeval2016 split=official

Finds rows that occur twice, documents and targets that parts share, and what scores without reading: docs/audit.md.
Several, and the page of all: -m data=vast,pstance,gwsd split=official
"""

from stance.cli.config import script
from stance.evaluation.config import AuditConfig

GROUP = "annotations"


@script("audit")
def main(config: AuditConfig) -> None:
    """Write <folder>/<name>.json and the page of all audits beside the folder; print this one's."""
    from stance.evaluation.audit import audit_corpus, audit_page

    found, page = audit_corpus(config)
    print(audit_page([found]))
    print(f"numbers: {config.folder}/{config.name}.json   page: {page}")
