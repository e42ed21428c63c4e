/* Shapes of the compiled rulebook; private to the policy room. The tables are made at build time
 * from spec/rules by tools/gen_rules.py and never change while the program runs. */
#ifndef WEFT_POLICY_INT_H
#define WEFT_POLICY_INT_H

#include "policy/policy.h"

enum value_kind { VALUE_NONE, VALUE_BOOL, VALUE_NUM, VALUE_STR, VALUE_LIST };

struct value {
    uint8_t kind; /* enum value_kind; NONE = unknown */
    uint32_t n;   /* bytes of a string, items of a list */
    union {
        bool b;
        double num;
        const char *s;
        const str *items;
    } u;
};

struct facts {
    struct value at[FACT_COUNT];
};

enum op_code {
    OP_TRUE,
    OP_AND, /* arg: how many results it takes off the stack */
    OP_OR,
    OP_NOT,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_CONTAINS,
    OP_CONTAINS_ALL,
    OP_SUBSET
};

enum arg_kind { ARG_CONST, ARG_PARAM, ARG_FACT };

struct insn { /* postfix; a comparison pushes one result */
    uint8_t code, arg_kind;
    uint16_t fact, arg;
};

enum tri { TRI_NO, TRI_YES, TRI_UNKNOWN };

#define POLICY_STACK 16 /* the generator refuses deeper predicates */

enum direction {
    DIRECTION_NONE,
    DIRECTION_LOWER,
    DIRECTION_HIGHER,
    DIRECTION_SUBSET,
    DIRECTION_SUPERSET
};

struct param {
    const char *name, *json; /* default as written */
    enum direction stricter; /* which way of changing it is shown to be stricter */
};

#define OBLIGATION_WORDS 2

struct rule_place { /* where the parts of rule i stand in the flat tables */
    uint16_t scope, scope_n, require, require_n, param, param_n;
    uint64_t obligations[OBLIGATION_WORDS]; /* when fired */
    uint64_t duties[OBLIGATION_WORDS];      /* whenever it applies */
    const char *why;                        /* with {param}; rule.why has the values */
};

/* spec/rules/why.<language>.csv; NULL = no translation */
#define POLICY_LANGS 2
extern const char *const policy_langs[POLICY_LANGS];
extern const char *const policy_why[RULE_COUNT][POLICY_LANGS];
extern const char *const policy_why_unless[POLICY_LANGS];             /* with {facts} and {why} */
extern const char *const policy_fact_words[FACT_COUNT][POLICY_LANGS]; /* NULL: policy_fact_other */
extern const char *const policy_fact_other[POLICY_LANGS];
/* words with each {param} replaced by its value. */
void policy_why_fill(struct buf *b, str words, const struct json *params);

struct hold_cap { /* how a hold ends: at most params[param] contacts, or that many units, in seconds
                   */
    uint16_t rule, param;
    int64_t seconds;
};

struct fact_row {
    const char *name;
    enum value_kind kind;
};

struct obligation {
    str code;
    const char *text;
};

struct rulebook {
    const struct value *params; /* policy_param_count, parallel to policy_params */
    const str *why;             /* RULE_COUNT; NULL = as in the catalogue */
    const str *params_json;     /* the same */
    uint64_t disabled[(RULE_COUNT + 63) / 64];
};

/* Runs a predicate. Pure; the program is ours, so its stack is bounded by POLICY_STACK. */
enum tri policy_eval(const struct insn *code, size_t n, const struct value *params,
                     const struct facts *facts);
/* One comparison of the closed list: eq … subset. */
enum tri value_compare(enum op_code code, const struct value *a, const struct value *b);
bool value_has(const struct value *list, str item);
/* From a fact file or an override; VALUE_NONE for what predicates cannot use. */
struct value value_from_json(struct arena *a, const struct json *j);
/* The number v holds, kept between 0 and max; fallback when it holds none. */
double value_clamp(const struct value *v, double fallback, double max);
/* The same of a parameter in force, by rule id and name. */
double policy_param_num(const struct rulebook *book, const char *rule, const char *name,
                        double fallback, double max);

