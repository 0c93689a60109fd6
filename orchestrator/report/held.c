#include "orchestrator/report/held.h"

#include <string.h>

#define HOLD_US ((int64_t)2 * G_USEC_PER_SEC)

struct remark {
    char *text, *line;
    int64_t since_us;
    bool is_printed;
};

struct held {
    GPtrArray *remarks; /* struct remark, as they came */
};

static void free_remark(void *data)
{
    struct remark *remark = data;

    g_free(remark->text);
    g_free(remark->line);
    g_free(remark);
}

struct held *held_new(void)
{
    struct held *held = g_new0(struct held, 1);

    held->remarks = g_ptr_array_new_with_free_func(free_remark);
    return held;
}

void held_free(struct held *held)
{
    g_ptr_array_unref(held->remarks);
    g_free(held);
}

/* "aborted: host2: X" and "X" are one thing. */
static bool is_same(const char *one, const char *other)
{
    return strstr(one, other) != NULL || strstr(other, one) != NULL;
}

static struct remark *find(const struct held *held, const char *text)
{
    for (unsigned i = 0; i < held->remarks->len; i++) {
        struct remark *remark = g_ptr_array_index(held->remarks, i);

        if (is_same(remark->text, text))
            return remark;
    }
    return NULL;
}

static void add(struct held *held, struct remark remark)
{
    if (find(held, remark.text) != NULL)
        return;
    remark.text = g_strdup(remark.text);
    remark.line = g_strdup(remark.line);
    g_ptr_array_add(held->remarks, g_memdup2(&remark, sizeof remark));
}

void held_add(struct held *held, const char *text, const char *line, int64_t now_us)
{
    add(held, (struct remark){.text = (char *)text, .line = (char *)line, .since_us = now_us});
}

void held_add_printed(struct held *held, const char *text)
{
    add(held, (struct remark){.text = (char *)text, .is_printed = true});
}

static void take_line(struct remark *remark, GPtrArray *lines)
{
    g_ptr_array_add(lines, g_strdup(remark->line));
    remark->is_printed = true;
}

GPtrArray *held_take_old(struct held *held, int64_t now_us)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < held->remarks->len; i++) {
        struct remark *remark = g_ptr_array_index(held->remarks, i);

        if (!remark->is_printed && now_us - remark->since_us >= HOLD_US)
            take_line(remark, lines);
    }
    return lines;
}

GPtrArray *held_take(struct held *held, const char *cause, bool *is_told)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    unsigned printed = 0, same = 0;

    for (unsigned i = 0; i < held->remarks->len; i++) {
        struct remark *remark = g_ptr_array_index(held->remarks, i);

        if (cause != NULL && is_same(remark->text, cause))
            same += remark->is_printed ? 1 : 0;
        else if (!remark->is_printed)
            take_line(remark, lines);
        printed += remark->is_printed ? 1 : 0;
    }
    *is_told = same == 1 && printed == 1;
    g_ptr_array_set_size(held->remarks, 0);
    return lines;
}
