/* What runs in a VM, and the work it does: read by guest.c, tick.c, jeos.c and rounds.c. */
#include "migration/params_tables.h"

#define GUEST(name_) .name = (name_), .section = "guest", .scopes = PARAM_OF_VM
/* What it is, and what the one host starts in it and the other checks. */
#define SHARED(name_) GUEST(name_), .same_everywhere = true

/* How it is logged in to. */
#define LOGIN(name_) .name = (name_), .section = "login", .scopes = PARAM_OF_VM

const struct param_info guest_params[] = {
    {SHARED("guest"), .kind = PARAM_WORD, .fallback = "tick",
     .values = WORDS("tick", "jeos", "image"),
     .doc = "what runs in the VM: one of ours, or what image_name is (guest-os.cfg has all)"},
    {SHARED("os_type"), .kind = PARAM_WORD, .fallback = "linux",
     .values = WORDS("linux", "windows"),
     .doc = "system of guest = image; windows: logged in to by ssh or agent, its commands are "
            "cmd.exe's, its kernel's log and clock are not read (docs/guests.md)"},
    {SHARED("cloud_init"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether guest = image is told user, key and host name by a disc for cloud-init"},
    {SHARED("load"), .kind = PARAM_LIST, .example = "memory disk",
     .word_pattern = "^(memory|disk)$", .word_rule = "memory or disk",
     .doc = "what writes and checks in the guest: memory (dirty_mem), disk (disk_write_mem); into "
            "guest = image they are copied, and without it there is none; jeos has both"},
    {SHARED("kernel_params"), .kind = PARAM_STRING, .example = "quiet",
     .doc = "appended to the guest's kernel command line"},
    {SHARED("jeos_kernel"), .kind = PARAM_WORD, .fallback = "auto", .values = WORDS("auto", "full"),
     .doc =
         "kernel that jeos boots; full: the one for any computer, instead of the clouds', which "
         "boots faster; auto: full where a device needs it (ide, ahci, nvme, e1000, floppies …)"},
    {GUEST("login_timeout"), .kind = PARAM_DURATION, .fallback = "360",
     .doc = "limit for boot and login"},
    {SHARED("dirty_mem"), .kind = PARAM_SIZE, .fallback = "16", .unit = MIB,
     .doc = "memory that the guest writes and checks, in MiB"},
    {GUEST("dirty_rate"), .kind = PARAM_SIZE, .fallback = "0", .unit = MIB,
     .doc = "how fast the guest writes its memory, in MiB/s; 0: it only checks"},
    {SHARED("disk_write_mem"), .kind = PARAM_SIZE, .fallback = "0", .unit = MIB,
     .doc = "data that jeos writes to its disk and checks, in MiB"},
    {GUEST("disk_write_rate"), .kind = PARAM_SIZE, .fallback = "1", .unit = MIB,
     .only_with = WORDS("disk_write_mem", "load"), .doc = "how fast jeos writes them, in MiB/s"},
    {SHARED("disk_write_path"), .kind = PARAM_PATH, .example = "/dev/vda",
     .only_with = WORDS("disk_write_mem", "load"),
     .doc = "file or device that they are written to; vtmh-disk.data if not set, of jeos in /tmp, "
            "which is no disk, of guest = image in /var/tmp"},
    {GUEST("migration_bg_command"), .kind = PARAM_STRING, .example = "sleep 1000 &",
     .doc = "started in the guest before the migration"},
    {GUEST("migration_bg_check_command"), .kind = PARAM_STRING, .example = "pgrep sleep",
     .doc = "must succeed in the guest after the migration"},
    {LOGIN("username"), .kind = PARAM_STRING, .fallback = "root",
     .doc = "who is logged in; where os_type = windows, root means Administrator"},
    {LOGIN("password"), .kind = PARAM_STRING, .secret = true,
     .doc = "the user's password, tried after the key, if there is one"},
    {LOGIN("login_ways"), .kind = PARAM_LIST, .same_everywhere = true,
     .word_pattern = "^(ssh|serial|telnet|nc|agent)$",
     .word_rule = "ssh, serial, telnet, nc or agent", .example = "ssh serial",
     .doc = "by which ways the guest is logged in to, in the order in which they are tried; "
            "agent: qemu-ga, on a virtio port that the VM then has; that of shell_client by "
            "default"},
    {LOGIN("shell_client"), .kind = PARAM_LIST, .fallback = "ssh",
     .word_pattern = "^(ssh|serial|telnet|nc)$", .word_rule = "ssh, serial, telnet or nc",
     .doc = "how the guest is logged in to, where login_ways does not say it"},
    {LOGIN("shell_port"), .kind = PARAM_INT, .fallback = "22", .min = 1, .max = 65535,
     .doc = "port of the guest's shell"},
    {LOGIN("shell_prompt"), .kind = PARAM_STRING, .fallback = "[#$%>]\\s*$",
     .doc = "regular expression of what the shell shows when it waits (serial, telnet, nc)"},
    {LOGIN("shell_linesep"), .kind = PARAM_STRING, .fallback = "\\n", .example = "\\r\\n",
     .doc = "end of a line that is typed (serial, telnet, nc)"},
    {LOGIN("status_test_command"), .kind = PARAM_STRING, .fallback = "echo $?",
     .doc =
         "what tells how a command ended, in figures (serial, telnet, nc; the other ways say it)"},
    {LOGIN("file_transfer_client"), .kind = PARAM_WORD, .values = WORDS("scp", "rss"),
     .later = LATER({"rss", "files are copied over SSH, or over the session"}), .example = "scp",
     .doc =
         "how files come to the guest; scp: over SSH, whatever the guest is logged in to by; not "
         "set: over the session that there is"},
    {LOGIN("file_transfer_port"), .kind = PARAM_INT, .min = 1, .max = 65535, .example = "2222",
     .doc = "port of the SSH server that takes them; that of the shell if not set"},
    {.name = "dhcp_leases",
     .section = "login",
     .kind = PARAM_PATH,
     .only_with = WORDS("nettype"),
     .scopes = PARAM_OF_NIC,
     .example = "/var/lib/misc/dnsmasq.leases",
     .doc =
         "file of a DHCP server's leases on this host, dnsmasq's or libvirt's (BRIDGE.status), in "
         "which a guest's address is looked up by the MAC of a card on a bridge, where it is not "
         "known yet (ip, ARP; login_ways = agent: the guest's agent is asked too)"},
    {LOGIN("regain_ip_cmd"), .kind = PARAM_STRING, .example = "killall dhclient; dhclient",
     .doc =
         "run over the guest's serial port on the destination, before the guest is logged in to"},
    {LOGIN("not_login_after_mig"), .kind = PARAM_BOOL, .fallback = "no",
     .doc =
         "whether nobody logs in to a guest that has moved: then its heartbeat, if it has one, and "
         "its serial port are all that is looked at, and the result says what was not proven"},
    {GUEST("verify_guest_dmesg"), .kind = PARAM_BOOL, .fallback = "yes",
     .doc =
         "whether the guest's kernel log is searched after each leg, as its serial port always is"},
    {GUEST("guest_dmesg_level"), .kind = PARAM_INT, .fallback = "3", .min = 1, .max = 8,
     .doc = "messages of its kernel below this level count, whatever they say (0: emergency)"},
    {GUEST("guest_dmesg_ignore"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether what is found makes the test a WARN and not a FAIL"},
    {GUEST("expected_guest_dmesg"), .kind = PARAM_STRING, .example = "soft lockup",
     .doc = "lines that match this regular expression do not count"},
    {.name = "image_verify_bootable",
     .section = "disks",
     .same_everywhere = true,
     .kind = PARAM_BOOL,
     .fallback = "yes",
     .scopes = PARAM_OF_VM,
     .doc = "whether the firmware is asked what it made of the disks, when a guest that boots from "
            "them cannot be logged in to"},
    {.name = "image_unbootable_pattern",
     .section = "disks",
     .kind = PARAM_STRING,
     .fallback = "Hard Disk.*not a bootable disk",
     .scopes = PARAM_OF_VM,
     .doc = "regular expression of what it says then of a disk that does not boot"},
    {.name = NULL},
};
