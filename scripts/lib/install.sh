# shellcheck shell=bash
# Sourced by scripts/test: what a packager gets, and who installs the package.

install_packages=(
    "meson command meson"
    "ninja-build command ninja"
    "build-essential command g++"
    "debhelper command dh"
    "dpkg-dev command dpkg-architecture"
)
package_packages=(
    "${install_packages[@]}"
    "mmdebstrap command mmdebstrap"
)

# on_debian: whether packages for this system can be made.
on_debian() {
    # shellcheck disable=SC1091
    [[ $(. /etc/os-release && echo "${ID:-}") == debian ]]
}

# Unpacks the Debian packages, or elsewhere what meson installs, into a staging folder, and looks at what is there.
install() {
    local build=$root/target/install-build stage=$root/target/install-stage libdir file
    rm -rf "$build" "$stage"
    if on_debian; then
        mkdir -p "$build"
        make_packages
        for file in "$root"/target/package/*.deb; do
            run dpkg-deb --extract "$file" "$stage"
        done
        libdir=$stage/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
    else
        run meson setup --prefix /usr --libdir lib "$build"
        # What other steps have built is not built again.
        run env CARGO_TARGET_DIR="$(target_folder)" meson compile -C "$build"
        run env DESTDIR="$stage" meson install --no-rebuild --quiet -C "$build"
        libdir=$stage/usr/lib
    fi

    # No other folder of plugins is read.
    run env GST_PLUGIN_SYSTEM_PATH_1_0="$libdir/gstreamer-1.0" GST_PLUGIN_PATH= GST_REGISTRY="$build/registry.bin" \
        gst-inspect-1.0 tutksrc >"$build/tutksrc.txt"
    grep -q "Filename *$libdir/gstreamer-1.0/libgsttutk.so" "$build/tutksrc.txt"
    run "$stage/usr/bin/tutk" --version
    run "$stage/usr/bin/tutk-server" --check --config "$stage/etc/tutk/server.toml"
    check_units "$stage" "$build/units"
    # Debian compresses them.
    compgen -G "$stage/usr/share/man/man1/tutk.1*" >/dev/null
    compgen -G "$stage/usr/share/man/man1/tutk-stream.1*" >/dev/null

    # A C program finds the library by pkg-config alone.
    printf '%s\n' '#include <tutk.h>' 'int main(void) { return IOTC_Initialize2(0) || IOTC_DeInitialize(); }' >"$build/test.c"
    # shellcheck disable=SC2046 # one word for each option is what is wanted
    cc -Wall -Werror -o "$build/test" "$build/test.c" $(PKG_CONFIG_PATH="$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage" \
        pkg-config --cflags --libs tutk-capi)
    run isolated env LD_LIBRARY_PATH="$libdir/tutk" "$build/test"
}

# check_units STAGE FOLDER: systemd must understand its units, and find them closed up.
check_units() {
    local unit name units=()
    if ! command -v systemd-analyze >/dev/null; then
        echo "There is no systemd-analyze here: the units are not checked"
        return
    fi
    mkdir -p "$2"
    for unit in "$1"/usr/lib/systemd/system/*; do
        name=${unit##*/}
        # Commands are looked up, so they must name what is in the stage.
        sed "s#^ExecStart=/usr/#ExecStart=$1/usr/#" "$unit" >"$2/$name"
        if [[ $name == *@.* ]]; then
            ln -s "$name" "$2/${name/@./@ABCDEFGHJKLMNPQRST12.}"
            name=${name/@./@ABCDEFGHJKLMNPQRST12.}
        fi
        units+=("$2/$name")
    done
    run systemd-analyze verify --man=no "${units[@]}"
    for unit in "${units[@]}"; do
        [[ $unit != *.service ]] || run systemd-analyze security --offline=true --threshold=20 "$unit" >"$unit.txt"
    done
}

# Makes the Debian packages, by debian/rules and so by meson, unless this run has made them.
make_packages() {
    local folder=$root/target/package
    [[ ! ${packages_made:-} ]] || return 0
    rm -rf "$folder"
    mkdir -p "$folder/source"
    # dpkg-buildpackage writes beside and into the source.
    tar --exclude=./target --exclude=./.git -c . | tar -x -C "$folder/source"
    # Rust may be the user's own. The inner shell expands its argument.
    # shellcheck disable=SC2016
    run env CARGO_TARGET_DIR="$(target_folder)" DEB_BUILD_OPTIONS="nocheck noautodbgsym" \
        sh -c 'cd "$1" && dpkg-buildpackage --build=binary --no-check-builddeps --unsigned-source --unsigned-changes' \
        sh "$folder/source" >"$folder/log" 2>&1 || { tail -n 50 "$folder/log" >&2 && return 1; }
    packages_made=true
}

# Installs the Debian packages into a new Debian with nothing else in it, and tries them there.
package() {
    local folder=$root/target/package suite sources=() file
    if ! on_debian; then
        echo "This system is not Debian: no package is made"
        return
    fi
    # shellcheck disable=SC1091
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    make_packages
    check_floor "$folder"/gstreamer1.0-tutk_*.deb
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
        [[ -s $file ]] && sources+=("$file")
    done
    # shellcheck disable=SC2016 # mmdebstrap's shell expands it
    run env PACKAGES="$folder" mmdebstrap --variant=apt \
        --customize-hook='cp "$PACKAGES"/*.deb "$1/srv"' \
        --customize-hook='chroot "$1" sh -euxc "
            apt-get -qy install --no-install-recommends /srv/*.deb
            gst-inspect-1.0 tutksrc
            gst-inspect-1.0 tutksink
            tutk --version
            tutk-server --check
            gst-inspect-1.0 nicesrc
            zgrep password /usr/share/man/man1/tutk-stream.1.gz
        "' "$suite" /dev/null "${sources[@]}" >"$folder/root.log" 2>&1 ||
        { tail -n 50 "$folder/root.log" >&2 && return 1; }
    grep "^tutk [0-9]" "$folder/root.log"
}

# check_floor PACKAGE: its GStreamer must not be newer than what Cargo.toml promises. dpkg-shlibdeps has looked up since
# which version each function that is called exists.
check_floor() {
    local promised needed
    promised=$(sed -n 's/^gst = .*features = \["v\([0-9]*\)_\([0-9]*\)"\].*/\1.\2/p' Cargo.toml | head -n 1)
    while read -r needed; do
        # Nothing is added within a series: 1.16.0 is 1.16.
        if dpkg --compare-versions "$(cut -d . -f 1,2 <<<"$needed")" gt "$promised"; then
            echo "${1##*/} needs GStreamer $needed, and Cargo.toml promises $promised" >&2
            return 1
        fi
    done < <(dpkg-deb --field "$1" Depends | grep -o 'libgstreamer[^,]*' | sed 's/.*>= \([^)]*\)).*/\1/')
}
