#!/usr/bin/env python3
"""soak.py - hours of a low, even load of every kind; then what grew. Writes of all faces on a population that is there from the first
minute on, reads, lists, CSV, exports, watchers that come and go, SIGHUP. Each sample: resident memory, descriptors, threads, p50 and p99
of the samples' writes and reads. Passes when the last quarter's medians of memory and descriptors are within 1 % (or 1 MiB, 2
descriptors) of the second quarter's, its p99 is below three times that of the second or below --slow ms, no answer was wrong and
`verify` is clean.
    soak.py --binary build-release/milepost [--seconds 3600] [--rate 60] [--sample 10] [--curve FILE]"""
import argparse, http.client, json, os, random, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time

take = argparse.ArgumentParser()
take.add_argument('--binary', required=True)
take.add_argument('--seconds', type=float, default=3600)
take.add_argument('--rate', type=float, default=60, help='requests a second, of all clients together')
take.add_argument('--sample', type=float, default=10)
take.add_argument('--slow', type=float, default=50, help='a p99 below so many ms is fine whatever it was before')
take.add_argument('--curve', help='where the samples go, as CSV')
args = take.parse_args()

LEARNERS, ITEMS, CLIENTS, WATCHERS, FILL = 100, 20, 4, 8, 1500000
directory = tempfile.mkdtemp(prefix='milepost-soak-')
with socket.socket() as free:
    free.bind(('127.0.0.1', 0))
    port = free.getsockname()[1]
log = open(os.path.join(directory, 'log'), 'w')
server = subprocess.Popen([args.binary, 'serve', '--data', directory + '/data', '--port', str(port)], stderr=log)


def token(who, role):
    return subprocess.check_output([args.binary, 'token', '--data', directory + '/data', '--sub', who, '--role', role, '--ttl', '400000'], text=True).strip()


for _ in range(300):
    try:
        socket.create_connection(('127.0.0.1', port)).close()
        break
    except OSError:
        time.sleep(0.05)
admin, system = token('root', 'admin'), token('svc', 'system')
contents = [{'id': 1000 + i, 'type': 'video' if i % 2 else 'lab', 'durationSeconds': 600} for i in range(ITEMS)]
wrong, took, lock = [], {'write': [], 'read': []}, threading.Lock()
over = threading.Event()


def call(connection, kind, method, path, body=None, bearer=None, want=(200, 201)):
    headers = {'Authorization': 'Bearer ' + (bearer or system)}
    if body is not None:
        headers['Content-Type'] = 'application/json'
    began = time.monotonic()
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    answer.read()
    with lock:
        took[kind].append(time.monotonic() - began)
        if answer.status not in want and len(wrong) < 20:
            wrong.append(f'{method} {path}: {answer.status}')


def one(connection, any_):
    user, item, minute = any_.randrange(LEARNERS) + 1, 1000 + any_.randrange(ITEMS), any_.randrange(600)
    choice = any_.randrange(20)
    if choice < 6:
        call(connection, 'write', 'POST', '/progress/update', {'userId': user, 'videoId': item, 'courseId': 7, 'watchedDuration': minute, 'position': minute / 2})
    elif choice < 8:
        call(connection, 'write', 'POST', '/user-progress/update', {'userId': user, 'courseId': 7, 'courseContentId': item, 'progressStatus': 'IN_PROGRESS', 'progressPercent': minute / 6})
    elif choice < 9:
        call(connection, 'write', 'POST', '/progress/sync', {'userId': user, 'progressData': [{'videoId': 1000 + i, 'courseId': 7, 'watchedDuration': minute} for i in range(5)]})
    elif choice < 13:
        call(connection, 'read', 'GET', f'/api/progress/{user}')
    elif choice < 15:
        call(connection, 'read', 'GET', f'/user-progress/7/{user}')
    elif choice < 17:
        call(connection, 'read', 'GET', f'/user-progress/course/7/all?page={any_.randrange(5) + 1}&limit=20', bearer=admin)
    elif choice < 18:
        call(connection, 'read', 'GET', '/user-progress/course/7/analytics', bearer=admin)
    elif choice < 19:
        call(connection, 'read', 'GET', f'/progress/summary/{item}')
    else:
        call(connection, 'read', 'GET', f'/api/v1/users/{user}/history?limit=20', bearer=admin)


def client(number):
    any_ = random.Random(number)
    connection, made = http.client.HTTPConnection('127.0.0.1', port, timeout=30), 0
    due = time.monotonic()
    while not over.is_set():
        due += CLIENTS / args.rate
        time.sleep(max(0, due - time.monotonic()))
        try:
            one(connection, any_)
            made += 1
            if made % 500 == 0: # connections come and go
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            with lock:
                wrong.append(f'client {number}: {error!r}')
            time.sleep(1)


