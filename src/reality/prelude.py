# Written by gilsim. Runs under CPython 2.7 and 3.2 and later; prints what it took as one line of JSON.
import json
import os
import random
import resource
import select
import socket
import struct
import sys
import threading
import time
import zlib
from itertools import count as numbers
from itertools import repeat

try:
    from queue import Queue
except ImportError:
    from Queue import Queue

now = getattr(time, "perf_counter", time.time)
# clock() is processor time in 2.7, on Linux; it is gone from later versions.
processor_time = time.process_time if hasattr(time, "process_time") else time.clock
read = os.read
write = os.write
latencies = []
threads = []
users = []


# Threads share what is global, and the attributes of an object; what the shared variables are in the end.
class Shared(object):
    pass


shared = Shared()


def variables():
    return []


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


# A channel: what is written at one end is read at the other, message by message. The sockets are kept open.
sockets = []


def channel():
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sockets.extend(ends)
    return [end.fileno() for end in ends]


# A message tells when it was sent, and by whom: a user (from 0), nobody, or a thread that waits for the answer, which goes
# to the channel that `answers` has for it.
message = struct.Struct("=dq48x")
nobody = message.pack(0, -1)
nowhere = os.open(os.devnull, os.O_WRONLY)
answers = {nobody: nowhere}
askers = numbers(2)


def asker():
    into, out = channel()
    tag = message.pack(0, -next(askers))
    answers[tag] = into
    return tag, out


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return [now(), used.ru_utime, used.ru_stime, used.ru_nvcsw, used.ru_nivcsw]


def quantiles(spans):
    spans = sorted(spans)
    return [spans[int(share * (len(spans) - 1))] for share in (0.5, 0.9, 0.99)] if spans else None


# Waits until threads have ended; of one that is not started, until it is.
def wait_for(awaited, last):
    for thread in awaited:
        while thread.ident is None and (last is None or now() < last):
            time.sleep(0.001)
        if thread.ident is not None:
            thread.join()


# The same, but at most until the time is over or something can be read from one of these files.
def wait_shortly_for(awaited, last, files):
    over, ended = os.pipe()

    def watch():
        wait_for(awaited, last)
        write(ended, b".")

    watcher = threading.Thread(target=watch)
    watcher.daemon = True
    watcher.start()
    select.select([over] + files, [], [], None if last is None else max(0.0, last - now()))


# Runs threads, each (program, name, daemon, start, cores, nice), for at most `until` seconds. One with no start is started
# by another.
def run(descriptions, cores, until):
    usable = None
    if cores is not None:
        usable = usable_cores()
        if cores > len(usable):
            fail("%d cores are needed, and %d can be used" % (cores, len(usable)))
    outside = begin_users(cores_of_users(usable, cores, descriptions)) if users else None
    if cores is not None:
        if cores < len(usable):
            bind(usable[:cores])
        del usable[cores:]
    # A thread begins with the cores and the nice value of the one that starts it.
    some_are_bound = any(description[4] is not None for description in descriptions)
    some_are_nice = any(description[5] for description in descriptions)
    usual = os.nice(0)

    def work(program, start, own_cores, nice):
        if some_are_bound:
            bind(usable if own_cores is None else [usable[core] for core in own_cores])
        if some_are_nice:
            try:
                os.nice(usual + nice - os.nice(0))
            except OSError:
                fail("a nice value of %d is not permitted" % nice)
        if start:
            time.sleep(start)
        program()

    before = usage()
    last = None if until is None else before[0] + until
    if outside:
        outside.begin()
    if len(descriptions) == 1 and until is None and not users:
        program, _, _, start, own_cores, nice = descriptions[0]
        try:
            work(program, start, own_cores, nice)
        except Exception:
            # It ends the thread, and is told, as in any other thread.
            sys.excepthook(*sys.exc_info())
    else:
        awaited = []
        for program, name, daemon, start, own_cores, nice in descriptions:
            thread = threading.Thread(target=work, args=(program, start, own_cores, nice), name=name)
            thread.daemon = True
            threads.append(thread)
            if not daemon:
                awaited.append(thread)
        for thread, description in zip(threads, descriptions):
            if description[3] is not None:
                thread.start()
        if until is None and not users:
            wait_for(awaited or threads, None)
        else:
            wait_shortly_for(awaited or threads, last, [outside.results] if outside else [])
    after = usage()
    found = dict(zip(["wall", "user", "system", "voluntary", "involuntary"],
                     [end - begin for begin, end in zip(before, after)]))
    spans = [list(own) for own in latencies]
    if outside:
        for latency, own in outside.end():
            spans[latency].extend(own)
    found["latencies"] = [quantiles(own) for own in spans]
    found["counts"] = [len(own) for own in spans]
    found["variables"] = variables()
    found["shared_cores"] = bool(outside and outside.shares_cores)
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)
