# down, and the end of single members. Sourced by deploy/lab.
# shellcheck shell=bash disable=SC2154

# The kernel takes its time to remove the network card of a host that died; its successor cannot wait.
remove_port() {
    local hub
    if hub=$(pid_of hub); then
        nsenter -t "$hub" -n ip link delete "$1" 2>/dev/null || true
    fi
}

# kill_member NAME: all that runs in it, and its network card.
kill_member() {
    local name=$1 pid pids=()
    if pid=$(pid_of "$name"); then
        case $name in
        host*) mapfile -t pids < <(pids_beside pid "$pid") ;;
        *) mapfile -t pids < <(pids_beside net "$pid") ;;
        esac
        kill -KILL "$pid" "${pids[@]}" 2>/dev/null || true
        wait_gone "$pid" "${pids[@]}"
    fi
    remove_port "$name"
    rm -f "$lab/members/$name"
}

lab_remove_host() {
    kill_member "$1"
    in_hub -m -- rm -rf "$lab/disk/$1"
    rm -rf "$lab/keys/$1" "$lab/keys/$1.pub" "$lab/log/$1" "$lab/pki/$1"
}

# Works on half a lab and on none.
lab_down() {
    local record dir pids
    if [[ -d $lab/members ]]; then
        for record in "$lab"/members/*; do
            case ${record##*/} in
            hub | '*') ;;
            *) kill_member "${record##*/}" ;;
            esac
        done
        kill_member hub
    fi
    mapfile -t pids < <(pids_marked)
    if ((${#pids[@]})); then
        kill -KILL "${pids[@]}" 2>/dev/null || true
        wait_gone "${pids[@]}"
    fi
    if [[ -e $lab/made ]]; then
        tac "$lab/made" | while read -r dir; do
            made_elsewhere "$dir" || rmdir "$dir" 2>/dev/null || true
        done
    fi
    rm -rf "$lab" "$images"
}
