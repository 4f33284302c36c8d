#!/usr/bin/env python3
"""What can become of the database that nodes share, one outage at a time: the rows of docs/nodes.md, "Tested".

outages.py [NAME...]      MILEPOST: the binary. Exit 3: no PostgreSQL server is installed here.

Each has nodes of its own and a log of its own. At the end of each all nodes hold the same, what was acknowledged is there once, what was
refused is not, and `verify` agrees on every node and with the database."""
import collections, glob, itertools, os, re, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

from cluster import HOST, Database, Node, free_port, run, wait_until

SWEEP = int(os.environ.get("SWEEP", "60"))  # a cut after each so many bytes


class Site:
    """Nodes of one log, and what their clients were told."""

    def __init__(self, database, name, count=2, flags=(), servers=None):
        self.database, self.name, self.told, self.nodes, self.numbers = database, re.sub(r"\W", "-", name), {}, [], itertools.count(1)
        for _ in range(count):
            self.add_node(servers or [database], flags)

    def add_node(self, servers, flags=()):
        node = Node(servers, flags, log=self.name)
        self.nodes.append(node)
        node.up()
        return node

    def add(self, node, name, **more):
        """An entry, and what became of it."""
        try:
            self.told[name] = node.add("who", name, **more)
        except OSError:
            self.told[name] = None
        return self.told[name]

    def agree(self, may_lose=False):
        """[the entries that were acknowledged and are not there]"""
        for node in self.nodes:
            node.heal()
        for node in self.nodes:
            node.up()
        assert self.add(self.nodes[0], "the last") < 300
        for node in self.nodes:
            assert "the last" in node.call("GET", "/api/progress/who?limit=100", "who")[1], "a node does not see what another wrote"
        for node in self.nodes:
            node.end()
        exports = [run("export", "--data", node.directory).stdout for node in self.nodes]
        exports.append(run("export", "--database", self.database.url(), "--database-log", self.name, "--data", self.nodes[0].directory + "-none").stdout)
        assert exports[0].count("\n") > 2 and len(set(exports)) == 1, "the nodes' logs differ: " + " ".join(node.directory for node in self.nodes)
        held = collections.Counter(re.findall(r'"activity":"([^"]*)"', exports[0]))
        lost = [name for name, status in self.told.items() if status is not None and status < 300 and held[name] == 0]
        assert may_lose or not lost, f"lost: {lost[:9]}"
        doubled = [name for name, times in held.items() if times > 1]
        assert not doubled, f"doubled: {doubled[:9]}"
        stored = [name for name, status in self.told.items() if status is not None and status >= 300 and held[name]]
        assert not stored, f"refused, and there: {stored[:9]}"
        for node in self.nodes:
            verified = run("verify", "--data", node.directory)
            assert verified.returncode == 0, verified.stdout + verified.stderr
        return lost

    def remove(self):
        for node in self.nodes:
            node.remove()


class Writers:
    """Entries through all nodes, until the end of the `with`."""

    def __init__(self, site, threads=4, nodes=None):
        self.site, self.nodes, self.stop = site, nodes or site.nodes, False
        self.threads = [threading.Thread(target=self.write, args=(i,)) for i in range(threads)]

    def write(self, number):
        count = 0
        while not self.stop:
            count += 1
            if (self.site.add(self.nodes[(number + count) % len(self.nodes)], f"w{next(self.site.numbers)}") or 503) >= 300:
                time.sleep(0.02)

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.stop = True
        for thread in self.threads:
            thread.join()


HOLDER = ("SELECT a.pid || ' ' || a.client_port FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted")


def longest_write(site, node, count):
    worst = 0
    for _ in range(count):
        began = time.monotonic()
        status = site.add(node, f"while-{next(site.numbers)}")
        assert status < 300 or status == 503, status
        worst = max(worst, time.monotonic() - began)
    return worst


# ---- the rows ----


def cut_before_commit(site):
    """The connection is cut after n bytes of one write, each way: for some n before COMMIT was sent, for some in the midst of it."""
    node, told = site.nodes[0], collections.Counter()
    site.add(node, "first")
    for toward, end in (("database", 1300), ("node", 900)):
        for after in range(1, end, SWEEP):
            node.proxy.cut(after, toward)
            status = site.add(node, f"{toward}-{after}")
            assert status in (200, 201, 503), status
            told[status] += 1
            node.heal()
            wait_until(node.ready, 20, "ready again")
    return f"a cut after each {SWEEP}th byte, both ways: {dict(told)}"


