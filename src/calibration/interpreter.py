# Measures the interpreter that runs it, CPython 2.7 or 3, and prints what it found as one line of JSON.
# Arguments: how many batches (none: only what it is), and how many milliseconds each of their parts is to take.
import json
import os
import sys
import threading
import time

# Time on the processor, so that what else the machine does is not counted. clock() is that too, on Linux.
now = time.process_time if hasattr(time, "process_time") else time.clock
batches, span = int(sys.argv[1]), int(sys.argv[2]) / 1000.0


# A function that no interpreter has specialised yet: 3.11 does so only after some calls, and then in place.
def new_countdown():
    names = {}
    exec("def count(n):\n    while n > 0:\n        n -= 1\n", names)
    return names["count"]


def call_often(function, argument, times):
    while times > 0:
        function(argument)
        times -= 1


def nanos(function, arguments, rounds):
    start = now()
    function(*arguments)
    return (now() - start) * 1e9 / rounds


def rounds_in(span, function):
    n = 1000
    while True:
        start = now()
        function(n)
        took = now() - start
        if took > 0.002:
            return max(int(n * span / took), 2000)
        n *= 4


def facts():
    implementation = "CPython"
    if hasattr(sys, "implementation"):
        implementation = sys.implementation.name
    elif hasattr(sys, "pypy_version_info"):
        implementation = "PyPy"
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    found = {"implementation": implementation, "version": list(sys.version_info[:3]), "has_gil": has_gil,
             "compiler": sys.version[sys.version.rfind("["):]}
    if hasattr(sys, "getswitchinterval"):
        found["switch_interval"] = sys.getswitchinterval()
    elif hasattr(sys, "getcheckinterval"):
        found["check_interval"] = sys.getcheckinterval()
    return found


def countdowns(rounds):
    short_calls = rounds // 2000
    return (nanos(new_countdown(), (rounds,), rounds),
            nanos(call_often, (new_countdown(), 2000, short_calls), short_calls * 2000))


# The GIL of 2.7 is made by the first thread, and by the import of ctypes: what is measured without comes first.
def measure():
    rounds = rounds_in(span, new_countdown())
    alone = [countdowns(rounds) for _ in range(batches)]
    sleeper = threading.Thread(target=time.sleep, args=(3600,))
    sleeper.daemon = True
    sleeper.start()
    time.sleep(0.05)
    threaded = [nanos(new_countdown(), (rounds,), rounds) for _ in range(batches)]
    found = {"long": [pair[0] for pair in alone], "short": [pair[1] for pair in alone], "threaded": threaded}
    try:
        import ctypes
        releasing, keeping = ctypes.CDLL(None).abs, ctypes.PyDLL(None).abs
    except (ImportError, OSError, TypeError):
        return found
    calls = rounds_in(span, lambda n: call_often(keeping, 1, n))
    pairs = [(nanos(call_often, (releasing, 1, calls), calls), nanos(call_often, (keeping, 1, calls), calls))
             for _ in range(batches)]
    found["gil_round_trip"] = [pair[0] - pair[1] for pair in pairs]
    return found


found = facts()
if batches and found["version"] >= [2, 7] and found["has_gil"]:
    found.update(measure())
sys.stdout.write(json.dumps(found) + "\n")
sys.stdout.flush()
# The sleeping thread is not waited for.
os._exit(0)
