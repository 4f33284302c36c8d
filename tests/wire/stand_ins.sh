#!/bin/bash
# What an installed system has and a test has not: called by the name of the command it stands in for, it does the same in the
# directory STAGE. systemctl starts, stops and reloads a server by STAGE/etc/milepost/milepost.conf, as packaging/milepost.service does.
set -eu
say_ready() { for _ in $(seq 600); do curl -fs "http://127.0.0.1:$STAGE_PORT/readyz" >/dev/null && return; kill -0 "$1" 2>/dev/null || exit 1; sleep 0.05; done; exit 1; }
pid_file=$STAGE/server.pid
case ${0##*/} in
runuser) # -u USER -- COMMAND...
    [ "$1 $2 $3" = '-u milepost --' ]
    shift 3
    exec "$@"
    ;;
podman | docker) # exec NAME COMMAND..., compose -f FILE exec NAME COMMAND...
    while [ "$1" != exec ]; do shift; done
    shift 2
    exec "$@"
    ;;
install) # the owner stays who runs the tests
    kept=()
    while [ $# -gt 0 ]; do
        case $1 in -o | -g) shift 2 ;; *) kept+=("$1"); shift ;; esac
    done
    exec /usr/bin/install "${kept[@]}"
    ;;
systemctl)
    [ "$2" = milepost ]
    case $1 in
    start)
        milepost serve --config "$STAGE/etc/milepost/milepost.conf" --port "$STAGE_PORT" 2>>"$STAGE/server.log" >/dev/null &
        echo $! >"$pid_file"
        say_ready $!
        ;;
    stop)
        kill "$(cat "$pid_file")"
        while kill -0 "$(cat "$pid_file")" 2>/dev/null; do sleep 0.02; done
        ;;
    restart) "$0" stop milepost && "$0" start milepost ;;
    reload) kill -HUP "$(cat "$pid_file")" ;;
    *) exit 2 ;;
    esac
    ;;
*) exit 2 ;;
esac
