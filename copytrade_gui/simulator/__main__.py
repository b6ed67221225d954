"""`python -m copytrade_gui.simulator`: serve a simulated broker until interrupted."""

import sys

from copytrade_gui.simulator.serving import main

if __name__ == "__main__":
    sys.exit(main())
