/*
 * To draw the region, the cursor goes up over what was drawn last time and every line is written
 * anew, cut to the terminal's width, because a line that wraps would make the count of lines wrong;
 * and there are fewer of them than the terminal has, for what has scrolled out at the top cannot be
 * reached any more.
 */
#include "orchestrator/report/region.h"

#include "orchestrator/report/text.h"

#define LINES_MAX 20
#define COLUMNS_USUAL 80
#define COLUMNS_MIN 20
#define ROWS_USUAL 24
#define ROWS_MIN 2 /* one line and the cursor's */

bool region_set_size(struct region *region, unsigned columns, unsigned rows)
{
    region->columns = MAX(columns > 0 ? columns : COLUMNS_USUAL, COLUMNS_MIN);
    region->rows = MAX(rows > 0 ? rows : ROWS_USUAL, ROWS_MIN);
    /* What a lower terminal has scrolled out is out of reach. */
    region->drawn = MIN(region->drawn, region->rows - 1);
    return region->drawn > 0;
}

char *region_text(const struct region *region, const char *text)
{
    return region->is_utf8 ? g_strdup(text) : text_ascii(text);
}

/* The last column stays free: some terminals wrap as soon as it is used. */
static void put_line(const struct region *region, const char *text)
{
    g_autofree char *fit = region_text(region, text);
    g_autofree char *line =
        text_cut_columns(fit, region->columns - 1, region->is_utf8 ? "…" : "...");
    fprintf(region->stream, "%s\033[K\n", line);
}

void region_draw(struct region *region, const GPtrArray *lines)
{
    unsigned room = MIN(LINES_MAX, region->rows - 1);
    unsigned fit = lines->len <= room ? lines->len : room - 1;
    unsigned drawn = MIN(lines->len, room);
    if (region->drawn > 0)
        fprintf(region->stream, "\r\033[%uA", region->drawn);
    for (unsigned i = 0; i < fit; i++)
        put_line(region, g_ptr_array_index(lines, i));
    if (lines->len > fit) {
        g_autofree char *more = g_strdup_printf("… %u more", lines->len - fit);
        put_line(region, more);
    }
    if (region->drawn > drawn)
        fputs("\033[J", region->stream);
    fflush(region->stream);
    region->drawn = drawn;
}

void region_take_away(struct region *region)
{
    if (region->drawn > 0)
        fprintf(region->stream, "\r\033[%uA\033[J", region->drawn);
    region->drawn = 0;
}
