"""What the frozen window starts with."""

import sys

from palma_wizard.__main__ import main

sys.exit(main())
