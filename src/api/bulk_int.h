/* Bulk jobs: what the thread that runs them and the handlers that show them share. A job is a small
 * JSON object among the record's named values; the index says which there are and which are at
 * work. Both are changed only together with what they tell of, in one commit. */
#ifndef WEFT_API_BULK_INT_H
#define WEFT_API_BULK_INT_H

#include "api/op_int.h"
#include "record/jobs.h"

#define BULK_JOBS_MAX 64u      /* known at once, finished ones too */
#define BULK_PART (256u << 10) /* bytes of a stored piece of an upload */
#define BULK_LINE_MAX 750000u  /* bytes that a line may have beyond that */
#define BULK_ERRORS_MAX 10000u

/* Works on all jobs, a slice of each in turn, until nothing is left to do or api->stopping. */
void bulk_tick(void *api);

/* One job as read: text is what a change must find there still. */
struct bulk_job {
    str id, text;
    struct json *o;
};
int64_t bulk_number(const struct json *o, const char *name);
void bulk_set(struct arena *a, struct json *o, const char *name, int64_t v);
str bulk_key(struct arena *a, str id, const char *part, uint64_t a_number, uint64_t b_number);
/* ERR_NOT_FOUND when there is none, it is over, or it is not op->actor's (system threads: any). */
MUST err bulk_get(struct op *op, struct api *api, str id, struct bulk_job *ret);
/* The job's new text, if nobody changed it since. */
void bulk_put(struct op *op, struct record_tx *tx, const struct bulk_job *job);
/* The job over: state "done", or "failed" with the op's fault; it is kept for bulk.keep_h hours. */
MUST err bulk_finish(struct op *op, struct api *api, struct bulk_job *job, struct record_tx *tx,
                     const char *state);
/* A new job of the caller in tx, and its index row: at work at once, or (upload) not yet. ERR_BUSY
 * when as many are at work as may be. */
MUST err bulk_start(struct call *c, struct json *o, bool at_work, str *ret_id);
MUST err bulk_activate(struct op *op, struct api *api, str id);
MUST err bulk_cancel(struct op *op, struct api *api, str id);
/* Rows of the index: ids at work; ids that are over, to be swept away. */
MUST err bulk_list(struct op *op, struct api *api, bool over, str **ret, size_t *ret_n);
/* Takes away some of what an ended job left; *ret_done: all of it, its row too. */
MUST err bulk_sweep(struct op *op, struct api *api, str id, bool *ret_done);

/* ---- bulk_lines.c: NDJSON ---- */
#define BULK_BATCH 256u
struct bulk_line {
    uint64_t number;
    str text;   /* without white space around it; may be empty */
    size_t end; /* in the piece: where the next begins */
};
struct bulk_cut {
    str piece;
    size_t at;       /* where to begin; moves behind the last line taken */
    uint64_t number; /* of the line before */
    bool numbered;   /* lines begin with a number and a tab, which count instead */
};
/* The next lines: at most BULK_BATCH and about 1 MiB; a Bundle comes alone. At least one unless the
 * piece is at its end. ERR_TOO_LARGE, ERR_FAULT (a number is missing). */
MUST err bulk_split(struct op *op, struct bulk_cut *cut, struct bulk_line ret[BULK_BATCH],
                    size_t *ret_n);

/* A slice of work. */
MUST err bulk_export_step(struct op *op, struct api *api, struct bulk_job *job);
MUST err bulk_import_step(struct op *op, struct api *api, struct bulk_job *job);
/* Numbers of an export's file. */
MUST err bulk_export_rids(struct op *op, struct api *api, str id, uint64_t file, uint64_t **ret,
                          size_t *ret_n);

#endif
