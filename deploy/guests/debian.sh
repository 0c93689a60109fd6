# Files of Debian packages, without root: of the installed package where there is one, else of a
# downloaded copy. To be sourced; the sourcing script sets `tmp` to a directory of its own.
# shellcheck shell=bash disable=SC2154

debian_die() {
    printf '%s: %s\n' "${0##*/deploy/}" "$*" >&2
    exit 1
}

debian_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# apt, with lists of its own after debian_update_privately.
debian_apt() {
    local tool=$1 private=()
    shift
    if [[ -d $tmp/apt ]]; then
        private=(-o "Dir::State::Lists=$tmp/apt/lists" -o "Dir::Cache=$tmp/apt/cache")
    fi
    "$tool" -o APT::Sandbox::User=root "${private[@]}" "$@"
}

# For a user who may not update the machine's lists, or when those are too old. Fails the second time.
debian_update_privately() {
    if [[ -d $tmp/apt ]]; then
        return 1
    fi
    mkdir -p "$tmp/apt/lists/partial" "$tmp/apt/cache/archives/partial"
    debian_apt apt-get -qq update >&2
}

# debian_newest META: prints the package that the meta-package META stands for today.
debian_newest() {
    local meta=$1 package
    package=$(debian_apt apt-cache depends "$meta" 2>/dev/null | awk '/Depends:/ { print $2; exit }')
    if [[ -z $package ]] && debian_update_privately; then
        package=$(debian_apt apt-cache depends "$meta" | awk '/Depends:/ { print $2; exit }')
    fi
    [[ -n $package ]] ||
        debian_die "apt knows no package $meta; check /etc/apt/sources.list and run apt-get update"
    printf '%s\n' "$package"
}

# debian_unpack DIR PACKAGE...: downloads the packages and unpacks them into DIR.
debian_unpack() {
    local dir=$1 downloads file
    shift
    downloads=$(mktemp -d "$tmp/deb.XXXXXX")
    mkdir -p "$dir"
    (cd "$downloads" && debian_apt apt-get -qq download "$@" >&2) ||
        { debian_update_privately && (cd "$downloads" && debian_apt apt-get -qq download "$@" >&2); } ||
        debian_die "cannot download the Debian packages: $*;" \
            "check the network and /etc/apt/sources.list, or install them (deploy/packages install)"
    for file in "$downloads"/*.deb; do
        dpkg-deb -x "$file" "$dir"
    done
    rm -rf "$downloads"
}

# debian_root DIR PACKAGE...: prints where the files of the packages lie: nothing (the machine's own
# root) when all are installed, else DIR, with those unpacked into it that are not.
debian_root() {
    local dir=$1 package missing=()
    shift
    for package in "$@"; do
        debian_installed "$package" || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    debian_unpack "$dir" "${missing[@]}"
    printf '%s\n' "$dir"
}
