"""The battle of two threads for the old GIL, in SimPy 4: the model of `main.rs` beside this file, which runs it.

    python3 battle.py ROUNDS NAME=PICOSECONDS ...

Prints `NAME VALUE` a line: the counters, and how long the run took in seconds.
"""

import sys
import time

import simpy

TICKS_BETWEEN_CHECKS = 101


class Battle:
    """Two threads on two cores, and the semaphore that is the lock."""

    def __init__(self, costs):
        self.env = simpy.Environment()
        self.costs = costs
        self.value, self.waiters, self.sleepers = 1, 0, []
        self.line = None  # the thread whose core touched the semaphore last
        self.last_holder = None
        self.events = 0
        self.counters = dict.fromkeys(
            ["checks", "acquisitions", "failed_acquisitions", "hand_overs", "system_calls",
             "voluntary_switches", "user", "system"], 0)

    def burst(self, mode, span):
        self.counters[mode] += span
        self.events += 1
        return self.env.timeout(span)

    def operation(self, thread, cost):
        """An operation on the semaphore's memory, which may have to come over from the other core."""
        span = self.costs[cost]
        if self.line not in (None, thread):
            span += self.costs["cache_line"]
        self.line = thread
        return self.burst("user", span)

    def system_call(self):
        self.counters["system_calls"] += 1
        return self.burst("system", self.costs["system_call"])

    def post(self, thread):
        yield self.operation(thread, "lock_operation")
        self.value += 1
        if self.waiters == 0:
            return
        yield self.system_call()
        if self.sleepers:
            self.sleepers.pop(0).succeed()
            yield self.burst("system", self.costs["wake_sleeper"] + self.costs["wake_other_core"])
        else:
            yield self.burst("system", self.costs["wake_no_sleeper"])

    def wait(self, thread):
        yield self.operation(thread, "lock_operation")
        if self.value == 0:
            yield from self.wait_in_the_kernel(thread)
            self.waiters -= 1
        self.value -= 1
        self.counters["acquisitions"] += 1
        self.counters["hand_overs"] += self.last_holder not in (None, thread)
        self.last_holder = thread

    def wait_in_the_kernel(self, thread):
        self.waiters += 1
        while True:
            yield self.system_call()
            slept = self.value == 0
            if slept:
                self.counters["voluntary_switches"] += 1
                woken = self.env.event()
                self.sleepers.append(woken)
                yield woken
                self.events += 1
                yield self.env.timeout(self.costs["wake_latency"])
            yield self.operation(thread, "atomic_operation")
            if self.value > 0:
                return
            self.counters["failed_acquisitions"] += slept

    def thread(self, thread, rounds):
        yield from self.wait(thread)
        for _ in range(rounds):
            yield self.burst("user", TICKS_BETWEEN_CHECKS * self.costs["tick"])
            self.counters["checks"] += 1
            yield from self.post(thread)
            yield from self.wait(thread)
        yield from self.post(thread)


def main():
    rounds = int(sys.argv[1])
    costs = {name: int(value) for name, value in (argument.split("=") for argument in sys.argv[2:])}
    battle = Battle(costs)
    for thread in range(2):
        battle.env.process(battle.thread(thread, rounds))
    start = time.perf_counter()
    battle.env.run()
    seconds = time.perf_counter() - start
    for name, value in battle.counters.items():
        print(name, value)
    print("makespan", battle.env.now)
    print("events", battle.events)
    print("seconds", seconds)


main()
