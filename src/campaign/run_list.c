/* Campaigns and journeys as people see them: the list, one with its outline and life, a new or
 * changed outline. */
#include "campaign/done_int.h"

#define LIST_MAX 200

static bool ours(const struct json *tree)
{
    const struct json *list = JSON_GET(tree, "extension"), *x;
    for (size_t i = 0; (x = json_at(list, i)); i++)
        if (str_eq(json_get_str(x, STR("url")), STR(PLAN_URL "kind")))
            return true;
    return false;
}

static str kind_of(const struct json *tree)
{
    const struct json *list = JSON_GET(tree, "extension"), *x;
    for (size_t i = 0; (x = json_at(list, i)); i++)
        if (str_eq(json_get_str(x, STR("url")), STR(PLAN_URL "kind")))
            return json_get_str(x, STR("valueCode"));
    return STR_NONE;
}

static struct json *row_of(struct op *op, const struct record_doc *doc, const struct json *tree,
                           const struct life *l)
{
    static const char *const told[] = {"people",    "held",      "diff",    "next",    "needed",
                                       "start",     "scheduled", "started", "stopped", "author",
                                       "approvals", "live",      "log",     "holdout", "asked"};
    enum { N_COUNTS = 4 }; /* the first of them: of people */
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("id"), doc->id);
    json_set_str(op->arena, o, STR("title"), json_get_str(tree, STR("title")));
    json_set_str(op->arena, o, STR("kind"), kind_of(tree));
    json_set_str(op->arena, o, STR("state"), l->state);
    json_set(op->arena, o, STR("version"), json_new_i64(op->arena, doc->vid));
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const struct json *v = json_get(l->o, str_of(told[i]));
        struct json *own = v ? json_dup(op->arena, v) : NULL;
        if (own && i < N_COUNTS && json_bool(JSON_GET(l->o, "veiled"), false)) {
            struct json *one = json_new(op->arena, JSON_OBJECT);
            json_set(op->arena, one, STR("n"), own);
            people_coarse(op, one);
            own = JSON_GET(one, "n");
        }
        if (own)
            json_set(op->arena, o, str_of(told[i]), own);
    }
    return o;
}

err campaign_check_role(struct op *op)
{
    enum role role = op->actor ? op->actor->role : ROLE_NONE;
    if (role == ROLE_OUTREACH || role == ROLE_PRIVACY || role == ROLE_SYSTEM)
        return OK;
    return fail(op, ERR_FORBIDDEN, "campaigns are for outreach staff and the privacy office");
}

