# shellcheck shell=bash
# shellcheck disable=SC2154 # try-commands sets what is not set here
# Sourced by try-commands: a screen that nobody sees. Xvfb keeps what is on it in a file.

open_screen() {
    log=$output/screen.log
    start Xvfb -displayfd 3 -fbdir "$output" -screen 0 1024x768x24 -nolisten tcp -noreset 3>"$output/display" 2>"$log"
    wait_for "A screen" test -s "$output/display"
    DISPLAY=:$(<"$output/display")
    export DISPLAY
    unset WAYLAND_DISPLAY
    # It would take the screen of this machine.
    export GST_PLUGIN_FEATURE_RANK=kmssink:NONE
}

# The test picture has noise in a corner: of all that could be on the screen, only that is large when it is compressed.
shows_picture() {
    (($(gzip -1 <"$output/Xvfb_screen0" | wc -c) > 20000))
}

shows_nothing() {
    ! shows_picture
}
