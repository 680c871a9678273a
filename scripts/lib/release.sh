# shellcheck shell=bash
# Sourced by scripts/test: what a release needs, and takes long or takes tools that few have.

release_packages=(
    "rpm command rpmspec"
    "rpmlint command rpmlint"
    "shellcheck command shellcheck"
)
debian_packages=(
    "dpkg-dev command dpkg-architecture"
    "mmdebstrap command mmdebstrap"
)

# lint TOOL ARGUMENT...: runs it, if it is there.
lint() {
    if command -v "$1" >/dev/null; then
        run "$@"
    else
        echo "There is no $1 here: ${*: -1} is not checked"
    fi
}

# The crates as crates.io gets them, the files that cargo-c installs, and the files of other packagers.
release() {
    local stage=$root/target/release-stage log=$root/target/release-packages.txt crate
    run packaging/check-version
    run cargo package --workspace --exclude tutk-bench --exclude tutk-fuzzing --exclude tutk-soak \
        --allow-dirty --no-verify --quiet
    for crate in "$(target_folder)"/package/*.crate; do
        tar -tzf "$crate"
    done >"$log"
    if grep -E '^[^/]*/(debian|systemd|scripts|packaging|tests|docs)/|\.pcap$' "$log"; then
        echo "These are in packages of crates.io, and have nothing to do there" >&2
        return 1
    fi
    if command -v cargo-cinstall >/dev/null; then
        rm -rf "$stage"
        run cargo cinstall --debug --locked -p gst-plugin-tutk -p tutk-capi --library-type cdylib --destdir "$stage" \
            --prefix /usr --libdir /usr/lib
        (cd "$stage" && find . -type f | sort) | diff - <(printf './usr/%s\n' include/tutk/tutk.h \
            lib/gstreamer-1.0/libgsttutk.so lib/pkgconfig/gsttutk.pc lib/pkgconfig/tutk-capi.pc lib/tutk/libIOTCAPIs_ALL.so)
    else
        echo "What cargo-c installs is not checked: it is not there (cargo install cargo-c --locked)"
    fi
    run shellcheck .github/rustup debian/tests/capi debian/tests/demo packaging/{check-version,image-root,sbom,set-version,sources}
    run shellcheck -s sh -e SC2034,SC2154 packaging/alpine/APKBUILD
    run rpmspec --parse packaging/rpm/gst-plugin-tutk.spec >/dev/null
    run rpmlint packaging/rpm/gst-plugin-tutk.spec
    lint nix-instantiate --parse packaging/nix/default.nix >/dev/null
    lint hadolint Dockerfile
    lint actionlint
}

# The Debian packages in new systems with nothing but what debian/control names: built, installed, and tried.
debian() {
    clean_build trixie
    clean_build bookworm
    clean_build bookworm arm64
}

# clean_build SUITE [ARCHITECTURE]: with an architecture, for that one on this one.
clean_build() {
    local suite=$1 host=${2:-} name=$1${2:+-$2} folder codename file sources=()
    folder=$root/target/debian-$name
    rm -rf "$folder"
    mkdir -p "$folder/source/.cargo"
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
        [[ -s $file ]] || continue
        sed "s/\b$codename\b/$suite/g; s/\b$codename-/$suite-/g" "$file" >"$folder/${file##*/}"
        sources+=("$folder/${file##*/}")
    done
    tar --exclude=./target --exclude=./.git -c . | tar -x -C "$folder/source"
    (cd "$folder/source" && cargo vendor --locked vendor >.cargo/config.toml 2>"$folder/log")
    # shellcheck disable=SC2016 # mmdebstrap's shell expands it
    run env SOURCE="$folder/source" HOST="$host" mmdebstrap --variant=apt \
        --architectures="$(dpkg --print-architecture)${host:+,$host}" \
        --include="build-essential,debhelper,fakeroot${host:+,crossbuild-essential-$host}" \
        --aptopt='Apt::Install-Recommends "false"' \
        --customize-hook='cp -r "$SOURCE" "$1/srv/"' \
        --customize-hook='chroot "$1" sh -eux /srv/source/scripts/lib/clean-build "$HOST"' \
        "$suite" /dev/null "${sources[@]}" >"$folder/log" 2>&1 || { tail -n 50 "$folder/log" >&2 && return 1; }
    grep '^tutk [0-9]' "$folder/log"
}
