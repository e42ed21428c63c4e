/* When the file of a firmware release is kept no longer (spec/fleet/files.csv): what stopped on its
 * way here, and the files of releases that are long over. Invariants: a file that a device may
 * still be asked to fetch stays; the release stays for ever, and says when its file went. */
#include "fleet/firmware_int.h"
#include "record/find_each.h"

#define DAY_MS INT64_C(86400000)
#define LOOK_MS (INT64_C(10) * 60 * 1000)
#define RELEASES_MAX 100000u
#define ENDS_MAX 16u /* in one look; the next takes what is left */

bool image_is_over(enum firmware_state state, int64_t since, int64_t now)
{
    static const int64_t days[] = {FIRMWARE_KEEP_REPLACED, FIRMWARE_KEEP_HALTED};
    bool halted = state == FIRMWARE_HALTED || state == FIRMWARE_RESUMING;
    return (halted || state == FIRMWARE_DONE) && since && now - since >= days[halted] * DAY_MS;
}

/* ---- what stopped on its way ---- */

static err forget(struct op *op, struct fleet *f, str release)
{
    struct firmware r;
    TRY(firmware_read(op, f, release, &r));
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(image_forget(op, tx, &r));
    firmware_trail(op, tx, op->actor, release, STR("upload-ended"));
    return record_commit(tx);
}

static err unfinished(struct op *op, struct fleet *f)
{
    struct json *all;
    TRY(upload_under_way(op, f, &all));
    for (size_t i = 0; i < all->n; i++) {
        str release = all->u.members[i].name;
        struct upload u;
        TRY(upload_look(op, f, release, &u));
        if (op->now - u.at >= FIRMWARE_KEEP_UNFINISHED * DAY_MS)
            TRY(forget(op, f, release));
    }
    return OK;
}

/* ---- what is long over ---- */

struct old {
    struct fleet *f;
    struct arena *arena;
    str ends[ENDS_MAX];
    size_t n;
};

static int64_t moved(const struct json *tree)
{
    struct time_span t = {0};
    return time_parse(json_get_str(tree, STR("lastModified")), &t) ? t.lo : 0;
}

/* Since when nobody goes by it: it halted, or the next release of its model was done; 0: not yet.
 */
static err since(struct op *op, struct fleet *f, const struct firmware *r, int64_t *ret)
{
    struct record_page page;
    struct firmware next;
    *ret = moved(r->tree);
    if (r->state != FIRMWARE_DONE)
        return OK;
    *ret = 0;
    TRY(record_find(op, f->rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "code=" RECORD_TASK_CODE "%%7C" FIRMWARE_CODE
                                 "&focus=DeviceDefinition/%.*s&status=completed"
                                 "&authored-on=gt%.*s&_sort=authored-on&_count=1",
                                 STR_ARG(r->model),
                                 STR_ARG(json_get_str(r->tree, STR("authoredOn")))),
                    &page));
    if (!page.n)
        return OK;
    TRY(firmware_of(op, &page.docs[0], &next));
    *ret = moved(next.tree);
    return OK;
}

/* May a device still be asked for it, or fetch it? */
static err is_asked(struct op *op, struct fleet *f, str release, bool *ret)
{
    struct record_page page;
    TRY(record_find(op, f->rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "code=" RECORD_TASK_CODE "%%7C" COMMAND_CODE "&part-of=Task/%.*s"
                                 "&status=requested,ready,accepted,in-progress,on-hold&_count=1",
                                 STR_ARG(release)),
                    &page));
    *ret = page.n > 0;
    return OK;
}

static err one(void *ctx, struct op *op, const struct record_doc *doc, const struct json *tree)
{
    struct old *old = ctx;
    struct firmware r;
    int64_t at;
    (void)tree;
    if (old->n == ENDS_MAX)
        return OK;
    TRY(firmware_of(op, doc, &r));
    TRY(image_look(op, old->f, &r));
    if (r.url.n || !image_is_here(&r))
        return OK;
    TRY(since(op, old->f, &r, &at));
    if (image_is_over(r.state, at, op->now))
        old->ends[old->n++] = arena_str(old->arena, doc->id);
    return OK;
}

/* A person who asks a device for it meanwhile changes the release's tally or the release: one of
 * the two is refused. */
static err end(struct op *op, struct fleet *f, str release)
{
    struct firmware r;
    struct tally t;
    bool asked;
    TRY(firmware_read(op, f, release, &r));
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(tally_now(op, tx, release, &t));
    TRY(image_look_now(op, tx, &r));
    TRY(is_asked(op, f, release, &asked));
    if (asked || !image_is_here(&r))
        return OK;
    image_gone(op, tx, &r);
    firmware_note(op, &r, op->actor->user, STR("file-ended"), STR_NONE);
    TRY(record_tx_update(tx, r.doc.type, r.doc.id, r.tree, r.doc.vid));
    firmware_trail(op, tx, op->actor, release, STR("file-ended"));
    return record_commit(tx);
}

static err long_over(struct op *op, struct fleet *f)
{
    struct old old = {.f = f, .arena = op->arena};
    struct record_each each = {
        .type = "Task",
        .query = STR("code=" RECORD_TASK_CODE "%7C" FIRMWARE_CODE "&status=completed,on-hold"),
        .max = RELEASES_MAX,
        .fn = one,
        .ctx = &old};
    TRY(record_find_each(op, f->rec, &each));
    for (size_t i = 0; i < old.n; i++)
        TRY(end(op, f, old.ends[i]));
    if (old.n == ENDS_MAX)
        f->image_walk = 0; /* there may be more */
    return OK;
}

static bool is_due(int64_t *last, int64_t now, int64_t each)
{
    bool due = !*last || now - *last >= each || now < *last;
    if (due)
        *last = now;
    return due;
}

err image_tick(struct op *op, struct fleet *f)
{
    if (is_due(&f->image_look, op->now, LOOK_MS))
        TRY(unfinished(op, f));
    if (is_due(&f->image_walk, op->now, DAY_MS))
        TRY(long_over(op, f));
    return OK;
}
