/* Between the files of weft import: texts with their source, from the reader to the workers. */
#ifndef WEFT_API_IMPORT_INT_H
#define WEFT_API_IMPORT_INT_H

#include "api/cli.h"

#include <pthread.h>
#include <stdatomic.h>

struct import_text {
    struct import_text *next;
    char *source; /* "file:line" */
    size_t n;
    char p[];
};

/* Bounded queue: the reader waits when it is full, the workers when it is empty. */
struct import_queue {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct import_text *first, *last;
    size_t bytes;
    bool closed; /* nothing more comes */
};
void import_queue_init(struct import_queue *q);
void import_queue_done(struct import_queue *q);
void import_put(struct import_queue *q, struct import_text *t);
/* NULL when closed and empty. */
struct import_text *import_take(struct import_queue *q);
void import_close(struct import_queue *q);
void import_text_free(struct import_text *t);

struct import {
    struct record *rec;
    struct import_queue queue;
    bool stop_on_error;
    uint64_t bytes_all;
    int64_t started;                   /* time_mono() */
    atomic_uint_fast64_t bytes_read;   /* of the files, as they are on disk */
    atomic_uint_fast64_t queued, done; /* bytes of texts */
    atomic_uint_fast64_t resources, rejected;
    atomic_bool stop;
    pthread_mutex_t lock; /* what follows */
    struct import_text *deferred, *deferred_last;
    size_t deferred_bytes;
    uint64_t *by_type;
};

/* Reads the files in order and puts their texts; false when a file cannot be read. */
bool import_read(struct import *im, int n, char **files);
uint64_t import_size(int n, char **files);
/* How much of the whole is done, 0 to 1. */
double import_part(struct import *im);
/* cli_import_terms.c: a release of what (loinc, snomed, rxnorm) into the folder. The exit code. */
int import_terms(const char *data, const char *what, const char *from);
/* cli_import_fleet.c: documents about devices. The exit code. */
struct import_fleet {
    const char *data, *kind, *model, *from, *to; /* NULL: not said */
};
int import_fleet(const struct import_fleet *in, int n, char **names, const char *usage);
/* A worker thread; ctx is the struct import. */
void *import_work(void *ctx);
/* Texts that named what was not there yet, once more. */
bool import_deferred(struct import *im);
void import_told(struct import *im, const char *source, const struct fault *fault);

#endif
