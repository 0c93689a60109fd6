# A job with jeos on two local hosts, whose disk `hot` is plugged in, and an image `first` beside it. Sourced behind
# local.sh.
# shellcheck shell=bash
need_guest jeos

data=$work/data
mkdir "$data"
qemu-img create -q -f qcow2 "$data/hot.qcow2" 64M
qemu-img create -q -f raw "$data/first.raw" 8M

cat >"$work/plug.cfg" <<EOF
include $library
only quick..jeos
data_dir = $data
migrate_count = 2
images = hot
image_name_hot = hot
image_format_hot = qcow2
drive_cache = none
boot_drive_hot = no
plug_block = hot
disk_write_mem = 16
disk_write_path = /dev/vda
EOF

# plug_job ARGS…
plug_job() {
    job -m local:a,local:b "$@" "$work/plug.cfg"
}

cat >"$work/hot.cfg" <<EOF
include $library
only quick..jeos
migrate_count = 2
migration_sync_vms = yes
vcpu_maxcpus = 3
vcpu_devices = c1 c2
slots = 2
maxmem = 1G
use_mem = no
size_mem = 128M
nics = nic1 nic2
plug_nic = nic2
migration_bg_command = true
EOF

# hot_job ARGS…: cards, CPUs and memory that are plugged in.
hot_job() {
    job -m local:a,local:b "$@" "$work/hot.cfg"
}

# sees CARDS CPUS BLOCKS: prints a command for the guest, which is true if it sees so many of them (BLOCKS of memory,
# of 128 MiB).
# shellcheck disable=SC2016 # it is the guest's shell that expands it
sees() {
    printf 'test $(ls -d /sys/class/net/*/device | wc -l) = %d && ' "$1"
    printf 'test $(grep -c ^processor /proc/cpuinfo) = %d && ' "$2"
    printf 'test $(grep -cx online /sys/devices/system/memory/memory*/state | grep -c :1) = %d' "$3"
}
