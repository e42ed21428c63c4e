/* Private to the fleet room: many devices that share something and go silent at once. */
#ifndef WEFT_FLEET_STORM_INT_H
#define WEFT_FLEET_STORM_INT_H

#include "fleet/health_int.h"

#define STORM_OUT 64u /* remembered one by one; the oldest makes room */
#define STORM_LOOK HEALTH_HOUR
#define STORM_BY_MAX 120u /* bytes of what is shared */

struct storm_row {
    const char *id;
    size_t devices;
    double percent;
    size_t least;
    int minutes, priority;
    const char *script[SAY_LANGS];
    const char *acts;
};
extern const struct storm_row FLEET_STORM;
struct storm_by_row {
    const char *code;
    enum say_word say;
};
extern const struct storm_by_row FLEET_STORM_BY[STORM_BYS];

struct storm {  /* what is known of the devices that share one thing */
    int64_t of; /* in use */
    struct {
        str device;
        int64_t at;   /* since when it is silent */
    } out[STORM_OUT]; /* silent, and not counted in joined */
    size_t n_out;
    int64_t opened; /* 0: no storm */
    int64_t joined, most, told;
};

/* ---- storm_judge.c: pure ---- */
/* How many went silent within the minutes of the rule before or after at. */
size_t storm_near(const struct storm *s, int64_t at);
/* Are n of them an outage of what they share? */
bool storm_is(const struct storm *s, size_t n);
int64_t storm_left(const struct storm *s);
/* So few are left that each is a matter of its own again. */
bool storm_over(const struct storm *s);
void storm_add(struct storm *s, str device, int64_t at);
bool storm_remove(struct storm *s, str device);
/* Those that went silent long before or after are of no storm of then. */
void storm_keep_near(struct storm *s, int64_t at);

/* ---- region.c: pure ---- */
/* As "US-IL", "DE-10"; empty: their addresses do not say. house: of an address without country. */
str storm_region(struct op *op, const struct json *patient, str house);

/* ---- storm.c: joins tx ---- */
/* What the device is counted in, and that it is silent, or back; takes out of *fresh what is the
 * storm's to tell. */
MUST err storm_settle(struct op *op, struct fleet *f, const struct fleet_device *d,
                      struct health *h, struct record_tx *tx, uint32_t *fresh);
/* It is in use no more. */
MUST err storm_leave(struct op *op, struct fleet *f, const struct fleet_device *d, struct health *h,
                     struct record_tx *tx);

#endif
