#include "migration/move/asked.h"

#include "migration/move/network_gap.h"
#include "migration/move/options.h"
#include "migration/params.h"
#include "migration/params_tables.h"

#include <string.h>

/* Known to the other hosts before any migration begins (agree.h). */
static const char *const agreed[] = {"mig_address", "mig_interface", NULL};

static const struct param_info *find_row(const char *name)
{
    const struct param_info *const tables[] = {move_params, transport_params, option_params};
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct param_info *row = tables[i]; row->name != NULL; row++)
            if (strcmp(row->name, name) == 0)
                return g_strv_contains(agreed, name) ? NULL : row;
    return NULL;
}

static int check_value(const struct param_info *row, const char *value, GError **err)
{
    const char *why_not = param_value_unsupported(row, value);
    if (why_not != NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s = %s is not supported: %s", row->name,
                    value, why_not);
        return -1;
    }
    if (param_value_check(row, value, err) == 0)
        return 0;
    g_prefix_error(err, "%s = %s: ", row->name, value);
    return -1;
}

static int read_one(struct params *over, const char *text, GError **err)
{
    g_auto(GStrv) halves = g_strsplit(text, "=", 2);
    const char *name = g_strstrip(halves[0]);
    const struct param_info *row = find_row(name);
    if (row == NULL || halves[1] == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "'%s' cannot be asked for one migration alone", text);
        return -1;
    }
    const char *value = g_strstrip(halves[1]);
    if (check_value(row, value, err) < 0)
        return -1;
    params_set(over, name, value, NULL);
    return 0;
}

int asked_check_host(const struct seat *seat, GError **err)
{
    const struct move_request *request = &seat->request;
    if (request->tls != NULL && !g_file_test(request->tls_dir, G_FILE_TEST_IS_DIR)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "mig_tls = %s is not supported: there is no folder %s on %s (tls_dir)",
                    request->tls, request->tls_dir, seat->test->host->name);
        return -1;
    }
    if (network_gap_check(seat, err) < 0)
        return -1;
    const struct transport *transport = request->transport;
    return transport->check != NULL ? transport->check(seat, err) : 0;
}

/* Whether this host can, as far as it is known yet. */
static int check_here(struct seat *seat, struct move_request *request, GError **err)
{
    const json_t *options = request->options;
    const struct vm_offer *offer = seat->offer;
    const char *host = seat->test->host->name;
    if (offer == NULL)
        return 0;
    if (move_options_check(&options, &offer, &host, 1, request, err) < 0)
        return -1;
    for (enum move_end end = 0; end < MOVE_ENDS; end++)
        move_options_fill(request->options, end, offer, &request->move[end]);
    asked_swap(seat, request);
    int checked = asked_check_host(seat, err);
    asked_swap(seat, request);
    return checked;
}

int asked_request(struct seat *seat, const char *const *asked, struct move_request *request,
                  GError **err)
{
    g_autoptr(params) over = params_new();
    for (; asked != NULL && *asked != NULL; asked++)
        if (read_one(over, *asked, err) < 0)
            return -1;
    g_autoptr(params) params = params_copy(seat->params);
    params_update(params, over);
    if (move_request_read(request, params, err) == 0 && check_here(seat, request, err) == 0) {
        request->asked = params_ref(over);
        return 0;
    }
    move_request_clear(request);
    return -1;
}

int asked_check(struct seat *seat, const char *const *const *all, GError **err)
{
    for (; all != NULL && *all != NULL; all++) {
        struct move_request request = {0};
        if (asked_request(seat, *all, &request, err) < 0)
            return -1;
        move_request_clear(&request);
    }
    return 0;
}

void asked_swap(struct seat *seat, struct move_request *request)
{
    struct move_request before = seat->request;
    seat->request = *request;
    *request = before;
}

void asked_record(const struct move_request *request, Vtmh__Migration *record)
{
    struct params_iter it;
    if (request->asked == NULL || params_count(request->asked) == 0)
        return;
    record->asked = g_new0(Vtmh__Param *, params_count(request->asked));
    params_iter_init(&it, request->asked);
    while (params_iter_next(&it)) {
        /* protobuf-c frees it with the record, all of it. */
        Vtmh__Param *param = vtmh__param__unpack(NULL, 0, (const uint8_t *)"");
        param->key = strdup(it.key);
        param->value = strdup(it.value);
        record->asked[record->n_asked++] = param;
    }
}
