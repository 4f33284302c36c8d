#!/usr/bin/env python3
"""stall.py --binary B [--seconds 3]: the disk hangs. Writes that were taken wait and are answered 200 when it is back; after five
seconds new ones get 503 with Retry-After in under 50 ms, and /readyz says so; reads and /healthz are quick throughout; afterwards
all is as before, everything acknowledged is stored, verify is clean. (reliability R27, R4)"""
import argparse, http.client, json, os, shutil, socket, subprocess, sys, tempfile, threading, time

ap = argparse.ArgumentParser()
ap.add_argument("--binary", required=True); ap.add_argument("--seconds", type=float, default=3)
a = ap.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp(prefix="stall.")
data, flag, library = work + "/d", work + "/stall", work + "/stall.so"
subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, here + "/stall.c", "-ldl"], check=True)
with socket.socket() as s:
    s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]
server = subprocess.Popen([a.binary, "serve", "--data", data, "--port", str(port)], stderr=subprocess.DEVNULL,
                          env={**os.environ, "LD_PRELOAD": library, "STALL_FILE": flag})
problems = []


def check(what, good, seen=""):
    print(("ok   " if good else "FAIL ") + what, seen)
    if not good: problems.append(what)


def call(method, path, body=None, timeout=60):
    began = time.monotonic()
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    c.request(method, path, body and json.dumps(body), {"Authorization": "Bearer " + token, "Content-Type": "application/json"} if token else {})
    answer = c.getresponse(); answer.read(); c.close()
    return answer.status, (time.monotonic() - began) * 1000, answer.getheader("Retry-After")


def write(key, timeout=60):
    return call("POST", "/progress/update", {"userId": "u%d" % (key % 50), "videoId": "v%d" % key, "watchedDuration": key}, timeout)


token = None
try:
    for _ in range(400):
        try:
            if call("GET", "/readyz")[0] == 200: break
        except OSError: time.sleep(.05)
    token = subprocess.run([a.binary, "token", "--data", data, "--sub", "rig", "--role", "system", "--ttl", "36000"], stdout=subprocess.PIPE, text=True).stdout.strip()
    acknowledged = [k for k in range(20) if write(k)[0] == 200]
    check("writes before", len(acknowledged) == 20)
    open(flag, "w").close()
    hung = time.monotonic()
    taken = {}
    waiting = [threading.Thread(target=lambda k=k: taken.__setitem__(k, write(k))) for k in range(100, 200)]
    for thread in waiting: thread.start()
    reads, refused, late = [], [], []
    while time.monotonic() - hung < 5 + a.seconds:
        status, ms, _ = call("GET", "/progress/u1/v1"); reads.append((status, ms))
        status, ms, _ = call("GET", "/healthz"); reads.append((status, ms))
        if time.monotonic() - hung > 5.5:
            refused.append(write(1000 + len(refused), 5))
            late.append(call("GET", "/readyz")[0])
        time.sleep(.02)
    check("a write that was taken is not answered before its sync", not taken, taken)
    slowest = sorted(ms for _, ms in reads)[int(len(reads) * .99)]
    check("reads and /healthz go on", all(s == 200 for s, _ in reads), "%d, p99 %.1f ms" % (len(reads), slowest))
    ms = sorted(r[1] for r in refused)
    check("new writes are refused", refused and all(r[0] == 503 and r[2] for r in refused), "%d, p99 %.1f ms" % (len(refused), ms[int(len(ms) * .99)]))
    check("at once", ms[int(len(ms) * .9)] < 50)
    check("/readyz says so", set(late) == {503}, set(late))
    os.remove(flag)
    for thread in waiting: thread.join()
    check("what was taken is answered 200 when the disk is back", all(r[0] == 200 for r in taken.values()) and len(taken) == 100)
    back = time.monotonic()
    while write(5000)[0] != 200 and time.monotonic() - back < 10: time.sleep(.02)
    check("writes are back", time.monotonic() - back < 5, "after %.2f s" % (time.monotonic() - back))
    lost = [k for k in [*acknowledged, *taken, 5000] if call("GET", "/progress/u%d/v%d" % (k % 50, k))[0] != 200]
    check("nothing is lost", not lost, lost)
finally:
    if os.path.exists(flag): os.remove(flag)
    server.terminate(); code = server.wait()
check("the server ends with 0", code == 0, code)
check("verify is clean", subprocess.run([a.binary, "verify", "--data", data], stdout=subprocess.DEVNULL).returncode == 0)
shutil.rmtree(work)
sys.exit(1 if problems else 0)
