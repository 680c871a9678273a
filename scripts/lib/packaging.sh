# shellcheck shell=bash
# Sourced by scripts/test: what packagers get, and who installs the packages.

# on_debian: whether packages for this system can be made.
on_debian() {
    grep -qx ID=debian /etc/os-release || { echo "This system is not Debian: no package is made" && return 1; }
}

# copy_sources FOLDER: dpkg-buildpackage writes beside and into them.
copy_sources() {
    rm -rf "$1"
    mkdir -p "$1"
    tar --exclude=./target --exclude=./.git -c . | tar -x -C "$1"
}

# Makes the Debian packages, by debian/rules and so by meson, unless this run has made them.
make_packages() {
    local folder=$PWD/target/package
    [[ ! ${packages_made:-} ]] || return 0
    need build-essential debhelper dpkg-dev meson ninja-build
    rm -rf "$folder"
    copy_sources "$folder/srv/source"
    # Rust may be the user's own.
    logged "$folder/log" env -C "$folder/srv/source" CARGO_TARGET_DIR="$target" DEB_BUILD_OPTIONS="nocheck noautodbgsym" \
        dpkg-buildpackage --build=binary --no-check-builddeps --unsigned-source --unsigned-changes
    packages_made=true
}

install() {
    local stage=$PWD/target/install-stage file promised needed
    on_debian || return 0
    make_packages
    rm -rf "$stage"
    for file in target/package/srv/*.deb; do
        run dpkg-deb --extract "$file" "$stage"
    done
    PKG_CONFIG_PATH=$(echo "$stage"/usr/lib/*/pkgconfig) PKG_CONFIG="pkg-config --define-variable=prefix=$stage/usr" \
        run isolated debian/tests/capi

    # dpkg-shlibdeps has looked up since which version each function that is called exists. Nothing is added within a
    # series: 1.16.0 is 1.16.
    promised=$(sed -n 's/^gst = .*features = \["v\([0-9]*\)_\([0-9]*\)"\].*/\1.\2/p' Cargo.toml | head -n 1)
    for needed in $(dpkg-deb --field target/package/srv/gstreamer1.0-tutk_*.deb Depends |
        sed 's/, /\n/g' | sed -n 's/^libgstreamer.*>= \([0-9]*\.[0-9]*\).*/\1/p'); do
        dpkg --compare-versions "$needed" le "$promised" || fail "the plugin needs GStreamer $needed, and Cargo.toml promises $promised"
    done
}

package() {
    on_debian || return 0
    make_packages
    in_new_debian "" target/package
}

# in_new_debian SUITE FOLDER [ARCHITECTURE]: makes a new Debian with nothing but apt, of this system's suite or another, puts
# what FOLDER has in `srv` there, and runs scripts/lib/try-packages in it.
in_new_debian() {
    local own suite folder=$PWD/$2 host=${3:-} file sources=()
    need mmdebstrap
    own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    suite=${1:-$own}
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
        [[ -s $file ]] || continue
        sed "s/\b$own\b/$suite/g" "$file" >"$folder/${file##*/}"
        sources+=("$folder/${file##*/}")
    done
    # shellcheck disable=SC2016 # mmdebstrap's shell expands it
    logged "$folder/log" env FOLDER="$folder" HOST="$host" mmdebstrap --variant=apt \
        --architectures="$(dpkg --print-architecture)${host:+,$host}" --aptopt='Apt::Install-Recommends "false"' \
        --customize-hook='cp -r "$FOLDER/srv" "$1/"' \
        --customize-hook='chroot "$1" sh -eux /srv/source/scripts/lib/try-packages "$HOST"' \
        "$suite" /dev/null "${sources[@]}"
    grep '^tutk [0-9]' "$folder/log"
}

# With nothing but what debian/control names; for another machine on this one, too.
debian() {
    local suite host folder
    while read -r suite host <&3; do
        folder=target/debian-$suite${host:+-$host}
        copy_sources "$folder/srv/source"
        mkdir -p "$folder/srv/source/.cargo"
        (cd "$folder/srv/source" && cargo vendor --locked vendor >.cargo/config.toml 2>../../log)
        in_new_debian "$suite" "$folder" "$host"
    done 3<<<$'trixie\nbookworm\nbookworm arm64'
}

# lint TOOL ARGUMENT...: runs it, if it is there.
lint() {
    if command -v "$1" >/dev/null; then
        run "$@"
    else
        echo "There is no $1 here, so this is not checked: $*"
    fi
}

release() {
    local stage=$PWD/target/release-stage log=target/release-packages.txt crate
    need meson ninja-build nix-bin rpm rpmlint shellcheck
    run packaging/check-version
    run cargo package --workspace --exclude tutk-bench --exclude tutk-fuzzing --exclude tutk-soak --allow-dirty --no-verify --quiet
    for crate in "$target"/package/*.crate; do tar -tzf "$crate"; done >"$log"
    ! grep -E '^[^/]*/(debian|systemd|scripts|packaging|tests|docs)/|\.pcap$' "$log" ||
        fail "These are in packages of crates.io, and have nothing to do there"
    rm -rf "$stage" target/release-meson
    lint cargo-cinstall cinstall --debug --locked -p gst-plugin-tutk -p tutk-capi --library-type cdylib --destdir "$stage" \
        --prefix /usr --libdir /usr/lib
    # Meson installs the same, and no file for static linking of the plugin.
    if [[ -d $stage ]]; then
        run meson setup --prefix /usr --libdir lib -Dcli=false -Dserver=disabled -Dsystemd=false target/release-meson
        diff <(cd "$stage" && find . -type f ! -name gsttutk.pc | cut -c 2- | sort) \
            <(meson introspect --installed target/release-meson | grep -o '": "[^"]*' | cut -c 5- | sort)
        diff <(grep -E '^(Description|Version|Libs|Cflags):' "$stage/usr/lib/pkgconfig/tutk-capi.pc" | sort) \
            <(grep -E '^(Description|Version|Libs|Cflags):' target/release-meson/meson-private/tutk-capi.pc | sort)
    fi
    ! command -v cargo-cyclonedx >/dev/null || run packaging/sbom target/release-sbom
    run shellcheck -a -x -P scripts scripts/{bench,demo,soak,test} scripts/lib/{meson-cargo,try-packages} \
        .github/rustup debian/tests/{capi,demo} packaging/{check-version,image-root,sbom,set-version,sources}
    run shellcheck -s sh -e SC2034,SC2154 packaging/alpine/APKBUILD
    run rpmspec --parse packaging/rpm/gst-plugin-tutk.spec >/dev/null
    run rpmlint packaging/rpm/gst-plugin-tutk.spec
    run nix-instantiate --parse packaging/nix/default.nix >/dev/null
    lint hadolint Dockerfile
    lint actionlint
}
