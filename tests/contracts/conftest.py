"""The venues without a market that strategies are tested against stand beside the tests of strategies."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "execution"))
