#!/bin/sh
# slow.sh BINARY short|long - slow.py against a server of its own: six kinds of slow client, and what a good one feels beside them.
set -eu
binary=$1 form=$2
w=$(mktemp -d /tmp/slow.XXXX)
port=$(python3 -c 'import socket;s=socket.socket();s.bind(("127.0.0.1",0));print(s.getsockname()[1])')
"$binary" serve --data "$w/d" --port "$port" >"$w/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$w"' EXIT
for _ in $(seq 200); do curl -s -o /dev/null "http://127.0.0.1:$port/healthz" && break; sleep .05; done
header="Authorization: Bearer $("$binary" token --data "$w/d" --sub rig --role system --ttl 36000)"
if [ "$form" = long ]; then kinds=header,body,chunk,read,idle,keep n=1000 seconds=75; else kinds=header,idle n=200 seconds=13; fi
python3 tests/fault/slow.py --port "$port" --kind "$kinds" -n "$n" --seconds "$seconds" --big /openapi.json --header "$header" \
    --write 'POST /api/progress/log {"user_id":"{user}","activity":"{key}"}'
