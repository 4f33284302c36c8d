#!/bin/sh
# Who may include, call and hold what. Source: docs/style.md, Direction. Exit 1 names every breach.
#   directions.sh BUILD_DIR [SOURCE_ROOT]
set -eu
build=$1 root=${2:-.}
bad=0
say() { echo "direction: $1"; bad=1; }

# (1) each include against the arrows of ARCHITECTURE.md
check() { # LAYER ALLOWED...
    layer=$1; shift
    allowed=$(echo "$layer $*" | tr ' ' '|')
    breaches=$(grep -nE '^#include "' -r "$root/src/$layer" | grep -vE "\"($allowed)/" || true)
    [ -z "$breaches" ] || say "$layer may include $*:
$breaches"
}
check base
check core base
check store core base
check model store core base
check app model store core base
check http base
check auth base
check ops base
check face app model hub http auth upstream core base
check upstream base
check hub core base
cli_breaches=$(grep -nE '^#include "hub/' -r "$root/src/cli" || true)
[ -z "$cli_breaches" ] || say "cli: $cli_breaches"

# (2) core is pure: nothing but itself, base's calendar and UTF-8 and what the compiler calls; no data of its own
pure='^(mem[a-z]*|str[a-z]*|qsort|__assert_fail|__stack_chk_fail|__[a-z_]*_chk|__u?(div|mod)ti3|instant_[a-z_]*|utf8_valid|_GLOBAL_OFFSET_TABLE_)$'
members=$(ar t "$build/src/core/libcore.a")
defined=$(nm --defined-only "$build/src/core/libcore.a" 2>/dev/null | awk 'NF == 3 {print $3}')
unknown=$(nm -u "$build/src/core/libcore.a" 2>/dev/null | awk '$1 == "U" {print $2}' | sort -u | grep -vE "$pure" || true)
for symbol in $unknown; do
    echo "$defined" | grep -qx "$symbol" || say "core calls $symbol"
done
[ -n "$members" ] || say "libcore.a is empty: nothing was checked"
held=$(size -A "$build/src/core/libcore.a" 2>/dev/null | awk '($1 == ".data" || $1 == ".bss") && $2 > 0')
[ -z "$held" ] || say "core holds data: $held"

# (3) faces decide, fold and write nothing
calls=$(nm -u "$build/src/face/libface.a" | awk '{print $2}' | sort -u | grep -E '_decide$|_evolve$|^decide_|^fold_|^store_' | grep -vE '^access_' || true)
[ -z "$calls" ] || say "a face calls: $calls"

# and they hold the service, through which all of it is asked, not what lies behind it
inner=$(grep -nE '^#include "(model/|store/|app/engine)' -r "$root/src/face" | grep -v 'app/engine_state.h' || true)
[ -z "$inner" ] || say "a face includes what is behind app/service.h: $inner"

# (4) libraries stay where they belong
only() { # HEADER LAYERS...
    header=$1; shift
    pattern=$(echo "$*" | tr ' ' '|')
    found=$(grep -lE "#include <$header>" -r "$root/src" | grep -vE "/src/($pattern)/" || true)
    [ -z "$found" ] || say "<$header> is for $* only: $found"
}
only sqlite3.h store
only libpq-fe.h store
only jansson.h http face auth upstream hub cli
only microhttpd.h http
only glib.h base
only wslay/wslay.h hub
[ $bad = 0 ] && echo "directions: ok"
exit $bad
