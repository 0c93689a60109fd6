/* What a test is, and what avocado-vt makes of it for several hosts. */
#include "migration/reference/reference.h"

#define SECTION "test"

#define NOT_READ "it is a result of avocado-vt, and nothing reads it here"
#define BY_PROTOCOL "mig_protocol says how a VM moves, at both ends"

const struct param_info reference_test_params[] = {
    NOT_YET("job_env_cleanup", BOOL, TEST, YES, "no VM outlives its job, but by --keep",
            "whether VMs are removed at the end of the job"),

    NOT_YET("migration_fd", STRING, VM, NULL, BY_PROTOCOL, "descriptor to move by"),
    NOT_YET("migration_sfiles_path", STRING, VM, NULL,
            "a file that a VM moves through is made by vtmh, in mig_file_dir",
            "the VM's file on the source"),
    NOT_YET("migration_dfiles_path", STRING, VM, NULL,
            "a file that a VM moves through is made by vtmh, in mig_file_dir",
            "the VM's file on the destination"),
    NO_MATTER("img_check_failed", STRING, IMAGE, NOT_READ, "whether an image was found bad"),

    NO_MATTER("comm_port", PORTS, TEST, "hosts meet over vtmh's own links, which need no port",
              "port at which the hosts of avocado-vt meet"),
    NO_MATTER("preprocess_env", BOOL, TEST, "images are prepared before every test that has them",
              "whether the test type prepares images"),
    END,
};
