#!/bin/sh
# A private PostgreSQL server for tests, in a directory of its own: nothing of the system's is touched. Real fsync, unless PG_FSYNC=off:
# enough where only processes are killed, since what they wrote is the kernel's then.
#   cluster.sh start DIR [PORT]   makes it if it is not there; a socket in DIR, and 127.0.0.1:PORT. Says nothing.
#   cluster.sh standby DIR PORT OF   makes it anew, from a base backup of the server at port OF, which it follows; promote DIR
#   cluster.sh stop DIR           gently; kill DIR: every process at once, as a crash does; remove DIR: stops and deletes
#   cluster.sh pid DIR            of the postmaster
# Exit 3: no PostgreSQL server is installed here. Its processes are never root's, which it refuses.
set -eu
what=$1 dir=$2 port=${3:-}
bin=
for at in "${PG_BIN:-}" /usr/lib/postgresql/*/bin /usr/local/bin /usr/bin; do
    if [ -n "$at" ] && [ -x "$at/initdb" ]; then bin=$at; fi
    [ -z "$bin" ] || break
done
[ -n "$bin" ] || exit 3

as_user() { # as somebody who is not root
    if [ "$(id -u)" != 0 ]; then "$@"; return; fi
    user=nobody
    if id postgres >/dev/null 2>&1; then user=postgres; fi
    setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- env HOME="$dir" "$@"
}

make() {
    mkdir -p "$dir"
    if [ "$(id -u)" = 0 ]; then chown "$(id postgres >/dev/null 2>&1 && echo postgres || echo nobody)" "$dir"; fi
    as_user "$bin/initdb" -D "$dir/data" -U milepost -A trust -E UTF8 --no-locale --no-sync >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; exit 1; }
    as_user sh -c "cat >>'$dir/data/postgresql.conf'" <<CONF
shared_buffers = 64MB
fsync = ${PG_FSYNC:-on}
max_connections = ${PG_CONNECTIONS:-60}
log_min_messages = warning
autovacuum_naptime = 5s
CONF
}

start() {
    listen="-c listen_addresses="
    if [ -n "$port" ]; then listen="-c listen_addresses=127.0.0.1 -c port=$port"; fi
    as_user "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/server.log" -o "-c unix_socket_directories='$dir' $listen" start \
        >"$dir/pg_ctl.log" 2>&1 || { cat "$dir/pg_ctl.log" "$dir/server.log" >&2; exit 1; }
}

cd /
case $what in
start)
    [ -d "$dir/data" ] || make
    start
    if [ ! -e "$dir/made" ]; then
        as_user "$bin/psql" -q -h "$dir" ${port:+-p "$port"} -U milepost -d postgres -c 'CREATE DATABASE milepost' && touch "$dir/made"
    fi
    ;;
standby)
    rm -rf "$dir/data"
    mkdir -p "$dir"
    if [ "$(id -u)" = 0 ]; then chown "$(id postgres >/dev/null 2>&1 && echo postgres || echo nobody)" "$dir"; fi
    as_user "$bin/pg_basebackup" -D "$dir/data" -d "host=127.0.0.1 port=$4 user=milepost dbname=milepost" -R -c fast --no-sync >"$dir/pg_basebackup.log" 2>&1 ||
        { cat "$dir/pg_basebackup.log" >&2; exit 1; }
    touch "$dir/made"
    start
    ;;
promote) as_user "$bin/pg_ctl" -D "$dir/data" -w -t 60 promote >"$dir/pg_ctl.log" 2>&1 || { cat "$dir/pg_ctl.log" >&2; exit 1; } ;;
stop) as_user "$bin/pg_ctl" -D "$dir/data" -w -m fast stop >/dev/null 2>&1 || true ;;
kill)
    pid=$(head -1 "$dir/data/postmaster.pid")
    children=$(ps -o pid= --ppid "$pid" | tr '\n' ' ')
    # shellcheck disable=SC2086 # a list
    kill -9 "$pid" $children 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    ;;
pid) head -1 "$dir/data/postmaster.pid" ;;
remove)
    as_user "$bin/pg_ctl" -D "$dir/data" -w -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
    ;;
*) exit 2 ;;
esac
