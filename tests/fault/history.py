"""What clients did to the nodes and were told, and whether one server that loses nothing could have told it so: for nodes.py.

Each learner has one writer, whose values go up and who sends one request at a time; so a value that is read says which writes it saw.
Who is told nothing goes on with another learner, since what was sent may be done at any later time.

 check_reads   of strong nodes: linearizable, each learner a register. A read shows nothing older than what was acknowledged before it
               began or shown by a read that had ended, nothing that no log would hold, nothing that was sent after it ended. Of local
               ones: what a node shows of a learner never goes back, and was sent.
 check_log     all that was acknowledged is in the log, once; what was refused is not; what nobody was told of is there once or not at
               all; and the writes of each learner are in the order in which they were sent."""
import collections, http.client, json, random, threading, time

LEARNERS = 8


class Write:
    __slots__ = ("learner", "value", "sent", "ended", "status")

    def __init__(self, learner, value, sent):
        self.learner, self.value, self.sent, self.ended, self.status = learner, value, sent, None, None

    is_entry = property(lambda self: self.value % 3 == 0)
    acknowledged = property(lambda self: self.status is not None and self.status < 300)
    refused = property(lambda self: self.status is not None and self.status >= 300)


Read = collections.namedtuple("Read", "node learner began ended value")


def check_reads(writes, reads, strong):
    """[what is wrong]. writes: of all learners, also of earlier rounds; strong: the nodes that are."""
    problems = []
    for learner in sorted({read.learner for read in reads}):
        of_learner = [write for write in writes if write.learner == learner and not write.is_entry]
        sent = {write.value: write.sent for write in of_learner}
        mine = [read for read in reads if read.learner == learner]
        for read in mine:
            if read.value and sent.get(read.value, read.ended) >= read.ended:
                problems.append(f"{learner}: node {read.node} showed {read.value}, which nobody had sent")
        problems += old_values(learner, of_learner, [read for read in mine if read.node in strong])
        for node in {read.node for read in mine} - set(strong):
            problems += old_values(learner, [], [read for read in mine if read.node == node])
    return problems


def old_values(learner, writes, reads):
    """Reads of a value older than what was acknowledged, or shown, before they began."""
    ends = sorted([(write.ended, write.value) for write in writes if write.acknowledged] + [(read.ended, read.value) for read in reads])
    problems, at, known = [], 0, 0
    for read in sorted(reads, key=lambda read: read.began):
        while at < len(ends) and ends[at][0] < read.began:
            known, at = max(known, ends[at][1]), at + 1
        if read.value < known:
            problems.append(f"{learner}: node {read.node} showed {read.value} after {known} was acknowledged or shown")
    return problems


def held_by(lines):
    """Of an export: {(learner, value): times}, and what is out of order."""
    held, last, problems = collections.Counter(), {}, []
    for line in lines:
        event = json.loads(line)
        if event.get("event") == "reported":
            who, value = event["user"], int(event["report"]["watchedDuration"])
        elif event.get("event") == "logged":
            who, value = event["user"], int(event["log"]["activity"].rpartition("-")[2])
        else:
            continue
        held[who, value] += 1
        if value < last.get(who, 0):
            problems.append(f"{who}: {value} comes after {last[who]} in the log")
        last[who] = value
    return held, problems


def check_log(writes, lines):
    """[what is wrong], and how many of the acknowledged are not there."""
    held, problems = held_by(lines)
    missing = []
    for write in writes:
        name, times = write.learner, held[write.learner, write.value]
        if write.acknowledged and times == 0:
            missing.append(write)
            problems.append(f"{name}: {write.value} was acknowledged and is lost")
        if times > 1:
            problems.append(f"{name}: {write.value} is there {times} times")
        if write.refused and times:
            problems.append(f"{name}: {write.value} was answered {write.status} and is there")
    return problems, missing


