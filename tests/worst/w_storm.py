"""Everything at once in a small store, ended by a signal at a bad moment: the server lives, and what it shows is what its events say."""
import os, random, signal, threading, time
from lib import *

LEARNERS = 700                                            # more than are looked at in one batch


def crowded(k):
    def lines(n):
        out = ['{"key":"user","number":%d,"id":"u%d"}' % (i + 1, i + 1) for i in range(n)]
        out += ['{"key":"content","number":%d,"id":"p%d"}' % (i + 1, i) for i in range(12)]
        sequence = records = 0
        for i in range(12):
            sequence += 1
            out.append('{"eventId":%d,"event":"item_observed","at":"%s","face":"video","contentKey":%d,"actor":null,"typeRank":1,"type":"video"}'
                       % (sequence, AT, i + 1))
        for i in range(n):
            for item in range(12):
                sequence += 1; records += 1
                out.append('{"eventId":%d,"event":"reported","at":"%s","face":"video","userKey":%d,"contentKey":%d,"actor":null,'
                           '"progressId":%d,"report":{"player":true,"localDay":20000,"watchedDuration":%d}}'
                           % (sequence, AT, i + 1, item + 1, records, i % 100))
        return [export_head(sequence, 0, records, 0)] + out
    return k.store("crowded", lines, LEARNERS, 50)


def requests(s, rng):
    """One request of a random kind."""
    admin = s.token("9001", "admin")
    user, item, course = "u%d" % rng.randint(1, LEARNERS), "p%d" % rng.randrange(12), rng.choice(["900", "901", "77", "78"])
    mine = s.token(user)
    kind = rng.randrange(14)
    if kind < 3:
        body = {"userId": user, "videoId": item, "watchedDuration": rng.randint(1, 900)}
        if rng.random() < 0.4:
            body["courseId"] = course
        return request("POST", "/progress/update", body, mine)
    if kind == 3:
        listed = [{"id": "p%d" % i, "durationSeconds": rng.randint(60, 900), "required": rng.random() < 0.7} for i in range(12) if rng.random() < 0.4]
        return request("PUT", "/api/v1/catalog/courses/" + course, {"title": "t", "contents": listed}, admin)
    if kind == 4:
        return request("DELETE", "/api/v1/catalog/courses/" + course, tok=admin)
    if kind == 5:
        return request("DELETE", "/api/v1/users/" + user, tok=admin)
    if kind == 6:
        return request("GET", rng.choice(["/user-progress/course/%s/all", "/user-progress/course/%s/leaderboard", "/api/progress/stats/%s"]) % course, tok=admin, headers={"Accept": rng.choice(["text/csv", "application/json"])})
    if kind == 7:
        return request("GET", rng.choice(["/api/v1/users/%s/export", "/progress/%s", "/api/v1/users/%s/progress?as_of=2100-01-01", "/api/v1/Progress/summary/%s"]) % user, tok=mine)
    if kind == 8:
        return request("POST", "/progress/sync", {"userId": user, "progressData": [{"videoId": "p%d" % i, "watchedDuration": rng.randint(1, 900), "courseId": course} for i in range(12)]}, mine,
                       {"Idempotency-Key": "k%d" % rng.randrange(1000)})
    if kind == 9:
        return request("POST", "/api/progress/log", {"user_id": user, "steps": rng.randrange(1000)}, mine)
    if kind == 10:
        return request("POST", "/api/progress/user/%s/rollback" % user, {"to": rng.choice([AT, 10000])}, mine)
    if kind == 11:
        return request("POST", "/user-progress/reset", {"courseId": course, "userId": user}, admin)
    if kind == 12:
        return request("POST", "/user-progress/bulk", {"courseId": course, "userIds": ["u%d" % i for i in range(1, 200)]}, admin)
    return request("GET", "/api/v1/catalog/courses", tok=admin)


def storm(s, seconds, seed):
    """Many connections, some of which leave before their answer; SIGHUP now and then. Gives the statuses."""
    counts, until = collections.Counter(), time.monotonic() + seconds

    def one(number):
        rng, c = random.Random(seed * 100 + number), Conn(s.port, timeout=20)
        while time.monotonic() < until:
            data = requests(s, rng)
            try:
                if rng.random() < 0.15:                       # leaves
                    with socket.create_connection(("127.0.0.1", s.port), timeout=20) as gone:
                        gone.sendall(data)
                        time.sleep(rng.random() * 0.01)
                else:
                    counts[c.raw(data)[0]] += 1
            except OSError:
                c.close()
                if not s.alive():
                    return
            if number == 0 and rng.random() < 0.3:
                s.p.send_signal(signal.SIGHUP)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
    for t in threads:
        t.start()
    return threads, counts


@case("storm", "everything at once over courses that 700 adopt, 3 rounds, each ended by SIGTERM or kill -9: it lives, no 500, verified", store=True, limit=150, fast=False)
def storm_case(k):
    data, text = crowded(k), []
    for number, end in enumerate(["term", "kill", "term"]):
        s = k.serve(data=data)
        threads, counts = storm(s, 4, number)
        time.sleep(3)
        if not s.alive():
            return False, "round %d: gone: %s" % (number, s.log()[-300:])
        if end == "kill":
            s.kill()
            k.serve(data=data).term()                         # what an erasure left in the checkpoint file goes with the next start
        else:
            code, seconds = s.term()
            if code != 0:
                return False, "round %d: SIGTERM beside SIGHUPs: exit %s after %.1f s" % (number, code, seconds)
        for t in threads:
            t.join()
        text.append("%s %s" % (end, dict(counts)))
        code, out, _, _ = k.cli("verify", "--data", data)
        if code != 0 or counts[500]:
            return False, "round %d: %s; verify %s: %s" % (number, text[-1], code, out[-1200:])
        if "ERROR: " in s.log() or "runtime error" in s.log():
            at = max(s.log().find("ERROR: "), s.log().find("runtime error"))
            return False, s.log()[max(0, at - 200):at + 1500]
    return True, "; ".join(text)
