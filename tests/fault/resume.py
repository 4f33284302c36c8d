#!/usr/bin/env python3
"""resume.py --binary B [--rounds 100] [--seconds 0.5] [--power] - those who watch, while the server is killed -9 and connections are cut.

Three learners report over the video API; watchers follow GET /progress/realtime: each learner their own, staff a course, an
administrator everything, some of them over a WebSocket. In each round every connection is cut after a random number of bytes,
at any place in a message, and every other round the server is killed -9. A watcher comes back with the id of the last message
that it has whole. At the end each has every event that concerns it, once, in order (gaps 0, repeats 0), and nobody was ever
told of an event that is not in the store, or told something else of it the second time. Exit 1 otherwise.

--power: in place of a kill -9 the power goes: the data lie on an ext4 in a file, whose shutdown (as in powercut.sh) lets nothing
more reach that file and drops what was not synced; it is mounted again and its journal replayed. Root and loop devices.
"""
import argparse, atexit, base64, fcntl, hashlib, hmac, json, os, random, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time
from rig import Server

ap = argparse.ArgumentParser(usage=__doc__)
ap.add_argument("--binary", required=True); ap.add_argument("--rounds", type=int, default=100)
ap.add_argument("--seconds", type=float, default=0.5); ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--power", action="store_true")
a = ap.parse_args()
LEARNERS = ("anna", "bert", "carl")
dir = tempfile.mkdtemp(prefix="milepost-resume.", dir="/var/tmp" if "--power" in sys.argv else None)
disk = dir if a.power else None # where the file system is mounted
chance = random.Random(a.seed)
over = threading.Event()
server, problems = None, []


def token(sub, role):
    part = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")
    secret = open(os.path.join(dir, "jwt.secret"), "rb").read().strip()
    text = part(b'{"alg":"HS256"}') + b"." + part(json.dumps({"sub": sub, "role": role, "exp": int(time.time()) + 36000}).encode())
    return (text + b"." + part(hmac.new(secret, text, hashlib.sha256).digest())).decode()


def mount():
    subprocess.check_call(["mount", "-o", "loop", disk + ".img", disk])


def unmount():
    subprocess.call(["umount", disk]) # while anybody holds it open it stays


if a.power:
    subprocess.check_call(["truncate", "-s", "256M", disk + ".img"])
    subprocess.check_call(["mkfs.ext4", "-q", "-F", disk + ".img"])
    mount()
    atexit.register(lambda: (subprocess.call(["umount", "-l", disk]), os.remove(disk + ".img"), os.rmdir(disk)))
    dir = os.path.join(disk, "data")
    os.mkdir(dir)


def crash():
    """From here on nothing that was not durable is: the process is gone, or the power was."""
    if a.power:
        at = os.open(disk, os.O_RDONLY)
        fcntl.ioctl(at, 0x8004587D, struct.pack("I", 2)) # EXT4_IOC_SHUTDOWN, no log flush
        os.close(at)
    os.killpg(server.p.pid, signal.SIGKILL)
    server.p.wait()
    if a.power:
        server.log.close() # it lies on the disk too
        unmount()
        mount()


class Watcher(threading.Thread):
    def __init__(self, name, query, sub, role, socket_form):
        super().__init__(daemon=True)
        self.label, self.query, self.sub, self.role, self.socket_form = name, query, sub, role, socket_form
        self.last, self.told, self.repeats, self.cuts = 0, {}, 0, 0
        self.connection, self.allowance = None, 0

    def message(self, id, text):
        if id <= self.last:
            self.repeats += 1
        self.last = max(self.last, id)
        if self.told.setdefault(id, text) != text:
            problems.append("%s: event %d was told in two ways" % (self.label, id))

    def take(self, data):
        """Whole messages off the front; what is left."""
        if not self.socket_form:
            while b"\n\n" in data:
                block, data = data.split(b"\n\n", 1)
                lines = dict(line.split(": ", 1) for line in block.decode().split("\n") if ": " in line)
                if "data" in lines:
                    self.message(int(lines["id"]), lines["data"])
            return data
        while len(data) >= 2:
            size, start = data[1] & 127, 2
            if size == 126:
                if len(data) < 4:
                    break
                size, start = struct.unpack(">H", data[2:4])[0], 4
            if len(data) < start + size:
                break
            if data[0] == 0x81:
                text = data[start:start + size].decode()
                self.message(json.loads(text)["id"], text)
            data = data[start + size:]
        return data

    def once(self):
        self.connection = connection = socket.create_connection(("127.0.0.1", server.port), 2)
        connection.settimeout(5)
        form = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" if self.socket_form else "Accept: text/event-stream\r\n"
        connection.sendall(("GET /progress/realtime%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nLast-Event-ID: %d\r\n%s\r\n" % (self.query, token(self.sub, self.role), self.last, form)).encode())
        data, head = b"", None
        self.allowance = chance.randrange(1, 20000)
        while True:
            some = connection.recv(65536 if over.is_set() else min(self.allowance, 4096)) # at the end all are to catch up
            if not some:
                return
            self.allowance -= len(some)
            data += some
            if head is None and b"\r\n\r\n" in data:
                head, data = data.split(b"\r\n\r\n", 1)
                if b" 200 " not in head and b" 101 " not in head:
                    if b" 503 " not in head and b" 429 " not in head:
                        problems.append("%s: %s" % (self.label, head.split(b"\r\n")[0].decode()))
                    return
            if head is not None:
                data = self.take(data)
            if self.allowance <= 0 and not over.is_set():
                self.cuts += 1
                return # in the middle of whatever it is
            self.allowance = max(self.allowance, 1) # over, and the last reading was begun before

    def run(self):
        while True:
            try:
                self.once()
            except (OSError, ValueError):
                pass
            finally:
                if self.connection:
                    self.connection.close()
            time.sleep(0.02)


