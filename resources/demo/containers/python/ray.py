"""The part of Ray that the shipped scripts use, on threads of one process. Images of a real cluster hold Ray itself."""

import concurrent.futures
import functools
import os

__version__ = "2.46.0"
_pool = None


def init(*_, **__):
    global _pool
    _pool = _pool or concurrent.futures.ThreadPoolExecutor(max_workers=_cores())


def is_initialized():
    return _pool is not None


def shutdown():
    global _pool
    if _pool is not None:
        _pool.shutdown(wait=True)
    _pool = None


def _cores():
    return max(1, int(float(os.environ.get("MERIDIAN_LAB_RAY_CORES", "2"))))


def cluster_resources():
    return {"CPU": float(_cores()), "node:demo": 1.0}


class ObjectRef:
    def __init__(self, future):
        self._future = future


def put(value):
    future = concurrent.futures.Future()
    future.set_result(value)
    return ObjectRef(future)


def get(references, timeout=None):
    if isinstance(references, ObjectRef):
        return references._future.result(timeout)
    return [reference._future.result(timeout) for reference in references]


def wait(references, num_returns=1, timeout=None):
    """The references that are ready, at least `num_returns` of them, and the others."""
    waiting = {reference._future: reference for reference in references}
    ready = set()
    while len(ready) < min(num_returns, len(waiting)):
        done, _ = concurrent.futures.wait(set(waiting) - ready, timeout, concurrent.futures.FIRST_COMPLETED)
        if not done:
            break
        ready |= done
    return [one for one in references if one._future in ready], [one for one in references if one._future not in ready]


class RemoteFunction:
    def __init__(self, function):
        self._function = function
        functools.update_wrapper(self, function)

    def remote(self, *arguments, **named):
        init()
        plain = [get(value) if isinstance(value, ObjectRef) else value for value in arguments]
        return ObjectRef(_pool.submit(self._function, *plain, **named))

    def options(self, **_):
        return self

    def __call__(self, *_, **__):
        raise TypeError("Remote functions cannot be called directly; use .remote()")


def remote(*arguments, **_):
    if len(arguments) == 1 and callable(arguments[0]):
        return RemoteFunction(arguments[0])
    return RemoteFunction
