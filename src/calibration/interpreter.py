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


# What library code takes: a semaphore of threading that is acquired and released, without the loop around it.
def library(round_of_loop):
    semaphore = threading.Semaphore(1)

    def use_often(times):
        while times > 0:
            semaphore.acquire()
            semaphore.release()
            times -= 1

    rounds = rounds_in(span, use_often)
    return [nanos(use_often, (rounds,), rounds) - round_of_loop for _ in range(batches)]


# The same once, in nanoseconds on the wall, after a sleep on one core: executed last on this core, and on another.
def moves(ctypes):
    mask = ctypes.c_ulong()
    call = ctypes.CDLL(None)
    if call.sched_getaffinity(0, ctypes.sizeof(mask), ctypes.byref(mask)) < 0:
        return {}
    usable = [1 << core for core in range(8 * ctypes.sizeof(mask)) if mask.value >> core & 1]
    if len(usable) < 2:
        return {}
    semaphore = threading.Semaphore(1)

    def bind(core):
        call.sched_setaffinity(0, ctypes.sizeof(mask), ctypes.byref(ctypes.c_ulong(core)))

    def use():
        start = time.perf_counter()
        semaphore.acquire()
        semaphore.release()
        return (time.perf_counter() - start) * 1e9

    def after(core):
        bind(core)
        for _ in range(30):
            use()
        bind(usable[0])
        time.sleep(0.0002)
        return use()

    pairs = [[(after(usable[0]), after(usable[1])) for _ in range(20)] for _ in range(batches)]
    bind(mask.value)
    return {"slept": [[pair[0] for pair in batch] for batch in pairs],
            "moved": [[pair[1] for pair in batch] for batch in pairs]}


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
    found["library"] = library(min(threaded))
    # No other clock is fine enough.
    if hasattr(time, "perf_counter") and hasattr(ctypes.CDLL(None), "sched_setaffinity"):
        found.update(moves(ctypes))
    return found


found = facts()
if batches and found["version"] >= [2, 7] and found["has_gil"]:
    found.update(measure())
sys.stdout.write(json.dumps(found) + "\n")
sys.stdout.flush()
# The sleeping thread is not waited for.
os._exit(0)
