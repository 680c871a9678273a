# shellcheck shell=bash
# shellcheck disable=SC2154 # try-commands sets what is not set here
# Sourced by try-commands: functions that take a command which a user types, run it in the folder $output/home, and look
# whether it does what its page says. Its words go to $log.

# The process group of what `begin` has begun.
begun=

# in_shell COMMAND [FOLDER]: as a user's, with what try-commands puts in the place of some programs. Ctrl-C is heard even
# where this script was started in the background, and so with interrupts ignored.
in_shell() {
    env --default-signal=INT -C "${2:-$output/home}" bash -c "$1" >"$log" 2>&1
}

# enter COMMAND [FOLDER]: to its end
enter() {
    run in_shell "$@" || complain "It failed"
}

# begin COMMAND [FOLDER]: goes on until `end`
begin() {
    start in_shell "$@"
    begun=$started
}

# Ctrl-C, upon which what has begun ends, and does not crash.
end() {
    local group=$begun status=0
    is_running "$group" || complain "It ended by itself" || return
    kill -INT -- "-$group"
    wait_for "Its end" has_ended "$group"
    begun=
    wait "$group" || status=$?
    # 128 and a signal's number; not Ctrl-C's own, and not that of a pipe whose reader has gone.
    ((status < 129 || status == 130 || status == 141)) || complain "It ended with status $status"
}

has_ended() {
    ! is_running "$1"
}

complain() {
    echo "$*; $log ends with:" >&2
    tail -n 20 "$log" >&2
    return 1
}

# wait_for WHAT COMMAND...: until it succeeds
wait_for() {
    local what=$1 deadline=$((SECONDS + 30))
    shift
    until "$@" >/dev/null 2>&1; do
        [[ ! $begun ]] || is_running "$begun" || complain "$what: not before the command ended" || return
        ((SECONDS < deadline)) || complain "$what: not after 30 s" || return
        sleep 0.1
    done
}

# left_to COMMAND WHO: a step of scripts/test, or nobody here
left_to() {
    echo "    is left to $2"
}

# Those that follow have them, too.
sets_variables() {
    eval "$1" >"$log" 2>&1
}

builds() {
    enter "$1" "$root"
}

# has_packages COMMAND: it names those that the scripts install
has_packages() {
    local package
    # In a shell, for its braces
    enter "echo ${1#*recommends}"
    for package in "${packages[@]}"; do
        grep -qw -- "${package%% *}" "$log" || complain "${package%% *} is missing" || return
    done
}

