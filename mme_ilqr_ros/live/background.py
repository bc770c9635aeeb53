"""The server of the page in a thread of its own, for a process that has other things to do."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress

from mme_ilqr_ros.live.server import Server
from mme_ilqr_ros.live.source import Source

PATIENCE = 10.0  # [s] for the server to start or to end


class Background:
    """Serves a source until it is stopped.

    Attributes:
        url: Address of the page.
    """

    def __init__(self, source: Source, port: int = 0) -> None:
        """Start to serve.

        Raises:
            InputError: The port is taken.
        """
        self._started: Future[str] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(Server(source, port),), daemon=True)
        self._thread.start()
        self.url = self._started.result(PATIENCE)

    def _run(self, server: Server) -> None:
        self._task = self._loop.create_task(server.serve(self._started.set_result))
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(error)
        finally:
            self._loop.close()

    def stop(self) -> None:
        """End it."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(PATIENCE)
