"""What the frozen command line starts with."""

import sys

from palma_wizard.cli import main

sys.exit(main())
