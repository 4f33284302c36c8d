# What the scripts need from the distribution, installed only where missing. Sourced, not run.
# Each line: how to see that it is there, then the package that brings it. Debian 12+, Ubuntu 24.04+.

build_needs() {
    cat <<'NEEDS'
command:cc gcc
file:/usr/include/stdio.h libc6-dev
command:pkg-config pkg-config
command:meson meson
command:ninja ninja-build
command:python3 python3
command:curl curl
pkg:libmicrohttpd libmicrohttpd-dev
pkg:gnutls libgnutls28-dev
pkg:jansson libjansson-dev
pkg:sqlite3 libsqlite3-dev
pkg:jose libjose-dev
pkg:libcrypto libssl-dev
pkg:zlib zlib1g-dev
pkg:libxxhash libxxhash-dev
pkg:glib-2.0 libglib2.0-dev
pkg:inih libinih-dev
pkg:libcurl libcurl4-openssl-dev
pkg:libpq libpq-dev
file:/usr/include/csv.h libcsv-dev
file:/usr/include/wslay/wslay.h libwslay-dev
file:/usr/share/zoneinfo/Asia/Kolkata tzdata
command:esbuild esbuild
file:/usr/share/nodejs/preact/package.json node-preact
NEEDS
}

docs_needs() {
    echo 'file:/usr/lib/python3/dist-packages/markdown_it python3-markdown-it'
}

test_needs() {
    docs_needs
    cat <<'NEEDS'
pkg:cmocka libcmocka-dev
command:node nodejs
command:npm npm
command:nm binutils
command:git git
command:python3 python3
command:strace strace
command:openssl openssl
command:mkfs.ext4 e2fsprogs
command:mount mount
file:/usr/bin/faketime faketime
command:setsid util-linux
file:/usr/lib/postgresql postgresql
NEEDS
    # Ubuntu's chromium package is a pointer to another store: there the browser tests say that they were skipped.
    ! grep -qs '^ID=debian' /etc/os-release || printf '%s\n' 'command:chromium-headless-shell chromium-headless-shell' 'command:ffmpeg ffmpeg'
}

style_needs() {
    # Of clang-format the version that the sources are written with, where the distribution has it.
    if grep -qsE '^VERSION_ID="(12|24\.04)"' /etc/os-release; then
        echo 'command:clang-format-14 clang-format-14'
    else
        echo 'command:clang-format clang-format'
    fi
    echo 'command:clang-tidy clang-tidy'
}

is_there() {
    case $1 in
    command:*) command -v "${1#command:}" >/dev/null 2>&1 ;;
    pkg:*) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "${1#pkg:}" ;;
    file:*) [ -e "${1#file:}" ] ;;
    esac
}

# Shows how far apt is, in one line on a terminal. Total: how many packages there are to come.
show_installing() { # TOTAL
    if [ -t 2 ]; then
        awk -v total="$1" '/^Setting up / {printf "\r\033[Kinstalling %d of %d: %s", ++n, total, $3; fflush()} END {printf "\r\033[K"}' >&2
    else
        cat >/dev/null
    fi
}

# install_missing "$(build_needs)"
install_missing() {
    missing=$(printf '%s\n' "$1" | while read -r probe package; do is_there "$probe" || echo "$package"; done | sort -u | tr '\n' ' ')
    [ -n "$(echo "$missing" | tr -d ' ')" ] || return 0
    command -v apt-get >/dev/null 2>&1 || {
        echo "This system has no apt-get, so its packages are yours to install. What is missing is called in Debian: $missing" >&2
        return 1
    }
    sudo=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || { echo "these packages are missing, and there is no sudo: $missing" >&2; return 1; }
        sudo=sudo
    fi
    echo "installing: $missing" >&2
    $sudo apt-get update -qq >/dev/null || { echo "apt-get update failed: see above; is the network there?" >&2; return 1; }
    # shellcheck disable=SC2086
    total=$($sudo apt-get install -s -qq --no-install-recommends $missing 2>/dev/null | grep -c '^Inst ' || true)
    failed=$(mktemp)
    # shellcheck disable=SC2086
    { $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing || echo $? >"$failed"; } |
        show_installing "$total"
    if [ -s "$failed" ]; then
        rm -f "$failed"
        echo "apt-get install failed: see above" >&2
        return 1
    fi
    rm -f "$failed"
}

# build_with_ninja DIRECTORY TARGET MESON_OPTIONS...   TARGET all: everything. What the compiler says is shown; its exit status is ours.
build_with_ninja() {
    directory=$1 target=$2
    shift 2
    if [ ! -f "$directory/build.ninja" ]; then
        setup=$(mktemp)
        meson setup "$directory" "$@" >"$setup" 2>&1 || { cat "$setup" >&2; rm -f "$setup"; echo "meson setup failed: see above" >&2; return 1; }
        rm -f "$setup"
    fi
    if [ -t 1 ]; then quiet=; else quiet=--quiet; echo "building $directory ..." >&2; fi
    # shellcheck disable=SC2086
    ninja $quiet -C "$directory" "$target" || { status=$?; echo "the build failed: see the first error above" >&2; return $status; }
}