err campaign_list(struct op *op, struct campaigns *c, struct json **ret)
{
    struct record_page page;
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    TRY(campaign_check_role(op));
    TRY(record_find(op, c->rec, fhir_type_parse(STR("PlanDefinition")),
                    arena_printf(op->arena, "_sort=-_lastUpdated&_count=%d", LIST_MAX), &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *tree;
        struct life l;
        TRY(record_parse(op, &page.docs[i], &tree));
        if (!ours(tree))
            continue;
        TRY(life_load(op, c->rec, page.docs[i].id, &l));
        json_unset(l.o, STR("log"));
        json_push(op->arena, list, row_of(op, &page.docs[i], tree, &l));
    }
    json_set(op->arena, o, STR("campaigns"), list);
    *ret = o;
    return op_check(op);
}

/* People keep the version they began with. How many are under way in one is told as of a veiled
 * audience: what enrols them is about health. */
static err under_way(struct op *op, struct campaigns *c, const struct life *l, struct json **ret)
{
    const struct json *all = JSON_GET(l->o, "versions"), *v;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    const struct actor *who = op->actor;
    for (size_t i = 0; (v = json_at(all, i)); i++) {
        struct record_page page;
        struct json *o = json_new(op->arena, JSON_OBJECT);
        int64_t vid = 0;
        (void)json_i64(v, &vid);
        str query =
            arena_printf(op->arena, "instantiates-uri=%.*s&status=active,on-hold&_summary=count",
                         STR_ARG(plan_version_uri(op, l->id, (uint32_t)vid)));
        op->actor = campaign_system();
        err e = record_find(op, c->rec, fhir_type_parse(STR("CarePlan")), query, &page);
        op->actor = who;
        TRY(e);
        if (page.total == 0)
            continue;
        json_set(op->arena, o, STR("version"), json_new_i64(op->arena, vid));
        json_set(op->arena, o, STR("people"),
                 json_new_i64(op->arena, (int64_t)audience_figure(page.total)));
        json_push(op->arena, list, o);
    }
    *ret = list;
    return op_check(op);
}

err campaign_get(struct op *op, struct campaigns *c, str id, struct json **ret)
{
    struct record_doc doc;
    struct json *tree, *o, *versions;
    struct life l;
    str audience;
    TRY(campaign_check_role(op));
    TRY(record_read(op, c->rec, fhir_type_parse(STR("PlanDefinition")), id, &doc));
    TRY(record_parse(op, &doc, &tree));
    TRY(life_load(op, c->rec, id, &l));
    TRY(under_way(op, c, &l, &versions));
    o = row_of(op, &doc, tree, &l);
    TRY(people_name(op, c, id, &audience));
    json_set_str(op->arena, o, STR("audience"), audience);
    json_set(op->arena, o, STR("underWay"), versions);
    json_set(op->arena, o, STR("undoMinutes"),
             json_new_i64(op->arena, config_int(c->config, "campaign.undo_minutes")));
    campaign_steps(op, c, &l, o);
    done_rows(op, o);
    json_set(op->arena, o, STR("plan"), tree);
    *ret = o;
    return op_check(op);
}

static err put_life(struct op *op, struct campaigns *c, str id, uint32_t vid)
{
    struct life l;
    struct record_tx *tx = record_begin(op, c->rec);
    TRY(life_load(op, c->rec, id, &l));
    if (str_empty(json_get_str(l.o, STR("seed"))))
        json_set_str(op->arena, l.o, STR("seed"),
                     arena_printf(op->arena, "%016llx", (unsigned long long)str_hash(id)));
    json_set(op->arena, l.o, STR("edited"), json_new_i64(op->arena, vid));
    if (!str_eq(l.state, STR("draft")) && !str_eq(l.state, STR("submitted")))
        json_unset(l.o, STR("authors")); /* what was there is approved */
    TRY(life_author(op, &l));
    json_unset(l.o, STR("approvals"));
    l.state = STR("draft");
    TRY(life_save(tx, op, &l, "edit"));
    return record_commit(tx);
}

/* Outreach hands over nothing more of what was stopped, so a new start would be a call for each. */
static err not_stopped(struct op *op, struct campaigns *c, str id)
{
    struct life l;
    TRY(life_load(op, c->rec, id, &l));
    return str_eq(l.state, STR("stopped"))
               ? fail(op, ERR_CONFLICT, "what was stopped stays stopped; make a new one")
               : OK;
}

err campaign_check(struct op *op, struct json *outline)
{
    struct plan *p;
    TRY(campaign_check_role(op));
    json_unset(outline, STR("id"));
    json_unset(outline, STR("meta"));
    if (str_empty(json_get_str(outline, STR("status"))))
        json_set_str(op->arena, outline, STR("status"), STR("draft"));
    TRY(fhir_validate(op, outline));
    return plan_read(op, outline, &p);
}

err campaign_put(struct op *op, struct campaigns *c, str id, struct json *outline,
                 struct json **ret)
{
    struct record_result r;
    if (op->actor && op->actor->role == ROLE_PRIVACY)
        return fail(op, ERR_FORBIDDEN, "the privacy office approves campaigns; it writes none");
    TRY(campaign_check(op, outline));
    if (str_empty(id))
        TRY(record_create(op, c->rec, outline, STR_NONE, &r));
    else {
        TRY(not_stopped(op, c, id));
        json_set_str(op->arena, outline, STR("id"), id);
        TRY(record_update(op, c->rec, fhir_type_parse(STR("PlanDefinition")), id, outline, STR_NONE,
                          &r));
    }
    TRY(put_life(op, c, r.id, r.vid));
    return campaign_get(op, c, r.id, ret);
}
