"""Compares the abstract run with Python itself on many random programs.

    python benchmarks/oracle.py --verdicts 200000 --seed 1 --jobs 2

Prints the programs where the two disagree, reduced, and how many verdicts were compared, by
kind of program.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.flow.oracle import main

if __name__ == "__main__":
    raise SystemExit(main())
