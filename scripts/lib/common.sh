# shellcheck shell=bash
# Sourced by the scripts: their help, Debian's packages, child processes, networks without a way out, and where to be.

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# A script's first lines say what it is for.
if [[ " $* " == *" -h "* || " $* " == *" --help "* ]]; then
    sed -n '2,${/^#/!q; s/^# \?//p}' "$0"
    exit
fi

# What everything is built with, and the elements of pipelines. README.md names them, too.
packages=(
    gcc pkg-config libclang-dev libssl-dev
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
)

# need PACKAGE...: installs those of Debian's packages that are missing.
need() {
    local package missing=() sudo=()
    command -v apt-get >/dev/null || { echo "This is not Debian; what these packages hold is needed: $*" && return; }
    for package; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || sudo=(sudo)
    echo "Installing ${missing[*]}"
    # A package list that could not be refreshed may still do, so the installation decides.
    "${sudo[@]}" apt-get -qq update </dev/null || true
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends \
        "${missing[@]}" </dev/null || fail "these are needed; as root, run: apt-get install ${missing[*]}"
}

# start COMMAND...: in the background and in a process group of its own, whose id is then in $started. Ctrl-C in a
# terminal thus reaches the script alone, which ends its children in order.
start() {
    set -m
    "$@" </dev/null &
    set +m
    started=$!
}

# finish GROUP: waits for its first process, whose status it returns, and stops what that left behind.
finish() {
    local status=0
    wait "$1" || status=$?
    stop "$1"
    return "$status"
}

# run COMMAND...: like calling it, but a signal to the script ends it at once.
run() {
    start "$@"
    finish "$started"
}

# logged LOG COMMAND...: shows what it printed only if it fails
logged() {
    run "${@:2}" >"$1" 2>&1 || { tail -n 50 "$1" >&2 && return 1; }
}

# stop GROUP...: interrupts them, terminates those that are still there 10 s later (a script in the background of another
# one starts with interrupts ignored, and hands that on), and kills what is left in the end.
stop() {
    local signal until
    for signal in INT:10 TERM:20 KILL:1; do
        until=$((SECONDS + ${signal#*:}))
        kill "-${signal%:*}" -- "${@/#/-}" 2>/dev/null || return 0
        while kill -0 -- "${@/#/-}" 2>/dev/null && ((SECONDS < until)); do
            sleep 0.1
        done
    done
}

stop_children() {
    trap '' HUP INT TERM
    # shellcheck disable=SC2046 # one word for each child is what is wanted
    stop $(jobs -p)
}
trap stop_children EXIT
trap 'exit 130' HUP INT TERM

# Makes a network. Cameras are searched by broadcast, and what is tried here has nothing to say to the networks of this
# host; the vendor's library would also look for its servers.
new_network=(unshare --net)
((EUID == 0)) || new_network+=(--map-root-user)

# Whether this system lets this user make one.
has_networks() {
    "${new_network[@]}" ip link set lo up 2>/dev/null
}

# isolated COMMAND...: in a network of its own that ends in itself, loopback and an empty LAN, if that can be had.
isolated() {
    # The vendor's library does not search on loopback.
    local lan='ip link set lo up && { ip link add lan0 type veth peer name lan1 && ip link set lan1 up &&
        ip addr add 10.77.0.1/24 brd + dev lan0 && ip link set lan0 up || true; }'
    if has_networks; then
        "${new_network[@]}" sh -c "$lan"' && exec "$@"' sh "$@"
    else
        echo "This system allows no network namespace: searches go to the local networks, too, and nothing of the vendor's is loaded"
        env -u TUTK_LIBRARY -u TUTK_IPCAMERA_PROXY "$@"
    fi
}

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
command -v cargo >/dev/null || fail "cargo is not in PATH. Install Rust (https://rustup.rs), or run '. ~/.cargo/env' if you have it."
need "${packages[@]}" iproute2
# Where cargo puts what it builds.
target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
mkdir -p target
export GST_REGISTRY=${GST_REGISTRY:-$PWD/target/${0##*/}-registry.bin}
# Isolated, cargo finds nothing. What is missing here will be missed there.
run cargo fetch --quiet --locked || true
