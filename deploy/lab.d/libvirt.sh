# A libvirtd a host, and faults of it. Sourced by deploy/lab.
# shellcheck shell=bash disable=SC2154
#
# With `up --libvirt` the lab has $lab/libvirt; from then on its hosts have one, also those that are added or revived.

require_libvirt() {
    local tool
    for tool in /usr/sbin/libvirtd virsh; do
        command -v "$tool" >/dev/null ||
            no_lab_here "$tool is missing; 'deploy/packages install run' installs it"
    done
}

# Neither this computer's nor another host's: libvirt does not move a guest to a host of the same.
uuid_of() {
    printf '76746d68-6c61-4062-8000-%012d\n' "${1#host}"
}

# in_host_libvirtd HOST COMMAND...: lab.d/libvirtd on the host, which has no file of it.
in_host_libvirtd() {
    local host=$1
    shift
    on_host "$host" bash -c "$(cat "$here/lab.d/libvirtd")" libvirtd "$@" 9<&-
}

# For qemu+ssh between hosts: root of each may log in to all, by the key of its host.
join_by_ssh() {
    local host=$1
    on_host "$host" sh -c 'umask 077 && mkdir -p .ssh && cat >.ssh/authorized_keys' \
        < <(cat "$lab"/keys/*.pub)
    on_host "$host" sh -c 'cat >.ssh/known_hosts' <"$lab/ssh/known_hosts"
    on_host "$host" ln -sfn /etc/ssh/lab_host_key .ssh/id_ed25519
}

# Where one runs, it is left alone: it may have guests.
start_libvirtds() {
    local host pid hosts=() jobs=() failed=
    [[ -e $lab/libvirt ]] || return 0
    for host in $(all_hosts); do
        pid_of "$host" >/dev/null || continue
        join_by_ssh "$host"
        if ! in_host_libvirtd "$host" runs; then
            hosts+=("$host")
            in_host_libvirtd "$host" start "$(uuid_of "$host")" "$host" </dev/null >"$lab/log/$host-libvirtd" 2>&1 &
            jobs+=($!)
        fi
    done
    for host in "${!jobs[@]}"; do
        if ! wait "${jobs[host]}"; then
            failed+=" ${hosts[host]}"
            tail -n 20 "$lab/log/${hosts[host]}-libvirtd" >&2
        fi
    done
    [[ -z $failed ]] || die "no libvirtd on$failed (above: why)"
}

lab_libvirtd() {
    local host=$1 command=$2
    pid_of_host "$host" >/dev/null
    [[ -e $lab/libvirt ]] || die "$host has no libvirtd; 'deploy/lab up --libvirt' starts one"
    case $command in
    start | stop | kill | freeze | thaw) in_host_libvirtd "$host" "$command" ;;
    restart) in_host_libvirtd "$host" stop && in_host_libvirtd "$host" start ;;
    *) usage_error "expected: libvirtd HOST start|stop|restart|kill|freeze|thaw" ;;
    esac
}
