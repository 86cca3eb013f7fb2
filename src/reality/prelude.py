# Written by gilsim. Runs under CPython 2.7 and 3.2 and later; prints what it took as one line of JSON.
import json
import os
import random
import resource
import sys
import threading
import time
import zlib
from itertools import repeat

try:
    from queue import Queue
except ImportError:
    from Queue import Queue

now = getattr(time, "perf_counter", time.time)
# clock() is processor time in 2.7, on Linux; it is gone from later versions.
processor_time = time.process_time if hasattr(time, "process_time") else time.clock
latencies = []
threads = []


def count(n):
    while n > 0:
        n -= 1


def fail(why):
    sys.stderr.write(why + "\n")
    sys.stderr.flush()
    os._exit(3)


# How many elements C code looks at, or bytes it sums up, in a second of processor time.
def rate(work_on):
    size = 10000
    while True:
        data = work_on(size)
        begin = processor_time()
        for _ in range(5):
            data()
        took = (processor_time() - begin) / 5
        if took > 0.002:
            return size / took
        size *= 4


def search(size):
    data = [0] * size
    return lambda: -1 in data


def checksum(size):
    data = b"x" * size
    return lambda: zlib.crc32(data)


# C code that takes so many seconds, and keeps the GIL or releases it.
def c_call(work_on, seconds):
    return work_on(max(1, int(seconds * rate(work_on))))


def empirical(*quantiles):
    position = random.random() * (len(quantiles) - 1)
    index = min(int(position), len(quantiles) - 2)
    return quantiles[index] + (quantiles[index + 1] - quantiles[index]) * (position - index)


# The cores that the process may use, and binding the calling thread to some of them. 2.7 has no function for either;
# ctypes, which makes the GIL of 2.7, is imported only if threads must be bound.
def usable_cores():
    with open("/proc/self/status") as status:
        text = [line.split()[1] for line in status if line.startswith("Cpus_allowed_list:")][0]
    ranges = [part.split("-") for part in text.split(",")]
    return [core for ends in ranges for core in range(int(ends[0]), int(ends[-1]) + 1)]


def bind(cores):
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
        return
    import ctypes
    mask = (ctypes.c_ubyte * 128)()
    for core in cores:
        mask[core // 8] |= 1 << core % 8
    if ctypes.PyDLL(None).sched_setaffinity(0, 128, mask):
        fail("threads cannot be bound to cores")


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return [now(), used.ru_utime, used.ru_stime, used.ru_nvcsw, used.ru_nivcsw]


def quantiles(spans):
    spans = sorted(spans)
    return [spans[int(share * (len(spans) - 1))] for share in (0.5, 0.9, 0.99)] if spans else None


# Runs threads, each (program, name, daemon, start, cores), for at most `until` seconds. One with no start is started by
# another.
def run(descriptions, cores, until):
    if cores is not None:
        usable = usable_cores()
        if cores > len(usable):
            fail("%d cores are needed, and %d can be used" % (cores, len(usable)))
        if cores < len(usable):
            bind(usable[:cores])

    def work(program, start, own_cores):
        if own_cores is not None:
            bind([usable[core] for core in own_cores])
        if start:
            time.sleep(start)
        program()

    before = usage()
    if len(descriptions) == 1 and until is None:
        program, _, _, start, own_cores = descriptions[0]
        work(program, start, own_cores)
    else:
        awaited = []
        for program, name, daemon, start, own_cores in descriptions:
            thread = threading.Thread(target=work, args=(program, start, own_cores), name=name)
            thread.daemon = True
            threads.append(thread)
            if not daemon:
                awaited.append(thread)
        for thread, description in zip(threads, descriptions):
            if description[3] is not None:
                thread.start()
        for thread in awaited or threads:
            while thread.ident is None and (until is None or now() < before[0] + until):
                time.sleep(0.001)
            if until is None:
                thread.join()
            elif thread.ident is not None:
                thread.join(max(0.0, before[0] + until - now()))
    after = usage()
    found = dict(zip(["wall", "user", "system", "voluntary", "involuntary"],
                     [end - begin for begin, end in zip(before, after)]))
    found["latencies"] = [quantiles(list(spans)) for spans in latencies]
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)
