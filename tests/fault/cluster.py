"""Nodes of Milepost on a private PostgreSQL, and what stands between them: for nodes.py, outages.py and bench/run.

A database may have a standby; each node reaches each server through a proxy of its own, which cuts or stalls."""
import base64, hashlib, hmac, http.client, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time

from rig import free_port

BINARY = os.environ.get("MILEPOST", "build/milepost")
CLUSTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store", "cluster.sh")
HOST = "127.0.0.1"


def wait_until(holds, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def run(*args, **more):
    return subprocess.run([BINARY, *args], capture_output=True, text=True, **more)


class Database:
    """One server of PostgreSQL. Exit status 3 of the whole program: none is installed here."""

    def __init__(self, directory=None, connections=60, start=True):
        self.directory, self.port, self.connections = directory or tempfile.mkdtemp(prefix="milepost-postgres-"), free_port(), connections
        if start and self.do("start") == 3:
            print("no PostgreSQL server is installed here")
            sys.exit(3)

    def do(self, what, *more):
        done = subprocess.run([CLUSTER, what, self.directory, str(self.port), *map(str, more)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PG_CONNECTIONS": str(self.connections)})
        assert done.returncode in (0, 3), f"{what}: {done.stderr}"
        return done.returncode

    def url(self, port=None):
        return f"postgres://milepost@{HOST}:{port or self.port}/milepost"

    def sql(self, text, may_fail=False):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text, self.url()], capture_output=True, text=True)
        assert may_fail or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def set(self, name, value):
        """A setting of the server, at once."""
        self.sql(f"ALTER SYSTEM SET {name} = {value}")
        self.sql("SELECT pg_reload_conf()")

    def kill(self):
        self.do("kill")

    def restart(self):
        self.do("start")

    def standby(self):
        """Another server that follows this one."""
        other = Database(connections=self.connections, start=False)
        self.follow(other)
        return other

    def follow(self, other):
        """Makes `other` anew, from a base backup of this one, and starts it."""
        other.do("standby", self.port)
        wait_until(lambda: self.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1", 30, "the standby follows")

    def said(self):
        with open(os.path.join(self.directory, "server.log"), errors="replace") as file:
            return file.read()

    def remove(self):
        self.do("remove")


class Proxy:
    """Between a node and a server. `stalled`: nothing passes. `cut`: every connection ends after so many more bytes of one direction;
    `cut_at`: before bytes that hold these pass."""

    def __init__(self, port):
        self.to, self.port, self.stalled, self.left, self.toward, self.sought = port, free_port(), False, None, None, None
        self.lock, self.pairs = threading.Lock(), set()
        self.listener = socket.create_server((HOST, self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def join(self, client):
        try:
            server = socket.create_connection((HOST, self.to), timeout=3)
            server.settimeout(None)
        except OSError:
            client.close()
            return
        pair = (client, server)
        self.pairs.add(pair)
        for one in pair:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one, other, toward in ((client, server, "database"), (server, client, "node")):
            threading.Thread(target=self.pump, args=(one, other, toward, pair), daemon=True).start()

    def passes(self, data, toward):
        """What of it passes, and whether it is the last."""
        with self.lock:
            if self.toward != toward:
                return data, False
            if self.sought is not None and self.sought in data:
                self.sought = None
                return b"", True
            if self.left is None:
                return data, False
            if len(data) < self.left:
                self.left -= len(data)
                return data, False
            data, self.left = data[:self.left], None
            return data, True

    def pump(self, one, other, toward, pair):
        try:
            while data := one.recv(65536):
                while self.stalled:
                    time.sleep(0.01)
                data, ends = self.passes(data, toward)
                other.sendall(data)
                if ends:
                    self.cut_all()
        except OSError:
            pass
        self.end(pair)
        self.pairs.discard(pair)

    @staticmethod
    def end(pair):
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut_all(self):
        for pair in list(self.pairs):
            self.end(pair)

    def cut(self, after, toward):
        with self.lock:
            self.left, self.toward = after, toward

    def cut_at(self, sought, toward):
        with self.lock:
            self.sought, self.toward = sought, toward

    def heal(self):
        with self.lock:
            self.left, self.sought = None, None
        self.stalled = False


def token(secret, sub, role="student"):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    head = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"sub": sub, "role": role, "exp": int(time.time()) + 86400})
    return (head + b"." + base64.urlsafe_b64encode(hmac.new(secret, head, hashlib.sha256).digest()).rstrip(b"=")).decode()


class Node:
    def __init__(self, servers, flags=(), env=None, log="main", binary=BINARY):
        self.binary = binary
        self.proxies, self.flags, self.env = [Proxy(server.port) for server in servers], list(flags), env or {}
        self.name, self.tokens = log, {}
        self.directory, self.port = tempfile.mkdtemp(prefix="milepost-node-"), free_port()
        self.log_name = self.directory + ".log"
        self.log = open(self.log_name, "ab")
        self.start()

    @property
    def proxy(self):
        return self.proxies[0]

    @property
    def url(self):
        return "postgres://milepost@" + ",".join(f"{HOST}:{proxy.port}" for proxy in self.proxies) + "/milepost"

    def start(self):
        self.process = subprocess.Popen([self.binary, "serve", "--data", self.directory, "--port", str(self.port), "--database", self.url, "--database-log", self.name, *self.flags],
                                        stderr=self.log, stdout=self.log, env={**os.environ, **self.env})

    def up(self, seconds=40):
        """It is ready, started again if it has ended; as often as it ends, which a node does that finds itself astray."""
        def is_up():
            if self.process.poll() is not None:
                self.start()
                time.sleep(0.1)
            return self.ready()
        try:
            wait_until(is_up, seconds, f"{self.directory} is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.said()[-600:]}") from None
        with open(os.path.join(self.directory, "jwt.secret"), "rb") as file:
            self.secret = file.read().strip()

    def said(self):
        """What it logged, but for requests."""
        with open(self.log_name, errors="replace") as file:
            return "".join(line for line in file if " us request " not in line)

    def heal(self):
        for proxy in self.proxies:
            proxy.heal()

    def ready(self):
        try:
            return self.call("GET", "/readyz", None, timeout=2)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def call(self, method, path, sub, body=None, timeout=300, role="student", headers=()):
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout)
        try:
            sent = {"content-type": "application/json", **dict(headers)}
            if sub:
                if (sub, role) not in self.tokens:
                    self.tokens[sub, role] = token(self.secret, sub, role)
                sent["authorization"] = "Bearer " + self.tokens[sub, role]
            connection.request(method, path, json.dumps(body) if body else None, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            connection.close()

    def add(self, user, activity, **more):
        return self.call("POST", "/api/progress/log", user, {"user_id": user, "activity": activity}, **more)[0]

    def activities(self):
        """Of all that its own files hold, in the log's order."""
        lines = (json.loads(line) for line in run("export", "--data", self.directory).stdout.splitlines())
        return [line["log"]["activity"] for line in lines if line.get("event") == "logged"]

    def metric(self, name):
        with open(os.path.join(self.directory, "server.key")) as file:
            text = self.call("GET", "/metrics", None, headers={"x-server-key": file.read().strip()})[1]
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.split(" ")[0].split("{")[0] == name)

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def end(self):
        self.stop()
        self.log.close()

    def remove(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
        if os.path.exists(self.log_name):
            os.unlink(self.log_name)
