#include "orchestrator/report/sink.h"

struct open_sink {
    const struct sink *sink;
    void *self;
    bool has_failed;
};

struct sinks {
    GArray *open; /* struct open_sink */
    char *trouble;
};

/* Takes the error of a sink that has failed; err gets the first of a call. */
static void take_failure(struct sinks *sinks, struct open_sink *one, GError *error, GError **err)
{
    one->has_failed = true;
    g_prefix_error(&error, "%s: ", one->sink->name);
    if (sinks->trouble == NULL)
        sinks->trouble = g_strdup(error->message);
    if (err != NULL && *err == NULL)
        g_propagate_error(err, error);
    else
        g_error_free(error);
}

struct sinks *sinks_open(const struct job *job, GError **err)
{
    struct sinks *sinks = g_new0(struct sinks, 1);
    sinks->open = g_array_new(FALSE, FALSE, sizeof(struct open_sink));
    for (const struct sink *const *row = sink_table; *row != NULL; row++) {
        GError *error = NULL;
        struct open_sink one = {.sink = *row, .self = (*row)->open(job, &error)};
        if (error != NULL)
            take_failure(sinks, &one, error, err);
        if (one.self != NULL)
            g_array_append_val(sinks->open, one);
    }
    return sinks;
}

/* Calls what each sink has for it, with the arguments before err. */
#define FEED(function, ...)                                                                        \
    for (unsigned i = 0; i < sinks->open->len; i++) {                                              \
        struct open_sink *one = &g_array_index(sinks->open, struct open_sink, i);                  \
        GError *error = NULL;                                                                      \
        if (!one->has_failed && one->sink->function != NULL &&                                     \
            one->sink->function(__VA_ARGS__, &error) < 0)                                          \
            take_failure(sinks, one, error, err);                                                  \
    }

void sinks_host(struct sinks *sinks, const char *host, bool is_up, GError **err)
{
    FEED(host, one->self, host, is_up)
}

void sinks_progress(struct sinks *sinks, const struct test_result *test, const char *host,
                    const Vtmh__Progress *progress, GError **err)
{
    FEED(progress, one->self, test, host, progress)
}

void sinks_test_began(struct sinks *sinks, const struct test_result *test, GError **err)
{
    FEED(test_began, one->self, test)
}

void sinks_record(struct sinks *sinks, const struct test_result *test, const char *host,
                  const Vtmh__Record *record, GError **err)
{
    FEED(record, one->self, test, host, record)
}

void sinks_leg(struct sinks *sinks, const struct test_result *test, const struct leg_result *leg,
               GError **err)
{
    FEED(leg, one->self, test, leg)
}

void sinks_flush(struct sinks *sinks, GError **err)
{
    FEED(flush, one->self)
}

void sinks_test_ended(struct sinks *sinks, const struct test_result *test, GError **err)
{
    FEED(test_ended, one->self, test)
}

const char *sinks_trouble(const struct sinks *sinks)
{
    return sinks->trouble;
}

void sinks_close(struct sinks *sinks, GError **err)
{
    for (unsigned i = 0; i < sinks->open->len; i++) {
        struct open_sink *one = &g_array_index(sinks->open, struct open_sink, i);
        GError *error = NULL;
        if (one->sink->close != NULL && one->sink->close(one->self, &error) < 0)
            take_failure(sinks, one, error, err);
    }
    g_array_unref(sinks->open);
    g_free(sinks->trouble);
    g_free(sinks);
}
