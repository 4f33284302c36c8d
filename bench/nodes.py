#!/usr/bin/python3
"""nodes.py [writes] [reads] [join] [--build build-bench] [--seconds 3] [--users 2000] [--data /var/tmp] [--note FILE]: for bench/run nodes.

In one run, on one machine:
  writes   durable updates a second of Express + PostgreSQL (bench/peers/p1), of the embedded store, and of 1, 2 and 4 nodes on one
           PostgreSQL, spread over ten courses and all in one ("hot"), with 64 connections in all and with 256, shared out over the nodes; and
           how long all processes but the load tools compute for one
  reads    reads a second by 64 connections of 1, 2 and 4 nodes beside 2,000 updates a second (an open loop), strong and local
  join     a new node on a log of --events 5000000: from the whole log, and from another node's copy; the log's bytes an event
A load tool for each node. Without a word: all three."""
import argparse, json, os, re, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LOAD = os.path.join(HERE, "peers", ".work", "load")
options = argparse.ArgumentParser(usage=__doc__)
options.add_argument("what", nargs="*")
options.add_argument("--build", default="build-bench")
options.add_argument("--seconds", type=float, default=3)
options.add_argument("--users", type=int, default=2000)
options.add_argument("--data", default="/var/tmp")
options.add_argument("--note")
options.add_argument("--events", type=int, default=5000000)
options.add_argument("--learners", type=int, default=100000)
a = options.parse_args()
os.environ["MILEPOST"] = os.path.join(ROOT, a.build, "milepost")
sys.path.insert(0, os.path.join(ROOT, "tests", "fault"))
from cluster import HOST, Database, Node, free_port, wait_until
import urllib.request

rows = []


def begin(where, workload, conns, rate=None, seconds=None):
    """where: (port, secret file)."""
    command = [LOAD, "run", "--url", f"http://{HOST}:{where[0]}", "--secret", where[1], "--users", str(a.users), "--workload", workload, "--conns", str(max(1, conns)), "--seconds", str(seconds or a.seconds)]
    return subprocess.Popen(command + (["--rate", str(rate)] if rate else []), stdout=subprocess.PIPE, text=True)


def sum_up(loads):
    answers = [json.loads(load.communicate()[0]) for load in loads]
    return {"rps": round(sum(answer["rps"] for answer in answers)), "p50_ms": round(max(answer["p50_ms"] for answer in answers), 2),
            "p99_ms": round(max(answer["p99_ms"] for answer in answers), 2), "errors": sum(answer["errors"] + answer["non2xx"] for answer in answers),
            "requests": sum(answer["requests"] for answer in answers)}


def note(row):
    rows.append(row)
    if a.note:
        with open(a.note, "a") as out:
            out.write(json.dumps(row) + "\n")


def tell(name, row):
    note({"what": name, **row})
    print(f"{name:58} {row['rps']:9,}/s  p50 {row['p50_ms']:8.2f}  p99 {row['p99_ms']:8.2f} ms" + (f"  {row['errors']} ERRORS" if row["errors"] else "") +
          (f"  {row['cpu_us']:4.0f} us" if "cpu_us" in row else "") +
          (f"  beside {row['writes']:,} updates/s, p50 {row['writes_p50_ms']}, p99 {row['writes_p99_ms']} ms" if "writes" in row else ""), flush=True)


def family(pid):
    """A process and all below it."""
    found = [pid]
    for line in subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split():
        found += family(int(line))
    return found


def cpu_s(pids):
    total = 0
    for pid in pids:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / os.sysconf("SC_CLK_TCK")


