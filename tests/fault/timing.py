#!/usr/bin/env python3
"""timing.py - whether the time of a refusal tells anything: the server's key wrong in its first or its last byte, 403 for somebody who is
known (with 2,000 records) or is not, at a path of each face.

  timing.py --binary build-release/milepost [--calls 100000]     calls of each kind, of two that are mixed at random on one connection
What is compared is Welch's t of the two kinds' times, without what another program's turn made long (the slowest tenth of both).
A difference that is there must be seen: a 200 and its 403 have a |t| far above 4.5, or this machine cannot tell (exit 3). Exit 1: a |t|
above 4.5 between two that must be alike, in three measurements one after the other.
"""
import argparse, json, math, os, random, signal, socket, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Server

ap = argparse.ArgumentParser(usage=__doc__)
ap.add_argument("--binary", required=True); ap.add_argument("--calls", type=int, default=100000)
a = ap.parse_args()
LIMIT, RECORDS = 4.5, 2000
room = tempfile.mkdtemp(prefix="milepost-timing.")
data = os.path.join(room, "data")
os.mkdir(data)
server = Server("%s serve --data {dir} --port {port}" % os.path.abspath(a.binary), data)
if not server.wait_ready(60): sys.exit("timing: the server did not start")
token = lambda sub, role: subprocess.check_output([a.binary, "token", "--data", data, "--sub", sub, "--role", role, "--ttl", "1d"], text=True).strip()
key = open(os.path.join(data, "server.key")).read().strip()
connection = socket.create_connection(("127.0.0.1", server.port))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def request(path, header, method="GET", body=""):
    head = "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (method, path, header)
    if body: head += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    return (head + "\r\n" + body).encode()


def ask(message):
    """The status, and how long it took to the answer's last byte."""
    began = time.perf_counter_ns()
    connection.sendall(message)
    answer = connection.recv(65536)
    while b"\r\n\r\n" not in answer: answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length: body += connection.recv(65536)
    return int(head[9:12]), time.perf_counter_ns() - began


def times(first, second):
    """Of two messages, mixed at random: what each took, and its status."""
    order = [0] * a.calls + [1] * a.calls
    random.shuffle(order)
    taken, statuses = ([], []), [set(), set()]
    for kind in order:
        status, ns = ask((first, second)[kind])
        taken[kind].append(ns)
        statuses[kind].add(status)
    return taken, statuses


def welch(taken):
    """Of what is below the tenth decile of both together."""
    most = statistics.quantiles(taken[0] + taken[1], n=10)[-1]
    one, other = ([ns for ns in kind if ns <= most] for kind in taken)
    error = math.sqrt(statistics.variance(one) / len(one) + statistics.variance(other) / len(other))
    return (statistics.fmean(one) - statistics.fmean(other)) / error


system = "Authorization: Bearer " + token("rig", "system")
for first in range(0, RECORDS, 100):
    rows = [{"videoId": "v%d" % i, "courseId": str(i % 20), "watchedDuration": i} for i in range(first, first + 100)]
    status, _ = ask(request("/progress/sync", system, "POST", json.dumps({"userId": "1001", "progressData": rows})))
    if status != 200: sys.exit("timing: sync is answered %d" % status)
student = "Authorization: Bearer " + token("4711", "student")
wrong = lambda at: key[:at] + ("0" if key[at] != "0" else "1") + key[at + 1:]
with_key = lambda value: request("/metrics", "X-Server-Key: " + value)
cases = [("server key wrong in its first byte, its last", with_key(wrong(0)), with_key(wrong(len(key) - 1)))]
for path in ("/progress/%s/v1", "/api/v1/Progress/summary/%s", "/api/progress/%s/1", "/api/progress/%s", "/user-progress/1/%s"):
    cases.append(("403 at %s, known, unknown" % (path % "..."), request(path % "1001", student), request(path % "1002", student)))
failed = 0
control = welch(times(request("/user-progress/1/1001", system), request("/user-progress/1/1001", student))[0])
print("a 200 and its 403: t %.1f, %d calls each" % (control, a.calls), flush=True)
for name, one, other in cases:
    for tries in range(3):
        taken, statuses = times(one, other)
        t = welch(taken)
        if abs(t) < LIMIT: break
    bad = abs(t) >= LIMIT or statuses[0] != statuses[1] or not statuses[0] <= {401, 403}
    failed += bad
    print("%s %s: %s, t %.2f, median %.1f and %.1f us" % ("--" if bad else "ok", name, statuses[0], t, *(statistics.median(kind) / 1000 for kind in taken)), flush=True)
server.stop(signal.SIGTERM)
subprocess.run(["rm", "-rf", room])
if failed: sys.exit(1)
if abs(control) < 2 * LIMIT:
    print("timing: too noisy here to tell a 200 from a 403")
    sys.exit(3)
