#!/usr/bin/env python3
"""Four nodes on one PostgreSQL, and what can happen to them.

nodes.py [--rounds 1] [--faults 'node kill,failover'] [--seed 1]      MILEPOST: the binary. Exit 3: no PostgreSQL server is installed here.
OLDER=BINARY nodes.py --faults upgrade: each round begins with nodes of that older build (tests/fault/older makes one), which are replaced one
after the other.

Each fault has a database of its own; a round is some seconds of writes and reads through all nodes while the fault happens. After each
round all nodes are ready again, hold the same log, byte for byte, and answer the same; history.py says what is asked of log and reads.
After the last round `verify` agrees on every node, and with the log in the database. One node has a clock an hour ahead, one reads
with read_consistency = local."""
import argparse, collections, glob, json, os, random, re, signal, sys, time

from cluster import BINARY, Database, Node, run, wait_until
from history import Clients, check_log, check_reads, self_test

STRONG = [0, 1, 2]  # nodes; the last is local


def node_kill(site, rng):
    node = rng.choice(site.nodes)
    node.kill()
    time.sleep(rng.random())
    node.start()


def node_pause(site, rng):
    node = rng.choice(site.nodes)
    node.kill(signal.SIGSTOP)
    time.sleep(1 + 2.5 * rng.random())
    node.kill(signal.SIGCONT)


def database_kill(site, rng):
    site.database.kill()
    time.sleep(rng.random() / 2)
    site.database.restart()


def connections_cut(site, rng):
    for _ in range(4):
        for node in site.nodes:
            node.proxy.cut(rng.randrange(1, 6000), rng.choice(["database", "node"]))
        time.sleep(0.3)


def failover(site, rng):
    """The standby, which has all that was acknowledged, takes over; what was the primary follows it."""
    site.database.kill()
    time.sleep(rng.random() / 2)
    site.standby.do("promote")
    site.database, site.standby = site.standby, site.database
    site.database.follow(site.standby)


def sessions_ended(site, rng):
    for _ in range(5):
        site.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milepost' AND random() < 0.5")
        time.sleep(0.1 + 0.1 * rng.random())


def partition(site, rng):
    node = rng.choice(site.nodes)
    node.proxy.stalled = True
    time.sleep(1 + 3 * rng.random())
    node.proxy.stalled = False


def upgrade(site, rng):
    for node in rng.sample(site.nodes, len(site.nodes)):
        node.stop()
        node.binary = BINARY
        node.start()
        node.up()
        time.sleep(0.5 + rng.random()) # both versions write and read


FAULTS = {"node kill": node_kill, "node pause": node_pause, "database kill": database_kill, "connections cut": connections_cut, "failover": failover,
          "sessions ended": sessions_ended, "partition": partition}
OLDER = os.environ.get("OLDER", BINARY)


class Site:
    """A database, perhaps with a synchronous standby, and four nodes."""

    def __init__(self, with_standby, binary=BINARY):
        self.database, self.standby, self.nodes = Database(), None, []
        if with_standby:
            self.standby = self.database.standby()
            self.database.set("synchronous_standby_names", "'*'")  # the standby has it from here on, and with it what is made of it
            self.standby.do("stop")
            self.database.follow(self.standby)
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        ahead = {"LD_PRELOAD": library[0], "FAKETIME": "+3600s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"} if library else {}
        servers = [self.database] + ([self.standby] if self.standby else [])
        for flags, env in (([], {}), ([], ahead), ([], {}), (["--read-consistency", "local"], {})):
            self.nodes.append(Node(servers, flags, env, binary=binary))
        for node in self.nodes:
            node.up()

    def settle(self):
        """All nodes are ready, and at the head."""
        for node in self.nodes:
            node.heal()
        for node in self.nodes:
            node.up()
        assert self.nodes[0].add("last", "e9-0") < 300
        head = json.loads(self.nodes[0].call("GET", "/readyz", None)[1])["sequence"]
        for node in self.nodes:
            wait_until(lambda node=node: json.loads(node.call("GET", "/readyz", None)[1])["sequence"] >= head, 10, "the node is at the head")

    def agree(self, clients):
        """All nodes hold the same, and it is what clients were told."""
        self.settle()
        exports = [run("export", "--data", node.directory).stdout for node in self.nodes]
        assert exports[0].count("\n") > 3 and len(set(exports)) == 1, "the nodes' logs differ: " + " ".join(node.directory for node in self.nodes)
        problems, _ = check_log(clients.writes, exports[0].splitlines())
        problems += check_reads(clients.writes, clients.reads, STRONG)
        for path in [f"/progress/{name}/v" for name in clients.names] + ["/user-progress/course/c/all", "/user-progress/course/c/analytics", "/api/v1/users/u1/progress", "/api/progress/u2?limit=50"]:
            texts = {re.sub(r'"requestId":"[^"]*"', "", node.call("GET", path, "1", role="admin")[1]) for node in self.nodes}
            if len(texts) != 1:
                problems.append(f"{path}: the nodes differ: {[text[:300] for text in texts]}")
        return problems

    def verify(self):
        for node in self.nodes:
            node.end()
        for node in self.nodes:
            verified = run("verify", "--data", node.directory)
            assert verified.returncode == 0, f"{node.directory}: {verified.stdout}{verified.stderr}"
        verified = run("verify", "--database", self.database.url(), "--data", self.nodes[0].directory + "-none")
        assert verified.returncode == 0 and " 0 differences" in verified.stdout, verified.stdout + verified.stderr

    def remove(self):
        for node in self.nodes:
            node.remove()
        for server in (self.database, self.standby):
            if server:
                server.remove()


def rounds_of(name, rounds, seed):
    site = Site(name == "failover", OLDER if name == "upgrade" else BINARY)
    rng, clients, reads, began = random.Random(f"{seed} {name}"), Clients(site.nodes, seed), 0, time.monotonic()
    told = collections.Counter()
    fault = FAULTS.get(name, upgrade)
    try:
        for number in range(rounds):
            clients.begin()
            time.sleep(0.2 + 0.4 * rng.random())
            try:
                fault(site, rng)
                time.sleep(0.5 + 0.5 * rng.random())
            finally:
                clients.end()
            problems = site.agree(clients)
            assert not problems, f"{name}, round {number + 1} of seed {seed}, {len(problems)} in all:\n" + "\n".join(problems[:8])
            reads += len(clients.reads)
            told += clients.counts
            if rounds > 9 and number % 10 == 9:
                print(f"   {name}: {number + 1} rounds", flush=True)
        site.verify()
    except AssertionError:
        for node in site.nodes:
            print(f"--- {node.directory}: ends with {node.process.poll()}\n{node.said()[-1500:]}", file=sys.stderr)
        print(f"--- the database\n{site.database.said()[-1500:]}", file=sys.stderr)
        raise
    finally:
        site.remove()
    count = sum(1 for write in clients.writes if write.acknowledged)
    print(f"{name}: {rounds} rounds, {count:,} acknowledged: 0 lost, 0 doubled; {reads:,} reads, all in order; verify clean, four nodes equal; "
          f"{time.monotonic() - began:.0f} s; {dict(told)}", flush=True)


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--faults", default=",".join(FAULTS))
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    self_test()
    for name in chosen.faults.split(","):
        if name != "upgrade":
            rounds_of(name, chosen.rounds, chosen.seed)
    for number in range(chosen.rounds if "upgrade" in chosen.faults.split(",") else 0): # each of nodes of its own
        rounds_of("upgrade", 1, chosen.seed + number)


if __name__ == "__main__":
    main()
