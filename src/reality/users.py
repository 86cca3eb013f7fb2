import signal
from heapq import heappop, heappush


# Users outside the machine, in a process of their own. A group of them is (channel to send to, channel of the answers: both
# ends, latency, number of users, wait, open or closed, requests): in a closed loop each waits for the answer and so long
# again before the next request; an open one sends a request every so often.
class Outside(object):
    def __init__(self, pid, go, results, shares_cores):
        self.pid = pid
        self.shares_cores = shares_cores
        self.go = go
        self.results = results

    def begin(self):
        write(self.go, b".")

    # What was found for each latency.
    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        text = []
        while not text or text[-1]:
            text.append(read(self.results, 65536))
        return json.loads(b"".join(text).decode("ascii"))


# The cores that no thread may use, as far as there are any.
def cores_of_users(usable, cores, descriptions):
    bound = [description[4] for description in descriptions]
    taken = range(cores) if None in bound else [core for own in bound for core in own]
    return [core for index, core in enumerate(usable) if index not in taken]


class Over(Exception):
    pass


def over(*_):
    raise Over()


def begin_users(cores):
    go_out, go = os.pipe()
    results, results_in = os.pipe()
    pid = os.fork()
    if pid:
        os.close(go_out)
        os.close(results_in)
        # It is ready.
        read(results, 1)
        return Outside(pid, go, results, not cores)
    try:
        for end in set(group[1] for group in users) | set([go, results]):
            os.close(end)
        be_users(cores, go_out, results_in)
    finally:
        os._exit(0)


def be_users(cores, go, results):
    random.seed()
    sharpen_timers()
    if cores:
        bind(cores)
    found = [[] for _ in latencies]
    try:
        signal.signal(signal.SIGTERM, over)
        write(results, b" ")
        if read(go, 1):
            act(found)
        # What is found is read when the threads have ended.
        write(results, b" ")
        signal.pause()
    except Over:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    text = json.dumps(list(enumerate(found))).encode("ascii")
    while text:
        text = text[write(results, text):]


# Ordinary timers of Linux are 50 us late: PR_SET_TIMERSLACK.
def sharpen_timers():
    import ctypes
    ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)


# Waits that are shorter than this are not slept.
SHORT = 0.00005


# Returns when all requests are answered, if there is an end to them.
def act(found):
    owners = [group for group in range(len(users)) for _ in range(users[group][4])]
    waits = [group[5] for group in users]
    is_open = [group[6] for group in users]
    unsent = [group[7] for group in users]
    unanswered = list(unsent)
    senders = [socket.fromfd(group[0], socket.AF_UNIX, socket.SOCK_SEQPACKET) for group in users]
    replies = sorted(set(group[2] for group in users))
    due = []
    begin = now()
    for user, group in enumerate(owners):
        heappush(due, (begin + waits[group]() if is_open[group] else begin, user))

    def request_over(user):
        group = owners[user]
        if unanswered[group] is not None:
            unanswered[group] -= 1
        if not is_open[group]:
            heappush(due, (now() + waits[group](), user))

    def send(time_due, user):
        group = owners[user]
        if unsent[group] is not None:
            if not unsent[group]:
                return
            unsent[group] -= 1
        try:
            senders[group].send(message.pack(now(), user), socket.MSG_DONTWAIT)
        except socket.error:
            # There is no room for it: it is lost.
            if not is_open[group]:
                heappush(due, (now() + waits[group](), user))
            if unanswered[group] is not None:
                unanswered[group] -= 1
        if is_open[group]:
            heappush(due, (time_due + waits[group](), user))

    while not any(left is not None for left in unanswered) or any(unanswered):
        while due and due[0][0] <= now():
            send(*heappop(due))
        if not due and len(replies) == 1:
            ready = replies
        else:
            wait = max(0.0, due[0][0] - now() - SHORT) if due else None
            ready = select.select(replies, [], [], wait)[0]
        for end in ready:
            answer = read(end, 64)
            came = now()
            if not answer:
                # The threads are gone.
                os._exit(0)
            sent, user = message.unpack(answer)
            found[users[owners[user]][3]].append(came - sent)
            request_over(user)