def commit_answer_lost(site):
    """The server commits, its answer never arrives: it is looked up, so the client is told the truth, once."""
    node, told = site.nodes[0], collections.Counter()
    site.add(node, "first")
    while told["acknowledged"] < 10:
        node.proxy.cut_at(b"COMMIT\0", "node")
        status = site.add(node, f"c{told.total()}")
        assert node.proxy.sought is None, "nothing was cut"
        told["acknowledged" if status < 300 else "refused"] += 1
        # The node's own transaction may be the one that is cut; agree() holds that what was refused then is not there.
        assert status in (200, 201) or (status == 503 and told["refused"] < 5), status
    doubts = node.metric("milepost_log_doubts_total")
    assert doubts >= 10, doubts
    return f"{dict(told)}, {doubts:.0f} commits looked up, all found"


# Every second transaction that changes rows of the log fails, at its COMMIT.
REFUSING = """
CREATE SEQUENCE refusals;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF coalesce(current_setting('rig.seen', true), '') = '' THEN
    PERFORM set_config('rig.seen', 'yes', true);
    IF nextval('refusals') % 2 = 1 THEN RAISE EXCEPTION 'refused by the rig'; END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON milepost_turn DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"""


def erasure_refused(site):
    """Names of who is erased leave the log a slice at a time: each slice fails once, the last one too, and no name is left."""
    node, other, who = *site.nodes, "zz-gone-zz"
    for i in range(200):
        assert node.add(who, f"zz-what{i}") < 300
    own = f"log = (SELECT log FROM milepost_log WHERE name = '{site.name}')"  # the rows before have logs in the same database
    key = site.database.sql(f"SELECT who FROM milepost_named WHERE {own} GROUP BY who HAVING count(*) >= 200")
    rows = "SELECT count(*) FROM milepost_turn WHERE position('zz-'::bytea in body) > 0"
    lines = f"SELECT count(*) FROM milepost_named WHERE {own} AND who = {key}"
    assert int(site.database.sql(rows)) >= 200
    other.stop()  # it would do its part
    site.database.sql(REFUSING)
    try:
        wait_until(lambda: node.call("DELETE", f"/api/v1/users/{who}", who)[0] < 300, 20, "the erasure is begun")
        wait_until(lambda: int(site.database.sql(rows)) == 0, 30, "no text is left")
        wait_until(lambda: int(site.database.sql(lines)) <= 1, 5, "no line but the erasure's is left")
        refused = int(site.database.sql("SELECT last_value FROM refusals")) // 2
        assert refused >= 3, refused
    finally:
        site.database.sql("DROP TRIGGER refuse ON milepost_turn; DROP FUNCTION refuse; DROP SEQUENCE refusals")
    return f"200 rows, {refused} slices refused once"


