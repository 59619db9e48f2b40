"""What both frozen programs start with: one file with two names, as each would hold all of Python's modules."""

import sys
from pathlib import Path

if Path(sys.argv[0]).name == "palma-check":
    from palma_wizard.cli import main
else:
    from palma_wizard.__main__ import main

sys.exit(main())
