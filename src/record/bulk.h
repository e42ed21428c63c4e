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
/* Told to the record in use before its folder is copied: the line in the trail, and all that was
 * answered before, looks too, stand where the copy finds them. */
MUST err record_backup_ready(struct op *op, struct record *rec);
/* Copies the data folder from, in use or not, to the new folder to, without its keys. Nothing half:
 * see store_backup(). watch may be NULL. System actors. */
MUST err record_backup(struct op *op, str from, str to, const struct record_watch *watch,
                       struct record_backup *ret);
/* keys: a data folder, a keys file, or a saved copy and the file of its passphrase; empty: the
 * backup's own, of an older version. database: PostgreSQL that is to hold the store; or empty. */
struct record_restore {
    str keys, pass_file, database;
};
/* A data folder out of a backup and keys. */
MUST err record_restore(struct op *op, str from, const struct record_restore *how, str to,
                        const struct record_watch *watch, struct record_backup *ret);
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
/* A copy of the keys for elsewhere, see store_key_save(). System actors. */
MUST err record_key_save(struct op *op, str dir, str path, str pass_file);
/* New keys while all goes on: see store_key_rotate(), store_key_forget(). In the trail. */
MUST err record_key_rotate(struct op *op, struct record *rec, bool data);
/* module empty: the master key in a file; see store_key_wrap(). In the trail. */
MUST err record_key_wrap(struct op *op, struct record *rec, str module, str token, str pin_file);
MUST err record_key_forget(struct op *op, struct record *rec, uint32_t epoch);
struct record_key_state {
    uint32_t epoch; /* of the newest data keys */
    uint64_t generation;
    size_t erased;
    bool sealing; /* documents are being sealed under the newest: */
    unsigned percent;
};
void record_key_state(struct record *rec, struct record_key_state *ret);
struct record_key_check {
    uint64_t opened, refused; /* versions of documents */
};
/* Tries the folder's keys on every version of every document; one line in the trail. */
MUST err record_key_check(struct op *op, struct record *rec, const struct record_watch *watch,
                          struct record_key_check *ret);

/* ---- erasing a patient for good (erase.c) ---- */
#define RECORD_TASK_CODE "https://weft.health/fhir/task-code"
/* Destroys the patient's keys and all that is stored of them; AuditEvents stay. ERR_FORBIDDEN
 * unless a Task of the record with code erase-record stands accepted and was last written by a
 * privacy officer, and while one with code legal-hold is open. Tells who approved. In the trail
 * before and after. */
MUST err record_erase(struct op *op, struct record *rec, str patient, str reason, str *ret_by);

/* As record_tx_update(), and no version before it stays, in no history and in no later page of a
 * search: what was to be kept until a day is gone after it. The system's own hand alone. */
MUST err record_tx_replace(struct record_tx *tx, fhir_type type, str id, struct json *resource,
                           uint32_t vid);

#endif
