"""One background thread for the whole kernel: the newest job tells the older one to stop, and begins when it has."""

import logging
import threading
from collections import deque


class Runner:
    """Runs jobs one after another in a thread that lives only while there is work.

    A job is called without arguments and has a `stop()`, after which it is expected to return soon. Every job is
    called, even one that was told to stop before its turn, so that it can tell its owner how it ended.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting: deque = deque()
        self._running = None
        self._thread = None

    def submit(self, job):
        """Have `job` run next; whatever runs or waits is told to stop. Returns at once."""
        with self._lock:
            for older in (self._running, *self._waiting):
                if older is not None:
                    older.stop()
            self._waiting.append(job)
            if self._thread is None:
                # A daemon, so that it never keeps a kernel from ending.
                self._thread = threading.Thread(target=self._work, name="sgutils-training", daemon=True)
                self._thread.start()

    def _work(self):
        while True:
            with self._lock:
                self._running = self._waiting.popleft() if self._waiting else None
                if self._running is None:
                    self._thread = None
                    return
                job = self._running
            try:
                job()
            except Exception:
                # Jobs report their own errors; one that fails even in that must not end the thread for the next.
                logging.getLogger(__name__).exception("A background job ended with an error that it did not report.")


RUNNER = Runner()
