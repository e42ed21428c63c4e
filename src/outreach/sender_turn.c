/* Several threads send one channel's messages: while one waits for the provider and another for its
 * results to be on disk, a third decides on the next batch and a fourth takes jobs. Invariants: one
 * takes at a time, one decides and one hands over, batches are handed over in the order they were
 * decided in; and a message to a patient or an address that another batch holds waits until that is
 * written. */
#include "outreach/sender_int.h"

#include "base/time.h"

#define LOOK_MS 250 /* without being told */
#define PART_MS 100 /* so long an end is not noticed */

void sender_init(struct sender *s, struct outreach *o, enum channel_kind k)
{
    s->o = o;
    s->channel = k;
    pthread_mutex_init(&s->takes, NULL);
    pthread_mutex_init(&s->decides, NULL);
    pthread_mutex_init(&s->hands, NULL);
    pthread_mutex_init(&s->line, NULL);
    pthread_mutex_init(&s->bell, NULL);
    pthread_cond_init(&s->rung, NULL);
}

void sender_free(struct sender *s)
{
    pthread_mutex_destroy(&s->takes);
    pthread_mutex_destroy(&s->decides);
    pthread_mutex_destroy(&s->hands);
    pthread_mutex_destroy(&s->line);
    pthread_mutex_destroy(&s->bell);
    pthread_cond_destroy(&s->rung);
}

void sender_wake(struct outreach *o, enum channel_kind k)
{
    struct sender *s = &o->senders[k];
    pthread_mutex_lock(&s->bell);
    s->fresh = true;
    pthread_cond_broadcast(&s->rung);
    pthread_mutex_unlock(&s->bell);
}

void sender_plenty(struct sender *s, bool plenty)
{
    pthread_mutex_lock(&s->bell);
    if (plenty && !s->plenty)
        pthread_cond_broadcast(&s->rung);
    s->plenty = plenty;
    pthread_mutex_unlock(&s->bell);
}

bool sender_is_plenty(struct sender *s)
{
    pthread_mutex_lock(&s->bell);
    bool plenty = s->plenty;
    pthread_mutex_unlock(&s->bell);
    return plenty;
}

/* Under the bell's lock: until *flag, an end, or the next look. */
static void listen(struct sender *s, const bool *flag)
{
    for (int64_t left = LOOK_MS; left > 0 && !*flag && !atomic_load(&s->loop.stop);
         left -= PART_MS) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (left < PART_MS ? left : PART_MS) * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        while (!*flag && pthread_cond_clockwait(&s->rung, &s->bell, CLOCK_MONOTONIC, &until) == 0)
            ;
    }
}

void sender_rest(void *sender)
{
    struct sender *s = sender;
    pthread_mutex_lock(&s->bell);
    listen(s, &s->fresh);
    s->fresh = false;
    pthread_mutex_unlock(&s->bell);
}

void sender_mate_rest(void *sender)
{
    struct sender *s = sender;
    pthread_mutex_lock(&s->bell);
    listen(s, &s->plenty);
    pthread_mutex_unlock(&s->bell);
}

void sender_turn(struct op *op, pthread_mutex_t *turn)
{
    int64_t began = time_mono();
    pthread_mutex_lock(turn);
    op->now += time_mono() - began;
}

bool sender_holds(struct sender *s, str patient, str to)
{
    bool held = false;
    pthread_mutex_lock(&s->bell);
    for (size_t i = 0; i < SENDER_MATES + 1 && !held; i++) {
        const struct aloft *a = s->aloft[i];
        held = a && (map_get(&a->patients, patient) || map_get(&a->addresses, to));
    }
    pthread_mutex_unlock(&s->bell);
    return held;
}

static bool has_job(const struct aloft *a, uint64_t job)
{
    bool has = false;
    if (!a || job < a->lowest || job > a->highest)
        return false;
    for (size_t i = 0; i < a->n && !has; i++)
        has = a->jobs[i].job == job;
    return has;
}

/* Under the bell's lock. */
static bool in_hand(const struct sender *s, uint64_t job)
{
    bool has = false;
    for (size_t i = 0; i < SENDER_MATES + 1 && !has; i++)
        has = has_job(s->aloft[i], job);
    return has;
}

void sender_rises(struct sender *s, struct lane_jobs *taken, struct aloft *a)
{
    size_t n = 0, place = SENDER_MATES + 1;
    a->lowest = UINT64_MAX;
    pthread_mutex_lock(&s->bell);
    for (size_t i = 0; i < taken->n; i++) {
        const struct record_job j = taken->jobs[i];
        if (in_hand(s, j.job))
            continue;
        taken->jobs[n++] = j;
        a->lowest = j.job < a->lowest ? j.job : a->lowest;
        a->highest = j.job > a->highest ? j.job : a->highest;
    }
    a->jobs = taken->jobs;
    a->n = taken->n = n;
    for (size_t i = 0; i < SENDER_MATES + 1; i++)
        place = s->aloft[i] ? place : i;
    if (place <= SENDER_MATES)
        s->aloft[place] = a;
    pthread_mutex_unlock(&s->bell);
}

void sender_lands(struct sender *s, const struct aloft *a)
{
    pthread_mutex_lock(&s->bell);
    for (size_t i = 0; i < SENDER_MATES + 1; i++)
        if (s->aloft[i] == a)
            s->aloft[i] = NULL;
    pthread_mutex_unlock(&s->bell);
}
