/* The outline of a campaign or journey and the scheduler over it. An outline is a PlanDefinition
 * (FHIR R4): action[0] has code `enrol` and carries the triggers, what else must hold, the exits;
 * each further action is a step, nested actions are the numbered paths of a question. It is read
 * once into a compiled struct that threads share; the scheduler is pure (no I/O, no clock) and is
 * the only one there is: the real run, the preview and the simulator all call plan_next().
 *
 * Invariants: a person has at most one contact under way; none outside the windows of their place;
 * every move goes forward, so every run of a plan ends. */
#ifndef WEFT_CAMPAIGN_PLAN_H
#define WEFT_CAMPAIGN_PLAN_H

#include "fhir/fhir.h"
#include "fhir/path.h"
#include "outreach/choose.h"

#define PLAN_STEP_SYSTEM "https://weft.health/fhir/plan-step"
#define PLAN_URL "https://weft.health/fhir/StructureDefinition/plan-"
#define PLAN_STEPS_MAX 64
#define PLAN_PATHS_MAX 9     /* of one question: one key each */
#define PLAN_PURPOSES_MAX 16 /* different ones in an outline */
#define PLAN_DONE_MAX 8
#define PLAN_DONE_TYPES_MAX 8
#define PLAN_DAY_MS (24 * 3600 * 1000LL)

enum plan_channel {
    PLAN_SMS = WAY_SMS,
    PLAN_EMAIL = WAY_EMAIL,
    PLAN_PUSH = WAY_PUSH,
    PLAN_LETTER = WAY_LETTER,
    PLAN_PHONE = WAY_COUNT, /* a Task for a person */
    PLAN_CHANNELS,
    PLAN_PREFERRED = PLAN_CHANNELS, /* as the person likes it */
    PLAN_OTHER                      /* another one than was tried before */
};
str plan_channel_name(enum plan_channel k);

enum plan_kind {
    PLAN_MESSAGE, /* words, no answer expected */
    PLAN_ASK,     /* words with numbered paths; waits for an answer */
    PLAN_CASE,    /* a case on the worklist, with a promise */
    PLAN_CALL,    /* a phone task: the last resort */
    PLAN_END      /* the person leaves the plan here */
};

struct plan_words { /* of one step: a template of the library, or texts by language */
    str template;   /* ActivityDefinition canonical or id, or empty */
    str text[3];    /* en, es, ar; empty: missing */
};

struct plan_path {
    str key, code; /* "1", "worse": code is of spec/campaign/answers.csv */
    str title;
    int first; /* its first step, or -1: only the words `echo` */
    struct plan_words echo;
};

struct plan_step {
    str id, title;
    enum plan_kind kind;
    int next;         /* always greater than its own number, or -1: the plan is done */
    bool from_anchor; /* else from the end of what was before */
    int64_t delay;    /* ms; negative only from_anchor */
    int at_min;       /* local minute of the day, or -1: when due */
    int condition;    /* number in plan->conditions, or -1 */
    enum plan_channel channel;
    bool urgent;   /* no spacing to other contacts; the rulebook still decides */
    str purpose;   /* of the rulebook; empty: the plan's */
    uint8_t about; /* the row of plan->purposes that it is */
    struct plan_words words;
    int64_t expires;    /* ms after it was due: later it is dropped, and told */
    int64_t silence;    /* ask: ms until no answer is silence */
    int tries;          /* ask: messages at most, each by another channel if there is one */
    int paths, n_paths; /* rows of plan->paths */
    bool inner;         /* in a path: it comes of an answer */
    int priority;       /* case and call: 1 … 4 */
    int64_t promise;    /* case and call: due so long after the answer, in working hours */
};

enum plan_change { PLAN_ADDED = 1, PLAN_CHANGED = 2 };
struct plan_trigger {
    fhir_type type;
    unsigned on;                           /* enum plan_change */
    const struct fhir_path *when, *anchor; /* NULL: always; time of the change */
    str when_text, anchor_text;
};

