/* When a team is at work: a HealthcareService's availableTime and notAvailable, on its own clock.
 * Which service is whose: HealthcareService.type is DESK_SYSTEM_SERVICE|remote-monitoring and
 * .program lists the programmes; one without programmes is for all others; without any, the hours
 * of spec/desk/hours.csv hold. */
#ifndef WEFT_DESK_HOURS_H
#define WEFT_DESK_HOURS_H

#include "base/config.h"
#include "desk/say.h"
#include "record/record.h"

#define DESK_SYSTEM_SERVICE "https://weft.health/fhir/service-type"
#define DESK_SERVICE_CODE "remote-monitoring"
/* On a ContactPoint of the service: the number for when nobody is at work. */
#define DESK_OUT_OF_HOURS_URL "https://weft.health/fhir/StructureDefinition/out-of-hours"
#define HOURS_OPENINGS_MAX 64
#define HOURS_CLOSED_MAX 200

struct hours_opening {
    unsigned days;   /* bit 0: Sunday */
    int from, until; /* minutes of the day; past midnight until is over 1440 */
};
struct hours_closed {
    int64_t from, until; /* ms */
    str why;
};
struct team_hours {
    str service; /* HealthcareService id; empty: of the table */
    str name, zone;
    str phone;   /* for when nobody is at work; may be empty */
    str country; /* the house's, ISO 3166-1 */
    const struct hours_opening *openings;
    size_t n_openings;
    const struct hours_closed *closed;
    size_t n_closed;
    bool federal;                   /* closed on federal holidays of the US */
    const struct json *programmes;  /* HealthcareService.program; NULL: all others */
    const struct json *closed_said; /* HealthcareService.notAvailable, as it stands there */
    str wrong;                      /* what cannot be understood: nobody goes by these hours then */
};

/* ---- pure ---- */
bool hours_open(const struct team_hours *h, int64_t at);
/* The first moment after `at` when it is otherwise; false: not within 400 days. */
bool hours_change(const struct team_hours *h, int64_t at, int64_t *ret);
/* The moment when the team was at work for ms since `from`; false: not within 400 days. */
bool hours_after(const struct team_hours *h, int64_t from, int64_t ms, int64_t *ret);
/* Opening hours of FHIR's shape (availableTime, notAvailable) into ret, which has its zone.
 * ERR_UNPROCESSABLE names the element that says nothing. */
MUST err hours_read(struct op *op, const struct json *tree, struct team_hours *ret);

/* ---- of the record ---- */
struct hours_all {
    struct team_hours *at;
    size_t n; /* the last one is that of the table */
};
MUST err hours_load(struct op *op, struct record *rec, const struct config *config,
                    struct hours_all *ret);
const struct team_hours *hours_of(const struct hours_all *all, str programme);
/* {service, name, zone, phone, programmes, watching, until: when that changes, wrong}, as it is
 * now.
 */
struct json *hours_tell(struct op *op, const struct team_hours *h);
/* The same with availableTime and notAvailable (federal holidays of the next year spelt out), as a
 * HealthcareService would say them. */
struct json *hours_week(struct op *op, const struct team_hours *h);
/* Whom to call in danger of life (spec/desk/emergency.csv): by the country of their addresses, else
 * by the house's; patient may be NULL. Empty: nobody knows. */
str desk_emergency(const struct json *patient, str house);
/* As it stands after "call": the number, or "your local emergency number". */
struct said desk_emergency_say(struct op *op, str number);
/* "Monday 8 am", with the date when that is a week away, on the clock of the zone. */
struct said hours_say(struct op *op, int64_t at, str zone);

#endif
