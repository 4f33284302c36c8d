#!/usr/bin/env python3
"""Four nodes on one PostgreSQL, and what can happen to them.

nodes.py [ROUNDS [SECONDS]]   MILEPOST: the binary. Exit 3: no PostgreSQL server is installed here.

Each node reaches the database through a proxy of its own, which cuts or stalls. Writers tell what was acknowledged, readers what they
saw and when. Afterwards a checker asks: is all that was acknowledged there, once, on every node; was every read of the strong nodes
linearizable (a value not older than what was acknowledged before it began, or seen by a read that had ended, and not younger than what
had been sent); did the local node never go back; are all nodes equal, and does `verify` agree."""
import base64, collections, glob, hashlib, hmac, http.client, json, os, random, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

BINARY = os.environ.get("MILEPOST", "build/milepost")
CLUSTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store", "cluster.sh")
LEARNERS = 8


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(holds, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Database:
    def __init__(self):
        self.directory, self.port = tempfile.mkdtemp(prefix="milepost-postgres-"), free_port()
        status = self.do("start")
        if status == 3:
            print("nodes.py: no PostgreSQL server is installed here")
            sys.exit(3)

    def do(self, what):
        return subprocess.run([CLUSTER, what, self.directory, str(self.port)], stdout=subprocess.DEVNULL, env={**os.environ, "PG_CONNECTIONS": "40"}).returncode

    def sql(self, text):
        return subprocess.run(["psql", "-XAtq", "-c", text, f"postgres://milepost@127.0.0.1:{self.port}/milepost"], capture_output=True, text=True).stdout.strip()


class Proxy:
    """Between a node and the database: `cut` ends every connection after so many more bytes of one direction; `stalled`: nothing passes."""

    def __init__(self, port):
        self.to, self.port, self.stalled, self.left, self.toward = port, free_port(), False, None, None
        self.lock, self.pairs = threading.Lock(), set()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.to), timeout=3)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            self.pairs.add((client, server))
            for one, other, toward in ((client, server, "database"), (server, client, "node")):
                threading.Thread(target=self.pump, args=(one, other, toward, (client, server)), daemon=True).start()

    def pump(self, one, other, toward, pair):
        try:
            while data := one.recv(65536):
                while self.stalled:
                    time.sleep(0.01)
                with self.lock:
                    ends = self.left is not None and self.toward == toward and len(data) >= self.left
                    if ends:
                        data, self.left = data[:self.left], None
                    elif self.left is not None and self.toward == toward:
                        self.left -= len(data)
                other.sendall(data)
                if ends:
                    self.cut_all()
        except OSError:
            pass
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.pairs.discard(pair)

    def cut_all(self):
        for pair in list(self.pairs):
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def cut(self, after, toward):
        with self.lock:
            self.left, self.toward = after, toward


def token(secret, sub, role="student"):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    head = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"sub": sub, "role": role, "exp": int(time.time()) + 86400})
    return (head + b"." + base64.urlsafe_b64encode(hmac.new(secret, head, hashlib.sha256).digest()).rstrip(b"=")).decode()


