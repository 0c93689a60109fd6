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
