/* What vtmh itself reads of a test; the nodes only pass it on. */
#include "migration/params_tables.h"

#define LIMIT(name_)                                                                               \
    .name = (name_), .kind = PARAM_DURATION, .scopes = PARAM_PER_VM, .section = "limits"

#define DRIFT(name_, fallback_)                                                                    \
    .name = (name_), .kind = PARAM_INT, .fallback = (fallback_), .max = 1000000000,                \
    .section = "drift"

/* As with avocado-vt, whatever a configuration says of it. */
#define MADE(name_, kind_, doc_)                                                                   \
    {                                                                                              \
        .name = (name_), .kind = PARAM_##kind_, .scopes = PARAM_PER_HOST, .section = "test",       \
        .why = "vtmh makes it itself, from -m and the configuration", .example = "x",              \
        .doc = doc_ "; for commands on hosts, made by vtmh"                                        \
    }

const struct param_info job_params[] = {
    MADE("name", STRING, "full name of the test, by its variants"),
    MADE("shortname", STRING, "name of the test without its default variants"),
    MADE("hosts", LIST, "hosts of the test, in the order of host1, host2"),
    MADE("hostid", STRING, "this host among them"),
    MADE("clone_master", BOOL, "whether this host makes, clones and checks shared images: host1"),
    MADE("test_passed", STRING, "after the test, whether it passed: True or False"),
    {.name = "test_timeout",
     .kind = PARAM_DURATION,
     .fallback = "14400",
     .section = "test",
     .doc = "limit of the whole test"},
    {.name = "skip",
     .kind = PARAM_BOOL,
     .fallback = "no",
     .section = "test",
     .doc = "yes: the test is not run"},
    {.name = "abort_on_error",
     .kind = PARAM_BOOL,
     .fallback = "no",
     .section = "test",
     .doc = "yes: if the test ends FAIL or ERROR, the job begins no other"},
    {.name = "legs_in_results",
     .kind = PARAM_INT,
     .fallback = "1000",
     .min = 2,
     .max = 100000,
     .section = "test",
     .doc = "legs of a test that results.json holds; of more only the first and last hundred, and "
            "the totals"},
    {.name = "dep",
     .kind = PARAM_LIST,
     .section = "test",
     .example = "install",
     .doc = "tests that this one depends on: if one of them failed in this job, it is skipped"},
    {.name = "depend",
     .kind = PARAM_LIST,
     .section = "test",
     .example = "install",
     .doc = "the same, as a parameter"},
    {.name = "dependencies",
     .kind = PARAM_LIST,
     .section = "test",
     .example = "install",
     .doc = "the same, as a parameter"},
    {LIMIT("limit_downtime"), .example = "300ms",
     .doc = "limit of the downtime: a leg above it fails the test"},
    {LIMIT("limit_downtime_p95"), .example = "200ms",
     .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_total"), .example = "60",
     .doc = "limit of the total time of a migration: a leg above it fails the test"},
    {LIMIT("limit_total_p95"), .example = "30",
     .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_setup"), .example = "5",
     .doc = "limit of the time until the first page is sent: a leg above it fails the test"},
    {LIMIT("limit_setup_p95"), .example = "2",
     .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_stop_to_resume"), .example = "400ms",
     .doc =
         "limit of the time from STOP on the source to RESUME on the destination: a leg above it "
         "fails the test"},
    {LIMIT("limit_stop_to_resume_p95"), .example = "300ms",
     .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_guest_gap"), .example = "500ms",
     .doc = "limit of the time for which the guest itself stands still: a leg above it fails the "
            "test"},
    {LIMIT("limit_guest_gap_p95"), .example = "400ms",
     .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_network_gap"), .example = "700ms",
     .doc = "limit of the time for which the guest is not heard on the network (network_gap, in "
            "either direction): a leg above it fails the test"},
    {LIMIT("limit_network_gap_p95"), .example = "500ms",
     .doc = "the same, for the 95th percentile over a VM's legs"},
    {DRIFT("drift_rss_bytes_per_leg", "256"),
     .doc = "by how many bytes the memory of a node, a hypervisor or vtmh may grow with each leg: "
            "more, and surely so, is a warning"},
    {DRIFT("drift_descriptors_per_1000_legs", "1"),
     .doc = "the same, for the descriptors that it has open after 1,000 legs"},
    {DRIFT("drift_file_bytes_per_leg", "256"),
     .doc = "the same, for the files that a node has on its host"},
    {DRIFT("drift_leg_time_percent_per_hour", "1"),
     .doc = "by how many per cent legs may become longer within an hour, on machines that are as "
            "busy: more, and surely so, is a warning"},
    {DRIFT("drift_downtime_percent_per_hour", "5"), .doc = "the same, for the downtime"},
    {DRIFT("drift_rate_percent_per_hour", "1"),
     .doc = "by how many per cent the rate of the transfer may fall within an hour, likewise"},
    {.name = "drift_legs",
     .kind = PARAM_INT,
     .fallback = "1000",
     .min = 1,
     .max = 1000000,
     .section = "drift",
     .doc = "legs without which nothing is said about drift"},
    {.name = NULL},
};