class Node:
    def __init__(self, database, flags=(), env=None):
        self.proxy, self.flags, self.env = Proxy(database.port), list(flags), env or {}
        self.directory, self.port = tempfile.mkdtemp(prefix="milepost-node-"), free_port()
        self.log = open(os.path.join(self.directory, "..", os.path.basename(self.directory) + ".log"), "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen([BINARY, "serve", "--data", self.directory, "--port", str(self.port), "--database",
                                         f"postgres://milepost@127.0.0.1:{self.proxy.port}/milepost", *self.flags], stderr=self.log, stdout=self.log, env={**os.environ, **self.env})

    def up(self):
        if self.process.poll() is not None:
            self.start()
        wait_until(lambda: self.ready(), 30, f"{self.directory} is ready")
        with open(os.path.join(self.directory, "jwt.secret"), "rb") as file:
            self.secret = file.read().strip()

    def ready(self):
        try:
            return self.call("GET", "/readyz", None, timeout=2)[0] == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False

    def call(self, method, path, sub, body=None, timeout=20, role="student"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {"content-type": "application/json", **({"authorization": "Bearer " + token(self.secret, sub, role)} if sub else {})}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            connection.close()

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def end(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class History:
    """One writer a learner, whose values go up; so a read's value says which writes it saw."""

    def __init__(self, nodes, strong):
        self.nodes, self.strong, self.stop = nodes, strong, False
        self.writes = collections.defaultdict(list)  # learner: [sent, acknowledged or None, value]
        self.reads = []                              # node, learner, began, ended, value
        self.entries, self.problems = [], []
        self.next = [1] * LEARNERS
        self.counts = collections.Counter()

    def write(self, learner):
        pick = random.Random(learner)
        while not self.stop:
            value, node = self.next[learner], pick.choice(self.nodes)
            self.next[learner] += 1
            entry = [time.monotonic(), None, value]
            self.writes[learner].append(entry)
            try:
                if value % 3 == 0:
                    status, _, _ = node.call("POST", "/api/progress/log", f"u{learner}", {"user_id": f"u{learner}", "activity": f"e{learner}-{value}"})
                    if status < 300:
                        self.entries.append(f"e{learner}-{value}")
                    self.writes[learner].remove(entry)
                else:
                    status, _, _ = node.call("POST", "/progress/update", f"u{learner}", {"userId": f"u{learner}", "videoId": "v", "courseId": "c", "watchedDuration": value, "duration": 1000000})
                    if status < 300:
                        entry[1] = time.monotonic()
                self.counts[status] += 1
            except (OSError, http.client.HTTPException):
                self.counts["none"] += 1
            time.sleep(0.002)

    def read(self, seed):
        pick = random.Random(seed)
        while not self.stop:
            at, learner = pick.randrange(len(self.nodes)), pick.randrange(LEARNERS)
            began = time.monotonic()
            try:
                status, text, _ = self.nodes[at].call("GET", f"/progress/u{learner}/v", f"u{learner}")
                if status in (200, 404):
                    value = json.loads(text).get("watchedDuration", 0) if status == 200 else 0
                    self.reads.append((at, learner, began, time.monotonic(), value))
                self.counts[f"read {status}"] += 1
            except (OSError, http.client.HTTPException, ValueError):
                self.counts["read none"] += 1

    def check(self):
        for learner in range(LEARNERS):
            writes = self.writes[learner]
            strong = sorted((r for r in self.reads if r[1] == learner and r[0] in self.strong), key=lambda r: r[2])
            ended = sorted(strong, key=lambda r: r[3])
            low, at = 0, 0  # what reads that had ended showed
            acked = sorted((w for w in writes if w[1]), key=lambda w: w[1])
            known, w = 0, 0
            for read in strong:  # by begin
                while at < len(ended) and ended[at][3] < read[2]:
                    low, at = max(low, ended[at][4]), at + 1
                while w < len(acked) and acked[w][1] < read[2]:
                    known, w = max(known, acked[w][2]), w + 1
                if read[4] < max(low, known):
                    self.problems.append(f"u{learner}: node {read[0]} showed {read[4]} after {max(low, known)} was acknowledged or shown")
                if not any(one[2] == read[4] and one[0] < read[3] for one in writes) and read[4]:
                    self.problems.append(f"u{learner}: {read[4]} was shown and never sent")
            for node in set(range(len(self.nodes))) - set(self.strong):
                last, last_end = 0, 0
                for read in (r for r in ended_of(self.reads, node, learner)):
                    if read[4] < last and read[2] > last_end:
                        self.problems.append(f"u{learner}: the local node {node} went back from {last} to {read[4]}")
                    if read[4] >= last:
                        last, last_end = read[4], read[3]
        return self.problems


def ended_of(reads, node, learner):
    return sorted((r for r in reads if r[0] == node and r[1] == learner), key=lambda r: r[3])


def run_nemesis(name, database, nodes, rng):
    node = rng.choice(nodes)
    if name == "node kill":
        node.kill()
        time.sleep(rng.random())
        node.start()
    elif name == "node pause":
        node.kill(signal.SIGSTOP)
        time.sleep(1 + 2.5 * rng.random())
        node.kill(signal.SIGCONT)
    elif name == "database kill":
        database.do("kill")
        database.do("start")
    elif name == "sessions ended":
        for _ in range(5):
            database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milepost' AND random() < 0.5")
            time.sleep(0.1)
    elif name == "connections cut":
        for one in nodes:
            one.proxy.cut(rng.randrange(1, 6000), rng.choice(["database", "node"]))
    elif name == "partition":
        node.proxy.stalled = True
        time.sleep(1 + 3 * rng.random())
        node.proxy.stalled = False
    elif name == "no connections left":
        hogs = [subprocess.Popen(["psql", "-XAtq", "-c", "SELECT pg_sleep(3)", f"postgres://milepost@127.0.0.1:{database.port}/milepost"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(45)]
        time.sleep(0.5)
        database.sql("SELECT 1")
        for one in nodes:
            one.proxy.cut_all()
        for hog in hogs:
            hog.wait()


def agree(database, nodes, history):
    """All nodes hold the same, and all that was acknowledged once."""
    for node in nodes:
        node.proxy.stalled, node.proxy.left = False, None
        node.up()
    for node in nodes:
        wait_until(lambda: node.call("GET", "/progress/u0/v", "u0")[0] in (200, 404), 20, "a read")
        head = json.loads(node.call("GET", "/readyz", None)[1])["log"]
        assert head["behind"] == 0, head
    exports = []
    for node in nodes:
        status, _, _ = node.call("POST", "/progress/update", "last", {"userId": "last", "videoId": "v", "courseId": "c", "watchedDuration": 1, "duration": 10})
        assert status == 200
    for node in nodes:
        node.call("GET", "/progress/last/v", "last")
        wait_until(lambda: json.loads(node.call("GET", "/readyz", None)[1])["log"]["behind"] == 0, 10, "young")
    for node in nodes:
        exports.append(subprocess.run([BINARY, "export", "--data", node.directory], capture_output=True, text=True).stdout)
    assert len(set(exports)) == 1, "the nodes' logs differ"
    held = collections.Counter(re.findall(r'"(e\d+-\d+)"', exports[0]))
    lost = [entry for entry in history.entries if held[entry] == 0]
    doubled = [entry for entry, count in held.items() if count > 1]
    assert not lost and not doubled, f"lost {lost[:5]}, doubled {doubled[:5]}"
    for learner in range(LEARNERS):
        best = max((w[2] for w in history.writes[learner] if w[1]), default=0)
        texts = {re.sub(r'"requestId":"[^"]*"', "", node.call("GET", f"/progress/u{learner}/v", f"u{learner}")[1]) for node in nodes}
        assert len(texts) == 1, texts
        if best:
            assert json.loads(texts.pop())["watchedDuration"] >= best
    return len(history.entries), sum(1 for writes in history.writes.values() for w in writes if w[1])


NEMESES = ["node kill", "node pause", "database kill", "sessions ended", "connections cut", "partition", "no connections left"]


def chaos(database, nodes, rounds, seconds):
    rng = random.Random(int(os.environ.get("SEED", "1")))
    done = collections.Counter()
    history = History(nodes, [0, 1, 2])
    for number in range(rounds):
        history.stop, history.reads, history.counts = False, [], collections.Counter()
        threads = [threading.Thread(target=history.write, args=(i,)) for i in range(LEARNERS)] + [threading.Thread(target=history.read, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        name = NEMESES[number % len(NEMESES)]
        time.sleep(0.3)
        for _ in range(max(1, int(seconds // 3))):
            run_nemesis(name, database, nodes, rng)
            time.sleep(0.4)
        time.sleep(0.5)
        history.stop = True
        for thread in threads:
            thread.join()
        entries, updates = agree(database, nodes, history)
        problems = history.check()
        assert not problems, "\n".join(problems[:5])
        done[name] += 1
        print(f"round {number + 1}: {name}: {entries + updates} acknowledged, {len(history.reads)} reads, none lost, none doubled; {dict(history.counts)}", flush=True)
    return done


def sweep(database, node):
    """The connection is cut after n bytes of one write, each way."""
    told = collections.Counter()
    for toward, end in (("database", 1300), ("node", 900)):
        for after in range(1, end, int(os.environ.get("SWEEP", "60"))):
            node.proxy.cut(after, toward)
            name = f"s-{toward}-{after}"
            status, _, _ = node.call("POST", "/api/progress/log", "sweep", {"user_id": "sweep", "activity": name})
            node.proxy.left = None
            wait_until(node.ready, 15, "ready again")
            text = node.call("GET", "/api/v1/users/sweep/export", "sweep")[1]
            count = text.count(f'"{name}"')
            assert count <= 1 or text.count(f'"{name}"') == 2, f"{name}: {count}"
            assert (status < 300) == (count > 0) or (status == 503), f"{name}: {status}, {count} in the log"
            if status < 300:
                assert count > 0, f"{name} was acknowledged and is not there"
            told[status] += 1
    print(f"sweep: a cut after each {os.environ.get('SWEEP', '60')}th byte, both ways: {dict(told)}", flush=True)


def holder_stops(database, nodes):
    """A node that stops in the midst of writing holds nobody up for longer than some seconds."""
    nodes[0].kill(signal.SIGSTOP)
    worst = 0
    try:
        for i in range(12):
            began = time.monotonic()
            status, text, _ = nodes[1].call("POST", "/api/progress/log", "held", {"user_id": "held", "activity": f"h{i}"})
            worst = max(worst, time.monotonic() - began)
            assert status < 300 or status == 503, text
    finally:
        nodes[0].kill(signal.SIGCONT)
    assert worst < 8, worst
    wait_until(nodes[0].ready, 20, "ready after the stop")
    print(f"a stopped node: the longest write of another took {worst:.1f} s", flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else len(NEMESES)
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3
    database = Database()
    nodes = []
    try:
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        ahead = {"LD_PRELOAD": library[0], "FAKETIME": "+3600s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"} if library else {}
        for flags, env in (([], {}), ([], ahead), ([], {}), (["--read-consistency", "local"], {})):
            nodes.append(Node(database, flags, env))
        for node in nodes:
            node.up()
        sweep(database, nodes[0])
        holder_stops(database, nodes)
        done = chaos(database, nodes, rounds, seconds)
        for node in nodes:
            node.end()
        for node in nodes:
            verified = subprocess.run([BINARY, "verify", "--data", node.directory], capture_output=True, text=True)
            assert verified.returncode == 0, verified.stdout + verified.stderr
        print(f"nodes: ok ({', '.join(f'{count} x {name}' for name, count in done.items())}); one clock an hour ahead: {bool(ahead)}")
    finally:
        for node in nodes:
            if node.process.poll() is None:
                node.process.send_signal(signal.SIGCONT)
                node.kill()
        database.do("remove")
    for node in nodes:
        shutil.rmtree(node.directory, ignore_errors=True)


if __name__ == "__main__":
    main()
