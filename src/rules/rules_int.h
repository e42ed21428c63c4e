#ifndef WEFT_RULES_INT_H
#define WEFT_RULES_INT_H

#include "policy/authors.h"
#include "policy/restrict.h"
#include "rules/rules.h"

#include <pthread.h>
#include <stdatomic.h>

#define CHANGES_MAX 1000u
#define SENTENCE_MAX 500u

struct book { /* a version in memory; stays until the room is left, since others may be reading it
               */
    struct book *next;
    struct arena *arena;
    uint32_t version;
};
struct rules {
    struct record *rec;
    pthread_mutex_t lock; /* of what follows, and of steps: one at a time */
    struct book *books;
    uint32_t version;   /* in force; 0 the catalogue */
    atomic_uint trying; /* trials under way */
};

/* ---- sentence.c ---- */
/* {"rule", …} or {"role", …} of a sentence, and the sentence as it was understood. */
MUST err sentence_parse(struct op *op, str text, struct json **ret_change, str *ret_back);
/* ---- sentence_access.c ---- */
/* False, nothing said, when it is no sentence about access. */
bool sentence_access(struct op *op, str words, struct json **ret_change, str *ret_back);

/* ---- change.c ---- */
MUST err may_change(struct op *op, struct rules *r, const char *deed);
MUST err change_load(struct op *op, struct rules *r, str id, struct json **ret, str *ret_text);
/* Commits the change as it is now (text_before: as it was, empty when new) with a line in the
 * trail: "rule-<deed>". */
MUST err change_save(struct op *op, struct json *change, str text_before, str deed,
                     struct record_tx *tx);
struct index {
    uint32_t changes, versions;
    str text; /* as kept */
};
MUST err index_load(struct op *op, struct rules *r, struct index *ret);
void index_save(struct record_tx *tx, struct op *op, const struct index *from,
                const struct index *to);

/* ---- book.c ---- */
struct version { /* of the rulebook: the whole of it, not the difference */
    uint32_t number;
    int64_t from, until;
    struct json *tree; /* {"version", "overrides", "access", "change", "author", "approver", …} */
    str text;
};
MUST err book_load(struct op *op, struct rules *r, uint32_t number, struct version *ret);
str book_key(struct op *op, uint32_t number);
/* The newest version in force at a moment; number 0, an empty tree: the catalogue. */
MUST err book_at(struct op *op, struct rules *r, int64_t when, struct version *ret);
/* What a version becomes with a change; checked against the override law. */
MUST err book_with(struct op *op, const struct version *v, const struct json *change,
                   struct json **ret_tree);
struct compiled {
    struct rulebook *book;
    struct restrictions *access;
};
MUST err book_compile(struct op *op, const struct json *tree, struct compiled *ret);
/* Puts what is in force at op->now into the record. The lock is held. */
MUST err book_refresh(struct op *op, struct rules *r);

#endif
