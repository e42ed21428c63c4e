/* What may be told of a veiled crowd. Two counts told must not reveal one person: a crowd that
 * differs from one told within a day by fewer than 11 people is told as that one was, whoever asks;
 * figures are in tens, none under 11. So neither a chip more, nor a person more in the record,
 * moves a figure by itself, and sums of many figures are off by tens. Invariant: crowds in the list
 * differ pairwise by 11 people or more. */
#include "campaign/audience_int.h"

#include <stdlib.h>

#define TOLD_MAX 32u
#define TOLD_MS 86400000LL

struct told {
    pthread_mutex_t lock;
    struct told_crowd {
        int64_t at;
        struct bits match, done;
    } crowds[TOLD_MAX];
};

struct told *told_new(void)
{
    struct told *t = calloc(1, sizeof *t);
    if (t)
        pthread_mutex_init(&t->lock, NULL);
    return t;
}

static void drop(struct told_crowd *c)
{
    free(c->match.at);
    free(c->done.at);
    *c = (struct told_crowd){0};
}

void told_free(struct told *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < TOLD_MAX; i++)
        drop(&t->crowds[i]);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static uint64_t word(const struct bits *b, size_t i)
{
    return i <= b->n / 64 && b->at ? b->at[i] : 0;
}

static uint64_t apart(const struct bits *x, const struct bits *y)
{
    size_t n = (x->n > y->n ? x->n : y->n) / 64 + 1;
    uint64_t sum = 0;
    for (size_t i = 0; i < n && sum < AUDIENCE_FEW; i++)
        sum += (uint64_t)__builtin_popcountll(word(x, i) ^ word(y, i));
    return sum;
}

static void as_told(struct bits *to, const struct bits *from)
{
    for (size_t i = 0; i <= to->n / 64; i++)
        to->at[i] = word(from, i);
}

static bool keep(struct bits *to, const struct bits *from)
{
    size_t bytes = (from->n / 64 + 1) * sizeof *from->at;
    *to = (struct bits){malloc(bytes), from->n};
    if (to->at)
        memcpy(to->at, from->at, bytes);
    return to->at != NULL;
}

static err add(struct told *t, struct crowd *w)
{
    struct told_crowd *oldest = &t->crowds[0];
    for (size_t i = 1; i < TOLD_MAX; i++)
        if (t->crowds[i].at < oldest->at)
            oldest = &t->crowds[i];
    if (oldest->at > w->op->now - 60000 && oldest->match.at)
        return fail(w->op, ERR_UNAVAILABLE,
                    "Too many audiences about health were counted; wait a minute.");
    drop(oldest);
    oldest->at = w->op->now;
    if (keep(&oldest->match, &w->match) && keep(&oldest->done, &w->done))
        return OK;
    drop(oldest);
    return fail(w->op, ERR_UNAVAILABLE, "No memory left to count.");
}

err crowd_told(struct crowd *w)
{
    struct told *t = w->c->told;
    struct told_crowd *near = NULL;
    err e = OK;
    if (!w->a->veiled)
        return OK;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < TOLD_MAX && !near; i++) {
        struct told_crowd *c = &t->crowds[i];
        if (c->match.at && c->at < w->op->now - TOLD_MS)
            drop(c);
        if (c->match.at && apart(&c->match, &w->match) + apart(&c->done, &w->done) < AUDIENCE_FEW)
            near = c;
    }
    if (near) {
        as_told(&w->match, &near->match);
        as_told(&w->done, &near->done);
    } else {
        e = add(t, w);
    }
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < w->n; i++) /* what they have hidden since stays hidden */
        if (bits_has(&w->hidden, i))
            w->match.at[i / 64] &= ~(UINT64_C(1) << (i % 64));
    crowd_leave(w);
    return e;
}

uint64_t crowd_figure(const struct crowd *w, uint64_t n)
{
    return !w->a->veiled ? n : n < AUDIENCE_FEW ? 0 : n / 10 * 10;
}
