/* Private to people*.c: the table of rows, its words, and who follows. */
#ifndef WEFT_CAMPAIGN_PEOPLE_INT_H
#define WEFT_CAMPAIGN_PEOPLE_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "campaign/people.h"

#include <pthread.h>
#include <stdatomic.h>

#define PEOPLE_CHUNK 4096u
#define PEOPLE_CHUNKS_MAX 4096u
#define PEOPLE_WORDS_MAX 65535u

struct word_list {
    struct map by; /* word → its number, as a pointer */
    str *at;
    size_t n, cap;
};

struct people {
    struct record *rec;
    pthread_rwlock_t lock; /* of all down to the line */
    struct person *chunks[PEOPLE_CHUNKS_MAX];
    bool dirty[PEOPLE_CHUNKS_MAX]; /* not as in the saved copy */
    size_t n;
    uint32_t *slots; /* row + 1 by hash of rid; 0 free */
    size_t n_slots;  /* a power of two */
    struct word_list words[PEOPLE_WORDS];
    struct arena *arena; /* of the words */
    /* ---- */
    uint8_t key[16];         /* of the household hashes */
    _Atomic uint64_t t;      /* everything up to here is in the rows */
    _Atomic uint64_t at, of; /* of the first reading: resource numbers */
    _Atomic bool ready, failed, stop;
    bool running;
    pthread_t thread;
};

/* Makes the row of one patient anew from the record; as the system. */
MUST err people_reread(struct op *op, struct people *p, uint64_t patient);
/* Everybody once, from *from on; about max people a call. */
MUST err people_saved_load(struct op *op, struct people *p);
MUST err people_saved_store(struct op *op, struct people *p);
const struct actor *people_system(void);

#endif