def watcher(number):
    any_ = random.Random(1000 + number)
    while not over.is_set():
        try:
            stream = socket.create_connection(('127.0.0.1', port), timeout=1)
            stream.sendall(f'GET /progress/realtime HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer {admin}\r\n\r\n'.encode())
            end = time.monotonic() + any_.uniform(5, 60)
            while not over.is_set() and time.monotonic() < end:
                try:
                    if not stream.recv(65536):
                        break
                except TimeoutError:
                    pass
            stream.close()
        except OSError as error:
            if not over.is_set():
                with lock:
                    wrong.append(f'watcher: {error!r}')
                time.sleep(1)


def resident_kb():
    with open(f'/proc/{server.pid}/status') as status:
        return int(next(line for line in status if line.startswith('VmRSS')).split()[1])


def centile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] * 1000 if values else 0


setup = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
call(setup, 'write', 'PUT', '/api/v1/catalog/courses/7', {'title': 'Soak', 'contents': contents}, admin)
for user in range(1, LEARNERS + 1): # all that there will ever be
    call(setup, 'write', 'POST', '/progress/sync', {'userId': user, 'progressData': [{'videoId': 1000 + i, 'courseId': 7, 'watchedDuration': 1} for i in range(ITEMS)]})
# The log is larger than what its readers keep of its pages (src/store/sqlite), before anything is counted: these caches are then full.
for round_ in range(FILL // 1000):
    user = round_ % LEARNERS + 1
    call(setup, 'write', 'POST', '/progress/sync', {'userId': user, 'progressData': [{'videoId': 5000 + i % ITEMS, 'watchedDuration': round_ * 1000 + i + 1} for i in range(1000)]})
    call(setup, 'read', 'GET', f'/api/v1/users/{user}/history?limit=100', bearer=admin)
setup.close()
threads = [threading.Thread(target=client, args=(i,)) for i in range(CLIENTS)] + [threading.Thread(target=watcher, args=(i,)) for i in range(WATCHERS)]
for thread in threads:
    thread.start()
samples, began = [], time.monotonic()
curve = open(args.curve, 'w') if args.curve else None
heading = 'seconds,rss_kb,descriptors,threads,requests,write_p50_ms,write_p99_ms,read_p50_ms,read_p99_ms'
print(heading, file=curve or sys.stdout, flush=True)
while time.monotonic() - began < args.seconds and server.poll() is None:
    time.sleep(args.sample)
    with lock:
        writes, reads = took['write'], took['read']
        took['write'], took['read'] = [], []
    if server.poll() is not None:
        break
    sample = (round(time.monotonic() - began), resident_kb(), len(os.listdir(f'/proc/{server.pid}/fd')), len(os.listdir(f'/proc/{server.pid}/task')), len(writes) + len(reads),
              centile(writes, .5), centile(writes, .99), centile(reads, .5), centile(reads, .99))
    samples.append(sample)
    print(','.join(f'{value:.1f}' if isinstance(value, float) else str(value) for value in sample), file=curve or sys.stdout, flush=True)
    if len(samples) % 10 == 0:
        server.send_signal(signal.SIGHUP)
over.set()
for thread in threads:
    thread.join()
server.send_signal(signal.SIGTERM)
ended = server.wait(20)
verified = subprocess.run([args.binary, 'verify', '--data', directory + '/data'], capture_output=True, text=True)
quarter = max(1, len(samples) // 4)
second, last = samples[quarter:2 * quarter] or samples, samples[-quarter:]
median = lambda rows, column: statistics.median(row[column] for row in rows)
bad = list(wrong)
for name, column, slack in (('resident KB', 1, 1024), ('descriptors', 2, 2)):
    before, after = median(second, column), median(last, column)
    print(f'{name}: second quarter {before}, last quarter {after} ({(after - before) / before:+.2%})')
    if after - before > max(slack, before / 100):
        bad.append(f'{name} grew')
for name, column in (('write p99 ms', 6), ('read p99 ms', 8)):
    before, after = median(second, column), median(last, column)
    print(f'{name}: second quarter {before:.1f}, last quarter {after:.1f}')
    if after > args.slow and after > 3 * before:
        bad.append(f'{name} grew')
requests = sum(row[4] for row in samples)
print(f'{requests} requests in {samples[-1][0]} s; exit {ended}; {verified.stdout.strip()}')
if ended != 0 or verified.returncode != 0:
    bad.append(f'exit {ended}, verify {verified.returncode}: {verified.stderr}')
for line in bad:
    print('BAD:', line)
if not bad:
    shutil.rmtree(directory)
sys.exit(1 if bad else 0)
