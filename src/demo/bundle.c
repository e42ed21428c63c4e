/* The Bundle writer: a FHIR transaction of PUTs with our own ids, as text. */
#include "demo/demo_int.h"

#define BUNDLE_MAX (32u << 20)

void demo_bundle_begin(struct demo *d)
{
    buf_init(&d->b, d->op->arena, BUNDLE_MAX);
    d->entries = 0;
    buf_add(&d->b, STR("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
}

str demo_bundle_end(struct demo *d)
{
    buf_add(&d->b, STR("]}"));
    return buf_ok(&d->b) ? buf_str(&d->b) : STR_NONE;
}

void demo_entry(struct demo *d, const char *type, str id)
{
    if (d->entries++)
        buf_char(&d->b, ',');
    buf_printf(&d->b,
               "{\"request\":{\"method\":\"PUT\",\"url\":\"%s/%.*s\"},"
               "\"resource\":{\"resourceType\":\"%s\",\"id\":\"%.*s\"",
               type, STR_ARG(id), type, STR_ARG(id));
}

void demo_entry_end(struct demo *d)
{
    buf_add(&d->b, STR("}}"));
}

void demo_text(struct demo *d, const char *name, str text)
{
    buf_printf(&d->b, ",\"%s\":", name);
    buf_json_string(&d->b, text);
}

void demo_time(struct demo *d, const char *name, int64_t ms)
{
    demo_text(d, name, time_format(d->op->arena, ms));
}

void demo_date(struct demo *d, const char *name, int64_t ms)
{
    demo_text(d, name, str_sub(time_format(d->op->arena, ms), 0, 10));
}

void demo_add(struct demo *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_add(&d->b, arena_vprintf(d->op->arena, fmt, ap));
    va_end(ap);
}
