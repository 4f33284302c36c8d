#!/usr/bin/env python3
"""Makes a data directory with a story: 40 learners over the 8 weeks up to yesterday. story.py MILEPOST DIRECTORY

Nothing here knows how anything is stored. The learners act over the server's own API, day by day, on a server
of their own; what that server exports is dated back, each event to its day of the story, and imported.
The same acts on the same days each time; the time of day is that of the making, and no figure depends on it."""

import datetime
import hashlib
import hmac
import base64
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

DAYS = 56
DAY_MS = 86_400_000


def video(number, title, section, seconds):
    return {"id": str(number), "title": title, "type": "video", "section": section, "durationSeconds": seconds}


def other(number, title, section, kind, **more):
    return {"id": str(number), "title": title, "type": kind, "section": section, **more}


COURSES = {
    101: ("Knots and splices", "From the bowline to the long splice", [("2001", "INSTRUCTOR"), ("2002", "OWNER")], [
        video(10101, "The bowline", "Loops", 300), video(10102, "The sheet bend", "Bends", 240),
        other(10103, "Tie twelve knots", "Practice", "lab"),
        other(10104, "Knot or not", "Practice", "game", required=False),
        other(10105, "Rope care", "Reading", "document"), video(10106, "The long splice", "Splices", 540),
        other(10107, "What holds, what slips", "Test", "quiz")]),
    102: ("Reading the sky", "Clouds, wind and what comes next", [("2001", "INSTRUCTOR")], [
        video(10201, "Cloud families", "Clouds", 420), video(10202, "Fronts", "Wind", 360),
        other(10203, "Keep a weather log", "Practice", "lab"), other(10204, "Name that cloud", "Test", "quiz")]),
    103: ("Watch yourself watch", "What the demo page plays", [("2001", "INSTRUCTOR")], [
        video(10301, "A minute that counts itself", "The page", 60)]),
    104: ("Passage planning", "From the chart to the harbour", [("2003", "INSTRUCTOR"), ("2002", "OWNER")], [
        video(10401, "Reading a chart", "Charts", 600), video(10402, "Tides", "Water", 480),
        other(10403, "Plan a day sail", "Practice", "lab"), video(10404, "Lights and marks", "Charts", 420),
        other(10405, "The plan, marked", "Test", "quiz")]),
}

# How a learner goes about it: how many of them, the first day, on how many of ten days they come, the last day,
# their courses, and how it ends. The first is the student whose token ./run prints.
WAYS = [
    (1, 30, 9, DAYS, [101, 102, 104], "goes on"),
    (8, 0, 8, DAYS, [101, 102], "certified"),
    (6, 4, 7, DAYS, [101, 104], "goes on"),
    (9, 8, 5, DAYS, [101, 102, 104], "goes on"),
    (6, 2, 6, 24, [102, 101], "dropped"),
    (3, 1, 4, 30, [104], "expired"),
    (4, 40, 0, DAYS, [102], "enrolled"),
    (3, 36, 6, DAYS, [104, 103], "goes on"),
]