# has_steps COMMAND: scripts/test has those that it names
has_steps() {
    local step help
    help=$(scripts/test --help)
    for step in ${1#scripts/test}; do
        [[ $step == --help ]] || grep -q "^  $step " <<<"$help" || complain "There is no step $step" || return
    done
}

# has_test COMMAND: it is one of those that the step `tests` runs
has_test() {
    local folder=$root test
    [[ ! $1 =~ "-p "([a-z-]+) ]] || folder=$root/crates/${BASH_REMATCH[1]}
    [[ -e $folder/Cargo.toml ]] || complain "There is no $folder" || return
    [[ $1 =~ "--test "([a-z_]+) ]] || return 0
    test=$folder/tests/${BASH_REMATCH[1]}
    [[ -e $test.rs || -e $test/main.rs ]] || complain "There is no $test"
}

# is_camera COMMAND: in the place of the last one; lets in who knows the password that the command says
is_camera() {
    local password=
    [[ ! $1 =~ password=([^ ]+) ]] || password=${BASH_REMATCH[1]}
    [[ ! $camera ]] || stop "$camera"
    begin "$1"
    camera=$begun camera_command=$1
    wait_for "A playing camera" grep PLAYING "$log"
    log=$log.viewer
    TUTK_PASSWORD=$password enter "gst-launch-1.0 tutksrc uid=$uid num-buffers=10 ! fakesink"
}

# opens_window COMMAND [FOLDER]
opens_window() {
    begin "$@"
    wait_for "A window with the picture" shows_picture
    end
    wait_for "The window's end" shows_nothing
}

# ffplay can hang in its own handler of Ctrl-C.
feeds_ffplay() {
    begin "$1"
    wait_for "A window with the picture" shows_picture
    stop "$begun"
    begun=
    wait_for "The window's end" shows_nothing
}

# opens_window_with_password COMMAND PASSWORD: while that is the camera's
opens_window_with_password() {
    local before=$camera_command
    is_camera "${before/password=$password/password=$2}"
    opens_window "$1"
    is_camera "$before"
}

shows_demo() {
    opens_window "$1" "$root"
    grep -q "frames in" "$log" || complain "It tells of no frames"
}

# records COMMAND FILES NUMBER: until there are so many more of them; all can be played
records() {
    local wanted=$(($(count_files "$2") + $3)) file
    begin "$1"
    wait_for "$wanted files $2" has_files "$2" "$wanted"
    end
    for file in "$output/home"/$2; do
        enter "gst-launch-1.0 filesrc location='$file' ! decodebin ! fakesink"
    done
}

# A second run leaves the files of the first one alone.
records_twice() {
    records "$@"
    records "$@"
}

# has_files PATTERN NUMBER
has_files() {
    (($(count_files "$1") >= $2))
}

# count_files PATTERN: those with more in them than a header
count_files() {
    find "$output/home" -path "$output/home/$1" -size +8 | wc -l
}

# takes_picture COMMAND FILE: one of a test picture, which is large; and who has a wrong word hears which
takes_picture() {
    enter "$1"
    (($(stat -c %s "$output/home/$2") > 5000)) || complain "$2 is too small to be the test picture"
    TUTK_PASSWORD=wrong fails_with "refused the password" "$1"
    fails_with "is not a camera's UID" "${1/$uid/ABC}"
}

# fails_with WORDS COMMAND
fails_with() {
    ! run in_shell "$2" || complain "It did not fail" || return
    grep -q "$1" "$log" || complain "It does not say '$1'"
}

# publishes COMMAND: to the RTSP server, from which somebody else plays it
publishes() {
    begin "$1"
    is_watched rtsp://127.0.0.1:8554/watch
    end
}

# serves COMMAND: a client, and another one at the same time
serves() {
    local url=rtsp://localhost:8555/$uid first
    begin "$1"
    wait_for "$url" grep "$url" "$log"
    start watch "$url" jpegenc ! filesink "location=$log.frames"
    first=$started
    wait_for "A picture for the first client" test -s "$log.frames"
    is_watched "$url"
    is_running "$first" || complain "The first client did not outlive the second one" || return
    stop "$first"
    end
}

# is_watched URL
is_watched() {
    run watch "$1" identity eos-after=15 ! fakesink sync=false
}

# watch URL ELEMENT...
watch() {
    gst-launch-1.0 -q rtspsrc "location=$1" latency=0 ! rtph264depay ! h264parse ! avdec_h264 ! "${@:2}" >>"$log.client" 2>&1
}

serves_browsers() {
    if gst-inspect-1.0 --exists webrtcsink; then
        prints "$1" PLAYING
    else
        left_to "$1" "those who have webrtcsink"
    fi
}

# prints COMMAND PATTERN...: and goes on
prints() {
    local pattern
    begin "$1"
    for pattern in "${@:2}"; do
        wait_for "'$pattern' is printed" grep -E "$pattern" "$log"
    done
    end
}

monitors() {
    prints "$1" "\+ .*$uid" "$uid: .* fps, .*[1-9][0-9]* frames, 0 lost"
}

prints_numbers() {
    enter "$1"
    (($(grep -cE "^[0-9.]+$" "$log") == 3)) || complain "These are not 3 numbers"
}

logs() {
    enter "$1 gst-launch-1.0 tutksrc uid=$uid num-buffers=1 ! fakesink"
    grep -q tutksrc0 "$log" || complain "Nothing is told of tutksrc"
}

fails_with_list() {
    fails_with "$uid at " "$1"
}

# searches COMMAND: takes its time, while others are tried; `end_searches` sees what is found
searches() {
    start in_shell "$1"
    searches+=("$started:$log")
}

end_searches() {
    local search
    for search in "${searches[@]}"; do
        log=${search#*:}
        finish "${search%%:*}" || complain "The search failed" || return
        has_camera
    done
}

has_camera() {
    grep -q "$uid" "$log" || complain "$uid is not there"
}

writes_manual() {
    enter "$1"
    [[ -s $output/home/folder/tutk-stream.1 ]] || complain "There is no tutk-stream.1"
}
