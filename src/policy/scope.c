/* What an app's scopes leave of what its user's role may do: the union of what each gives (SMART
 * App Launch 2.2, scopes), asked by action. What a search counts is what its own scopes name,
 * document by document. Invariant: this code only ever turns a yes into a no or into less. */
#include "policy/scope.h"

/* Of R4, what describes the house and not a patient (compartmentdefinition-patient.html leaves
 * these out of every patient's compartment, and no element of them names a patient). */
static const char *const shared[] = {"CodeSystem",    "ConceptMap",        "Endpoint",
                                     "Location",      "HealthcareService", "Medication",
                                     "Organization",  "Practitioner",      "PractitionerRole",
                                     "Questionnaire", "SearchParameter",   "StructureDefinition",
                                     "Substance",     "ValueSet"};
#define SHARED (sizeof shared / sizeof *shared)

bool policy_type_shared(int type)
{
    str name = policy_type_name(type);
    for (size_t i = 0; i < SHARED; i++)
        if (str_eq(name, str_of(shared[i])))
            return true;
    return false;
}

static bool level_parse(str s, enum scope_level *ret)
{
    static const char *const names[] = {"patient", "user", "system"};
    for (unsigned i = 0; i < 3; i++)
        if (str_eq(s, str_of(names[i]))) {
            *ret = (enum scope_level)i;
            return true;
        }
    return false;
}

/* Letters in the order c r u d s, or a word of version 1; 0 for anything else. */
static unsigned letters_parse(str s)
{
    static const char order[] = "cruds";
    static const struct {
        str word;
        unsigned letters;
    } v1[] = {{{"read", 4}, LETTER_READ | LETTER_SEARCH},
              {{"write", 5}, LETTER_CREATE | LETTER_UPDATE | LETTER_DELETE},
              {{"*", 1}, 31}};
    unsigned letters = 0;
    size_t at = 0;
    for (size_t i = 0; i < 3; i++)
        if (str_eq(s, v1[i].word))
            return v1[i].letters;
    for (unsigned i = 0; i < 5; i++)
        if (at < s.n && s.p[at] == order[i]) {
            letters |= 1u << i;
            at++;
        }
    return at == s.n ? letters : 0;
}

/* One parameter with a value: letters, digits, hyphens and underscores, no modifier, no chain. */
static bool query_valid(str s)
{
    size_t eq = str_find_char(s, '=', 0);
    if (eq == SIZE_MAX || eq == 0 || eq + 1 == s.n)
        return false;
    for (size_t i = 0; i < eq; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && c != '-' && c != '_')
            return false;
    }
    return str_find_char(s, '&', 0) == SIZE_MAX;
}

bool scope_parse(str word, struct scope *ret)
{
    struct scope s = {0};
    size_t slash = str_find_char(word, '/', 0), mark = str_find_char(word, '?', 0);
    str head = str_sub(word, 0, mark);
    size_t dot = str_find_char(head, '.', 0);
    if (word.n > SCOPE_WORD_MAX || dot == SIZE_MAX || slash > dot)
        return false;
    str type = str_sub(head, slash + 1, dot);
    if (!level_parse(str_sub(head, 0, slash), &s.level))
        return false;
    s.type = str_eq(type, STR("*")) ? 0 : policy_type_parse(type);
    s.letters = letters_parse(str_sub(head, dot + 1, SIZE_MAX));
    if (s.type < 0 || !s.letters)
        return false;
    if (mark != SIZE_MAX) {
        s.query = str_sub(word, mark + 1, SIZE_MAX);
        if (s.type == 0 || !query_valid(s.query))
            return false;
    }
    *ret = s;
    return true;
}

bool scopes_parse(str text, struct scopes *ret)
{
    struct scopes all = {.text = text, .patient = ret->patient};
    str word;
    while (str_take_until(&text, ' ', &word)) {
        struct scope one;
        if (!scope_parse(word, &one))
            continue;
        if (all.n == SCOPES_MAX)
            return false;
        all.at[all.n++] = one;
    }
    *ret = all;
    return true;
}

bool scope_within(const struct scope *a, const struct scope *b)
{
    if (a->level != b->level || (b->type && a->type != b->type))
        return false;
    return !(a->letters & ~b->letters) && (!b->query.n || str_eq(a->query, b->query));
}

/* Do a scope's letters reach for this? What a search found is shown with r or with s; going
 * through a whole type's history is reading and searching; copies of everything likewise. */
