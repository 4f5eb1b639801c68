"""The program that checks a report against its evidence, in parts; written beside every report as one file.

The parts need Python 3.9 or newer and nothing else, and import nothing of tcakit but each other: they are the second
opinion. `report/verifier_file.py` puts them together.
"""

from .main import verify
from .rows import EVIDENCE_VERSION, Broken, numbers_of, pieces, printed_together

__all__ = ["EVIDENCE_VERSION", "Broken", "numbers_of", "printed_together", "pieces", "verify"]
