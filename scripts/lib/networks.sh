# shellcheck shell=bash
# Sourced: networks without a way out. Cameras are searched by broadcast, and what is tried here has nothing to say to
# the networks of this host; the vendor's library would also look for its servers.

# Prints the command that a network is made with.
new_network() {
    echo unshare --net
    ((EUID == 0)) || echo --map-root-user
}

# Whether this system lets this user make one.
has_networks() {
    # shellcheck disable=SC2046 # one word for each argument is what is wanted
    $(new_network) ip link set lo up 2>/dev/null
}

# isolated COMMAND...: in a network of its own that ends in itself, loopback and an empty LAN, if that can be had.
isolated() {
    # The vendor's library does not search on loopback.
    local lan='ip link set lo up && { ip link add lan0 type veth peer name lan1 && ip link set lan1 up &&
        ip addr add 10.77.0.1/24 brd + dev lan0 && ip link set lan0 up || true; }'
    if has_networks; then
        # shellcheck disable=SC2046,SC2016 # one word for each argument; the inner shell expands the rest
        $(new_network) sh -c "$lan"' && exec "$@"' sh "$@"
    else
        echo "This system allows no network namespace: searches go to the local networks, too"
        "$@"
    fi
}
