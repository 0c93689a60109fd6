#!/bin/bash
# vtmh guests and --guest: the user's own guests beside those that come along. Nothing runs.
set -euo pipefail

work=$(mktemp -d "${TMPDIR:-/tmp}/vtmh-guests.XXXXXX")
trap 'rm -rf "$work"' EXIT
export XDG_CONFIG_HOME=$work
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
library=$source_dir/cfg/library/migrate.cfg

fail() {
    printf 'test_guests_command: %s\n' "$@" >&2
    exit 1
}

# has TEXT LINE: the text has that very line; lacks: it has not.
has() {
    grep -qxF -- "$2" <<<"$1" || fail "'$2' is not in:" "$1"
}

lacks() {
    ! grep -qF -- "$2" <<<"$1" || fail "'$2' is in:" "$1"
}

guests() {
    "$VTMH_BUILD/vtmh" guests -p "data_dir=$work" "$@"
}

mkdir -p "$work/vtmh/guests.d" "$work/images"
printf -- '- FooLinux:\n    image_name = images/foo-linux\n' >"$work/vtmh/guests.d/foo.cfg"
printf -- '- BarLinux:\n    image_name = %s/images/bar.raw\n    image_format = raw\n' "$work" >"$work/vtmh/guests.d/bar.cfg"

# One whose file is not there has that beside its name.
out=$(guests)
has "$out" 'Linux.LinuxCustom.FooLinux (missing foo-linux.qcow2)'
has "$out" 'Linux.LinuxCustom.BarLinux (missing bar.raw)'
touch "$work/images/foo-linux.qcow2"
has "$(guests)" 'Linux.LinuxCustom.FooLinux'
has "$out" jeos

# A file's guests are those that its filters leave.
printf 'include %s\nno FooLinux\n' "$library" >"$work/own.cfg"
out=$(guests "$work/own.cfg")
lacks "$out" FooLinux
has "$out" 'Linux.LinuxCustom.BarLinux (missing bar.raw)'

# What is chosen is what the tests have, with the defaults of a Linux.
chosen=$("$VTMH_BUILD/vtmh" show --guest LinuxCustom.FooLinux --only quick "$library" | sed 's/^ *//')
has "$chosen" 'guest = image'
has "$chosen" 'image_name = images/foo-linux'
has "$chosen" 'username = root'
lacks "$chosen" bar.raw

# One that there is not is an error of each command, before anything runs or is printed.
for command in 'run -m local:a,local:b --dry-run' list 'list --count' show 'show --test 1' 'show --format jsonl'; do
    status=0
    read -ra words <<<"$command"
    out=$("$VTMH_BUILD/vtmh" "${words[@]}" --guest LinuxCustom.Nobody --only quick "$library" 2>"$work/err") || status=$?
    err=$(<"$work/err")
    ((status == 4)) || fail "$command with a guest that there is not: exit status $status" "$err"
    grep -q "guest = LinuxCustom.Nobody" <<<"$err" || fail "what $command says of a guest that there is not" "$err"
    [[ -z $out ]] || fail "$command with a guest that there is not prints" "$out"
done
echo "test_guests_command: own guests are listed, with what they lack, and chosen"
