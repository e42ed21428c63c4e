/* The record in bulk: loading, unloading, whole copies of the folder, the folder's keys. For the
 * verbs of the command line and their like; everyday doors are in record.h. */
#ifndef WEFT_RECORD_BULK_H
#define WEFT_RECORD_BULK_H

#include "record/record.h"

/* ---- loading and unloading ---- */
struct record_load {
    struct record *rec;
    uint64_t resources, bundles, bytes; /* accepted so far */
    const uint64_t *by_type;            /* resources by fhir_type */
    bool unresolved; /* the last text failed only because what it names is not there (yet) */
    str source;      /* set before record_load_add(): names the text in late errors */
    /* Something accepted was refused later (somebody else wrote the same meanwhile); called from
     * record_load_add() or record_load_end(). May be NULL. */
    void (*late)(void *ctx, str source, const struct fault *fault);
    void *ctx;
    void *state;
};
/* Import's pipelined road (policy asked once for the run, each transaction audited): text is one
 * Bundle or resource; parses, validates, plans and submits without waiting for the disk. The op's
 * fault tells what was wrong with this one; nothing of it is applied then. Callable from several
 * threads, each with its own op and load. */
MUST err record_load_begin(struct op *op, struct record *rec, struct record_load *ret);
MUST err record_load_add(struct op *op, struct record_load *load, str text);
/* Several resources or Bundles as one transaction, references among them resolved. */
MUST err record_load_add_all(struct op *op, struct record_load *load, const str *texts, size_t n);
/* Waits for everything submitted; ERR_* of the first that failed on disk. Frees the load. */
MUST err record_load_end(struct op *op, struct record_load *load);
/* All current resources in number order, one call each; stops at the first error of fn. */
MUST err record_unload(struct op *op, struct record *rec, fhir_type type /* 0 = all */,
                       err (*fn)(struct op *op, void *ctx, const struct record_doc *doc),
                       void *ctx);

/* ---- whole copies, and keys (weft backup, restore, key) ---- */
/* Told now and then what is being done; all = 0: nobody knows how much there is. */
struct record_watch {
    void (*fn)(void *ctx, const char *what, uint64_t done, uint64_t all);
    void *ctx;
};
struct record_backup {
    uint64_t t, resources, versions, entries, bytes;
    int64_t time;  /* ms, of the newest commit */
    char head[65]; /* of the verified trail, hex */
};
/* Copies the data folder from, in use or not, to the new folder to; backup and restore are the same
 * work. Nothing half: see store_backup(). watch may be NULL. System actors. */
MUST err record_backup(struct op *op, str from, str to, const struct record_watch *watch,
                       struct record_backup *ret);
struct record_key {
    const char *id, *use, *algorithm;
    int64_t made; /* ms */
    char fingerprint[33];
};
struct record_keys {
    struct record_key *keys;
    size_t n;
    uint64_t generation; /* of the keys file: grows with each change */
    size_t erased;       /* patients whose keys were destroyed */
};
MUST err record_key_list(struct op *op, str dir, struct record_keys *ret);
struct record_key_check {
    uint64_t opened, refused; /* versions of documents */
};
/* Tries the folder's keys on every version of every document; one line in the trail. */
MUST err record_key_check(struct op *op, struct record *rec, const struct record_watch *watch,
                          struct record_key_check *ret);

#endif
