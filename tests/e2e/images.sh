#!/usr/bin/env bash
# Images of disks are looked at on all hosts before anything boots: each that is not as it should be is an
# ERROR which names host and path, and nothing is made, changed or left.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_begin 2

images=/var/lib/vtmh/images # which all hosts see
hosts=(-m host1,host2)

# config LINES…: a test of VMs that have a disk, stg, beside what they boot from.
config() {
    {
        printf 'include %s\n' "$library"
        printf 'only quick..tick..offline\nimages = stg\n'
        printf '%s\n' "$@"
    } >"$work/images.cfg"
}

# expect_refused HOST CAUSE LINES…: before a hypervisor was started.
expect_refused() {
    local host=$1 cause=$2
    shift 2
    config "$@"
    job "${hosts[@]}" "$work/images.cfg"
    expect_equal "exit status" 1 "$status"
    expect_verdict ERROR "$host" "$cause"
    expect_equal "hypervisors that were started" 0 "$(hypervisors_in "$job")"
}

on host1 qemu-img create -q -f qcow2 "$images/good.qcow2" 16M
on host1 qemu-img create -q -f raw "$images/plain.raw" 16M
on host1 mkdir "$images/sub"

step "an image that is not there"
expect_refused host1 "stg of vm1: $images/nothing.qcow2 is not there" "image_name_stg = $images/nothing"

step "an image in another format than the test says"
on host1 cp "$images/plain.raw" "$images/plain.qcow2"
expect_refused host1 "$images/plain.qcow2 is to be in the format qcow2, but it is in none that is known" \
    "image_name_stg = $images/plain"

step "an .img is in the format that is in it, unless the test says another"
on host1 cp "$images/good.qcow2" "$images/odd.img"
expect_refused host1 "$images/odd.img is to be in the format raw, but it is qcow2" \
    "image_name_stg = $images/odd.img" "image_format_stg = raw"
config "image_name_stg = $images/odd.img"
job "${hosts[@]}" "$work/images.cfg"
expect_equal "exit status" 0 "$status"

step "a disc and a floppy that are not there"
expect_refused host1 "cd1 of vm1: $images/none.iso is not there" "image_name_stg = $images/good" \
    "cdroms = cd1" "cdrom_cd1 = $images/none.iso"
expect_refused host2 "fl of vm1: $images/none.img is not there" "image_name_stg = $images/good" \
    "floppies = fl" "floppy_name_fl = $images/plain.raw" "floppy_name_fl_host2 = $images/none.img"

step "an image that builds on another, which is not there"
on host1 qemu-img create -q -f raw "$images/base.raw" 16M
on host1 qemu-img create -q -f qcow2 -b "$images/base.raw" -F raw "$images/top.qcow2"
on host1 mv "$images/base.raw" "$images/away.raw"
expect_refused host1 "$images/top.qcow2 builds on $images/base.raw, which cannot be used: .* is not there" \
    "image_name_stg = $images/top"

step "an image that is cut off"
on host1 dd if="$images/good.qcow2" of="$images/cut.qcow2" bs=64k count=1 status=none
expect_refused host1 "$images/cut.qcow2 is cut off" "image_name_stg = $images/cut"

step "an image that somebody else has opened to write"
on host2 qemu-nbd -k /run/nbd.socket -f qcow2 --fork --pid-file=/run/nbd.pid "$images/good.qcow2"
expect_refused host1 "$images/good.qcow2 is in use" "image_name_stg = $images/good"
on host2 kill "$(on host2 cat /run/nbd.pid)"
expect_within 10 on host1 qemu-img info "$images/good.qcow2"

step "an image that only one host sees"
on host1 sh -c "mkdir -p /var/lib/own && cp $images/good.qcow2 /var/lib/own/"
expect_refused host2 "/var/lib/own/good.qcow2 is not there" "image_name_stg = /var/lib/own/good"

step "another image by the same name"
on host2 sh -c "mkdir -p /var/lib/own && cp $images/good.qcow2 /var/lib/own/"
expect_refused 'host1' "/var/lib/own/good.qcow2 is not the file that host2 has there" "image_name_stg = /var/lib/own/good"

step "a test that throws away, or keeps to a host, what the guest writes"
expect_refused host1 "image_snapshot = yes" "image_name_stg = $images/good" "image_snapshot = yes"
expect_refused host1 "drive_cache = writeback" "image_name_stg = $images/good" "drive_cache = writeback"

step "an image is made by host 1, moved with its VM, checked and removed"
config "image_name_stg = $images/made" 'image_size = 16M' 'create_image = yes' 'remove_image = yes'
job "${hosts[@]}" "$work/images.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "its status" PASS "$(result .status)"
expect_equal "hypervisors that were started" 2 "$(hypervisors_in "$job")"
expect_match "the log" "made.qcow2 is made" "$(cat "$job"/test-results/*/debug.log)"
expect_equal "the image" "" "$(on host1 find "$images" -name 'made*')"

