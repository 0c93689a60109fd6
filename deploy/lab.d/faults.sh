# Faults on purpose. Sourced by deploy/lab.
# shellcheck shell=bash disable=SC2154

# In the bridge, by the ports a frame enters and leaves: it is dropped whatever it carries, nobody is
# told, and connections stall as they do behind a dead switch.
lab_cut() {
    local a=$1 b=$2 name
    for name in "$a" "$b"; do
        [[ $name == controller || -e $lab/keys/$name ]] || no_such_member "$name"
    done
    [[ $a != "$b" ]] || die "cut needs two different members, not '$a' twice"
    in_hub -n -- nft -f - <<END
add rule bridge vtmh forward iifname "$a" oifname "$b" drop
add rule bridge vtmh forward iifname "$b" oifname "$a" drop
END
}

lab_heal() {
    in_hub -n -- nft flush chain bridge vtmh forward
}

# A process may fork while the others are being stopped: go on until none runs.
lab_freeze() {
    local host=$1 pid running
    pid=$(pid_of_host "$host")
    while :; do
        running=$(for member in $(pids_beside pid "$pid"); do
            case $(process_state "$member") in
            T | Z | '') ;;
            *) printf '%s\n' "$member" ;;
            esac
        done)
        [[ -n $running ]] || break
        # shellcheck disable=SC2086 # a list of pids
        kill -STOP $running 2>/dev/null || true
    done
}

lab_thaw() {
    local pid pids
    pid=$(pid_of_host "$1")
    mapfile -t pids < <(pids_beside pid "$pid")
    kill -CONT "${pids[@]}" 2>/dev/null || true
}

lab_kill() {
    pid_of_host "$1" >/dev/null
    kill_member "$1"
}

lab_revive() {
    [[ -e $lab/keys/$1 && $1 == host* ]] || no_such_member "$1"
    ! pid_of "$1" >/dev/null || die "$1 is up already"
    exec 8<>"$lab/ready"
    start_hosts "$1"
    exec 8<&-
    start_libvirtds
}
