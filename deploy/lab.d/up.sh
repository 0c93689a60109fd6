# up: makes the lab, or what is missing of it. Sourced by deploy/lab.
# shellcheck shell=bash disable=SC2154

lab_up() {
    local count='' name word wants_libvirt=
    for word in "$@"; do
        if [[ $word == --libvirt ]]; then
            wants_libvirt=yes
        elif [[ -z $count && $word =~ ^[1-9][0-9]{0,2}$ && $word -le $hosts_max ]]; then
            count=$word
        else
            usage_error "expected: up [N] [--libvirt], N from 1 to $hosts_max"
        fi
    done
    count=${count:-2}
    require_tools
    [[ -z $wants_libvirt ]] || require_libvirt
    # Without the hub nothing of the rest can work; begin anew.
    if [[ -d $lab ]] && ! { pid_of hub && pid_of controller; } >/dev/null; then
        lab_down
    fi
    trap 'lab_up_failed' EXIT
    mkdir -p "$lab"/{members,keys,log,disk,ssh} "$images"
    chmod 700 "$lab"
    for name in $(all_hosts); do
        ((${name#host} <= count)) || lab_remove_host "$name"
    done
    printf '%d\n' "$count" >"$lab/count"
    [[ -z $wants_libvirt ]] || : >"$lab/libvirt"
    make_keys
    make_credentials
    write_names
    [[ -p $lab/ready ]] || mkfifo "$lab/ready"
    exec 8<>"$lab/ready"
    if ! pid_of hub >/dev/null; then
        start_hub
        start_controller
    fi
    # shellcheck disable=SC2046 # a list of names
    start_hosts $(dead_hosts)
    exec 8<&-
    start_libvirtds
    trap - EXIT
}

dead_hosts() {
    local host
    for host in $(all_hosts); do
        pid_of "$host" >/dev/null || printf '%s\n' "$host"
    done
}

# A lab that never came up is worth nothing; one that was repaired in part is left as it is.
lab_up_failed() {
    trap - EXIT
    pid_of controller >/dev/null 2>&1 || lab_down || true
}

make_keys() {
    local name
    for name in controller $(all_hosts); do
        [[ -e $lab/keys/$name.pub ]] || ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$lab/keys/$name"
    done
}

# The two files are bound into all members: written in place, so that all see the change.
write_names() {
    local name
    {
        printf '127.0.0.1 localhost\n::1 localhost\n'
        for name in controller $(all_hosts); do
            printf '%s %s\n' "$(address_of "$name")" "$name"
        done
    } >"$lab/hosts"
    cp "$lab/keys/controller" "$lab/ssh/id_ed25519"
    cp "$lab/keys/controller.pub" "$lab/ssh/id_ed25519.pub"
    lab_known_hosts full
}

lab_known_hosts() {
    local name
    [[ -d $lab/ssh ]] || die "there is no lab; 'deploy/lab up' makes one"
    case $1 in
    empty) : >"$lab/ssh/known_hosts" ;;
    full)
        for name in $(all_hosts); do
            printf '%s,%s %s\n' "$name" "$(address_of "$name")" \
                "$(cut -d ' ' -f 1,2 "$lab/keys/$name.pub")"
        done >"$lab/ssh/known_hosts"
        ;;
    *) usage_error "expected: known-hosts full|empty" ;;
    esac
}

# make_directory DIR: a mount point in the machine's own tree. What did not exist is remembered in
# $lab/made, for down. Labs share these directories, so one that another lab made is remembered too:
# the last one removes it. (Removing it earlier would unmount what the other lab has mounted there.)
make_directory() {
    local dir=$1
    [[ $dir == / ]] || make_directory "$(dirname "$dir")"
    if [[ ! -e $dir ]]; then
        mkdir -m 755 "$dir"
    elif ! made_elsewhere "$dir"; then
        return 0
    fi
    printf '%s\n' "$dir" >>"$lab/made"
}

# start_holder NAME COMMAND...: in the background, away from the caller's terminal and pipes.
start_holder() {
    local name=$1
    shift
    VTMH_LAB_MEMBER=$lab setsid "$@" "$here/lab.d/holder" "$name" "$lab" "$images" "$project" \
        </dev/null >>"$lab/log/$name" 2>&1 9<&- &
}

# wait_ready NAME...: until the holders have reported; records them.
wait_ready() {
    local -A waiting=()
    local name pid
    for name in "$@"; do
        waiting[$name]=1
    done
    while ((${#waiting[@]})); do
        read -r -t 20 -u 8 name pid ||
            die "not ready after 20 s: ${!waiting[*]}; see $lab/log"
        if [[ $pid == failed ]]; then
            tail -n 3 "$lab/log/$name" >&2
            [[ $name != hub ]] || no_lab_here "namespaces cannot be made here (above: why)"
            die "$name does not start (above: the end of $lab/log/$name)"
        fi
        record_member "$name" "$pid"
        unset "waiting[$name]"
    done
}

start_hub() {
    unshare -n -m true 2>/dev/null ||
        no_lab_here "this machine lets root make no network or mount namespaces (a container?)"
    start_holder hub unshare -n -m --propagation slave
    wait_ready hub
}

start_controller() {
    local home
    home=$(getent passwd root | cut -d : -f 6)
    make_directory "$home/.ssh"
    make_directory "$images_in_lab"
    start_holder controller nsenter -t "$(pid_of hub)" -m unshare -n -m --propagation slave
    wait_ready controller
    connect controller
}

start_hosts() {
    local host
    (($#)) || return 0
    for host in "$@"; do
        start_holder "$host" nsenter -t "$(pid_of hub)" -m \
            unshare -m -u -i -n -p -f --kill-child --propagation private
    done
    wait_ready "$@"
    connect "$@"
}

# connect NAME...: puts the members' network cards on the hub's bridge. A host's card is a port of a bridge
# of its own, br0, which has the host's address: with its guests' taps there, all is one segment.
connect() {
    local name
    for name in "$@"; do
        remove_port "$name"
    done
    for name in "$@"; do
        printf 'link add %s type veth peer name eth0 address %s netns %s\n' \
            "$name" "$(hardware_address_of "$name")" "$(pid_of "$name")"
        printf 'link set %s master br0 up\n' "$name"
    done | in_hub -n -- ip -batch -
    for name in "$@"; do
        {
            printf 'link set lo up\n'
            case $name in
            host*)
                printf 'link add br0 address %s type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n' \
                    "$(hardware_address_of "$name")"
                printf 'link set eth0 master br0 up\naddress add %s/24 dev br0\nlink set br0 up\n' \
                    "$(address_of "$name")"
                ;;
            *) printf 'address add %s/24 dev eth0\nlink set eth0 up\n' "$(address_of "$name")" ;;
            esac
        } | nsenter -t "$(pid_of "$name")" -n ip -batch -
    done
}
