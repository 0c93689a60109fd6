/*
 * What vtmh-node and vtmh-node-libvirt say to each other.
 *
 * A socket pair (PROTOCOL_FD of vtmh-node-libvirt) with QMP's framing: lines of JSON, a greeting
 * {"QMP": …}, qmp_capabilities, then {"execute": NAME, "arguments": {…}, "id": N}, answered in any
 * order by {"return": …, "id": N} or {"error": {"class": …, "desc": …}, "id": N}, and events
 * {"event": …, "data": …, "timestamp": …} at any time. Each call runs on a thread of its own, so
 * one that hangs holds no other up. The node sets the deadlines; an answer that comes too late is
 * dropped there. The end of the stream ends the program, whatever it is doing.
 *
 * An error's class is VIR_ERR_N for libvirt's own (N: virErrorNumber, desc: libvirt's sentence),
 * else one of:
 *   CommandNotFound  there is no such command
 *   Arguments        an argument is missing, unknown or of another type: desc names it
 *   NotConnected     `connect` has not succeeded yet
 *   GenericError     what is none of these
 *   Busy             more calls at a time than PROTOCOL_CALLS_MAX
 *
 * DOMAIN below: "name" or "uuid" (the latter first). [x]: may be left out. What has no "->" answers
 * {}. Those marked * may last for minutes; they go over a connection of their own (`calls`), all
 * others over the other one (`control`), so that libvirtd's limit of requests for each client never
 * keeps an abort from it.
 *
 * connect {uri, [keepalive_s]} -> {uri, libvirt, client, hypervisor: "QEMU", hostname, generation}
 *     libvirt: of the daemon, client: of libvirt.so.0, both "9.0.0".
 *     NoDaemon, NoPermission in place of VIR_ERR_38: nobody listens there, or not for us.
 *     May be called again after CONNECTION_CLOSED, and then begins anew; calls that hang on the old
 *     connections end by themselves.
 * hypervisor-version -> {version: "7.2.22"}     asks QEMU where libvirtd has not yet: seconds
 * capabilities -> {xml}
 * domain-capabilities {[emulator, arch, machine, virttype]} -> {xml}
 * compare-cpu {xml} -> {result: "incompatible" | "identical" | "superset"}
 * domain-list -> {domains: [as domain-find]}     of all states
 * domain-find {DOMAIN} -> {name, uuid, id (-1: not running), state, reason (number), persistent}
 *     VIR_ERR_42 (PROTOCOL_NO_DOMAIN): there is none. state: PROTOCOL_STATES.
 * domain-xml {DOMAIN, [inactive, secure, migratable: bool]} -> {xml}
 * domain-create* {xml, [paused: bool], [validate: bool]} -> as domain-find     transient
 * domain-define {xml, [validate: bool]} -> as domain-find
 * domain-start* {DOMAIN, [paused: bool]}         a defined one
 * domain-undefine {DOMAIN}                        with its NVRAM, managed save, snapshots' metadata
 * domain-destroy {DOMAIN, [graceful: bool]}
 * domain-shutdown {DOMAIN, [mode: "acpi" | "agent"]}
 * domain-reset {DOMAIN}
 * domain-suspend {DOMAIN}, domain-resume {DOMAIN}
 * domain-attach {DOMAIN, xml, [config: bool]}     the running domain; config: its definition, too
 * domain-detach {DOMAIN, xml | alias, [config: bool]}      done when DEVICE_REMOVED comes
 * domain-monitor {DOMAIN, command, [hmp: bool]} -> {text}     command: a line of JSON, or of HMP
 * domain-agent* {DOMAIN, command, [timeout_s: -2 block, -1 default, 0 none]} -> {text}
 * domain-screenshot* {DOMAIN, path, [screen: 0]} -> {mime}    path: a file, made anew
 * domain-block-info {DOMAIN, disk} -> {capacity, allocation, physical}
 *
 * domain-migrate* {DOMAIN, [dconnuri], flags: [PROTOCOL_MIGRATE_FLAGS…], [parameters: {…}]}
 *     Answers when libvirt's blocking call ends. dconnuri with the flag "peer2peer": where the
 *     source's libvirtd connects to; without: this program connects there for as long as the call
 *     lasts ("direct"). parameters: by libvirt's own names, VIR_MIGRATE_PARAM_*: migrate_uri,
 *     destination_name, destination_xml, persistent_xml, bandwidth (MiB/s), bandwidth.postcopy,
 *     graphics_uri, listen_address, migrate_disks (array of target names), disks_port, disks_uri,
 *     compression ("xbzrle", "mt", … or an array), compression.mt.level, compression.mt.threads,
 *     compression.mt.dthreads, compression.xbzrle.cache (bytes), auto_converge.initial,
 *     auto_converge.increment, parallel.connections, tls.destination.
 * domain-abort-job {DOMAIN}
 * domain-start-postcopy {DOMAIN}
 * domain-job-stats {DOMAIN, [completed: bool], [keep: bool]} -> {type, operation, …}
 *     type: "none", "bounded", "unbounded", "completed", "failed", "cancelled". The rest by
 *     libvirt's own names (VIR_DOMAIN_JOB_*); what it does not tell is not there. keep: completed
 *     statistics are not forgotten by being read.
 * domain-set-max-speed {DOMAIN, mib_per_s, [postcopy: bool]}
 * domain-max-speed {DOMAIN, [postcopy: bool]} -> {mib_per_s}
 * domain-set-max-downtime {DOMAIN, ms}
 * domain-max-downtime {DOMAIN} -> {ms}
 * domain-set-compression-cache {DOMAIN, bytes}
 * quit
 *     closes the connections and ends the program; calls that are under way are given up
 *
 * Events; all of a domain have name and uuid:
 *   LIFECYCLE {event, detail}         PROTOCOL_LIFECYCLE; detail by its name in libvirt, in small
 *                                     letters ("migrated", "paused", …), else a number as a string
 *   JOB_COMPLETED {stats}             as domain-job-stats
 *   MIGRATION_ITERATION {iteration}
 *   REBOOT {}, WATCHDOG {action}
 *   IO_ERROR {path, alias, action, reason}      action: "none", "pause", "report"
 *   AGENT_LIFECYCLE {state, reason}   state: "connected", "disconnected"
 *   DEVICE_ADDED, DEVICE_REMOVED, DEVICE_REMOVAL_FAILED {alias}
 *   QEMU {event, data}                QEMU's own, with its time stamp: STOP, RESUME, MIGRATION,
 *                                     MIGRATION_PASS, RESET, SHUTDOWN, GUEST_PANICKED
 *
 *   CONNECTION_CLOSED {connection: "calls" | "control", reason, generation}
 *     reason: "eof", "error", "keepalive" (libvirtd has not answered for keepalive_s x
 *     PROTOCOL_KEEPALIVE_COUNT); generation: of the connect that has made the connection.
 *
 * An event may come after the answer of the call that has caused it.
 */