static bool reaches(const struct scope *s, const struct access_request *q)
{
    static const unsigned all_of[ACTION_COUNT] = {[ACTION_READ] = LETTER_READ,
                                                  [ACTION_SEARCH] = LETTER_SEARCH,
                                                  [ACTION_HISTORY] = LETTER_READ,
                                                  [ACTION_CREATE] = LETTER_CREATE,
                                                  [ACTION_UPDATE] = LETTER_UPDATE,
                                                  [ACTION_DELETE] = LETTER_DELETE,
                                                  [ACTION_EXPORT] = LETTER_READ | LETTER_SEARCH,
                                                  [ACTION_IMPORT] = LETTER_CREATE | LETTER_UPDATE};
    unsigned want = all_of[q->action];
    if (q->listed && q->action == ACTION_READ)
        return (s->letters & (LETTER_READ | LETTER_SEARCH)) != 0;
    if (q->listed)
        want |= LETTER_SEARCH;
    return want && (s->letters & want) == want;
}

/* What goes past single documents is given only with every type of them. */
static bool is_whole(const struct access_request *q)
{
    return q->type == POLICY_TYPE_SYSTEM || q->action == ACTION_EXPORT ||
           q->action == ACTION_IMPORT;
}

/* A patient/ scope, where there is a patient to speak of. */
static bool of_one(const struct scope *s, const struct access_request *q)
{
    return s->level == LEVEL_PATIENT && !policy_type_shared(q->type);
}

static bool fits(const struct scope *s, const struct access_request *q)
{
    if ((s->type && s->type != q->type) || !reaches(s, q))
        return false;
    return !is_whole(q) || (s->level != LEVEL_PATIENT && !s->query.n);
}

/* Is it about that patient's? The trail names others than the patient; it is shown to an app only
 * as to the patient. A search (narrowed) is confined to theirs. */
static bool whose(const struct actor *who, const struct scope *s, const struct access_request *q,
                  bool narrowed)
{
    uint64_t patient = who->scopes->patient;
    if (!of_one(s, q))
        return true;
    if (!patient)
        return false;
    if (str_eq(policy_type_name(q->type), STR("AuditEvent")))
        return who->patient == patient;
    return narrowed || q->patient == patient;
}

bool policy_scope_holds(const struct actor *who, const struct access_request *q)
{
    const struct scopes *all = who->scopes;
    bool held = false;
    for (size_t i = 0; i < all->n; i++) {
        const struct scope *s = &all->at[i];
        if (fits(s, q) && whose(who, s, q, false))
            held |= !s->query.n || (q->scopes_held >> i & 1);
    }
    return held;
}

/* Notifications go out later on the word of the account behind, not of this token: an app that sees
 * less than its user may not ask for them. */
static bool outlives(const struct access_request *q)
{
    if (q->action != ACTION_CREATE && q->action != ACTION_UPDATE)
        return false;
    return str_eq(policy_type_name(q->type), STR("Subscription"));
}

static void refuse_scope(struct access_verdict *ret, const char *why)
{
    *ret = (struct access_verdict){.rule = STR("SCOPE-01"),
                                   .citation = STR("SMART App Launch 2.2, scopes"),
                                   .why = str_of(why)};
}

/* What a search may find: the union of what its scopes name. */
static void narrow(const struct actor *who, const struct access_request *q,
                   struct access_verdict *ret)
{
    const struct scopes *all = who->scopes;
    uint32_t theirs = 0, some = 0; /* restricted: to what is the one patient's, to anybody's */
    bool wide = false, one = false;
    for (size_t i = 0; i < all->n; i++) {
        const struct scope *s = &all->at[i];
        bool patient = of_one(s, q);
        if (!fits(s, q) || !whose(who, s, q, true))
            continue;
        if (s->query.n)
            *(patient ? &theirs : &some) |= UINT32_C(1) << i;
        else
            *(patient ? &one : &wide) = true;
    }
    if (wide)
        return;
    bool narrower = one || theirs;
    ret->joint = narrower && some;
    ret->confine = narrower ? all->patient : 0;
    ret->narrow = one && !some ? 0 : theirs | some;
    ret->beside = one && some;
}

void policy_scope(const struct actor *who, const struct access_request *q,
                  struct access_verdict *ret)
{
    const struct scopes *all = who->scopes;
    bool narrowed = q->action == ACTION_SEARCH, given = false, theirs = false;
    for (size_t i = 0; i < all->n; i++)
        if (fits(&all->at[i], q)) {
            given = true;
            theirs |= whose(who, &all->at[i], q, narrowed);
        }
    if (!given || outlives(q))
        refuse_scope(ret, "This app was not given a scope for this (SCOPE-01).");
    else if (!theirs)
        refuse_scope(ret, "This app was given one patient's record only (SCOPE-01).");
    else if (narrowed)
        narrow(who, q, ret);
    else if (!policy_scope_holds(who, q))
        refuse_scope(ret, "This app was given a part of this type only (SCOPE-01).");
}
