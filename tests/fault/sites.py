#!/usr/bin/env python3
"""sites.py - a full disk or a broken one at every single write and sync, in turn.

  sites.py --binary build/milepost [--stride 1] [--errno 28,5]
The same short life of a server (start, writes of several kinds, an erasure, SIGTERM) is run once to count the calls that write or sync,
then once per call, and that call fails: ENOSPC once, EIO once and EIO from there on. Wanted each time: no answer but 2xx, 503 or a cut
connection; the server ends by itself or goes on; started again without the fault it has every acknowledged log entry once, and verify
is clean. Exit 0 = so, for every call.
"""
import argparse, mmap, os, shutil, signal, subprocess, sys, tempfile
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig

ap = argparse.ArgumentParser(usage=__doc__); ap.add_argument("--binary", required=True); ap.add_argument("--stride", type=int, default=1)
ap.add_argument("--errno", default="28,5,5+"); a = ap.parse_args()
here, base = os.path.dirname(os.path.abspath(__file__)), tempfile.mkdtemp(prefix="sites-")
shim, secret, counter = (os.path.join(base, n) for n in ("failat.so", "secret", "count"))
subprocess.check_call(["cc", "-O2", "-shared", "-fPIC", "-o", shim, os.path.join(here, "failat.c"), "-ldl"])
open(secret, "w").write("s" * 43)
keys = os.path.join(base, "keys"); os.mkdir(keys); open(os.path.join(keys, "jwt.secret"), "w").write("s" * 43)
open(os.path.join(base, "server.key"), "w").write("k" * 43)
token = subprocess.check_output([a.binary, "token", "--data", keys, "--sub", "rig", "--role", "system", "--ttl", "36000"], text=True).strip()
CMD = f"{a.binary} serve --data {{dir}} --port {{port}} --jwt-secret-file {secret} --server-key-file {base}/server.key"
HEAD = {"Authorization": "Bearer " + token}
LOG = 'POST /api/progress/log {"user_id":"{user}","activity":"{key}"}'


def life(dir, env):
    """One short life; the keys that were acknowledged, and what was answered."""
    acked, statuses = [], []
    s = rig.Server(CMD, dir, env=env)
    if not s.wait_ready():
        s.stop(signal.SIGKILL)
        return acked, statuses, s.p.returncode
    load = rig.Load(s.port, LOG, HEAD, timeout=5)
    c = None

    def send(method, path, body):
        nonlocal c
        load.method, load.path, load.body = method, path, body
        c, status = load.send(c, "", "")
        statuses.append(status)
        return 200 <= status < 300

    for i in range(6):
        send("PUT", "/api/v1/catalog/courses/7", '{"title":"C","contents":[{"id":"v%d"}]}' % (i % 2))
        send("POST", "/progress/update", '{"userId":"u%d","videoId":"v%d","watchedDuration":5}' % (i, i % 2))
        if send("POST", "/api/progress/log", '{"user_id":"u%d","activity":"key-%d"}' % (i % 3, i)): acked.append(f"key-{i}")
    send("POST", "/api/progress/log", '{"user_id":"gone","activity":"not kept"}')
    send("DELETE", "/api/v1/users/gone", "")
    code = s.stop(signal.SIGTERM)
    return acked, statuses, code


def shell(*args):
    return subprocess.run([a.binary, *args], capture_output=True, text=True)


open(counter, "wb").write(bytes(8))
dir = os.path.join(base, "count-run", "d"); os.makedirs(dir)
acked, statuses, code = life(dir, {"LD_PRELOAD": shim, "FAILAT_DIR": dir, "FAILAT_COUNT": counter})
total = int.from_bytes(open(counter, "rb").read(8), "little")
if code != 0 or len(acked) != 6 or total < 50: sys.exit(f"the life without a fault went wrong: {code} {statuses} {total}")
print(f"{total} writes and syncs in one life", flush=True)
bad = rounds = refused = ended = 0
for spec in a.errno.split(","):
    for n in range(1, total + 1, a.stride):
        dir = os.path.join(base, "r", "d"); os.makedirs(dir)
        env = {"LD_PRELOAD": shim, "FAILAT_DIR": dir, "FAILAT_N": str(n), "FAILAT_ERRNO": spec.rstrip("+")}
        if spec.endswith("+"): env["FAILAT_FROM"] = "1"
        acked, statuses, code = life(dir, env)
        rounds += 1; refused += sum(1 for x in statuses if x == 503); ended += code != 0
        wrong = [x for x in statuses if not (x == 0 or x == 503 or 200 <= x < 300)]
        s = rig.Server(CMD, dir)
        up = s.wait_ready()
        s.stop(signal.SIGTERM)
        stored = [l.split('"activity":"')[1].split('"')[0] for l in shell("export", "--data", dir).stdout.splitlines() if '"event":"logged"' in l] if up else []
        check = shell("verify", "--data", dir) if up else None
        lost = [k for k in acked if stored.count(k) != 1]
        if wrong or not up or lost or check.returncode or (isinstance(code, int) and code < 0) or code == "hung":
            bad += 1
            print(f"call {n} errno {spec}: statuses {statuses} exit {code}, up again {up}, lost {lost}, verify {check and check.stdout + check.stderr}", flush=True)
        shutil.rmtree(os.path.join(base, "r"))
print(f"{rounds} rounds: {refused} writes answered 503, {ended} servers ended by themselves, {bad} wrong")
shutil.rmtree(base)
sys.exit(bad > 0)