step "an image that is made on top of another, which nobody writes to"
base_sum=$(on host1 sha256sum "$images/good.qcow2")
config 'image_chain = stg sn1' "image_name_stg = $images/good" "image_name_sn1 = $images/sn1"
job "${hosts[@]}" "$work/images.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "its status" PASS "$(result .status)"
expect_match "the log" "sn1.qcow2 is made" "$(cat "$job"/test-results/*/debug.log)"
expect_equal "the base" "$base_sum" "$(on host1 sha256sum "$images/good.qcow2")"
expect_equal "what was on top of it" "" "$(on host1 find "$images" -name 'sn1*')"

step "a base that is missing, in another format, or elsewhere on another host"
expect_refused host1 "stg of vm1: $images/nothing.qcow2 is not there" 'image_chain = stg sn1' \
    "image_name_stg = $images/nothing" "image_name_sn1 = $images/sn1"
expect_refused host1 "$images/plain.qcow2 is to be in the format qcow2" 'image_chain = stg sn1' \
    "image_name_stg = $images/plain" "image_name_sn1 = $images/sn1"
on host2 ln -s "$images" /run/images
expect_refused host2 "sn1 of vm1: it builds on $images/good.qcow2 on host1, and on /run/images/good.qcow2 here" \
    'image_chain = stg sn1' "image_name_stg = $images/good" "image_name_stg_host2 = /run/images/good" \
    "image_name_sn1 = $images/sub/sn1"
expect_equal "what was on top of them" "" "$(on host1 find "$images" -name 'sn1*')"

step "a clone that does not fit on its disk is told before anything boots, and nothing half made stays"
config "image_name_stg = $images/good" 'master_images_clone = stg' "image_clone_command = dd if=%s of=%s bs=64k; echo No space left on device >&2; exit 1"
job "${hosts[@]}" "$work/images.cfg"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host1 "$images/good_vm1.qcow2 cannot be made: No space left on device"
expect_equal "the clone" "" "$(on host1 find "$images" -name 'good_vm1*')"

step "a copy for which there is no room"
on host1 mkdir /var/lib/small
on host1 mount -t tmpfs -o size=1M none /var/lib/small
on host1 dd if=/dev/urandom of="$images/full.raw" bs=1M count=4 status=none
config "image_name_stg = $images/full" 'image_format = raw' 'backup_image_before_testing = yes' 'backup_dir = /var/lib/small'
job "${hosts[@]}" "$work/images.cfg"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host1 "/var/lib/small/full.raw.backup cannot be made: .*No space left on device"
expect_equal "the full disk" "" "$(on host1 ls -A /var/lib/small)"
on host1 umount /var/lib/small

step "100 images, each of a test of its own"
{
    printf 'include %s\nonly quick..tick..offline\nimages = stg\nimage_snapshot = yes\nvariants:\n' "$library"
    for i in {1..100}; do
        on host1 cp "$images/good.qcow2" "$images/many$i.qcow2" >&2
        printf '    - t%s:\n        image_name_stg = %s/many%s\n' "$i" "$images" "$i"
    done
} >"$work/many.cfg"
job "${hosts[@]}" "$work/many.cfg"
expect_equal "tests that were refused" 100 "$(job_result '[.tests[] | select(.status == "ERROR")] | length')"
figure=$(grep -o 'images: those of 100 tests looked at on 2 hosts in [0-9.]* s' "$work/stdout" "$work/stderr" | head -n 1)
printf '%s\n' "${figure#*:}"
expect_match "how long it took" 'in [01]\.[0-9]+ s' "$figure"

step "an image that is bad behind the test turns a pass into an error"
on host1 cp "$images/good.qcow2" "$images/bad.qcow2"
on host1 qemu-io -c 'write 0 1M' "$images/bad.qcow2" >/dev/null
on host1 dd if=/dev/zero of="$images/bad.qcow2" bs=64k seek=2 count=1 conv=notrunc status=none
config "image_name_stg = $images/bad"
job "${hosts[@]}" "$work/images.cfg"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host1 "stg of vm1: $images/bad.qcow2 is bad"

step "two jobs with one image: the second is refused, and told by whom"
config "image_name_stg = $images/good"
job_begin "${hosts[@]}" -p mig_speed=1 "$work/images.cfg"
await_event '"phase":"booting"'
first=$(cut -c 1-7 "$job/id")
results=$work/second job "${hosts[@]}" "$work/images.cfg"
results=$work/results
expect_equal "status of the second" CANCEL "$(jq -r '.tests[0].status' "$work/second/latest/results.json")"
expect_match "why" "the image $images/good.qcow2 is taken by job $first of [a-z]+@[^ ]+ \(its vtmh is process [0-9]+" \
    "$(jq -r '.tests[0].vtmh.fail_cause' "$work/second/latest/results.json")"
kill -INT "$(vtmh_pid)"
job_end

step "nothing is made or left"
expect_equal "files beside the images" "" "$(on host1 find "$images" /var/lib/own -name '.vtmh-*')"
no_leaks host1 host2
