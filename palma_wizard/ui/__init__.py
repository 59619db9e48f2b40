"""The window: everything that knows Qt.

Garbage is collected in the window's thread alone, when a page is turned: collected by a worker thread, Qt objects would
be freed there, and Qt crashes when their timers fire. To look for it while all is imported took 20 ms.

PySide reads the source of each module that is imported after it, for spellings of its methods that are not used here:
10 ms before the first paint, and 11 MB until all is imported.
"""

import builtins
import gc

import PySide6.QtCore  # noqa: F401 - puts its own import in the place of Python's

gc.disable()
builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
