#include "orchestrator/drift/figures.h"

const struct drift_figure_row drift_figures[DRIFT_FIGURES] = {
    [DRIFT_RSS] = {"RSS", "rss_bytes", "drift_rss_bytes_per_leg", "bytes a leg", 1, 1},
    [DRIFT_DESCRIPTORS] = {"descriptors", "descriptors", "drift_descriptors_per_1000_legs",
                           "in 1,000 legs", 1000, 1},
    [DRIFT_FILES] = {"files", "file_bytes", "drift_file_bytes_per_leg", "bytes a leg", 1, 1},
    [DRIFT_LEG_TIME] = {"leg time", "leg_time", "drift_leg_time_percent_per_hour", "% an hour", 100,
                        1},
    [DRIFT_DOWNTIME] = {"downtime", "downtime", "drift_downtime_percent_per_hour", "% an hour", 100,
                        1},
    [DRIFT_RATE] = {"rate", "rate", "drift_rate_percent_per_hour", "% an hour", 100, -1},
};
