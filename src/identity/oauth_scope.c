/* Which scopes an app may be given: words of SMART App Launch 2.2 that this server understands,
 * within what the app was registered for. Invariant: what is not understood is left out, never
 * guessed at; scopes about resources always stand the test that policy will put them to. */
#include "identity/oauth_int.h"

bool oauth_has(str scope, const char *word)
{
    str one;
    while (str_take_until(&scope, ' ', &one))
        if (str_eq(one, str_of(word)))
            return true;
    return false;
}

static bool plain(str word)
{
    enum purpose p;
    if (str_starts(word, STR("purpose/")))
        return purpose_parse(str_sub(word, 8, word.n), &p);
    static const char *const known[] = {
        "openid",         "fhirUser",         "profile",        "email",        "launch",
        "launch/patient", "launch/encounter", "offline_access", "online_access"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(word, str_of(known[i])))
            return true;
    return false;
}

/* The restriction is one token parameter that the type really has. */
static bool restriction_known(struct op *op, const struct scope *s)
{
    const struct fhir_query *q;
    struct fault before = op->fault;
    bool ok = !s->query.n || (fhir_query_read(op, (fhir_type)s->type, s->query, false, &q) == OK &&
                              q->n == 1 && q->clauses[0].param->type == PARAM_TOKEN &&
                              q->clauses[0].modifier == MOD_NONE && !q->clauses[0].chain);
    op->fault = before;
    return ok;
}

static bool registered(const struct oauth_client *c, str word, const struct scope *s)
{
    str all = c->scope, one;
    if (!s)
        return oauth_has(all, word.p);
    while (str_take_until(&all, ' ', &one)) {
        struct scope most;
        if (scope_parse(one, &most) && scope_within(s, &most))
            return true;
    }
    return false;
}

void oauth_add_purposes(struct op *op, struct buf *b, str from)
{
    str word, rest = arena_str(op->arena, buf_str(b));
    const str mark = STR("purpose/");
    while (b->n && str_take_until(&rest, ' ', &word))
        if (str_starts(word, mark))
            return;
    while (b->n && str_take_until(&from, ' ', &word))
        if (str_starts(word, mark) && plain(word)) {
            buf_char(b, ' ');
            buf_add(b, word);
        }
}

str oauth_grantable(struct op *op, const struct oauth_client *c, str asked, bool backend)
{
    struct buf b;
    str word;
    size_t n = 0;
    buf_init(&b, op->arena, SCOPES_TEXT_MAX);
    while (str_take_until(&asked, ' ', &word)) {
        struct scope s;
        const char *z = str_z(op->arena, word);
        bool about = scope_parse(word, &s), ok = false;
        if (about)
            ok = (s.level == LEVEL_SYSTEM) == backend && n < SCOPES_MAX &&
                 restriction_known(op, &s) && registered(c, word, &s);
        else
            ok = (!backend || str_starts(word, STR("purpose/"))) && plain(word) &&
                 registered(c, str_of(z), NULL);
        if (!ok || oauth_has(buf_str(&b), z))
            continue;
        n += about;
        if (b.n)
            buf_char(&b, ' ');
        buf_add(&b, word);
    }
    oauth_add_purposes(op, &b, c->scope);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

bool oauth_wants_patient(str scope)
{
    struct scopes all = {0};
    if (oauth_has(scope, "launch/patient") || !scopes_parse(scope, &all))
        return true;
    for (size_t i = 0; i < all.n; i++)
        if (all.at[i].level == LEVEL_PATIENT)
            return true;
    return false;
}
