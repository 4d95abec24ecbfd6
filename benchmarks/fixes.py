"""Applies all fixes to many random programs and looks at the results from outside.

    python benchmarks/fixes.py --cases 10000 --seed 1 --jobs 2

Prints the fixes that did something wrong, how many were applied, and how many were refused and why.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fixing.outside import main

if __name__ == "__main__":
    raise SystemExit(main())
