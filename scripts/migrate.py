#!/usr/bin/env python3
"""Makes a file for `milepost import` of another service's tables.

migrate.py DOCUMENT [--enrollments FILE] [--courses FILE] [--progress FILE] [--logs FILE] --out FILE

DOCUMENT is pts, courseroom, trk, logs or video. A FILE is CSV with a head, or JSON (a list, or an object a line, as
mongoexport writes it). Columns are found by their names, in any letter case, with or without underscores:
docs/migration.md lists them. A row that cannot be read is named (file:line), and nothing is written."""

import argparse
import csv
import datetime
import json
import math
import os
import re
import sys
import zlib

NAMES = {
    "user": ["userid", "user", "studentid", "learnerid"],
    "course": ["courseid", "moduleid", "course", "module"],
    "item": ["videoid", "contentid", "coursecontentid", "itemid", "content"],
    "row": ["courseprogressid"],
    "id": ["id", "courseprogressid"],
    "status": ["progressstatus", "enrollmentstatus", "status"],
    "percent": ["completionpercentage", "progresspercent", "progresspercentage", "percent"],
    "watched": ["currenttimeseconds", "watchedduration", "position"],
    "duration": ["totaldurationseconds", "durationseconds", "duration"],
    "seconds": ["activityduration"],
    "minutes": ["timespent"],
    "score": ["score"],
    "max_score": ["maxscore"],
    "completed": ["iscompleted", "completed"],
    "metadata": ["metadata"],
    "certificate": ["certificateurl"],
    "began": ["enrollmentdate", "enrolledat", "enrollmentcreatedat", "createdat", "createddate"],
    "at": ["lastwatched", "usercoursecontentprogressupdatedat", "lastaccessed", "updatedat", "enrollmentupdatedat", "updateddate",
           "completedat", "startedat", "createdat"],
    "log_at": ["createdat", "updatedat"],
}
NO_MEMBERS = {"logid", "userid", "createdat", "updatedat", "id", "_id"}
ENDS = {"DROPPED": "dropped", "EXPIRED": "expired"}
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
DAY_MS = 86_400_000
LAST_MS = 253_402_300_800_000  # the year 10000


class Problem(Exception):
    pass


def plain(name):
    return name.lower().replace("_", "") if name != "_id" else name


def unwrapped(value):
    """What mongoexport wraps: {"$oid":..}, {"$date":..}, {"$numberInt":..}."""
    if isinstance(value, dict) and len(value) == 1:
        (name, inner), = value.items()
        if name.startswith("$"):
            return unwrapped(inner)
    return value


def read_json(where, read):
    """What read() makes of JSON: only what JSON can be written of again (no NaN, no half of a character)."""
    try:
        value = read()
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        return value
    except json.JSONDecodeError as problem:
        raise Problem(f"{where}: is no JSON: {problem.msg} at column {problem.colno}") from None
    except (ValueError, RecursionError) as problem:
        raise Problem(f"{where}: is no JSON: {problem}") from None


def lines_of(path):
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise Problem(f"{path}:{number}: is not UTF-8") from None


def elements_of(path, text):
    """(line, element) of each element of a list, by the line on which it begins."""
    decoder, gap = json.JSONDecoder(), re.compile(r"\s*")
    line, seen = 1, 0
    at = gap.match(text, 1).end()
    while not text.startswith("]", at):
        line, seen = line + text.count("\n", seen, at), at
        value, at = read_json(f"{path}:{line}", lambda at=at: decoder.raw_decode(text, at))
        yield line, value
        at = gap.match(text, at).end()
        if not text.startswith(("]", ","), at):
            raise Problem(f"{path}:{line + text.count(chr(10), seen, at)}: is no JSON: the list goes on without a comma, or has no end")
        at = gap.match(text, at + text.startswith(",", at)).end()


def csv_rows(path):
    reader = csv.DictReader(lines_of(path))
    try:
        for row in reader:
            if None in row or None in row.values():
                raise Problem(f"{path}:{reader.line_num}: has more or fewer columns than the head")
            yield reader.line_num, row
    except csv.Error as problem:
        raise Problem(f"{path}:{reader.line_num}: is no CSV: {problem}") from None