def write(sub, stop):
    number = 0
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", server.port), 2) as connection:
                connection.settimeout(2)
                while not stop.is_set():
                    number += 1
                    body = json.dumps({"userId": sub, "videoId": "v%d" % (number % 7), "courseId": "c%d" % (number % 2) if number % 7 == 0 else "c", "watchedDuration": number, "position": number % 90, "duration": 100})
                    connection.sendall(("POST /progress/update HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (token(sub, "student"), len(body), body)).encode())
                    if not connection.recv(4096):
                        break
        except OSError:
            time.sleep(0.02)


def start():
    global server
    server = Server(a.binary + " serve --data {dir} --port {port}", dir, port=server.port if server else None)
    if not server.wait_ready():
        sys.exit("the server does not start")
    while not os.path.exists(os.path.join(dir, "jwt.secret")):
        time.sleep(0.01)


def stored():
    """Of every event that makes a message: who and which course."""
    out = subprocess.check_output([a.binary, "export", "--data", dir], text=True)
    kinds = ("reported", "deleted", "reset", "enrolled", "dropped", "expired", "certified", "locked", "unlocked", "logged", "log_updated", "log_deleted")
    events = [json.loads(line) for line in out.splitlines() if '"eventId"' in line]
    return {event["eventId"]: event for event in events if event["event"] in kinds}


start()
watchers = [Watcher(name, "", name, "student", form) for name in LEARNERS for form in (False, True)]
watchers += [Watcher("course", "?courseId=c", "root", "admin", False), Watcher("item", "?videoId=v3", "root2", "admin", True)]
watchers += [Watcher("all", "", "root3", "admin", form) for form in (False, True)]
for watcher in watchers:
    watcher.start()
kills = 0
for round in range(a.rounds):
    stop = threading.Event()
    writers = [threading.Thread(target=write, args=(name, stop), daemon=True) for name in LEARNERS]
    for writer in writers:
        writer.start()
    time.sleep(chance.uniform(0.1, 1) * a.seconds)
    if round % 2 == 0:
        crash()
        kills += 1
        there = stored()
        for watcher in watchers:
            problems += ["%s was told of %d, which is not stored" % (watcher.label, id) for id in list(watcher.told) if id not in there]
        start()
    stop.set()
    for writer in writers:
        writer.join(5)
over.set()
there = stored()


def concerns(watcher, event):
    return (watcher.role == "admin" or event.get("user") == watcher.sub) and ("courseId=c" not in watcher.query or event.get("course") == "c") and ("videoId=v3" not in watcher.query or event.get("content") == "v3")


wanted = {watcher: sorted(id for id, event in there.items() if concerns(watcher, event)) for watcher in watchers}
end = time.time() + 60
while time.time() < end and any(watcher.last < wanted[watcher][-1] for watcher in watchers):
    time.sleep(0.1)
gaps = repeats = 0
for watcher in watchers:
    missing, extra = set(wanted[watcher]) - set(watcher.told), set(watcher.told) - set(wanted[watcher])
    gaps += len(missing)
    repeats += watcher.repeats
    if extra:
        problems.append("%s: %d that do not concern it, as %s" % (watcher.label, len(extra), sorted(extra)[:3]))
    if missing:
        problems.append("%s: misses %d, as %s" % (watcher.label, len(missing), sorted(missing)[:3]))
os.killpg(server.p.pid, signal.SIGTERM)
if server.p.wait(15) != 0:
    problems.append("the server ended with %d" % server.p.returncode)
if subprocess.call([a.binary, "verify", "--data", dir], stdout=subprocess.DEVNULL) != 0:
    problems.append("verify finds differences")
cuts = sum(watcher.cuts for watcher in watchers)
print("resume: %d rounds, %d %s, %d connections cut, %d events, %d messages: gaps %d, repeats %d" % (a.rounds, kills, "power cuts" if a.power else "kills", cuts, len(there), sum(len(watcher.told) for watcher in watchers), gaps, repeats))
for problem in problems[:20]:
    print("  " + problem)
if not problems and not gaps and not repeats:
    shutil.rmtree(dir)
    log = os.path.join(dir, "..", os.path.basename(dir) + ".server.log")
    os.path.exists(log) and os.remove(log)
sys.exit(1 if problems or gaps or repeats or cuts == 0 else 0)
