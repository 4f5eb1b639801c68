"""The published numbers stand beside the tests that walk them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
