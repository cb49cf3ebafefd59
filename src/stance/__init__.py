"""Stance: who is for and who is against a negotiation proposal, according to a text.

>>> from stance import StanceClassifier
>>> classifier = StanceClassifier.from_pretrained("stance-small")  # doctest: +SKIP
>>> classifier.predict(texts=["..."], targets=["open talks"], holders=["the union"])  # doctest: +SKIP

The names are those of ``__init__.pyi``; they load on first use, so that ``import stance`` is quick.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