struct chip_row; /* of spec/campaign/chips.csv (audience_int.h) */
struct plan {
    str id, url, version, title, purpose, programme;
    str outcome; /* what counts where it names nothing that ends it: "Type?query", may be empty */
    const struct chip_row *done[PLAN_DONE_MAX]; /* what ends it for a person who had it */
    size_t n_done;
    fhir_type done_types[PLAN_DONE_TYPES_MAX]; /* that its rows ask for, each once */
    size_t n_done_types;
    bool journey;   /* enrols by triggers, as CarePlans; else a campaign over an audience */
    bool marketing; /* not care: promotional windows and consents */
    int64_t lasts;  /* ms after the anchor; then the person leaves; 0 no end */
    int64_t again;  /* ms after leaving until the same trigger enrols again; -1 never */
    int64_t gap;    /* ms between two contacts of the plan with one person */
    int64_t spread; /* ms over which the people of a place are spread from opening */
    int open_min, close_min;     /* the plan's own hours, inside those of the law */
    int silent_max, silent_step; /* questions in a row without an answer, then; -1 none */
    size_t n_steps, n_paths, n_triggers, n_conditions, n_exits;
    struct plan_step *steps;
    struct plan_path *paths;
    struct plan_trigger *triggers, *exits;
    const struct fhir_path **conditions;
    str *condition_texts;
    str purposes[PLAN_PURPOSES_MAX]; /* what its steps are about; the first is the plan's */
    size_t n_purposes;
};

/* Reads and compiles; lives in op->arena. ERR_UNPROCESSABLE with one issue each that names the step
 * ("step 3 (day-4): …") and the element by FHIRPath. */
MUST err plan_read(struct op *op, struct json *plan_definition, struct plan **ret);

/* ---- where a person is --------------------------------------------------------------------- */
/* The hours in which somebody may be contacted, by local day: the intersection over every plausible
 * zone and every row that may apply, without its holidays. Made once for all people of a place. */
struct plan_day {
    int64_t open, close; /* ms; open >= close: closed */
    int64_t noon;        /* of the first zone */
};
#define PLAN_DAYS_MAX 400
struct plan_place {
    int64_t first; /* day 0 of days: days since 1970-01-01 on the local calendar */
    size_t n;
    const struct plan_day *days;
};
struct plan_place_query {
    const str *zones, *jurisdictions;
    size_t n_zones, n_jurisdictions;
    bool solicitation;
    int64_t from; /* ms */
    size_t days;
};
struct rulebook;
MUST err plan_place_new(struct op *op, const struct rulebook *book,
                        const struct plan_place_query *q, struct plan_place *ret);

/* ---- one person, one plan ------------------------------------------------------------------ */
enum plan_phase { PLAN_READY, PLAN_ASKED, PLAN_LEFT };
enum plan_stopped { PLAN_STOPPED = 1, PLAN_STOPPED_LATER /* had left before */ };
struct plan_state {        /* flat: kept as it is */
    int64_t anchor, since; /* what step delays count from */
    int64_t asked;         /* when the question last asked went */
    int64_t paused_until;
    int64_t spoke, heard; /* when words of it went last; when an answer led into their path */
    int16_t step;
    uint8_t phase, tries, silent, used; /* used: bit a plan_channel, in this plan */
    uint8_t last;    /* number of the step + 1 whose question may still be answered; 0 none */
    uint8_t late;    /* so many hours after it was asked it may be answered */
    uint8_t stale;   /* something came after it: now by what somebody looks after alone */
    uint8_t over;    /* number of the step + 1 of whose answer the path is gone alone; 0 none */
    uint8_t words;   /* number of the step + 1 of which they were; 0 none */
    uint8_t out;     /* left before the end: nothing of it is said again */
    uint8_t stopped; /* enum plan_stopped: nothing is written to them */
    uint8_t back;    /* then on with the step before this number; 0: then the person leaves */
};
void plan_begin(const struct plan *p, int64_t anchor, int64_t now, struct plan_state *ret);

struct plan_ways {   /* for what a message is about */
    uint8_t may;     /* bit a channel: reachable and permitted */
    uint8_t prefers; /* enum plan_channel or PLAN_PREFERRED: nothing stated */
    bool said;       /* that is their word for this purpose */
};
struct plan_person {
    const struct plan_place *place;
    struct plan_ways by[PLAN_PURPOSES_MAX]; /* of plan->purposes */
    uint8_t failing;                        /* bit a channel: the last deliveries came back */
    uint32_t seed;                          /* staggers: stable for the person */
    int64_t last_contact;                   /* by anything; 0 none */
    uint64_t holds;                         /* bit a condition of the plan */
};

