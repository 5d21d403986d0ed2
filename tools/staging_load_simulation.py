"""Load simulation of a staging stack: `python tools/staging_load_simulation.py --help`."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # When run as a script, Python searches tools/ for modules, not the repository root.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    runpy.run_module("tools.load.main", run_name="__main__", alter_sys=True)