def rows_of(path):
    """(where, row) of each row; what mongoexport wraps is unwrapped."""
    first = next(lines_of(path), "")[:1]
    if first == "[":
        found = elements_of(path, "".join(lines_of(path)))
    elif first == "{":
        found = ((i, read_json(f"{path}:{i}", lambda line=line: json.loads(line))) for i, line in enumerate(lines_of(path), 1) if line.strip())
    else:
        found = csv_rows(path)
    for line, row in found:
        where = f"{path}:{line}"
        if not isinstance(row, dict):
            raise Problem(f"{where}: is no object")
        yield where, {name: unwrapped(value) for name, value in row.items()}


def id_of(text):
    """As the server has it: UUIDs in lower case."""
    return text.lower() if UUID.fullmatch(text) else text


class Row:
    def __init__(self, where, row):
        self.where, self.row = where, row
        self.by_name = {plain(name): value for name, value in row.items() if value not in ("", None, "NULL", "\\N")}

    def get(self, what):
        for name in NAMES[what]:
            if name in self.by_name:
                return self.by_name[name]
        return None

    def need(self, what):
        value = self.get(what)
        if value is None:
            raise Problem(f"{self.where}: lacks {' or '.join(NAMES[what])}")
        return value

    def key(self, what):
        text = str(self.need(what)).strip()
        if not text or len(text.encode()) > 128:
            raise Problem(f"{self.where}: {what}: an id has 1 to 128 bytes")
        return id_of(text)

    def number(self, what, high=2 ** 53):
        value = self.get(what)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = -1.0
        if not 0 <= number <= high:
            raise Problem(f"{self.where}: {what}: {value!r} is no number from 0 to {high}")
        return number

    def instant(self, what):
        value = self.get(what)
        if value is None:
            return None
        ms = instant_ms(value)
        if ms is None:
            raise Problem(f"{self.where}: {what}: {value!r} is no instant")
        return ms

    def flag(self, what):
        return str(self.get(what)).lower() in ("true", "1", "t", "yes")


def instant_ms(value):
    if isinstance(value, (int, float)):
        ms = int(value) if value > 1e11 else int(value * 1000)
        return ms if abs(ms) < LAST_MS else None
    text = str(value).strip().replace(" ", "T", 1).replace("Z", "+00:00").replace(" ", "")
    if "." in text:  # six digits of a second at most
        head, _, tail = text.partition(".")
        digits = tail[:len(tail) - len(tail.lstrip("0123456789"))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits):]}"
    if len(text) > 3 and text[-3] in "+-":  # +05
        text += ":00"
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return round(((at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)) - EPOCH).total_seconds() * 1000)


