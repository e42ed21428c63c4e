/* Local wall time by IANA zone, from ICU's zone rules. A UCalendar is not thread-safe and dear to
 * open, so every thread keeps the few it used last; they go with the thread. */
#include "base/time.h"

#include <pthread.h>
#include <stdlib.h>
#include <unicode/ucal.h>

#define KEPT 8
#define STRETCHES 4
#define NAME_MAX_BYTES 64u
#define DAY_MS 86400000

/* From one change of the clock to the next. */
struct stretch {
    int64_t from, until, offset;
};

struct calendar {
    char name[NAME_MAX_BYTES];
    size_t name_n;
    UCalendar *cal;
    struct stretch known[STRETCHES]; /* empty: from and until are the same */
    unsigned next;                   /* the one to replace */
};

struct calendars {
    struct calendar kept[KEPT];
    unsigned next; /* the one to replace */
};

static pthread_key_t key;
static bool key_made;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void drop(void *p)
{
    struct calendars *all = p;
    for (size_t i = 0; i < KEPT; i++)
        if (all->kept[i].cal)
            ucal_close(all->kept[i].cal);
    free(all);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, drop) == 0;
}

static struct calendars *calendars(void)
{
    if (pthread_once(&key_once, make_key) != 0 || !key_made)
        return NULL;
    struct calendars *all = pthread_getspecific(key);
    if (all)
        return all;
    all = calloc(1, sizeof *all);
    if (all && pthread_setspecific(key, all) != 0) {
        free(all);
        return NULL;
    }
    return all;
}

static UCalendar *open_calendar(str zone)
{
    UChar name[NAME_MAX_BYTES], canonical[NAME_MAX_BYTES * 2];
    for (size_t i = 0; i < zone.n; i++)
        name[i] = (UChar)(unsigned char)zone.p[i];
    UErrorCode e = U_ZERO_ERROR;
    UBool known = false;
    ucal_getCanonicalTimeZoneID(name, (int32_t)zone.n, canonical, NAME_MAX_BYTES * 2, &known, &e);
    if (U_FAILURE(e) || !known)
        return NULL;
    UCalendar *cal = ucal_open(name, (int32_t)zone.n, "en_US", UCAL_GREGORIAN, &e);
    if (U_SUCCESS(e))
        return cal;
    ucal_close(cal);
    return NULL;
}

static struct calendar *calendar_of(str zone)
{
    if (zone.n == 0 || zone.n >= NAME_MAX_BYTES)
        return NULL;
    struct calendars *all = calendars();
    if (!all)
        return NULL;
    for (size_t i = 0; i < KEPT; i++)
        if (all->kept[i].cal && str_eq(str_make(all->kept[i].name, all->kept[i].name_n), zone))
            return &all->kept[i];
    UCalendar *cal = open_calendar(zone);
    if (!cal)
        return NULL;
    struct calendar *slot = &all->kept[all->next++ % KEPT];
    if (slot->cal)
        ucal_close(slot->cal);
    *slot = (struct calendar){.name_n = zone.n, .cal = cal};
    memcpy(slot->name, zone.p, zone.n);
    return slot;
}

/* How long the offset at ms, at which the calendar stands, has held and will hold; where the zone's
 * rules do not tell, for that moment alone. */
static struct stretch stretch_at(UCalendar *cal, int64_t ms, int64_t offset)
{
    struct stretch s = {ms, ms + 1, offset};
    UErrorCode e = U_ZERO_ERROR;
    UDate at;
    if (ucal_getTimeZoneTransitionDate(cal, UCAL_TZ_TRANSITION_PREVIOUS_INCLUSIVE, &at, &e) &&
        U_SUCCESS(e))
        s.from = (int64_t)at;
    if (ucal_getTimeZoneTransitionDate(cal, UCAL_TZ_TRANSITION_NEXT, &at, &e) && U_SUCCESS(e))
        s.until = (int64_t)at;
    return s;
}

static bool offset_at(struct calendar *of, int64_t ms, int64_t *ret_ms)
{
    UCalendar *cal = of->cal;
    UErrorCode e = U_ZERO_ERROR;
    for (size_t i = 0; i < STRETCHES; i++)
        if (ms >= of->known[i].from && ms < of->known[i].until) {
            *ret_ms = of->known[i].offset;
            return true;
        }
    ucal_setMillis(cal, (double)ms, &e);
    int32_t zone = ucal_get(cal, UCAL_ZONE_OFFSET, &e);
    int32_t summer = ucal_get(cal, UCAL_DST_OFFSET, &e);
    if (U_FAILURE(e))
        return false;
    *ret_ms = (int64_t)zone + summer;
    of->known[of->next++ % STRETCHES] = stretch_at(cal, ms, *ret_ms);
    return true;
}

bool time_to_local(int64_t ms, str zone, struct time_local *ret)
{
    struct calendar *cal = calendar_of(zone);
    int64_t offset;
    if (!cal || !offset_at(cal, ms, &offset))
        return false;
    int64_t wall = ms + offset;
    int64_t days = wall / DAY_MS - (wall % DAY_MS < 0);
    int rest = (int)((wall - days * DAY_MS) / 1000), year;
    unsigned month, day;
    time_civil_from_days(days, &year, &month, &day);
    *ret = (struct time_local){.year = year,
                               .month = (int)month,
                               .day = (int)day,
                               .hour = rest / 3600,
                               .minute = rest / 60 % 60,
                               .second = rest % 60,
                               .wday = (int)(((days + 4) % 7 + 7) % 7),
                               .offset_min = (int32_t)(offset / 60000)};
    return true;
}

/* The instant at which the wall clock jumps over wall: one change of offset lies in between. */
static bool first_after_gap(struct calendar *cal, int64_t wall, int64_t lo, int64_t hi,
                            int64_t *ret)
{
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2, offset;
        if (!offset_at(cal, mid, &offset))
            return false;
        if (mid + offset >= wall)
            hi = mid;
        else
            lo = mid + 1;
    }
    *ret = lo;
    return true;
}

static bool in_calendar(const struct time_local *at)
{
    return at->year >= 1 && at->year <= 9999 && at->month >= 1 && at->month <= 12 && at->day >= 1 &&
           at->day <= 31 && at->hour >= 0 && at->hour <= 23 && at->minute >= 0 &&
           at->minute <= 59 && at->second >= 0 && at->second <= 59;
}

bool time_from_local(const struct time_local *at, str zone, int64_t *ret)
{
    struct calendar *cal = calendar_of(zone);
    if (!cal || !in_calendar(at))
        return false;
    int64_t wall = time_days_from_civil(at->year, (unsigned)at->month, (unsigned)at->day) * DAY_MS +
                   ((int64_t)at->hour * 3600 + (int64_t)at->minute * 60 + at->second) * 1000;
    int64_t before, after, check;
    if (!offset_at(cal, wall - DAY_MS, &before) || !offset_at(cal, wall + DAY_MS, &after))
        return false;
    /* When an hour comes twice, the larger offset gives the earlier instant. */
    int64_t tries[] = {wall - (before > after ? before : after),
                       wall - (before > after ? after : before)};
    for (size_t i = 0; i < 2; i++) {
        if (!offset_at(cal, tries[i], &check))
            return false;
        if (tries[i] + check == wall) {
            *ret = tries[i];
            return true;
        }
    }
    return first_after_gap(cal, wall, tries[0], tries[1], ret);
}
