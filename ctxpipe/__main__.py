"""``python -m ctxpipe``."""

import sys

from ctxpipe.cli import main

if __name__ == "__main__":
    sys.exit(main())
