/* Opening the room: R4's own block, DATA/terms, and the doors for other rooms. */
#include "terms/doors_int.h"

#include <stdlib.h>

extern const char terms_r4[];
extern const uint64_t terms_r4_size;

static err open_shipped(struct op *op, struct terms *t)
{
    str bytes = str_make(terms_r4, terms_r4_size);
    if (!blob_open(bytes, &t->archive) || t->archive.head->kind != BLOB_ARCHIVE)
        return fail(op, ERR_FAULT, "R4's terminologies in this binary are damaged.");
    t->entries = blob_rows(&t->archive, SEC_ENTRIES, sizeof(struct archive_entry), &t->n_entries);
    for (uint32_t i = 0; i < t->n_entries; i++) {
        struct blob b;
        if (t->entries[i].kind == BLOB_SYSTEM && archive_blob(t, i, &b) &&
            blob_content(&b) == CONTENT_SUPPLEMENT)
            VEC_PUSH(t->arena, &t->supplements, i);
    }
    return OK;
}

err terms_open(struct op *op, struct record *rec, str dir, struct terms **ret)
{
    struct arena *a = arena_new(0);
    struct terms *t = a ? ARENA_NEW(a, struct terms) : NULL;
    if (!t) {
        arena_free(a);
        return fail(op, ERR_UNAVAILABLE, "No memory for the terminologies.");
    }
    t->rec = rec;
    t->arena = a;
    if (dir.n)
        t->dir = arena_printf(a, "%.*s/terms", STR_ARG(dir));
    t->doors = doors_of(t);
    pthread_rwlock_init(&t->lock, NULL);
    err e = open_shipped(op, t);
    if (e == OK)
        e = files_read(op, t);
    if (e != OK) {
        terms_close(t);
        return e;
    }
    *ret = t;
    return OK;
}

void terms_close(struct terms *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->list.n; i++)
        kept_release(t->list.at[i]);
    free(t->list.at);
    pthread_rwlock_destroy(&t->lock);
    arena_free(t->arena);
}

const struct fhir_terms *terms_doors(const struct terms *t)
{
    return &t->doors;
}
