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

# apt with lists of its own, for a user who may not update the machine's.
debian_apt() {
    local tool=$1
    shift
    "$tool" -o APT::Sandbox::User=root "${debian_private[@]}" "$@"
}
debian_private=()

debian_update_privately() {
    local lists=$tmp/apt
    if ((${#debian_private[@]})); then
        return 1
    fi
    mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
    debian_private=(-o "Dir::State::Lists=$lists/lists" -o "Dir::Cache=$lists/cache")
    debian_apt apt-get -qq update >&2
}

# debian_unpack PACKAGE DIR: downloads PACKAGE and unpacks it into DIR.
debian_unpack() {
    local package=$1 dir=$2 downloads
    downloads=$(mktemp -d "$tmp/deb.XXXXXX")
    mkdir -p "$dir"
    (cd "$downloads" && debian_apt apt-get -qq download "$package" >&2) ||
        { debian_update_privately &&
            (cd "$downloads" && debian_apt apt-get -qq download "$package" >&2); } ||
        debian_die "cannot download the Debian package $package;" \
            "check the network and /etc/apt/sources.list, or install it (deploy/packages install)"
    dpkg-deb -x "$downloads"/*.deb "$dir"
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
    for package in "${missing[@]}"; do
        debian_unpack "$package" "$dir"
    done
    printf '%s\n' "$dir"
}
