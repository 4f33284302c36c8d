#!/bin/sh
# The wire tests with PostgreSQL as each server's log: one private cluster, a log for each server.
#   on_postgres.sh [some | FILE...]     some: what matters most to a store (under a minute); without, all (ten)
# Exit 3: no PostgreSQL server is installed here.
set -eu
cd "$(dirname "$0")/../.."
directory=$(mktemp -d /tmp/milepost-postgres-XXXXXX)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
trap 'tests/store/cluster.sh remove "$directory"' EXIT INT TERM
PG_CONNECTIONS=400 tests/store/cluster.sh start "$directory" "$port"
case ${1:-all} in
all) set -- tests/wire/*.test.mjs ;;
some)
    shift
    for what in documents logs history erase many members people system story rules; do
        set -- "$@" "tests/wire/$what.test.mjs"
    done ;;
esac
TEST_DATABASE="postgres://milepost@127.0.0.1:$port/milepost" node --test --test-concurrency=2 "$@"