enum access_scope {
    SCOPE_NOBODY,
    SCOPE_ALL,
    SCOPE_OWN_PATIENT,
    SCOPE_OWN,
    SCOPE_AUTHORED,
    SCOPE_CONSENTED,
    SCOPE_SHARED, /* whoever's: each patient shares the type, or keeps it */
    SCOPE_ASSIGNED
};

struct access_row {
    const char *id, *citation;
    enum access_scope scope;
    bool sensitive;
    uint32_t purposes;  /* bit a purpose */
    const char *why[3]; /* refused by scope, by purpose, by label */
};

enum hours_scope { HOURS_SOLICITATION, HOURS_CARE, HOURS_AUTOMATED };

struct span {
    int open, close; /* minutes of the local day, [open, close); equal = closed */
};

struct hours_row {
    const char *code;
    enum hours_scope scope;
    struct span days[3]; /* Monday to Friday, Saturday, Sunday */
    bool holidays_closed;
    int32_t from_day, to_day; /* days since 1970-01-01, both inclusive */
    const char *zones;        /* IANA names of the place by semicolons, or empty */
};

/* A day of rest of holidays.csv. DATE: month and day, of one year unless 0; NEAR, AFTER: moved when
 * of a weekend; WEEKDAY: wday on or next before the date; EASTER: day = days after Easter Sunday.
 */
enum holiday_kind { HOLIDAY_DATE, HOLIDAY_NEAR, HOLIDAY_AFTER, HOLIDAY_WEEKDAY, HOLIDAY_EASTER };
struct holiday_row {
    const char *place, *name;
    enum holiday_kind kind;
    int year, month, day, wday;
};

/* What a rule's two predicates gave. */
struct outcome {
    enum tri scope, require;
};
/* Steps of the two doors, open for their tests: does the emergency path suspend a rule of that
 * outcome; the verdict of one row of the access table. */
bool policy_suspends(const struct rule *rule, struct outcome o, bool emergency);
void policy_access_by_row(const struct access_row *row, const struct actor *who,
                          const struct access_request *request, struct access_verdict *ret);
struct recording_row {
    const char *code;
    uint8_t rank;
};

extern const struct value policy_consts[];
extern const struct value policy_param_defaults[];
extern const size_t policy_param_count;
extern const struct param policy_params[];
extern const struct insn policy_code[];
extern const struct rule policy_rules[RULE_COUNT];
extern const struct rule_place policy_places[RULE_COUNT];
extern const uint16_t policy_trigger_rules[];
extern const uint16_t policy_trigger_start[TRIGGER_COUNT + 1];
extern const char *const policy_trigger_names[TRIGGER_COUNT];
extern const char *const policy_hold_names[HOLD_COUNT];
extern const struct fact_row policy_facts[FACT_COUNT];
extern const struct hold_cap policy_caps[];
extern const size_t policy_cap_count;
extern const size_t policy_obligation_count;
extern const struct obligation policy_obligations[];
extern const struct access_row policy_access_rows[];
extern const char *const policy_access_denied[ROLE_COUNT][ACTION_COUNT];
extern const uint16_t policy_shared_types[]; /* that some role has with scope `shared` */
extern const size_t policy_n_shared_types;
extern const uint8_t policy_access_cells[ROLE_COUNT][POLICY_TYPE_COUNT + 1][ACTION_COUNT];
extern const char *const policy_type_names[POLICY_TYPE_COUNT];
extern const struct hours_row policy_hours[];
extern const size_t policy_hours_count;
extern const struct holiday_row policy_holidays[];
extern const size_t policy_holidays_count;
extern const struct recording_row policy_recording[];
extern const size_t policy_recording_count;

#endif
