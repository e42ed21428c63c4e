/* The thread of the bulk jobs: a slice of each that is at work, in turn; what is over is swept
 * away. Invariant: nothing is kept between two slices, so a slice that fails is tried again, and a
 * job goes on after a restart where its last commit left it. */
#include "api/bulk_int.h"

/* True when there was something to do. */
static bool run_job(struct api *api, struct op *op, str id)
{
    struct bulk_job job;
    err e = bulk_get(op, api, id, &job);
    if (e == OK)
        e = str_eq(json_get_str(job.o, STR("kind")), STR("import"))
                ? bulk_import_step(op, api, &job)
                : bulk_export_step(op, api, &job);
    if (e == OK || e == ERR_CONFLICT || e == ERR_NOT_FOUND) /* cancelled meanwhile */
        return true;
    log_event(LOG_WARN, "bulk.step", "error=%s", err_row(e)->name);
    return false;
}

/* One round over all jobs. */
static bool round_of(struct api *api, struct arena *a)
{
    bool busy = false;
    for (int over = 0; over < 2; over++) {
        struct op op;
        str *ids, kept[BULK_JOBS_MAX];
        char text[BULK_JOBS_MAX][64];
        size_t n;
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        if (bulk_list(&op, api, over, &ids, &n) != OK)
            return false;
        n = n < BULK_JOBS_MAX ? n : BULK_JOBS_MAX;
        for (size_t i = 0; i < n; i++) {
            size_t len = ids[i].n < sizeof text[i] ? ids[i].n : sizeof text[i];
            memcpy(text[i], ids[i].p, len);
            kept[i] = str_make(text[i], len);
        }
        for (size_t i = 0; i < n && !atomic_load(&api->stopping); i++) {
            bool done;
            arena_reset(a);
            op_init(&op, a, identity_system(), time_now());
            busy |= over ? bulk_sweep(&op, api, kept[i], &done) == OK : run_job(api, &op, kept[i]);
        }
    }
    return busy;
}

void bulk_tick(void *ctx)
{
    struct api *api = ctx;
    struct arena *a = arena_new(0);
    while (a && !atomic_load(&api->stopping) && round_of(api, a)) {
    }
    arena_free(a);
}
