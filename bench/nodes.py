#!/usr/bin/python3
"""nodes.py [--build build-bench] [--seconds 3] [--users 2000] [--data /var/tmp] [--note FILE]: for bench/run nodes.

In one run, on one machine: durable updates a second of Express + PostgreSQL (bench/peers/p1), of the embedded store, and of 1, 2 and 4
nodes on one PostgreSQL, spread over ten courses and all in one ("hot"); then reads a second of 1, 2 and 4 nodes under 2,000 updates a
second, strong and local. 64 connections in all, shared out over the nodes; a load tool for each node."""
import argparse, json, os, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LOAD = os.path.join(HERE, "peers", ".work", "load")
options = argparse.ArgumentParser(usage=__doc__)
options.add_argument("--build", default="build-bench")
options.add_argument("--seconds", type=float, default=3)
options.add_argument("--users", type=int, default=2000)
options.add_argument("--data", default="/var/tmp")
options.add_argument("--note")
a = options.parse_args()
os.environ["MILEPOST"] = os.path.join(ROOT, a.build, "milepost")
sys.path.insert(0, os.path.join(ROOT, "tests", "fault"))
from cluster import HOST, Database, Node, free_port, wait_until
import urllib.request

rows = []


def begin(where, workload, conns, rate=None):
    """where: (port, secret file)."""
    command = [LOAD, "run", "--url", f"http://{HOST}:{where[0]}", "--secret", where[1], "--users", str(a.users), "--workload", workload, "--conns", str(max(1, conns)), "--seconds", str(a.seconds)]
    return subprocess.Popen(command + (["--rate", str(rate)] if rate else []), stdout=subprocess.PIPE, text=True)


def sum_up(loads):
    answers = [json.loads(load.communicate()[0]) for load in loads]
    return {"rps": round(sum(answer["rps"] for answer in answers)), "p50_ms": round(max(answer["p50_ms"] for answer in answers), 2),
            "p99_ms": round(max(answer["p99_ms"] for answer in answers), 2), "errors": sum(answer["errors"] + answer["non2xx"] for answer in answers)}


def tell(name, row):
    rows.append({"what": name, **row})
    print(f"{name:58} {row['rps']:9,}/s  p50 {row['p50_ms']:8.2f}  p99 {row['p99_ms']:8.2f} ms" + (f"  {row['errors']} ERRORS" if row["errors"] else "") + (f"  beside {row['writes']:,} updates/s" if "writes" in row else ""), flush=True)
    if a.note:
        with open(a.note, "a") as out:
            out.write(json.dumps(rows[-1]) + "\n")


def writes(name, places, workload="write", conns=64):
    for place in places:
        begin(place, workload, 8).kill()  # its tokens and pages are there
    tell(name, sum_up([begin(place, workload, conns // len(places)) for place in places]))


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
        writes("Express + PostgreSQL", [(port, secret)])
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


def embedded():
    data, port = tempfile.mkdtemp(prefix="milepost-bench.", dir=a.data), free_port()
    server = subprocess.Popen([os.environ["MILEPOST"], "serve", "--data", data, "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        def ready():
            try:
                return urllib.request.urlopen(f"http://{HOST}:{port}/readyz").status == 200
            except OSError:
                return False
        wait_until(ready, 30, "the embedded server is ready")
        place = (port, os.path.join(data, "jwt.secret"))
        seed(place)
        writes("one node, embedded store", [place])
        writes("one node, embedded store, hot course", [place], "hot")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


def on_postgres():
    tempfile.tempdir = a.data
    database, nodes = Database(), []
    place = lambda node: (node.port, os.path.join(node.directory, "jwt.secret"))

    class Straight(Node):  # no proxy between
        url = property(lambda self: database.url())

    def add(count, *flags):
        while len(nodes) < count:
            nodes.append(Straight([database], flags))
            nodes[-1].up(60)
        return [place(node) for node in nodes[:count]]

    try:
        seed(add(1)[0])
        for count in (1, 2, 4):
            writes(f"{count} on PostgreSQL", add(count))
            writes(f"{count} on PostgreSQL, hot course", add(count), "hot")
        writes("4 on PostgreSQL, 256 connections", add(4), "write", 256)
        for count in (1, 2, 4):
            reads(f"reads of {count}, strong", add(4)[:count])
        for node in nodes:
            node.end()
            node.flags = ["--read-consistency", "local"]
            node.log = open(node.log_name, "ab")
            node.start()
            node.up(60)
        for count in (1, 2, 4):
            reads(f"reads of {count}, local", add(4)[:count])
    finally:
        for node in nodes:
            node.remove()
        database.remove()


def reads(name, places):
    beside = [begin(place, "write", 16, 2000 // len(places)) for place in places]
    row = sum_up([begin(place, "read", 64 // len(places)) for place in places])
    row["writes"] = sum_up(beside)["rps"]
    tell(name, row)


express()
embedded()
on_postgres()
found = {row["what"]: row["rps"] for row in rows}
print(f"\none node on PostgreSQL is {found['1 on PostgreSQL'] / found['Express + PostgreSQL']:.1f} x Express + PostgreSQL; four are "
      f"{found['4 on PostgreSQL'] / found['one node, embedded store']:.2f} of one embedded node; hot is {found['4 on PostgreSQL, hot course'] / found['4 on PostgreSQL']:.2f} of spread")