def commit_waits_for_standby(site):
    """COMMIT waits for a standby that is not there; the wait is cancelled (a COMMIT with a warning), the session ended, its node cut."""
    site.add(site.nodes[0], "first")
    for what in ("pg_cancel_backend(pid)", "pg_terminate_backend(pid)", None):
        site.database.set("synchronous_standby_names", "'nobody'")
        time.sleep(1)  # until every session has read it
        writer = threading.Thread(target=site.add, args=(site.nodes[0], f"waits-{what}"))
        writer.start()
        wait_until(lambda: site.database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1", 10, "a commit waits")
        if what:
            site.database.sql(f"SELECT {what} FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        else:
            site.nodes[0].proxy.cut_all()
        time.sleep(1)
        assert writer.is_alive(), f"{what}: what no standby has was acknowledged"
        site.database.set("synchronous_standby_names", "''")
        site.database.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        writer.join(30)
        assert site.told[f"waits-{what}"] < 300, f"{what}: {site.told}"
    return "wait cancelled, session ended, connection cut: told when a write of its own was durable"


def catch_with_lock(site, stop, go_on, tries, rest):
    """Stops a node at random moments, until it is one in which it holds the lock; go_on takes a stop back."""
    for _ in range(tries):
        stop()
        if site.database.sql(HOLDER + " AND a.state = 'idle in transaction'"):
            return
        go_on()
        time.sleep(rest)
    raise AssertionError("the node was never stopped while it held the lock")


def holder_stops(site):
    """A node that is stopped with the lock in its hands: others wait some seconds at most, and it finds out what became of its batch."""
    holder, other = site.nodes
    site.add(other, "first")
    worst = 0
    for number in range(3):
        with Writers(site, nodes=[holder]):
            catch_with_lock(site, lambda: holder.kill(signal.SIGSTOP), lambda: holder.kill(signal.SIGCONT), 400, 0.001 * (1 + number))
            worst = max(worst, longest_write(site, other, 5))
            holder.kill(signal.SIGCONT)
    assert 0.2 < worst < 6, worst
    return f"3 times; the longest write of another took {worst:.1f} s"


def holder_partitioned(site):
    """The same for one whose network is gone: nothing passes, no connection ends."""
    holder, other = site.nodes
    site.add(other, "first")
    worst = 0

    def cut_off():
        wait_until(holder.ready, 15, "ready again")
        time.sleep(0.1)
        holder.proxy.stalled = True
        time.sleep(0.05)

    def let_through():
        holder.proxy.stalled = False

    for _ in range(2):
        with Writers(site, nodes=[holder]):
            catch_with_lock(site, cut_off, let_through, 60, 0)
            worst = max(worst, longest_write(site, other, 5))
            wait_until(lambda: not holder.ready(), 10, "who is cut off says so")
            let_through()
            wait_until(holder.ready, 15, "ready again")
    assert worst < 6, worst
    return f"twice; the longest write of another took {worst:.1f} s"


def sessions_ended(site):
    with Writers(site):
        for _ in range(15):
            time.sleep(0.15)
            site.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milepost' AND random() < 0.6")
    return "15 times, six of ten sessions"


def database_killed(site):
    with Writers(site):
        for _ in range(3):
            time.sleep(0.4)
            site.database.kill()
            time.sleep(0.3)
            assert site.nodes[0].call("GET", "/progress/who/v", "who")[0] in (404, 503)
            site.database.restart()
    return "kill -9 of all its processes, 3 times"


def disk_full(site):
    """503 for writes, reads go on; then there is room again."""
    node = site.nodes[0]
    site.add(node, "first")
    site.database.fill()
    try:
        wait_until(lambda: site.add(node, f"fills-{next(site.numbers)}") == 503, 60, "a write is refused")
        for i in range(20):
            assert site.add(node, f"full-{i}") in (503, 201)
        wait_until(lambda: not node.ready(), 10, "it says so")
        alive = site.database.sql("SELECT 1", may_fail=True) == "1"
        assert node.call("GET", "/api/progress/who", "who")[0] == (200 if alive else 503)
    finally:
        site.database.free()
    if site.database.sql("SELECT 1", may_fail=True) != "1":
        site.database.restart()
    wait_until(node.ready, 30, "ready again, though nobody writes")
    assert site.add(node, "after") < 300
    return f"the server {'went on' if alive else 'ended and was started again'}; reads {'went on' if alive else '503'}"


def read_only(site):
    node = site.nodes[0]
    site.add(node, "first")
    site.database.set("default_transaction_read_only", "on")
    site.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milepost'")
    assert site.add(node, "refused") == 503
    wait_until(lambda: not node.ready(), 10, "it says so")
    subprocess.run(["psql", "-XAtq", "-c", "ALTER SYSTEM RESET default_transaction_read_only", site.database.url()], check=True, env={**os.environ, "PGOPTIONS": "-c default_transaction_read_only=off"})
    site.database.sql("SELECT pg_reload_conf()")
    wait_until(node.ready, 15, "ready again")
    return "503 while it is; then well by itself"


def take_connection(database):
    """A session that does nothing; None: there is no more room."""
    started = b"user\0milepost\0database\0milepost\0\0"
    session = socket.create_connection((HOST, database.port))
    session.sendall(struct.pack("!ii", len(started) + 8, 3 << 16) + started)
    if session.recv(1) == b"R":
        return session
    session.close()
    return None


def no_connections_left(site):
    """What is left is taken by others, and the nodes' own connections end."""
    taken = []
    try:
        for node in site.nodes:
            site.add(node, f"before-{node.port}")
            node.kill(signal.SIGSTOP)  # it would be faster
            node.proxy.cut_all()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            while session := take_connection(site.database):
                taken.append(session)
            time.sleep(0.1)
        for node in site.nodes:
            node.kill(signal.SIGCONT)
        refused = [site.add(node, f"refused-{next(site.numbers)}") for _ in range(4) for node in site.nodes]
        assert set(refused) == {503}, refused
        wait_until(lambda: not any(node.ready() for node in site.nodes), 10, "they say so")
    finally:
        for session in taken:
            session.close()
    for node in site.nodes:
        wait_until(node.ready, 15, "ready again")
    return f"{len(taken)} taken by others: 503 meanwhile; then well by itself"


def two_logs(site):
    """Another log of the same database knows nothing of this one, and stops nothing of it."""
    other = Site(site.database, site.name + "-2", 1)
    try:
        assert site.add(site.nodes[0], "mine") < 300 and other.add(other.nodes[0], "theirs") < 300
        other.nodes[0].kill(signal.SIGSTOP)
        assert longest_write(site, site.nodes[1], 5) < 2
        other.nodes[0].kill(signal.SIGCONT)
        other.agree()
    finally:
        other.remove()
    return "each has what was written to it"


def failover_with_all(site):
    """A synchronous standby takes over: nothing is lost."""
    primary, standby = Database(), None
    pair = None
    try:
        standby = primary.standby()
        primary.set("synchronous_standby_names", "'*'")
        pair = Site(primary, site.name, servers=[primary, standby])
        with Writers(pair):
            time.sleep(1)
            primary.kill()
            standby.do("promote")
            standby.set("synchronous_standby_names", "''")
            pair.database = standby
            wait_until(lambda: pair.add(pair.nodes[0], f"after-{next(pair.numbers)}") < 300, 20, "writes go on")
        pair.agree()
        return f"{sum(1 for status in pair.told.values() if status and status < 300)} acknowledged, none lost"
    finally:
        if pair:
            pair.remove()
        for server in (primary, standby):
            if server:
                server.remove()


def failover_without_the_last(site):
    """A standby that lacks the last batches takes over: nodes notice, keep what was lost beside, and agree on what is left."""
    primary, standby, pair = Database(), None, None
    try:
        standby = primary.standby()
        pair = Site(primary, site.name, 3, servers=[primary, standby])
        with Writers(pair):
            time.sleep(1)
        standby.set("primary_conninfo", "''")
        wait_until(lambda: standby.sql("SELECT count(*) FROM pg_stat_wal_receiver") == "0", 10, "the standby follows no more")
        with Writers(pair):
            time.sleep(0.7)
        only_there = pair.add(pair.nodes[0], "acknowledged by one server alone")
        assert only_there < 300
        primary.kill()
        standby.do("promote")
        pair.database = standby
        for node in pair.nodes:
            node.up()
        ended = sum("went back" in node.said() or "astray" in node.said() for node in pair.nodes)
        with Writers(pair):
            time.sleep(0.5)
        lost = pair.agree(may_lose=True)
        assert "acknowledged by one server alone" in lost
        kept = [glob.glob(node.directory + "/astray-*.db") for node in pair.nodes]
        for name in lost:
            assert any(name.encode() in open(path, "rb").read() for paths in kept for path in paths), f"{name} is in no file that was kept"
        return f"{len(lost)} acknowledged entries are not in the log; {ended} of 3 nodes said so; all are in astray-*.db; the nodes agree"
    finally:
        if pair:
            pair.remove()
        for server in (primary, standby):
            if server:
                server.remove()


class Bouncer:
    """PgBouncer before a database."""

    def __init__(self, database, mode):
        self.port, self.directory = free_port(), tempfile.mkdtemp(prefix="milepost-bouncer-")
        os.chmod(self.directory, 0o777)
        with open(f"{self.directory}/ini", "w") as file:
            file.write(f"[databases]\nmilepost = host={HOST} port={database.port} user=milepost\n[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {self.port}\n"
                       f"auth_type = any\npool_mode = {mode}\nunix_socket_dir =\nlogfile = {self.directory}/log\n")
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        if not os.access(program, os.X_OK):
            raise FileNotFoundError("no pgbouncer is installed")
        as_nobody = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"] if os.getuid() == 0 else []
        self.process = subprocess.Popen([*as_nobody, program, "-q", f"{self.directory}/ini"])
        wait_until(self.is_there, 10, "pgbouncer answers")

    def is_there(self):
        try:
            socket.create_connection((HOST, self.port)).close()
            return True
        except OSError:
            return False

    def remove(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)


def pgbouncer(site):
    """In session mode a node behind it is as any other; in transaction mode it does not start, or says nothing that is not true."""
    said = []
    for mode in ("session", "transaction"):
        try:
            bouncer = Bouncer(site.database, mode)
        except FileNotFoundError as why:
            return f"not run here: {why}"
        behind = Site(site.database, f"{site.name}-{mode}", 0)
        try:
            behind.add_node([site.database])
            nodes = [Node([bouncer], log=behind.name) for _ in range(2)]
            behind.nodes += nodes
            if mode == "session":
                for node in nodes:
                    node.up()
                with Writers(behind):
                    time.sleep(1)
                    site.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milepost'")
                    time.sleep(1)
            else:
                time.sleep(4)
                started = [node for node in nodes if node.ready()]
                said.append(f"transaction mode: {len(started)} of 2 nodes start ({nodes[1].said().strip().splitlines()[-1][-90:]})")
                for node in nodes:
                    if node not in started:
                        node.remove()
                        behind.nodes.remove(node)
                    else:
                        node.up()
                with Writers(behind):
                    time.sleep(1)
            count = sum(1 for status in behind.told.values() if status and status < 300)
            assert count > 20, behind.told
            if mode == "session":
                said.append(f"session mode: {count} acknowledged")
            behind.agree()
        finally:
            behind.remove()
            bouncer.remove()
    return "; ".join(said)


ROWS = [cut_before_commit, commit_answer_lost, erasure_refused, commit_waits_for_standby, holder_stops, holder_partitioned, sessions_ended, database_killed, read_only,
        no_connections_left, two_logs, failover_with_all, failover_without_the_last, disk_full,
        pgbouncer]
OWN_DATABASE = {failover_with_all, failover_without_the_last}


class SmallDatabase(Database):
    """On a file system of its own, which can be filled."""

    def __init__(self):
        self.mount = tempfile.mkdtemp(prefix="milepost-small-")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "none", self.mount], stderr=subprocess.DEVNULL).returncode != 0:
            os.rmdir(self.mount)
            raise OSError("may not mount")
        os.chmod(self.mount, 0o755)
        super().__init__(os.path.join(self.mount, "server"))

    def fill(self):
        subprocess.run(["dd", "if=/dev/zero", f"of={self.mount}/ballast", "bs=4k"], stderr=subprocess.DEVNULL)

    def free(self):
        os.unlink(f"{self.mount}/ballast")

    def remove(self):
        super().remove()
        subprocess.run(["umount", "-l", self.mount])
        os.rmdir(self.mount)


def main():
    known = [row.__name__ for row in ROWS]
    chosen = sys.argv[1:] or known
    if not set(chosen) <= set(known):
        sys.exit(f"no such row: {', '.join(sorted(set(chosen) - set(known)))}; there are {', '.join(known)}")
    database = Database()
    try:
        for row in [row for row in ROWS if row.__name__ in chosen]:
            began, own = time.monotonic(), None
            try:
                own = SmallDatabase() if row is disk_full else None
            except OSError as why:
                print(f"{row.__name__.replace('_', ' ')}: not run here: {why}")
                continue
            site = Site(own or database, row.__name__, 0 if row in OWN_DATABASE else 1 if row is disk_full else 2)
            try:
                said = row(site)
                if site.nodes:
                    site.agree()
                print(f"{row.__name__.replace('_', ' ')}: {said}; none lost, none doubled ({time.monotonic() - began:.1f} s)", flush=True)
            except BaseException:
                for node in site.nodes:
                    print(f"--- {node.directory}: ends with {node.process.poll()}\n{node.said()[-1500:]}", file=sys.stderr)
                raise
            finally:
                site.remove()
                if own:
                    own.remove()
    finally:
        database.remove()


if __name__ == "__main__":
    main()
