/* Private to people*.c: the table of rows, its words, and who follows. */
#ifndef WEFT_CAMPAIGN_PEOPLE_INT_H
#define WEFT_CAMPAIGN_PEOPLE_INT_H

#include "base/loop.h"
#include "base/map.h"
#include "base/vec.h"
#include "campaign/people.h"

#include <pthread.h>
#include <stdatomic.h>

#define PEOPLE_CHUNK 4096u
#define PEOPLE_CHUNKS_MAX 4096u
#define PEOPLE_WORDS_MAX 65535u
#define PEOPLE_WORD_BYTES 700u /* wishes for nine purposes, each as long as a code may be */

struct word_list {
    struct map by; /* word → its number, as a pointer */
    str *at;
    size_t n, cap;
};

struct people {
    struct record *rec;
    pthread_rwlock_t lock; /* of all down to the line */
    struct person *chunks[PEOPLE_CHUNKS_MAX];
    size_t n;
    uint32_t *slots; /* row + 1 by hash of rid; 0 free */
    size_t n_slots;  /* a power of two */
    struct word_list words[PEOPLE_WORDS];
    struct arena *arena; /* of the words */
    /* ---- */
    uint8_t key[16];         /* of the household hashes */
    _Atomic uint64_t t;      /* everything up to here is in the rows */
    _Atomic uint64_t at, of; /* of the first reading: patients */
    _Atomic bool ready;
    int64_t save_after; /* the loop's own */
    struct loop loop;
};

/* Makes the row of one patient anew from the record, as the system; contacts: those, too. */
MUST err people_reread(struct op *op, struct people *p, uint64_t patient, bool contacts);
/* ERR_UNAVAILABLE: there is no copy of this record that could be read; rows may be half there. */
MUST err people_saved_load(struct op *op, struct people *p);
MUST err people_saved_store(struct op *op, struct people *p);
void people_forget_all(struct people *p); /* of a copy that was not whole */
const struct actor *people_system(void);

#endif
