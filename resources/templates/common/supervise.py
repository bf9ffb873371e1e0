"""Runs a script so that it outlives the connection that started it. Lies in the run directory beside the script.

    supervise.py start    begins the job once; asked again, it says that it has begun
    supervise.py status   one line of JSON: state, exit code, times, bytes of the log
    supervise.py stop     ends the script and everything it started

Everything that is known of the job stands in its directory: `log`, `status.json`, and `lock`, whose making is what lets
the job begin only once.
"""

import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
GRACE_SECONDS = 5


def path(name):
    return os.path.join(HERE, name)


def read_json(name):
    try:
        with open(path(name), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def write_status(**values):
    """Replaces the status as a whole: a reader sees the old one or the new one."""
    with open(path("status.new"), "w", encoding="utf-8") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path("status.new"), path("status.json"))


def is_alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


def environment(plan):
    """The process's own environment and the lines NAME=value of the environment file."""
    values = dict(os.environ, PYTHONUNBUFFERED="1")
    name = plan.get("environmentFile")
    if name:
        with open(os.path.expanduser(name), encoding="utf-8") as file:
            for line in file:
                key, equals, value = line.strip().partition("=")
                if equals and not key.startswith("#"):
                    values[key.removeprefix("export ").strip()] = value.strip().strip("\"'")
    return values


def limit(plan):
    """Called in the child before the script: what the system itself can hold it to."""
    import resource

    def lower(kind, soft, hard):
        # A limit that holds already may be tighter, and cannot be raised.
        _, known = resource.getrlimit(kind)
        if known != resource.RLIM_INFINITY:
            soft, hard = min(soft, known), min(hard, known)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (ValueError, OSError):
            pass

    limits = plan.get("limits", {})
    if limits.get("memoryMiB"):
        size = int(limits["memoryMiB"]) * 2**20
        lower(resource.RLIMIT_AS, size, size)
    if limits.get("seconds"):
        seconds = int(limits["seconds"] * max(1, limits.get("cores", 1)))
        lower(resource.RLIMIT_CPU, seconds, seconds + GRACE_SECONDS)


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    until = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < until and is_alive(pid):
        time.sleep(0.05)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def ran_out_of_memory():
    with open(path("log"), "rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - 2000))
        return any(line.startswith(b"MemoryError") for line in log.read().splitlines())


def supervise():
    plan = read_json("plan.json")
    started = time.time()
    seconds = plan.get("limits", {}).get("seconds")
    reason = None
    try:
        with open(path("log"), "ab") as log:
            child = subprocess.Popen(
                plan["command"], cwd=HERE, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=environment(plan), start_new_session=True, preexec_fn=lambda: limit(plan),
            )
        write_status(state="running", supervisor=os.getpid(), pid=child.pid, startedAt=started)
        try:
            code = child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            reason = "time-limit"
            end_group(child.pid)
            code = child.wait()
        end_group(child.pid)
    except Exception as error:  # Whatever it was, it must be readable from outside.
        with open(path("log"), "a", encoding="utf-8") as log:
            log.write(f"The script could not be started: {error}\n")
        write_status(state="ended", exitCode=127, reason="not-started", startedAt=started, endedAt=time.time())
        return
    if os.path.exists(path("stop")):
        reason = "stopped"
    elif reason is None and code != 0 and (code == -signal.SIGKILL or ran_out_of_memory()):
        reason = "out-of-memory"
    write_status(
        state="ended", exitCode=128 - code if code < 0 else code, reason=reason, startedAt=started, endedAt=time.time()
    )


def start(in_foreground):
    try:
        os.close(os.open(path("lock"), os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        print("already started")
        return
    if in_foreground:
        return supervise()
    if os.fork() > 0:
        print("started")
        return
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    supervise()


def status():
    known = read_json("status.json") or {"state": "starting" if os.path.exists(path("lock")) else "not-started"}
    if known["state"] == "running" and not is_alive(known["supervisor"]):
        # It may have ended between the two looks.
        known = read_json("status.json") or known
        if known["state"] == "running":
            known = {**known, "state": "lost"}
    known["logBytes"] = os.path.getsize(path("log")) if os.path.exists(path("log")) else 0
    print(json.dumps(known))


def stop():
    open(path("stop"), "w", encoding="utf-8").close()
    known = read_json("status.json")
    if known and known["state"] == "running":
        end_group(known["pid"])
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and (read_json("status.json") or {}).get("state") == "running" and is_alive(known["supervisor"]):
            time.sleep(0.05)
    status()


def main():
    action = sys.argv[1] if len(sys.argv) > 1 else ""
    if action == "start":
        start("--foreground" in sys.argv)
    elif action == "status":
        status()
    elif action == "stop":
        stop()
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