def writes(name, places, pids, workload="write", conns=64):
    """pids: what computes for it, those of which more may begin meanwhile by the first of them."""
    sum_up([begin(place, workload, 8, seconds=1) for place in places])  # its tokens and pages are there
    before = {pid: cpu_s([pid]) for first in pids for pid in family(first)}
    row = sum_up([begin(place, workload, conns // len(places)) for place in places])
    spent = sum(cpu_s([pid]) - before.get(pid, 0) for first in pids for pid in family(first))
    row["cpu_us"] = round(spent * 1e6 / max(1, row["requests"]), 1)
    tell(name, row)


def seed(place):
    subprocess.run([LOAD, "seed", "--url", f"http://{HOST}:{place[0]}", "--secret", place[1], "--users", str(a.users)], check=True, stdout=subprocess.DEVNULL)


def express():
    data = tempfile.mkdtemp(prefix="milepost-bench.", dir=a.data)
    os.chmod(data, 0o711)
    run, port, secret = os.path.join(HERE, "peers", "p1", "run.sh"), free_port(), os.path.join(HERE, "peers", ".work", "jwt.secret")
    subprocess.run([run, "seed", data, str(a.users)], check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen([run, "serve", data, str(port), secret], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def answers():
            try:
                urllib.request.urlopen(f"http://{HOST}:{port}/")
            except urllib.error.HTTPError:
                return True
            except OSError:
                return False
            return True
        wait_until(answers, 60, "Express answers")
        begin((port, secret), "write", 64).communicate()
        writes("Express + PostgreSQL", [(port, secret)], [server.pid, int(open(os.path.join(data, "pg", "postmaster.pid")).readline())])
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


def is_ready(port):
    try:
        return urllib.request.urlopen(f"http://{HOST}:{port}/readyz").status == 200
    except OSError:
        return False


def embedded():
    data, port = tempfile.mkdtemp(prefix="milepost-bench.", dir=a.data), free_port()
    server = subprocess.Popen([os.environ["MILEPOST"], "serve", "--data", data, "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_ready(port), 30, "the embedded server is ready")
        place = (port, os.path.join(data, "jwt.secret"))
        seed(place)
        writes("one node, embedded store", [place], [server.pid])
        writes("one node, embedded store, hot course", [place], [server.pid], "hot")
        writes("one node, embedded store, 256 connections", [place], [server.pid], "write", 256)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


class Nodes:
    """Up to four, on one database, with nothing between."""

    def __init__(self, flags=()):
        tempfile.tempdir = a.data
        self.database, self.nodes, self.flags = Database(), [], list(flags)
        seed(self.first(1)[0])

    def first(self, count):
        database, settle = self.database, False

        class Straight(Node):
            url = property(lambda self: database.url())
        while len(self.nodes) < count:
            self.nodes.append(Straight([database], self.flags))
            self.nodes[-1].up(60)
            settle = True
        if settle:
            time.sleep(6)  # a node that has joined writes its first checkpoint 5 s later
        return [(node.port, os.path.join(node.directory, "jwt.secret")) for node in self.nodes[:count]]

    def pids(self):
        with open(os.path.join(self.database.directory, "data", "postmaster.pid")) as file:
            return [int(file.readline())] + [node.process.pid for node in self.nodes]

    def restart(self, *flags):
        for node in self.nodes:
            node.end()
            node.flags = list(flags)
            node.log = open(node.log_name, "ab")
            node.start()
            node.up(60)

    def remove(self):
        for node in self.nodes:
            node.remove()
        self.database.remove()


def all_writes():
    express()
    embedded()
    of = Nodes()
    try:
        for count in (1, 2, 4):
            places = of.first(count)
            writes(f"{count} on PostgreSQL", places, of.pids())
            writes(f"{count} on PostgreSQL, hot course", places, of.pids(), "hot")
            writes(f"{count} on PostgreSQL, 256 connections", places, of.pids(), "write", 256)
    finally:
        of.remove()
    found = {row["what"]: row["rps"] for row in rows}
    print(f"\none node on PostgreSQL is {found['1 on PostgreSQL'] / found['Express + PostgreSQL']:.1f} x Express + PostgreSQL; four are "
          f"{found['4 on PostgreSQL'] / found['one node, embedded store']:.2f} of one embedded node, "
          f"{found['4 on PostgreSQL, 256 connections'] / found['one node, embedded store, 256 connections']:.2f} with 256 connections, "
          f"{found['4 on PostgreSQL, hot course'] / found['one node, embedded store, hot course']:.2f} in a hot course; hot is "
          f"{found['4 on PostgreSQL, hot course'] / found['4 on PostgreSQL']:.2f} of spread", flush=True)


def reads(name, places):
    """The updates are due whatever comes back: 256 connections carry 2,000 a second at up to 128 ms each."""
    beside = [begin(place, "write", 256 // len(places), 2000 // len(places)) for place in places]
    row = sum_up([begin(place, "read", 64 // len(places)) for place in places])
    updates = sum_up(beside)
    row.update(writes=updates["rps"], writes_p50_ms=updates["p50_ms"], writes_p99_ms=updates["p99_ms"])
    tell(name, row)


def all_reads():
    of = Nodes()
    try:
        of.first(4)
        for how in ("strong", "local"):
            of.restart("--read-consistency", how)
            for count in (1, 2, 4):
                reads(f"reads of {count}, {how}", of.first(4)[:count])
    finally:
        of.remove()


def ready_after(directory, url):
    """A node that starts there: after how long it is ready, what it computed until then, and its memory."""
    port, began = free_port(), time.monotonic()
    node = subprocess.Popen([os.environ["MILEPOST"], "serve", "--data", directory, "--port", str(port), "--database", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_ready(port), 600, "the node that joins is ready")
        took, spent = time.monotonic() - began, cpu_s([node.pid])
        return took, spent, int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{node.pid}/status").read()).group(1)) // 1024
    finally:
        node.terminate()
        node.wait()


def timed(*command):
    began, before = time.monotonic(), os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return time.monotonic() - began, after.children_user + after.children_system - before.children_user - before.children_system


def join():
    """The log is filled without fsync; what is measured does not write it."""
    os.environ["PG_FSYNC"] = "off"
    work = tempfile.mkdtemp(prefix="milepost-bench.", dir=a.data)
    tempfile.tempdir = a.data
    database, at = Database(), lambda name: os.path.join(work, name)
    fill = [os.path.join(ROOT, a.build, "bench_fill"), "--learners", str(a.learners), "--items", "20", "--courses", "100", "--events", str(a.events)]
    try:
        subprocess.run(fill + ["--data", at("src")], check=True, stdout=subprocess.DEVNULL)
        moved = timed(os.environ["MILEPOST"], "move", "--from", at("src"), "--to", database.url())
        count, bytes_, named = map(int, database.sql("SELECT (SELECT max(last) FROM milepost_turn), pg_total_relation_size('milepost_turn'), pg_total_relation_size('milepost_named')").split("|"))
        turns = int(database.sql("SELECT count(*) FROM milepost_turn"))
        print(f"{count:,} events in {turns:,} turns, {a.learners:,} learners; milepost_turn {bytes_ / count:.1f} bytes an event, milepost_named {named / count:.1f}; move took {moved[0]:.1f} s, {moved[1]:.1f} of a core", flush=True)
        note({"what": "join, the log", "events": count, "turns": turns, "learners": a.learners, "turn_bytes": bytes_, "named_bytes": named, "move_s": moved[0]})
        for name, directory in (("join from the whole log", at("whole")), ("again, from its own checkpoint", at("whole"))):
            took, spent, peak = ready_after(directory, database.url())
            print(f"{name:40} ready after {took:6.2f} s, {spent:6.2f} s of a core: {count / took:11,.0f} events/s; at most {peak} MB", flush=True)
            note({"what": name, "ready_s": round(took, 2), "cpu_s": spent, "peak_mb": peak})
        for name, command in (("checkpoint --to", ["checkpoint", "--to", at("copy"), "--data", at("whole")]),
                              ("checkpoint --from", ["checkpoint", "--from", at("copy"), "--database", database.url(), "--data", at("new")])):
            took, spent = timed(os.environ["MILEPOST"], *command)
            print(f"{name:40}             {took:6.2f} s, {spent:6.2f} s of a core", flush=True)
            note({"what": name, "s": round(took, 2), "cpu_s": round(spent, 2)})
        took, spent, peak = ready_after(at("new"), database.url())
        print(f"{'then':40} ready after {took:6.2f} s, {spent:6.2f} s of a core; at most {peak} MB", flush=True)
        note({"what": "join from a copy", "ready_s": round(took, 2), "cpu_s": spent, "peak_mb": peak})
    finally:
        database.remove()
        shutil.rmtree(work, ignore_errors=True)


stages = {"writes": all_writes, "reads": all_reads, "join": join}
for what in a.what or stages:
    stages[what]()
