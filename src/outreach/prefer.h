/* A patient's wishes about being contacted: facts of rules CAP-03 (pause), CAP-04 (quiet hours) and
 * CAP-05 (topics), and the channel a purpose goes by. They stand in an extension of the Patient, so
 * they are versioned, and read with it. Pure. */
#ifndef WEFT_OUTREACH_PREFER_H
#define WEFT_OUTREACH_PREFER_H

#include "base/json.h"

#define WISHES_URL "https://weft.health/fhir/StructureDefinition/contact-wishes"
#define WISH_TOPICS 64
#define WISH_TOPICS_ALL 1024 /* in one Patient; those behind the first 64 stay in its parts */
#define WISH_CHANNELS 9
#define WISH_CARE "home_healthcare_instructions"
#define WISH_VISITS "appointment_or_exam_confirm_remind"

struct wish_way {
    str purpose, channel; /* as the rulebook names it; way_name(), or "none" to take it back */
};
struct wishes {
    int64_t paused_until;        /* ms; 0 no pause */
    str pause_text;              /* as written: its first ten bytes are the day that was set */
    int quiet_from, quiet_until; /* minutes of the local day; -1 none */
    str zone;                    /* the patient's own, or empty */
    str refused[WISH_TOPICS];    /* topics: codes of subjects and programmes */
    size_t n_refused;
    const struct json *beyond; /* more stand in these parts than there is room for: all count */
    size_t beyond_at;          /* from this part on */
    struct wish_way channels[WISH_CHANNELS];
    size_t n_channels;
    bool damaged; /* half of a wish: quiet until it is set again */
};
/* Their words about calls by a person of one topic: Consents of their own (TOPIC_CATEGORY), the
 * newest of a topic counts. A no to all calls stands beside them, and is not opened by one. */
#define TOPIC_CATEGORY "contact-topic"
struct calls_about {
    struct {
        str topic;
        int64_t at;
        bool no;
    } said[WISH_TOPICS];
    size_t n;
    bool lost; /* a no found no room: it counts as one to all */
};
void wishes_read(const struct json *patient, struct wishes *ret);
bool wish_is_topic(const struct json *part);
bool wish_minute(str text, int *ret);
bool wishes_refuse(const struct wishes *w, str topic);
/* A code that can name a topic: lower case, digits, "_" and "-". */
bool topic_fits(str code);
/* The topic of the preference centre that a purpose is of, where it is none itself: what prepares a
 * visit is of visits, what follows a discharge of care at home. Empty: of none. */
str wish_topic_of(str purpose);
/* Of a Consent of TOPIC_CATEGORY, active: takes up its words. holds: a yes in it is in force. */
void calls_about_read(const struct json *consent, int64_t at, bool holds, struct calls_about *io);
bool calls_refuse(const struct calls_about *c, str purpose);
/* Is the newest word about this topic itself no? *ret_at: when it was said; 0 never. */
bool calls_said_no(const struct calls_about *c, str topic, int64_t *ret_at);
/* Their word for the purpose itself; else the general one, of visits and what prepares them, or of
 * all other care. Empty: no wish. */
str wishes_channel(const struct wishes *w, str purpose);
/* Is it the patient's quiet hours in one of the zones (no zone known: yes, if they set any)?
 * *ret_end: when it is over in all of them, 0 not known. */
bool wishes_quiet(const struct wishes *w, const str *zones, size_t n, int64_t now,
                  int64_t *ret_end);

#endif
