# What the lab is made of, and which of it lives. Sourced by deploy/lab.
# shellcheck shell=bash disable=SC2154
#
# A member (hub, controller, host1, ...) is a set of namespaces that a holder process keeps. Its
# record, $lab/members/NAME, holds "PID START": the holder's pid and start time, so that a pid that
# was given to another process since is never taken for it. What `exec` starts, and the holders,
# carry VTMH_LAB_MEMBER=$lab in their environment: by it `down` finds what no record tells of.

lab=${VTMH_LAB_DIR:-/run/vtmh-lab}
if [[ -n ${VTMH_LAB_DIR-} ]]; then
    images=$lab/images
else
    images=/var/tmp/vtmh-lab-images # /run may be a tmpfs, where QEMU cannot open with O_DIRECT
fi
images_in_lab=/var/lib/vtmh/images
subnet=10.77.0
controller_number=254
hosts_max=200

die() {
    printf 'deploy/lab: %s\n' "$*" >&2
    exit "${status:-1}"
}

no_lab_here() {
    status=3 die "$@"
}

require_root() {
    ((EUID == 0)) ||
        no_lab_here "network namespaces need root; run it as root or with sudo (or use local:NAME hosts)"
}

require_tools() {
    local tool
    for tool in ip nft unshare nsenter openssl ssh-keygen /usr/sbin/sshd; do
        command -v "$tool" >/dev/null ||
            no_lab_here "$tool is missing; 'deploy/packages install run' installs it"
    done
}

# One command at a time changes a lab, and what all labs of the machine share. The lock is on a
# directory that is there anyway, so that `down` leaves no file.
lock_lab() {
    exec 9</run
    flock -w 60 9 || die "another deploy/lab command has been running for a minute; see 'deploy/lab status'"
}

# start_time PID: clock ticks after boot; fails when there is no such process, or only its zombie.
start_time() {
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    # after the name, which may hold blanks and parentheses; there field 20 is field 22 of all
    # shellcheck disable=SC2086 # split into fields
    set -- ${stat##*) }
    [[ $1 != Z ]] || return 1
    printf '%s\n' "${20}"
}

record_member() {
    local name=$1 pid=$2
    printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$lab/members/$name"
}

# pid_of NAME: the holder's pid, if it lives.
pid_of() {
    local pid start
    read -r pid start 2>/dev/null <"$lab/members/$1" || return 1
    [[ $(start_time "$pid") == "$start" ]] || return 1
    printf '%s\n' "$pid"
}

no_such_member() {
    [[ -d $lab ]] || die "there is no lab; 'deploy/lab up' makes one"
    [[ -e $lab/members/$1 || -e $lab/keys/$1 ]] || die "the lab has no '$1'; 'deploy/lab status' lists it"
    case $1 in
    host*) die "$1 is down; 'deploy/lab revive $1' starts it" ;;
    *) die "the $1 died; 'deploy/lab up' repairs the lab" ;;
    esac
}

pid_of_host() {
    [[ $1 =~ ^host[1-9][0-9]*$ ]] || die "'$1' is not the name of a host (host1, host2, ...)"
    pid_of "$1" || no_such_member "$1"
}

# The hosts that the lab is meant to have, dead or alive.
all_hosts() {
    local number count=0
    [[ ! -e $lab/count ]] || read -r count <"$lab/count"
    for ((number = 1; number <= count; number++)); do
        printf 'host%d\n' "$number"
    done
}

address_of() {
    case $1 in
    controller) printf '%s.%s\n' "$subnet" "$controller_number" ;;
    host*) printf '%s.%s\n' "$subnet" "${1#host}" ;;
    esac
}

# A revived host has the card that it had: the others still remember its hardware address.
hardware_address_of() {
    local address
    address=$(address_of "$1")
    printf '02:76:74:6d:68:%02x\n' "${address##*.}"
}

# in_hub NAMESPACE-OPTIONS -- CMD...
in_hub() {
    local pid
    pid=$(pid_of hub) || no_such_member hub
    nsenter -t "$pid" "$@"
}

# Pids of all processes in the same KIND (pid, net) of namespace as process PID.
pids_beside() {
    local kind=$1 inode
    inode=$(readlink "/proc/$2/ns/$kind") || return 0
    find /proc/[0-9]*/ns -maxdepth 1 -name "$kind" -lname "${inode//[/\\[}" 2>/dev/null |
        cut -d / -f 3
}

# Pids of all processes that carry the lab's mark.
pids_marked() {
    grep -lsxzF "VTMH_LAB_MEMBER=$lab" /proc/[0-9]*/environ | cut -d / -f 3 | grep -vx "$$" || true
}

# Directories of the other labs on this machine that live.
other_labs() {
    cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | sed -n 's/^VTMH_LAB_MEMBER=//p' |
        sort -u | grep -vxF "$lab" || true
}

# made_elsewhere DIR: true when another lab made DIR and still needs it.
made_elsewhere() {
    local other
    while read -r other; do
        if grep -qsxF "$1" "$other/made"; then
            return 0
        fi
    done < <(other_labs)
    return 1
}

# wait_gone PID...: until none of them lives.
wait_gone() {
    local pid tries=0
    for pid in "$@"; do
        while start_time "$pid" >/dev/null; do
            ((++tries <= 1000)) || die "process $pid does not end after SIGKILL; look at /proc/$pid/stack"
            sleep 0.01
        done
    done
}

process_state() {
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    stat=${stat##*) }
    printf '%s\n' "${stat%% *}"
}

lab_status() {
    local name pid
    if [[ ! -d $lab ]]; then
        printf 'no lab\n'
        return
    fi
    for name in controller $(all_hosts); do
        if ! pid=$(pid_of "$name"); then
            printf '%-12s %-14s down\n' "$name" "$(address_of "$name")"
        elif [[ $(process_state "$pid") == T ]]; then
            printf '%-12s %-14s frozen\n' "$name" "$(address_of "$name")"
        else
            printf '%-12s %-14s up\n' "$name" "$(address_of "$name")"
        fi
    done
    in_hub -n -- nft list chain bridge vtmh forward |
        sed -n 's/.*iifname "\(.*\)" oifname "\(.*\)" .*drop.*/cut: \1 to \2/p'
}