enum plan_move_kind {
    PLAN_WAIT, /* nothing before `at`; step and channel tell what then */
    PLAN_SEND, /* now, by channel */
    PLAN_DO,   /* a case or call of the step, now */
    PLAN_DROP, /* too late, or no channel and no call: told in the trail; state goes on */
    PLAN_DONE  /* the person leaves */
};
enum plan_why {
    PLAN_WHY_DUE,
    PLAN_WHY_PAUSED,
    PLAN_WHY_HOURS,    /* the window of the place */
    PLAN_WHY_SPACING,  /* another contact was too close */
    PLAN_WHY_STAGGER,  /* spread over the window */
    PLAN_WHY_ANSWER,   /* waits for an answer */
    PLAN_WHY_FALLBACK, /* silence: another channel */
    PLAN_WHY_SILENCE,  /* silence: the last check or the call */
    PLAN_WHY_EXPIRED,
    PLAN_WHY_UNREACHABLE,
    PLAN_WHY_OVER,
    PLAN_WHY_CONDITION,
    PLAN_WHYS
};
struct plan_move {
    enum plan_move_kind kind;
    enum plan_why why;
    enum way_by by; /* why this channel */
    enum plan_channel channel;
    int step;
    int64_t at;
    struct plan_state state; /* after the move was carried out */
};
/* What happens next with one person at `now`. Total: every input gives a move. */
void plan_next(const struct plan *p, const struct plan_person *who, const struct plan_state *s,
               int64_t now, struct plan_move *ret);
/* The step whose question an answer of now is of, or -1. It may be late: the next try or the next
 * question has not gone yet. */
int plan_awaits(const struct plan_state *s, int64_t now);
/* The same of a question that something came after, or that was answered "all is well": for a week
 * it is answered by what somebody looks after, and by nothing else. */
int plan_lingers(const struct plan_state *s, int64_t now);
/* Until when an answer may come of it, whoever has left; 0: none may. */
int64_t plan_answered_until(const struct plan_state *s);
/* Does a person look, or is something more asked, when this path of the step is taken? */
bool plan_looks_after(const struct plan *p, const struct plan_step *s, int path);
/* An answer took path `path` (row of plan->paths; -1: a person has it) of the question asked. */
void plan_answer(const struct plan *p, const struct plan_state *s, int path, int64_t now,
                 struct plan_state *ret);
/* The step at which somebody looks, or asks more, of an answer whose path is still to go; or -1. */
int plan_unheard(const struct plan *p, const struct plan_state *s);
/* Is that due within a day of the answer, in sum? What comes later is of the plan. */
bool plan_waits(const struct plan *p, const struct plan_state *s);
/* The question in a path that they were asked and did not answer: nobody knows it yet; or -1. */
int plan_untold(const struct plan *p, const struct plan_state *s);
/* They leave before the end. What is unheard goes its path alone, in PLAN_READY; so does what is
 * untold, by a person after the silence, but in peace (STOP, taken out, need met). Whose shot or
 * test is done: what plan_waits(), and what is untold in a journey of care. p may be NULL. */
enum plan_leaving { PLAN_LEAVES, PLAN_LEAVES_IN_PEACE, PLAN_LEAVES_DONE };
void plan_leave(const struct plan *p, struct plan_state *s, enum plan_leaving how, int64_t now);
/* The step is not taken: its words were said already. */
void plan_pass(const struct plan *p, const struct plan_state *s, int step, int64_t now,
               struct plan_state *ret);
/* What their consent has to cover for a message of this purpose. */
enum plan_consent { PLAN_CARE, PLAN_VISIT, PLAN_MARKETING, PLAN_CONSENTS };
enum plan_consent plan_consent(const struct plan *p, str purpose);
/* Nobody calls for want of another way, or since it stays silent. */
bool plan_sells(const struct plan *p, int step);
/* The channel for a step, by preference, permission, delivery, cost and urgency; PLAN_PHONE when
 * none is left. */
enum plan_channel plan_choose(const struct plan_person *who, const struct plan_step *step,
                              uint8_t used, enum way_by *ret_by);
/* One sentence in the language (0 en, 1 es, 2 ar), e.g. "Tue 18:10 SMS Spanish because …". */
str plan_explain(struct op *op, const struct plan *p, const struct plan_move *m, str zone,
                 unsigned language);

#endif
