/* What may be told of a veiled crowd. Two counts told must not reveal one person: a crowd that
 * differs from one told within a day by fewer than 11 people is told as that one was, whoever asks;
 * figures are in tens, none under 11. So neither a chip more, nor a person more in the record,
 * moves a figure by itself, and sums of many figures are off by tens. The reasons count as much as
 * who matches: another lot, purpose or number of days is another crowd. Invariant: crowds in the
 * list differ pairwise by 11 people or more. */
#include "campaign/audience_int.h"

#include <stdlib.h>

#define TOLD_MAX 32u
#define TOLD_MS 86400000LL

struct told {
    pthread_mutex_t lock;
    struct told_crowd {
        int64_t at;
        uint8_t *left; /* as in struct crowd */
        size_t n;
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
    free(c->left);
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

static uint8_t left_of(const struct told_crowd *c, size_t i)
{
    return i < c->n ? c->left[i] : CROWD_OUT;
}

/* How many people are in another place in one than in the other, up to AUDIENCE_FEW. */
static size_t apart(const struct told_crowd *c, const struct crowd *w)
{
    size_t n = c->n > w->n ? c->n : w->n, sum = 0;
    for (size_t i = 0; i < n && sum < AUDIENCE_FEW; i++)
        sum += left_of(c, i) != (i < w->n ? w->left[i] : CROWD_OUT);
    return sum;
}

static err add(struct told *t, struct crowd *w)
{
    struct told_crowd *oldest = &t->crowds[0];
    for (size_t i = 1; i < TOLD_MAX; i++)
        if (t->crowds[i].at < oldest->at)
            oldest = &t->crowds[i];
    if (oldest->at > w->op->now - 60000 && oldest->left)
        return fail(w->op, ERR_UNAVAILABLE,
                    "Too many audiences about health were counted; wait a minute.");
    drop(oldest);
    uint8_t *left = malloc(w->n + 1);
    if (!left)
        return fail(w->op, ERR_UNAVAILABLE, "No memory left to count.");
    memcpy(left, w->left, w->n);
    *oldest = (struct told_crowd){w->op->now, left, w->n};
    return OK;
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
        if (c->left && c->at < w->op->now - TOLD_MS)
            drop(c);
        if (c->left && apart(c, w) < AUDIENCE_FEW)
            near = c;
    }
    for (size_t i = 0; near && i < w->n; i++)
        w->left[i] = left_of(near, i);
    if (!near)
        e = add(t, w);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < w->n; i++) /* what they have hidden since stays hidden */
        if (bits_has(&w->hidden, i))
            w->left[i] = CROWD_OUT;
    return e;
}

uint64_t crowd_figure(const struct crowd *w, uint64_t n)
{
    return w->a->veiled ? audience_figure(n) : n;
}

uint64_t audience_figure(uint64_t n)
{
    return n < AUDIENCE_FEW ? 0 : n / 10 * 10;
}

uint64_t audience_figure_of(uint64_t n, uint64_t of)
{
    uint64_t figure = audience_figure(n);
    uint64_t most = of < AUDIENCE_FEW ? 0 : audience_figure(of - AUDIENCE_FEW);
    return figure < most ? figure : most;
}