class Server:
    """A server of the story's own, on a port that was free."""

    def __init__(self, binary, directory):
        self.binary, self.directory = binary, directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [binary, "serve", "--data", directory, "--port", str(self.port), "--log-level", "error"],
            env={"PATH": os.environ.get("PATH", "")}, stderr=subprocess.PIPE)
        self.connections = threading.local()
        for _ in range(400):
            if self.process.poll() is not None:
                raise SystemExit("the demo's server did not start: " + self.process.stderr.read().decode().strip())
            try:
                self.call("GET", "/healthz")
                break
            except OSError:
                time.sleep(0.02)
        self.secret, self.key = (open(os.path.join(directory, name)).read().strip() for name in ("jwt.secret", "server.key"))

    def token(self, user, role):
        part = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")
        claims = {"sub": user, "role": role, "exp": int(time.time()) + 3600}
        text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
        return (text + b"." + part(hmac.new(self.secret.encode(), text, hashlib.sha256).digest())).decode()

    def call(self, method, path, user=None, body=None, role="STUDENT", refusal=None):
        connection = getattr(self.connections, "one", None)
        if connection is None:
            connection = self.connections.one = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json"}
        if user:
            headers["Authorization"] = "Bearer " + self.token(user, role)
        if "ebhook" in path:
            headers["X-Server-Key"] = self.key
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        if answer.status >= 300 and answer.status != refusal:
            raise SystemExit(f"the demo: {method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def sequence(self):
        return self.call("GET", "/readyz")["sequence"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def instant(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Learner:
    """One learner's plan: a list of (day, method, path, body, role) in the order of the days."""

    def __init__(self, number, way, start_ms):
        _, self.first, self.often, self.last, self.courses, self.end = way
        self.user, self.start_ms = str(number), start_ms
        self.random = random.Random(number)
        self.able = self.random.uniform(0.45, 1)
        self.is_printed = number == 1001
        self.steps, self.watched = [], {}
        self.plan()

    def step(self, day, method, path, body, role="STUDENT"):
        self.steps.append((day, method, path, body, role))

    def at(self, day):
        return self.start_ms + day * DAY_MS + int(self.random.uniform(7, 21) * 3_600_000)

    def webhook(self, day, course, action):
        self.step(day, "POST", "/api/v1/progress/Webhook/enrollment-updated",
                  {"UserId": self.user, "CourseId": str(course), "Action": action}, "SYSTEM")

    def watch(self, day, item, position):
        """One sitting: on from where it was, here and there a skip or a look back. Where it ended."""
        length, chance = item["durationSeconds"], self.random
        to = min(length, position + int(length * chance.uniform(0.2, 0.8)))
        segments = [[position, to]]
        if chance.random() < 0.3 and to - position > 60:
            middle = (position + to) // 2
            segments = [[position, middle - 15], [middle + 15, to]]
        if chance.random() < 0.25:
            back = max(0, to - 90)
            segments.append([back, min(length, back + 45)])
        self.watched[item["id"]] = self.watched.get(item["id"], 0) + sum(b - a for a, b in segments)
        self.step(day, "POST", "/progress/sync", {"userId": self.user, "progressData": [{
            "videoId": item["id"], "watchedDuration": self.watched[item["id"]], "position": to,
            "lastWatched": instant(self.at(day)), "deviceId": chance.choice(["phone", "laptop"]), "segments": segments}]})
        return to

    def do(self, day, course, item):
        """What is no video. Whether it is done."""
        chance, kind = self.random, item["type"]
        if kind == "quiz":
            score = round(20 * min(1, self.able * chance.uniform(0.7, 1.2)))
            done = score >= 11
            self.step(day, "POST", "/api/progress", {"contentId": item["id"], "moduleId": str(course), "contentType": "quiz",
                      "progressPercentage": 100 if done else 50, "timeSpent": chance.randint(8, 25), "score": score, "maxScore": 20})
            return done
        done = chance.random() < 0.4 + 0.6 * self.able
        self.step(day, "POST", "/user-progress/update", {"courseId": course, "courseContentId": int(item["id"]),
                  "progressStatus": "COMPLETED" if done else "IN_PROGRESS", "progressPercent": 100 if done else chance.randint(2, 8) * 10,
                  "activityDuration": chance.randint(4, 50) * 60})
        return done

    def log(self, day):
        self.step(day, "POST", "/api/progress/log", {"user_id": self.user, "date": instant(self.at(day))[:10],
                  "activity": self.random.choice(["practice", "reading", "on the water"]), "minutes": self.random.randint(1, 9) * 10})

    def plan(self):
        for course in self.courses:
            self.webhook(self.first, course, "enroll")
        left = [(course, item) for course in self.courses for item in COURSES[course][3]]
        if self.is_printed:  # three courses under way, none of them done
            left = [pair for pair in left if pair[1]["id"] not in ("10107", "10106", "10203", "10204", "10402", "10404", "10405")]
        position = 0
        for day in range(self.first, min(self.last, DAYS)):
            comes = self.random.random() * 10 < self.often or (self.is_printed and day >= DAYS - 6)
            if not comes:
                continue
            if self.is_printed or self.random.random() < 0.35:
                self.log(day)
            for _ in range(1 if self.end == "certified" or self.random.random() < 0.5 else 0):
                if not left:
                    break
                course, item = left[0]
                if item["type"] == "video":
                    position = self.watch(day, item, position)
                    done = position >= 0.95 * item["durationSeconds"] or self.random.random() > self.able + 0.35
                else:
                    done = not item.get("required", True) and self.random.random() < 0.4 or self.do(day, course, item)
                if done:
                    left.pop(0)
                    position = 0
        if self.is_printed:
            for day in range(DAYS - 5, DAYS):
                self.watch(day, COURSES[104][3][1], 60 * (day % 5))
        self.finish()

    def finish(self):
        day = min(self.last, DAYS - 1)
        if self.end in ("dropped", "expired"):
            for course in self.courses:
                self.webhook(min(day + 6, DAYS - 1), course, "drop" if self.end == "dropped" else "expire")
        if self.end == "certified":
            self.step(DAYS - 2, "certify", self.courses[0], None)
        self.steps.sort(key=lambda step: step[0])


def declare(server):
    for number, (title, description, staff, contents) in COURSES.items():
        server.call("PUT", f"/api/v1/catalog/courses/{number}", "9001", {
            "title": title, "description": description, "contents": contents,
            "staff": [{"userId": user, "role": role} for user, role in staff]}, "ADMIN")


def live_a_day(server, learner, steps):
    for _, method, path, body, role in steps:
        if method != "certify":
            server.call(method, path, learner.user if role == "STUDENT" else "9002", body, role)
        else:  # who is not done yet gets none: 409
            server.call("POST", f"/user-progress/{path}/{learner.user}/certify", "9001",
                        {"certificateUrl": f"https://certificates.example/{path}/{learner.user}.pdf"}, "ADMIN", refusal=409)


def live(server, start_ms):
    """Returns, for each day, the last event's number at its end; day -1 is the catalogue's."""
    learners, number = [], 1001
    for way in WAYS:
        for _ in range(way[0]):
            learners.append(Learner(number, way, start_ms))
            number += 1
    declare(server)
    ends = [server.sequence()]
    with ThreadPoolExecutor(16) as pool:
        for day in range(DAYS):
            today = [(learner, [step for step in learner.steps if step[0] == day]) for learner in learners]
            list(pool.map(lambda pair: live_a_day(server, *pair), [pair for pair in today if pair[1]]))
            ends.append(server.sequence())
    return ends


def date_back(lines, ends, start_ms):
    """Each event's instant becomes one of its day, 7:00 to 22:00; the order stays."""
    day, since = 0, 0
    for line in lines:
        event = json.loads(line)
        if "event" not in event:
            yield line
            continue
        number = event["eventId"]
        while number > ends[day]:
            since, day = ends[day], day + 1
        share = (number - since) / (ends[day] - since + 1)
        at_ms = start_ms + (day - 1) * DAY_MS + int((7 + 15 * share) * 3_600_000)
        line = re.sub(r'"at":"[^"]*"', f'"at":"{instant(at_ms)}"', line, count=1)
        if "clientAtMs" not in line:  # dated by the server: the day of the story
            line = re.sub(r'"localDay":\d+', f'"localDay":{at_ms // DAY_MS}', line, count=1)
        yield line


def main():
    binary, target = sys.argv[1:3]
    today_ms = int(time.time()) // 86_400 * DAY_MS
    start_ms = today_ms - DAYS * DAY_MS
    room = tempfile.mkdtemp(prefix="milepost-demo-")
    try:
        server = Server(binary, os.path.join(room, "data"))
        try:
            ends = live(server, start_ms)
        finally:
            server.stop()
        said = subprocess.run([binary, "export", "--data", os.path.join(room, "data")], stdout=subprocess.PIPE, check=True).stdout
        lines = said.decode().splitlines()[:-1]  # the last is the checksum
        crc, events = 0, 0
        story = os.path.join(room, "story.jsonl")
        with open(story, "wb") as out:
            for line in date_back(lines, ends, start_ms):
                out.write(line.encode() + b"\n")
                crc = zlib.crc32(line.encode() + b"\n", crc)
                events += '"event":' in line
            out.write(json.dumps({"end": True, "events": events, "crc32": crc}, separators=(",", ":")).encode() + b"\n")
        status = subprocess.run([binary, "import", story, "--data", target]).returncode
        # A server that finds data without its keys warns of it. Nodes on one database have theirs there.
        if status == 0 and not os.environ.get("MILEPOST_DATABASE"):
            for name in ("jwt.secret", "server.key"):
                if not os.path.exists(os.path.join(target, name)):
                    shutil.copy(os.path.join(room, "data", name), os.path.join(target, name))
        return status
    finally:
        shutil.rmtree(room)


sys.exit(main())