def instant_text(ms):
    at = EPOCH + datetime.timedelta(milliseconds=ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


class Export:
    """Events in their order, with the numbers that an export has."""

    def __init__(self, face, now_ms):
        self.face, self.now_ms = face, now_ms
        self.acts = []  # (at, rank, number, act)
        self.keys = {"user": {}, "course": {}, "content": {}}
        self.lines, self.crc = [], 0
        self.sequence = self.records = self.enrolments = self.logs = 0
        self.has_record, self.has_enrolment, self.courses, self.course_of = set(), set(), set(), {}

    def add(self, at_ms, rank, act):
        self.acts.append((min(at_ms, self.now_ms), rank, len(self.acts), act))

    def key(self, kind, name):
        keys = self.keys[kind]
        return keys.setdefault(name, len(keys) + 1)

    def event(self, kind, at_ms, more):
        self.sequence += 1
        return {"eventId": self.sequence, "event": kind, "at": instant_text(at_ms), "face": self.face, **more}

    def enrol(self, user, course):
        """The number of a new enrolment; nothing when there is one."""
        if not course or (user, course) in self.has_enrolment:
            return {}
        self.has_enrolment.add((user, course))
        self.enrolments += 1
        return {"enrollmentId": self.enrolments}

    def of_course(self, user, course):
        return {"userKey": self.key("user", user), "user": user, "courseKey": self.key("course", course), "course": course}

    def seen(self, at_ms, course):
        if course not in self.courses:
            self.courses.add(course)
            yield self.event("course_observed", at_ms, {"courseKey": self.key("course", course), "course": course, "actor": None})

    def enrolled(self, at_ms, user, course):
        made = self.enrol(user, course)
        if made:
            yield from self.seen(at_ms, course)
            yield self.event("enrolled", at_ms, {**self.of_course(user, course), "actor": "import", **made})

    def ended(self, at_ms, kind, user, course, more):
        yield self.event(kind, at_ms, {**self.of_course(user, course), "actor": "import", **more})

    def observed(self, at_ms, course, item, type_of):
        known = self.course_of.get(item)
        if known is not None and (known == course or not course or known):
            return
        self.course_of[item] = course or ""
        self.courses.add(course)
        named = {"courseKey": self.key("course", course), "course": course} if course else {}
        typed = {"typeRank": 1, "type": type_of} if type_of else {}
        yield self.event("item_observed", at_ms, {**named, "contentKey": self.key("content", item), "content": item, "actor": None, **typed})

    def reported(self, at_ms, user, course, item, report, metadata, type_of):
        yield from self.observed(at_ms, course, item, type_of)
        course = self.course_of[item]  # an item belongs to one
        named = {"courseKey": self.key("course", course), "course": course} if course else {}
        made = self.enrol(user, course)
        if (user, item) not in self.has_record:
            self.has_record.add((user, item))
            self.records += 1
            made = {"progressId": self.records, **made}
        yield self.event("reported", at_ms, {"userKey": self.key("user", user), "user": user, **named,
                                             "contentKey": self.key("content", item), "content": item, "actor": user, **made,
                                             "report": {"player": False, "localDay": at_ms // DAY_MS, **report},
                                             **({"metadata": metadata} if metadata else {})})

    def logged(self, at_ms, user, date_ms, members):
        self.logs += 1
        yield self.event("logged", at_ms, {"userKey": self.key("user", user), "user": user, "actor": user, "logId": self.logs,
                                           "date": instant_text(date_ms), "log": members})

    def line(self, value):
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
        self.crc = zlib.crc32(text.encode(), self.crc)
        return text

    def write(self, path):
        events = []
        for at_ms, _, _, act in sorted(self.acts, key=lambda act: act[:3]):
            events += act(at_ms)
        with open(path + ".part", "w", encoding="utf-8", newline="\n") as out:
            out.write(self.line({"milepost": "export", "version": 1, "lastEventId": self.sequence, "lastLogId": self.logs,
                                 "lastProgressId": self.records, "lastEnrollmentId": self.enrolments}))
            for kind, keys in self.keys.items():
                for name, number in keys.items():
                    out.write(self.line({"key": kind, "number": number, "id": name}))
            for event in events:
                out.write(self.line(event))
            end = {"end": True, "events": len(events), "crc32": self.crc}
            out.write(json.dumps(end, separators=(",", ":")) + "\n")
        os.replace(path + ".part", path)
        print(f"{path}: {len(events)} events of {len(self.keys['user'])} learners: {self.enrolments} enrolments, "
              f"{self.records} records, {self.logs} log entries")


def state_of(row):
    return str(row.get("status") or "").upper().replace("-", "_").replace(" ", "_")


def take_enrolments(export, path):
    for where, row in rows_of(path):
        row = Row(where, row)
        user, course, state = row.key("user"), row.key("course"), state_of(row)
        began = row.instant("began")
        began = began if began is not None else row.instant("at") or 0
        export.add(began, 0, lambda at, user=user, course=course: export.enrolled(at, user, course))
        ended = row.instant("at")
        ended = max(began, ended if ended is not None else began)
        if state in ENDS:
            export.add(ended, 2, lambda at, kind=ENDS[state], user=user, course=course: export.ended(at, kind, user, course, {}))
        elif state == "CERTIFIED":  # after everything that completes it
            more = {"certificateUrl": row.get("certificate")} if row.get("certificate") else {}
            export.add(export.now_ms, 3, lambda at, user=user, course=course, more=more: export.ended(at, "certified", user, course, more))


def report_of(document, row):
    """What a row says of an item, in the numbers of a report."""
    report = {}
    at_ms = row.instant("at")
    percent = row.number("percent", 100)
    state = state_of(row)
    watched = row.number("watched")
    if watched is not None and document in ("pts", "video"):
        report |= {"player": True, "clientAtMs": at_ms}
        report |= {"positionMs": int(watched * 1000)} if document == "pts" else {}
        report["watchedDuration"] = int(watched)
    duration = row.number("duration")
    if duration:
        report["durationMs"] = int(duration * 1000)
    if document == "trk" and row.get("score") is not None:
        report |= {"setsScore": True, "scoreE4": round(row.number("score", 10 ** 9) * 10000)}
        if row.get("max_score") is not None:
            report["maxScoreE4"] = round(row.number("max_score", 10 ** 9) * 10000)
    if percent is not None:
        report["percentHundredths"] = round(percent * 100)
    if row.flag("completed") or state == "COMPLETED":
        report["status"] = "COMPLETED"
        report.setdefault("percentHundredths", 10000)
    elif state in ("IN_PROGRESS", "NOT_STARTED"):
        report["status"] = state
    spent = row.number("seconds") if document == "courseroom" else row.number("minutes")
    if spent:
        report["timeSpent"] = round(spent if document == "courseroom" else spent * 60, 3)
    return report


def take_progress(export, document, path, courses):
    for where, row in rows_of(path):
        row = Row(where, row)
        of = courses.get(str(row.get("row") or row.get("course")), ("", ""))
        user = row.key("user") if row.get("user") is not None else of[0] or row.key("user")
        course = row.key("course") if row.get("course") is not None else of[1]
        item, at_ms = row.key("item"), row.instant("at")
        if at_ms is None:
            raise Problem(f"{where}: lacks an instant: {' or '.join(NAMES['at'])}")
        metadata = row.get("metadata")
        if isinstance(metadata, str):
            metadata = read_json(f"{where}: metadata", lambda text=metadata: json.loads(text))
        report = report_of(document, row)
        kind = str(row.by_name.get("contenttype") or "") or ("video" if document in ("pts", "video") else "")
        export.add(at_ms, 1, lambda at, user=user, course=course, item=item, report=report, metadata=metadata, kind=kind:
                   export.reported(at, user, course, item, report, metadata, kind))


def value_of(text):
    """A cell of CSV as what it is."""
    if not isinstance(text, str):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return {"t": True, "f": False}.get(text, text)
    return value if isinstance(value, (int, float)) and math.isfinite(value) else text


def take_logs(export, path):
    for where, row in rows_of(path):
        row = Row(where, row)
        members = {}
        for name, value in row.row.items():
            if plain(name) in NO_MEMBERS or value in ("", None, "NULL", "\\N"):
                continue
            if isinstance(value, str) and value[:1] == "{":
                value = read_json(f"{where}: {name}", lambda text=value: json.loads(text))
            members |= value if isinstance(value, dict) else {name: value_of(value)}
        date = members.get("date")
        at_ms, date_ms = row.instant("log_at"), instant_ms(date) if date is not None else None
        if at_ms is None and date_ms is None:
            raise Problem(f"{where}: lacks date or created_at")
        if not members:
            raise Problem(f"{where}: has no members")
        at_ms = at_ms if at_ms is not None else date_ms
        user = row.key("user")
        export.add(at_ms, 1, lambda at, user=user, date_ms=date_ms if date_ms is not None else at_ms, members=members:
                   export.logged(at, user, date_ms, members))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[2], description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", choices=["pts", "courseroom", "trk", "logs", "video"])
    for name in ("enrollments", "courses", "progress", "logs"):
        parser.add_argument(f"--{name}", metavar="FILE")
    parser.add_argument("--out", metavar="FILE", required=True)
    given = parser.parse_args()
    now_ms = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
    export = Export(given.document, now_ms)
    try:
        courses = {}
        for where, row in rows_of(given.courses) if given.courses else ():
            row = Row(where, row)
            courses[str(row.need("id"))] = (row.key("user"), row.key("course"))
        if given.enrollments:
            take_enrolments(export, given.enrollments)
        if given.progress:
            take_progress(export, given.document, given.progress, courses)
        if given.logs:
            take_logs(export, given.logs)
        if not export.acts:
            raise Problem("no rows were given: --enrollments, --progress, --logs")
        export.write(given.out)
    except (Problem, OSError, ValueError) as problem:
        sys.exit(f"migrate: {problem}")


main()
