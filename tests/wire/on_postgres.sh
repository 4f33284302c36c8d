#!/bin/sh
# The wire tests with PostgreSQL as each server's log: on_postgres.sh [FILE...]. One private cluster, a log for each server.
set -eu
cd "$(dirname "$0")/../.."
directory=$(mktemp -d /tmp/milepost-postgres-XXXXXX)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# exit 3: no PostgreSQL is installed here
trap 'tests/store/cluster.sh remove "$directory"' EXIT INT TERM
PG_CONNECTIONS=400 tests/store/cluster.sh start "$directory" "$port"
[ $# -gt 0 ] || set -- tests/wire/*.test.mjs
TEST_DATABASE="postgres://milepost@127.0.0.1:$port/milepost" node --test --test-concurrency=2 "$@"
