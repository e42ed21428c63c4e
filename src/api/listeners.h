/* Open event streams of one kind, and the thread that feeds them: live.c, subscription_live.c.
 * Invariant: the lock is held for moments only, never over the store or the disk, so that opening
 * and closing a stream wait for nothing. */
#ifndef WEFT_API_LISTENERS_H
#define WEFT_API_LISTENERS_H

#include "api/api_int.h"

#include <pthread.h>

#define LISTENERS_MAX 1024u   /* of one kind */
#define LISTENERS_STAFF 64u   /* of one person: nobody holds every connection there is */
#define LISTENERS_PATIENT 24u /* of a patient or helper; a page left is noticed in 15 s */

struct listeners;
/* The first member of what a kind keeps about a stream. */
struct listener {
    struct listener *prev, *next;
    struct listeners *all;
    struct net_stream *stream; /* use it with the lock held; not when gone */
    struct actor actor;
    bool held, gone, ending;
    char user[65], reference[101], session[17], token[129];
};

struct listeners {
    struct api *api;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what stands below */
    pthread_cond_t arrived;
    struct listener *first;
    size_t n;
    bool stopping;
};

/* The thread runs run(l) until listeners_wait() says false. NULL when it cannot be had. */
struct listeners *listeners_new(struct api *api, void *(*run)(void *l));
/* The thread only; the streams are the server's to end. */
void listeners_stop(struct listeners *l);
/* When all streams are closed. NULL allowed. */
void listeners_free(struct listeners *l);

/* size bytes, zeroed but for the caller's actor and token; belongs to the caller (free()) until
 * listener_open(). */
MUST err listener_new(struct call *c, struct listeners *l, size_t size, struct listener **ret);
/* Makes c's answer the stream, says hello, and adds it to the others; a failure frees s. */
MUST err listener_open(struct call *c, struct listener *s, str hello);

/* ---- of the thread ---- */
/* Sleeps while nobody listens; false when stopping. */
bool listeners_wait(struct listeners *l);
/* Those that have not ended, in a's memory. They are not freed before listeners_let_go(); one that
 * closes meanwhile is `gone`, which is looked at with the lock held. */
size_t listeners_hold(struct listeners *l, struct arena *a, struct listener ***ret);
void listeners_let_go(struct listeners *l, struct listener **at, size_t n);
/* Every few seconds (*checked: when last): ends the streams of sessions that have ended. */
void listeners_check(struct listeners *l, struct op *op, int64_t *checked);

#endif
