"""What very many learners hold: an edit that touches all of them, asked for by one."""
import time
from lib import *

HOLDERS = 50000


def popular(k):
    """HOLDERS learners with progress on three items of no course."""
    def lines(n):
        out = ['{"key":"user","number":%d,"id":"u%d"}' % (i + 1, i + 1) for i in range(n)]
        out += ['{"key":"content","number":%d,"id":"p%d"}' % (i + 1, i) for i in range(3)]
        sequence = records = 0
        for i in range(3):
            sequence += 1
            out.append('{"eventId":%d,"event":"item_observed","at":"%s","face":"video","contentKey":%d,"actor":null,"typeRank":1,"type":"video"}'
                       % (sequence, AT, i + 1))
        for i in range(n):
            for item in range(3):
                sequence += 1; records += 1
                out.append('{"eventId":%d,"event":"reported","at":"%s","face":"video","userKey":%d,"contentKey":%d,"actor":null,'
                           '"progressId":%d,"report":{"player":true,"localDay":20000,"watchedDuration":%d}}'
                           % (sequence, AT, i + 1, item + 1, records, i % 100))
        return [export_head(sequence, 0, records, 0)] + out
    return k.store("popular", lines, HOLDERS, 50)


PROBES = lambda s: {"write": writer(s), "read": reader(s)}


@case("attach-popular", "a student attaches an item of no course that 50,000 hold: others wait < 50 ms; verified", store=True, limit=120, fast=False)
def attach_popular(k):
    s = k.serve(data=popular(k))
    c = s.student("u7")
    ok, text, (seconds, answer) = beside(PROBES(s), lambda: timed(lambda: c.post(
        "/progress/update", {"userId": "u7", "videoId": "p0", "watchedDuration": 500, "courseId": "900"})), longest=50, after_s=1.5)
    text = "%d in %.2f s, %s" % (answer[0], seconds, text)
    if not ok or answer[0] != 200:
        return False, text + " " + str(answer[1])[:200]
    s.term()
    code, out, _, _ = k.cli("verify", "--data", s.data)
    return code == 0, text + ("" if code == 0 else "; verify: " + out[-300:])


@case("put-adopts-popular", "a catalogue PUT adopts two items that 50,000 hold: others wait < 50 ms; verified", store=True, limit=120, fast=False)
def put_adopts_popular(k):
    s = k.serve(data=popular(k))
    c = s.conn(s.token("9001", "admin"))
    ok, text, (seconds, answer) = beside(PROBES(s), lambda: timed(lambda: c.put(
        "/api/v1/catalog/courses/77", {"title": "t", "contents": [{"id": "p1"}, {"id": "p2"}]})), longest=50, after_s=1.5)
    text = "%d in %.2f s, %s" % (answer[0], seconds, text)
    if not ok or answer[0] not in (200, 201):
        return False, text + " " + str(answer[1])[:200]
    s.term()
    code, out, _, _ = k.cli("verify", "--data", s.data)
    return code == 0, text + ("" if code == 0 else "; verify: " + out[-300:])


def enrolled(s, course):
    status, answer = s.conn(s.token("9001", "admin")).get("/user-progress/course/%s/analytics" % course)
    return answer["results"].get("totalEnrollments", str(answer)) if status == 200 else status


@case("attach-killed", "kill -9 while 50,000 holders of an adopted item are enrolled: the next start enrols the rest; verified", store=True, limit=120, fast=False)
def attach_killed(k):
    s = k.serve(data=popular(k))
    def post(stopped):
        try:
            return s.student("u7").post("/progress/update", {"userId": "u7", "videoId": "p0", "watchedDuration": 500, "courseId": "900"})
        except OSError:
            return None                                       # killed before it was answered
    attack = Forked(post)
    begin, some = time.monotonic(), 0
    while not (isinstance(some, int) and some > 1000) and time.monotonic() < begin + 20:
        some = enrolled(s, 900)
    s.kill()
    attack.stop()
    code, out, _, _ = k.cli("verify", "--data", s.data)
    if code != 0:
        return False, "verify after the kill: " + out[-300:]
    s = k.serve(data=s.data)
    begin, all = time.monotonic(), 0
    while all != HOLDERS and time.monotonic() < begin + 20:
        all = enrolled(s, 900)
        time.sleep(0.05)
    s.term()
    code, out, _, _ = k.cli("verify", "--data", s.data)
    text = "%s enrolled when killed, %s after the next start" % (some, all)
    return code == 0 and all == HOLDERS and some < HOLDERS, text + ("" if code == 0 else "; verify: " + out[-300:])