#pragma once

#define PROTOCOL_FD 3 /* of the program: the socket */
#define PROTOCOL_CALLS_MAX 64
#define PROTOCOL_LINE_MAX_BYTES (8U << 20) /* the program ends at a longer one */
#define PROTOCOL_KEEPALIVE_S 5             /* unless connect says otherwise */
#define PROTOCOL_KEEPALIVE_COUNT 3

/* Names of virDomainState, by number. */
#define PROTOCOL_STATES                                                                            \
    "nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"

/* Names of virDomainEventType, by number. */
#define PROTOCOL_LIFECYCLE                                                                         \
    "defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown",              \
        "pmsuspended", "crashed"

/* Names of virDomainMigrateFlags, by bit. */
#define PROTOCOL_MIGRATE_FLAGS                                                                     \
    "live", "peer2peer", "tunnelled", "persist_dest", "undefine_source", "paused",                 \
        "non_shared_disk", "non_shared_inc", "change_protection", "unsafe", "offline",             \
        "compressed", "abort_on_error", "auto_converge", "rdma_pin_all", "postcopy", "tls",        \
        "parallel", "non_shared_synchronous_writes", "postcopy_resume", "zerocopy"

/* virErrorNumber of what callers tell apart. */
enum protocol_error {
    PROTOCOL_INTERNAL = 1,
    PROTOCOL_NO_SUPPORT = 3, /* the driver of this URI has no such call */
    PROTOCOL_INVALID_ARG = 8,
    PROTOCOL_OPERATION_FAILED = 9,
    PROTOCOL_SYSTEM = 38, /* also: nobody listens at the socket */
    PROTOCOL_NO_DOMAIN = 42,
    PROTOCOL_AUTH_FAILED = 45,
    PROTOCOL_OPERATION_INVALID = 55, /* not in this state */
    PROTOCOL_CONFIG_UNSUPPORTED = 67,
    PROTOCOL_TIMEOUT = 68, /* somebody else's job on the domain did not end */
    PROTOCOL_HOOK_FAILED = 70,
    PROTOCOL_ABORTED = 78, /* the job was, by domain-abort-job */
    PROTOCOL_UNSAFE = 81,  /* the migration, without the flag "unsafe" */
    PROTOCOL_OPERATION_UNSUPPORTED = 84,
    PROTOCOL_AGENT_UNRESPONSIVE = 86,
    PROTOCOL_ACCESS_DENIED = 88,
};
