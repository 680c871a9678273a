# shellcheck shell=bash
# Sourced: what the machine must have before anything can be built. Needs $root, the folder of the repository.

# One a line: the Debian package, then what shows on a system without dpkg that the same thing is there.
packages=(
    "gcc command cc"
    "pkg-config command pkg-config"
    "libclang-dev library libclang"
    "libssl-dev module openssl"
    "libgstreamer1.0-dev module gstreamer-check-1.0"
    "libgstreamer-plugins-base1.0-dev module gstreamer-video-1.0"
    "libgstreamer-plugins-bad1.0-dev module gstreamer-webrtc-1.0"
    "gstreamer1.0-tools command gst-launch-1.0"
    "gstreamer1.0-plugins-base element videotestsrc"
    "gstreamer1.0-plugins-good element mp4mux"
    "gstreamer1.0-plugins-bad element h264parse"
    "gstreamer1.0-plugins-ugly element x264enc"
    "gstreamer1.0-libav element avdec_h264"
)

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# is_there PACKAGE KIND NAME
is_there() {
    if command -v dpkg-query >/dev/null; then
        dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
        return
    fi
    case $2 in
        command) command -v "$3" >/dev/null ;;
        library) ldconfig -p 2>/dev/null | grep -q "$3" ;;
        module) pkg-config --exists "$3" 2>/dev/null ;;
        tls) compgen -G "$(pkg-config --variable=giomoduledir gio-2.0)/libgio*tls*" >/dev/null ;;
        element) gst-inspect-1.0 "$3" >/dev/null 2>&1 ;;
    esac
}

# Installs what is missing of $packages, or says what it is and stops.
require_packages() {
    local line package kind name
    local missing=() sudo=()
    for line in "${packages[@]}"; do
        read -r package kind name <<<"$line"
        is_there "$package" "$kind" "$name" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    if ! command -v apt-get >/dev/null; then
        fail "missing here (Debian's names): ${missing[*]}." \
            "Packages are installed with apt-get, which this system does not have; please install them yourself."
    fi
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            fail "system packages are missing; as root, run: apt-get install --no-install-recommends ${missing[*]}"
        sudo=(sudo)
    fi
    echo "Installing ${missing[*]}"
    # A package list that could not be refreshed may still do, so the installation decides.
    "${sudo[@]}" apt-get -qq update </dev/null || echo "The package lists could not be refreshed; going on without." >&2
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends \
        "${missing[@]}" </dev/null || fail "apt-get could not install ${missing[*]}; its own words are above."
}

# The oldest Rust that Cargo.toml promises to build with.
rust_floor() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml"
}

# Rust is the user's own: rustup and the distribution's packages do not mix.
require_rust() {
    local wanted found
    wanted=$(rust_floor)
    command -v cargo >/dev/null ||
        fail "cargo is not in PATH. Install Rust $wanted or newer (https://rustup.rs), or run '. ~/.cargo/env' if you have it."
    found=$(cargo --version | cut -d' ' -f2)
    if [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) != "$wanted" ]]; then
        fail "Rust $wanted or newer is needed, and cargo here is $found. With rustup: rustup update stable"
    fi
}

# Where cargo puts what it builds.
target_folder() {
    cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}
