"""``python -m ctxpipe`` is the ``ctxpipe`` command."""

import sys

from ctxpipe.cli import main

sys.exit(main())
