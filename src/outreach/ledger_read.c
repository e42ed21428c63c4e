/* The row of the ledger that a Communication or a telephone call stands for, whoever wrote it.
 * Pure. Invariant: what we wrote ourselves gives the row we added with it, so the follower changes
 * nothing of ours. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"
#include "outreach/reach.h"

#define CALL_DIRECTION_URL "https://weft.health/fhir/StructureDefinition/call-direction"

/* The code of a system among the categories; empty when there is none. */
static str category(const struct json *c, str system)
{
    const struct json *all = JSON_GET(c, "category");
    for (size_t i = 0; all && i < all->n; i++) {
        const struct json *codings = JSON_GET(json_at(all, i), "coding");
        for (size_t k = 0; codings && k < codings->n; k++)
            if (str_eq(json_get_str(json_at(codings, k), STR("system")), system))
                return json_get_str(json_at(codings, k), STR("code"));
    }
    return STR_NONE;
}

static bool for_patient(const struct json *c)
{
    const struct json *all = JSON_GET(c, "recipient");
    for (size_t i = 0; all && i < all->n; i++)
        if (outreach_is_theirs(json_get_str(json_at(all, i), STR("reference"))))
            return true;
    return !all || all->n == 0;
}

static uint8_t kind_of(const struct json *c)
{
    static const char *const kinds[] = {"care", "optout_confirmation", "help_reply",
                                        "optin_confirmation", LEDGER_KEYWORD_CODE};
    str code = category(c, STR(PURPOSE_SYSTEM));
    for (size_t i = 1; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_eq(code, str_of(kinds[i])))
            return (uint8_t)i;
    return LEDGER_CARE;
}

static uint8_t state_of(const struct json *c)
{
    str status = json_get_str(c, STR("status"));
    if (str_eq(status, STR("preparation")))
        return LEDGER_WAITING;
    if (str_eq(status, STR("not-done")) || str_eq(status, STR("entered-in-error")))
        return LEDGER_TAKEN_BACK;
    return str_eq(status, STR("stopped")) ? LEDGER_FAILED : LEDGER_OUT;
}

static bool time_of(const struct json *c, int64_t *ret)
{
    static const char *const places[] = {"sent", "received"};
    struct time_span at;
    for (size_t i = 0; i < 2; i++)
        if (time_parse(json_get_str(c, str_of(places[i])), &at)) {
            *ret = at.lo;
            return true;
        }
    if (!time_parse(json_get_str(JSON_GET(c, "meta"), STR("lastUpdated")), &at))
        return false;
    *ret = at.lo;
    return true;
}

static uint64_t due_key(const struct json *c)
{
    const struct json *all = JSON_GET(c, "identifier");
    for (size_t i = 0; all && i < all->n; i++)
        if (str_eq(json_get_str(json_at(all, i), STR("system")), STR(DUE_SYSTEM)))
            return ledger_mark(json_get_str(json_at(all, i), STR("value")));
    return 0;
}

static str campaign_of(const struct json *c)
{
    str canonical = json_str(json_at(JSON_GET(c, "instantiatesCanonical"), 0));
    size_t slash = 0, at = 0;
    while ((at = str_find_char(canonical, '/', at)) != SIZE_MAX)
        slash = ++at;
    return str_sub(canonical, slash, canonical.n);
}

bool ledger_read(const struct json *c, struct ledger_entry *ret)
{
    struct ledger_entry e = {.id = ledger_mark(json_get_str(c, STR("id"))),
                             .due_key = due_key(c),
                             .programme = (uint32_t)ledger_mark(category(c, STR(PROGRAMME_SYSTEM))),
                             .campaign = (uint32_t)ledger_mark(campaign_of(c)),
                             .subject = (uint32_t)ledger_mark(category(c, STR(SUBJECT_SYSTEM))),
                             .kind = kind_of(c),
                             .state = state_of(c)};
    e.incoming = outreach_is_theirs(json_get_str(JSON_GET(c, "sender"), STR("reference")));
    e.channel = (uint8_t)ledger_channel_of(json_str(json_path(c, "medium.0.coding.0.code")));
    if (e.id == 0 || (!e.incoming && !for_patient(c)) || !time_of(c, &e.at))
        return false;
    *ret = e;
    return true;
}

static bool call_time(const struct json *task, int64_t *ret)
{
    static const char *const places[] = {"executionPeriod.end", "executionPeriod.start",
                                         "meta.lastUpdated"};
    struct time_span at;
    for (size_t i = 0; i < 3; i++)
        if (time_parse(json_str(json_path(task, places[i])), &at)) {
            *ret = at.lo;
            return true;
        }
    return false;
}

/* Nobody was spoken to and no word was left: an attempt, as a text that came back is, no contact.
 */
static bool unanswered(const struct json *task)
{
    const struct json *all = JSON_GET(task, "output");
    for (size_t i = 0; all && i < all->n; i++)
        if (str_eq(json_str(json_path(json_at(all, i), "type.text")), STR("outcome")) &&
            str_eq(json_get_str(json_at(all, i), STR("valueCode")), STR("no-answer")))
            return true;
    return false;
}

bool ledger_read_call(struct op *op, const struct json *task, str *ret_patient,
                      struct ledger_entry *ret)
{
    struct fhir_ref of = fhir_ref_parse(json_get_str(JSON_GET(task, "for"), STR("reference")));
    str status = json_get_str(task, STR("status")), id = json_get_str(task, STR("id"));
    bool made = str_eq(status, STR("completed"));
    str direction = json_get_str(extension_at(task, STR(CALL_DIRECTION_URL)), STR("valueCode"));
    struct ledger_entry e = {.channel = LEDGER_VOICE,
                             .incoming = str_eq(direction, STR("incoming")), /* they called us */
                             .excepted = extension_at(task, STR(CALL_EXCEPTION_URL)) != NULL,
                             .state = !made              ? LEDGER_TAKEN_BACK
                                      : unanswered(task) ? LEDGER_FAILED
                                                         : LEDGER_OUT};
    if ((!made && !str_eq(status, STR("entered-in-error"))) ||
        of.type != fhir_type_parse(STR("Patient")) ||
        !str_eq(json_str(json_path(task, "code.coding.0.code")), STR("call")) ||
        !str_eq(json_str(json_path(task, "code.coding.0.system")), STR(DESK_SYSTEM_CODE)) ||
        !call_time(task, &e.at))
        return false;
    e.id = ledger_mark(arena_printf(op->arena, "Task/%.*s", STR_ARG(id)));
    *ret_patient = of.id;
    *ret = e;
    return op_check(op) == OK;
}
