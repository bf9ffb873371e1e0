"""Loaded by every Python of a demo container: it must not outlive the lab, however the lab ends."""

import os
import signal
import sys
import threading

LEASE = 3


def _watch():
    # The lab holds the other end of this pipe; it never writes. The end of the pipe is the end of the lab.
    try:
        while os.read(LEASE, 1):
            pass
    except OSError:
        return
    os.killpg(0, signal.SIGKILL)


def _hold():
    threading.Thread(target=_watch, daemon=True).start()


if "MERIDIAN_LAB_RUN" in os.environ:
    if sys.platform == "linux":
        import ctypes

        # PR_SET_PDEATHSIG: what this process has started goes with it.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    try:
        os.fstat(LEASE)
    except OSError:
        pass
    else:
        _hold()
        os.register_at_fork(after_in_child=_hold)
