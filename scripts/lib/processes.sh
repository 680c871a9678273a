# shellcheck shell=bash
# Sourced: child processes that do not outlive the script, however it ends.

# How many seconds a child has to end when it is asked to terminate.
patience=5
started=

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

# is_running GROUP...: whether any of them is
is_running() {
    kill -0 -- "${@/#/-}" 2>/dev/null
}

# stop GROUP...: interrupts them, terminates those that are still there 10 s later (a script in the background of another
# one starts with interrupts ignored, and hands that on), and kills what is left in the end.
stop() {
    local signal until
    for signal in INT:10 TERM:$patience KILL:1; do
        kill "-${signal%:*}" -- "${@/#/-}" 2>/dev/null || return 0
        until=$((SECONDS + ${signal#*:}))
        while is_running "$@" && ((SECONDS < until)); do
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
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
