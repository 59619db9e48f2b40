"""The window: everything that knows Qt.

Garbage is collected in the window's thread alone, when a page is turned: collected by a worker thread, Qt objects would
be freed there, and Qt crashes when their timers fire. To look for it while all is imported took 20 ms.
"""

import gc

gc.disable()