class Clients:
    """Writers and readers, who use all the nodes."""

    def __init__(self, nodes, seed):
        self.nodes, self.seed, self.stop, self.counts = nodes, seed, False, collections.Counter()
        self.writes, self.reads, self.next = [], [], [1] * LEARNERS
        self.threads, self.names = [], [f"u{i}" for i in range(LEARNERS)]

    def write(self, learner):
        pick = random.Random(f"{self.seed} writes {learner}")
        while not self.stop:
            who, node = self.names[learner], pick.choice(self.nodes)
            write = Write(who, self.next[learner], time.monotonic())
            self.next[learner] += 1
            self.writes.append(write)
            try:
                if write.is_entry:
                    status = node.add(who, f"e{learner}-{write.value}")
                else:
                    status = node.call("POST", "/progress/update", who, {"userId": who, "videoId": "v", "courseId": "c", "watchedDuration": write.value, "duration": 1000000})[0]
                write.ended, write.status = time.monotonic(), status
                self.counts["acknowledged" if status < 300 else f"told {status}"] += 1
            except (OSError, http.client.HTTPException):
                self.counts["told nothing"] += 1
                self.names[learner] = f"u{learner}.{write.value}"
            time.sleep(0.002)

    def read(self, seed):
        pick = random.Random(f"{self.seed} reads {seed}")
        while not self.stop:
            at, learner = pick.randrange(len(self.nodes)), pick.randrange(LEARNERS)
            who, began = self.names[learner], time.monotonic()
            try:
                status, text, _ = self.nodes[at].call("GET", f"/progress/{who}/v", who)
                if status in (200, 404):
                    self.reads.append(Read(at, who, began, time.monotonic(), int(json.loads(text)["watchedDuration"]) if status == 200 else 0))
                self.counts[f"read {status}"] += 1
            except (OSError, http.client.HTTPException, ValueError):
                self.counts["read none"] += 1

    def begin(self):
        self.stop, self.reads, self.counts = False, [], collections.Counter()
        self.threads = [threading.Thread(target=self.write, args=(i,)) for i in range(LEARNERS)] + [threading.Thread(target=self.read, args=(i,)) for i in range(6)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()


def self_test():
    """The checker finds what it is for."""
    def told(learner, value, sent, ended, status=200):
        write = Write(learner, value, sent)
        write.ended, write.status = ended, status
        return write

    def line(value, who="u0"):
        if value % 3:
            return json.dumps({"event": "reported", "user": who, "report": {"watchedDuration": value}})
        return json.dumps({"event": "logged", "user": who, "log": {"activity": f"e0-{value}"}})

    writes = [told("u0", 1, 0, 1), told("u0", 2, 2, 3), told("u0", 3, 4, 5), told("u0", 4, 6, 7, 503), told("u0", 5, 8, None, None)]
    fine = [Read(0, "u0", 2.5, 2.6, 1), Read(1, "u0", 2.7, 9, 2), Read(1, "u0", 8.5, 9, 5), Read(0, "u0", 8.6, 9, 2)]
    assert check_reads(writes, fine, [0, 1]) == []
    for wrong in ([Read(0, "u0", 3.5, 4, 1)], [Read(0, "u0", 3.5, 4, 0)], [Read(0, "u0", 8.5, 8.6, 5), Read(1, "u0", 8.7, 9, 2)], [Read(0, "u0", 1, 2, 2)], [Read(0, "u0", 8, 9, 7)]):
        assert len(check_reads(writes, wrong, [0, 1])) == 1, wrong
    assert check_reads(writes, [Read(0, "u0", 3.5, 4, 1), Read(0, "u0", 5, 6, 2)], []) == []  # local: old, but forward
    assert len(check_reads(writes, [Read(0, "u0", 3, 3.1, 2), Read(0, "u0", 3.5, 4, 1)], [])) == 1
    assert len(check_reads(writes, [Read(0, "u0", 1, 2, 2)], [])) == 1
    for held, wrong, missing in (([1, 2, 3, 5], 0, 0), ([1, 2, 3], 0, 0), ([1, 3, 5], 1, 1), ([1, 2, 2, 3], 1, 0), ([1, 2, 3, 4], 1, 0), ([1, 3, 2], 1, 0), ([1, 2, 3, 5, 5], 1, 0), ([1, 2], 1, 1)):
        problems, lost = check_log(writes, [line(value) for value in held])
        assert (len(problems), len(lost)) == (wrong, missing), (held, problems)
