# shellcheck shell=bash
# Sourced: counts the frames that pass an element `identity name=frames silent=false` of `gst-launch-1.0 -v`.

# count_frames FIFO LOG RESULT: reads what gst-launch-1.0 prints from FIFO until it ends, keeps in LOG what is not about
# single frames, prints a line every 5 s, and leaves "FRAMES LOST MILLISECONDS" in RESULT. Frames are numbered by the
# camera, and tutksrc leaves the number in the buffer's offset: a number that is missing is a frame that was lost.
count_frames() {
    local line number now first=0 last=-1 frames=0 lost=0 next=5000
    local frame='frames: last-message = chain .* pts: ([0-9]+):([0-9]+):([0-9]+)\.([0-9]{3})[0-9]*,.* offset: (-?[0-9]+),'
    printf '0 0 0\n' >"$3"
    while IFS= read -r line; do
        if [[ ! $line =~ $frame ]]; then
            [[ $line == *'frames: last-message ='* ]] || printf '%s\n' "$line" >>"$2"
            continue
        fi
        now=$((((10#${BASH_REMATCH[1]} * 60 + 10#${BASH_REMATCH[2]}) * 60 + 10#${BASH_REMATCH[3]}) * 1000 + 10#${BASH_REMATCH[4]}))
        number=${BASH_REMATCH[5]}
        ((frames)) || first=$now
        ((last < 0 || number <= last)) || lost=$((lost + number - last - 1))
        last=$number
        frames=$((frames + 1))
        if ((now - first >= next)); then
            echo "  $(describe_frames "$frames" "$lost" $((now - first)))"
            next=$((next + 5000))
        fi
        printf '%s %s %s\n' "$frames" "$lost" $((now - first)) >"$3"
    done <"$1"
}

# describe_frames FRAMES LOST MILLISECONDS, the time from the first frame to the last
describe_frames() {
    local tenths=0
    (($3 == 0)) || tenths=$((($1 - 1) * 100000 / $3 + 5))
    printf '%d frames in %d.%d s, %d.%d fps, %d lost' "$1" $((($3 + 50) / 1000)) $((($3 + 50) % 1000 / 100)) \
        $((tenths / 100)) $((tenths / 10 % 10)) "$2"
}
