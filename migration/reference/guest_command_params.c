/* Commands in the guest, and settings, that only some test types of avocado-vt read. */
#include "migration/reference/reference.h"

#define SECTION "test types of avocado-vt"

#define NOT_READ_YET "no test type here reads it"
#define ROW(name_, doc_) NOT_YET(name_, STRING, TEST, NULL, NOT_READ_YET, doc_)
#define FLAG(name_, doc_) NOT_YET(name_, BOOL, TEST, NO, NOT_READ_YET, doc_)

const struct param_info reference_guest_command_params[] = {
    ROW("time_command", "tells the guest's time"),
    ROW("time_filter_re", "finds the time in its output"),
    ROW("time_format", "how the time is written"),
    ROW("host_sync_time_cmd", "sets the host's clock"),
    ROW("check_clocksource_cmd", "tells the guest's clock source"),
    ROW("clocksource", "clock source of the guest"),
    ROW("create_file", "makes a file in the guest"),
    ROW("time_diff_limit", "how far clocks may be apart"),

    ROW("s3_*", "suspend to RAM"),
    ROW("s4_*", "suspend to disk"),
    ROW("guest_suspend_type", "mem or disk"),
    ROW("services_up_timeout", "time until the guest's services are up"),
    FLAG("negative_test", "whether the suspend must fail"),
    ROW("reboot_method", "how the guest is rebooted"),
    ROW("reboot_timeout", "how long it is rebooted again and again"),

    ROW("kernel_param_cmd", "reserves memory for the crash kernel"),
    ROW("kdump_enable_cmd", "enables kdump"),
    ROW("kdump_restart_cmd", "restarts kdump"),
    ROW("kdump_status_cmd", "tells whether kdump runs"),
    ROW("kdump_propagate_cmd", "gives kdump its key"),
    ROW("kdump_config", "lines of kdump.conf"),
    ROW("kdump_cfg_path", "path of kdump.conf"),
    ROW("kdump_method", "how kdump dumps"),
    ROW("kdump_enable_timeout", "limit for kdump's start"),
    ROW("crash_timeout", "limit of a crash"),
    ROW("crash_cmd", "crashes the guest"),
    ROW("crash_kernel_prob_cmd", "tells whether the crash kernel is loaded"),
    ROW("vmcore_chk_cmd", "finds the dump"),
    ROW("vmcore_path", "folder of dumps"),

    ROW("source_file", "file that is copied to the floppy"),
    ROW("dest_file", "where it is copied to"),
    ROW("clean_cmd", "removes a file"),

    ROW("driver_id_pattern", "finds the driver"),
    ROW("driver_id_cmd", "lists drivers"),
    ROW("driver_load_cmd", "loads the driver"),
    ROW("driver_unload_cmd", "unloads the driver"),
    ROW("module_name", "driver that is loaded again and again"),
    ROW("repeats", "how often it is loaded"),
    ROW("test_after_load", "test when it is loaded"),
    ROW("stop_service_cmd", "stops what uses the driver"),
    ROW("start_service_cmd", "starts what uses the driver"),

    ROW("install_path", "where the load is installed"),
    ROW("install_cmd", "installs the load"),
    ROW("config_cmd", "configures the load"),
    FLAG("autostress", "whether the load starts by itself"),
    ROW("timeout", "limit of what avocado-vt runs in the guest"),

    ROW("steps", "file of keys and screens"),
    ROW("timeout_multiplier", "factor for its limits"),
    ROW("fail_if_stuck_for", "a screen that does not change for so long is an error"),
    ROW("stuck_detection_history", "how many screens are compared"),
    FLAG("keep_screendump_history", "whether its screens are kept"),
    FLAG("keep_all_history", "whether all of them are kept"),

    ROW("guest_spec_flags", "CPU flags that the guest need not have"),
    ROW("host_spec_flags", "CPU flags that the host need not have"),
    FLAG("all_host_supported_flags", "whether the guest gets all flags of the host"),
    ROW("disable_cpus", "CPUs that the guest takes offline"),
    ROW("cpu_model_blacklist", "CPU models that are left out"),

    ROW("helper_test", "what is done before the migration"),

    ROW("sar_*", "measuring the guest's load"),
    ROW("load_host_cmd", "gives the host load"),
    ROW("stressapptest_*", "the load stressapptest"),
    END,
};
