#!/usr/bin/env -S python3 -B
"""The distribution's QEMU takes every kind of drive as the machine is rendered, and says of each what it was asked
for. One QEMU a machine type, stopped (-S), spoken to over the descriptors that the command line names. Exit status:
0, 1, 77: there is no QEMU here."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

NODE = os.path.join(os.environ["VTMH_BUILD"], "vtmh-node")
SERIAL = """ü, "S" '1'=2,,x"""
DRIVES = {
    "virtio": {"drive_format": "virtio", "iothreads": "io1", "image_iothread": "io1",
               "drive_serial": "S1", "drive_werror": "stop", "drive_rerror": "report"},
    "overlay": {"drive_format": "virtio", "image_name": "overlay", "image_format": "qcow2"},
    "spaced": {"drive_format": "virtio", "image_name": "ä, b 'c'.raw", "drive_cache": "directsync"},
    "quoted": {"drive_format": "scsi-hd", "image_name": 'a=b:"c"\\%s$x;,,#.raw', "drive_serial": SERIAL},
    "scsi": {"drive_format": "scsi-hd", "drive_lun": "2", "image_readonly": "yes"},
    "lsi": {"drive_format": "scsi-hd", "scsi_hba": "lsi53c895a", "drive_bus": "1"},
    "ide": {"drive_format": "ide", "image_discard": "unmap"},
    "ahci": {"drive_format": "ahci", "image_aio": "native"},
    "nvme": {"drive_format": "nvme"},
    "uhci": {"drive_format": "usb1"},
    "ehci": {"drive_format": "usb2"},
    "xhci": {"drive_format": "usb3"},
    "gone": {"drive_format": "virtio", "image_name": "gone.qcow2", "image_snapshot": "yes"},
}
CDROMS = {"cdide": "ide", "cdscsi": "scsi-cd", "cdusb": "usb3"}


def params_of(folder, machine_type):
    params = {"guest": "tick", "data_dir": str(folder), "machine_type": machine_type,
              "enable_kvm": "no", "images": " ".join(DRIVES), "cdroms": " ".join(CDROMS) + " empty",
              "floppies": "fl", "floppy_name": "floppy.img", "cdrom_without_file_empty": "yes",
              "cd_format_empty": "ahci"}
    for name, own in DRIVES.items():
        own = {"image_name": f"{name}.raw", **own}
        params.update({key if key == "iothreads" else f"{key}_{name}": value
                       for key, value in own.items()})
    for name, form in CDROMS.items():
        params.update({f"cd_format_{name}": form, f"cdrom_{name}": "tools.iso"})
    return params


def make_files(folder):
    sizes = {"base.raw": 8 << 20, "floppy.img": 1440 << 10, "tools.iso": 1 << 20}
    for name, own in DRIVES.items():
        sizes[own.get("image_name", f"{name}.raw")] = 8 << 20
    for name, size in sizes.items():
        if not name.startswith(("overlay", "gone")):
            (folder / name).touch()
            os.truncate(folder / name, size)
    for name in "overlay.qcow2", "gone.qcow2":
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", folder / "base.raw", "-F", "raw",
                        folder / name], check=True)


def words_of(folder, machine_type, guests):
    ended = subprocess.run([NODE, "machine", "--vm", "vm1", "--guests", guests], text=True, capture_output=True,
                           input=json.dumps(params_of(folder, machine_type)), check=False)
    if ended.returncode != 0:
        sys.exit(f"{machine_type}: {ended.stderr}")
    return json.loads(ended.stdout)["command_lines"]["source"]


def ask(words, *commands):
    """Starts QEMU and asks it; returns the answers."""
    ours, theirs = zip(socket.socketpair(), socket.socketpair())
    fds = [end.fileno() for end in theirs]
    words = [word.replace("id=qmp,fd=3", f"id=qmp,fd={fds[0]}")
             .replace("id=serial0,fd=4", f"id=serial0,fd={fds[1]}") for word in words]
    process = subprocess.Popen(words, pass_fds=fds, stderr=subprocess.PIPE, text=True)
    for end in theirs:
        end.close()
    answers = []
    try:
        with ours[0].makefile("rw") as qmp:
            for command in ("qmp_capabilities", *commands, "quit"):
                name, arguments = command if isinstance(command, tuple) else (command, {})
                qmp.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
                qmp.flush()
                answers += [next(answer for answer in map(json.loads, qmp)
                                 if "return" in answer or "error" in answer)]
    except (OSError, StopIteration):
        pass  # it has ended, and says why
    complaint = process.communicate(timeout=30)[1]
    if process.returncode != 0 or len(answers) != len(commands) + 2:
        sys.exit(f"QEMU ended with {process.returncode}: {complaint}\n{' '.join(words)}")
    return [answer["return"] for answer in answers[1:-1]]


def check(machine_type, blocks):
    there = {block["qdev"].removeprefix("/machine/peripheral/").split("/")[0]: block
             for block in blocks}
    wanted = [*DRIVES, *CDROMS, "empty", "fl"]
    for name in wanted:
        if name not in there:
            sys.exit(f"{machine_type}: no drive {name}: {sorted(there)}")
    for name in DRIVES:
        inserted = there[name]["inserted"]
        is_chained = DRIVES[name].get("image_name", "").startswith(("overlay", "gone"))
        said = (inserted["drv"], inserted["image"]["virtual-size"], inserted["ro"])
        if said != ("qcow2" if is_chained else "raw", 8 << 20, name == "scsi"):
            sys.exit(f"{machine_type}: {name} is {said}")
    if "inserted" in there["empty"] or not there["cdide"]["inserted"]["ro"]:
        sys.exit(f"{machine_type}: CD-ROM drives are {there['empty']}, {there['cdide']}")


def main():
    if shutil.which("qemu-system-x86_64") is None or shutil.which("qemu-img") is None:
        print("SKIP: there is no QEMU here")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        guests = folder / "guests"
        (guests / "tick").mkdir(parents=True)
        (guests / "tick" / "tick.rom").write_bytes(bytes(1 << 16))
        make_files(folder)
        for machine_type in "pc", "q35":
            serial = "qom-get", {"path": "/machine/peripheral/quoted", "property": "serial"}
            blocks, said = ask(words_of(folder, machine_type, guests), "query-block", serial)
            check(machine_type, blocks)
            if said != SERIAL:
                sys.exit(f"{machine_type}: the serial of quoted is {said}")
    print("drives: QEMU has each as it was asked for")
    return 0


if __name__ == "__main__":
    sys.exit(main())
