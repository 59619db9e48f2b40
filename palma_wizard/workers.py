"""Blocking calls on threads of their own, awaited from the event loop.

The threads are daemons, so that a keyring or a name look-up that never returns cannot keep the program from ending;
the standard pools wait for theirs at exit. They are given out here and not by the loop's executor because that one
writes a call's arguments, secrets included, to the debug log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
T = TypeVar("T")


def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """Start `function` at once; the future is cancellable, the thread is not."""
    import asyncio  # a window is painted before they are needed
    import concurrent.futures

    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the future is awaited
            future.set_exception(error)
        else:
            future.set_result(result)

    waiting = asyncio.wrap_future(future)
    threading.Thread(target=work, name="palma-worker", daemon=True).start()
    return waiting
