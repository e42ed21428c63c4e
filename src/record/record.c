/* The record itself: opening and closing, ids to numbers, stored documents to served ones.
 * Asks policy nothing: its doors give no content away. Invariant: an id that this store made is
 * answered without an index; any other is a client's and goes through one. */
#include "policy/redact.h"
#include "record/cohort_int.h"
#include "record/consent_int.h"
#include "record/family_int.h"
#include "record/forget_int.h"
#include "record/phrase_int.h"
#include "record/profile_int.h"
#include "record/release_int.h"
#include "record/restrict_int.h"

#include <sodium.h>

/* The home parameter of every type. */
static uint16_t *homes(void)
{
    uint16_t *home = calloc((size_t)FHIR_TYPE_COUNT + 1, sizeof *home);
    for (fhir_type t = 1; home && t <= FHIR_TYPE_COUNT; t++) {
        const struct fhir_param *p;
        for (size_t i = 0; (p = fhir_param_at(t, i)); i++)
            if (p->home && !p->alias)
                home[t] = p->number;
    }
    return home;
}

/* What is kept in memory beside the store, and what an older program left to be done. */
static err open_parts(struct op *op, struct record *rec)
{
    TRY(consents_new(op, rec));
    TRY(consent_lists_new(op, rec));
    TRY(restrict_open(op, rec));
    TRY(releases_new(op, rec));
    TRY(cohort_kept_new(op, &rec->cohorts));
    TRY(phrases_open(op, rec));
    TRY(reindex_format(op, rec));
    TRY(family_open(op, rec));
    TRY(custom_new(op, rec));
    return forget_rest(op, rec);
}

static err wrap(struct op *op, struct store *store, const struct rulebook *book, bool owns,
                struct record **ret)
{
    struct record *rec = calloc(1, sizeof *rec);
    uint16_t *home = homes();
    struct store_marks *marks = marks_of_types();
    struct profile_shelf *profiles = NULL;
    err e = rec && home && marks ? profile_shelf_new(op, &profiles)
                                 : fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    if (e != OK) {
        free(rec);
        free(home);
        free(marks);
        return e;
    }
    *rec = (struct record){.store = store,
                           .book = book ? book : rulebook_default(),
                           .owns_store = owns,
                           .home = home,
                           .marks = marks,
                           .profiles = profiles,
                           .memo = blind_memo_new(), /* without memory for it: without it */
                           .chain_few = CHAIN_FEW,
                           .chain_many = CHAIN_MANY,
                           .t_patient = fhir_type_parse(STR("Patient")),
                           .t_audit = fhir_type_parse(STR("AuditEvent")),
                           .t_task = fhir_type_parse(STR("Task")),
                           .t_consent = fhir_type_parse(STR("Consent")),
                           .t_definition = fhir_type_parse(STR("StructureDefinition")),
                           .t_parameter = fhir_type_parse(STR("SearchParameter")),
                           .t_team = fhir_type_parse(STR("CareTeam")),
                           .t_organization = fhir_type_parse(STR("Organization")),
                           .t_staff_role = fhir_type_parse(STR("PractitionerRole")),
                           .t_note = fhir_type_parse(STR("Communication")),
                           .t_note_request = fhir_type_parse(STR("CommunicationRequest")),
                           .t_form = fhir_type_parse(STR("QuestionnaireResponse"))};
    page_key_make(rec);
    e = open_parts(op, rec);
    if (e != OK) {
        record_free(rec);
        return e;
    }
    *ret = rec;
    return OK;
}

err record_new(struct op *op, struct store *store, const struct rulebook *book, struct record **ret)
{
    return wrap(op, store, book, false, ret);
}

void record_free(struct record *rec)
{
    if (!rec)
        return;
    consents_free(rec->consents);
    consent_lists_free(rec->consent_lists);
    restrict_close(rec);
    releases_free(rec);
    cohort_kept_free(rec->cohorts);
    phrases_close(rec);
    custom_free(rec->customs);
    profile_shelf_free(rec->profiles);
    free(rec->home);
    free(rec->marks);
    free(rec->memo);
    sodium_memzero(rec->page_key, sizeof rec->page_key);
    free(rec);
}

static enum store_backend backend_of(str database)
{
    return database.n ? STORE_POSTGRES : STORE_SQLITE;
}

err record_init_at(struct op *op, str dir, str database)
{
    return store_create(op, &(struct store_options){
                                .backend = backend_of(database), .dir = dir, .database = database});
}

err record_init(struct op *op, str dir)
{
    return record_init_at(op, dir, STR_NONE);
}

err record_open(struct op *op, str dir, size_t cache_bytes, struct record **ret)
{
    return record_open_at(op, dir, STR_NONE, cache_bytes, ret);
}

err record_open_at(struct op *op, str dir, str database, size_t cache_bytes, struct record **ret)
{
    struct store *store;
    if (!database.n)
        TRY(store_place(op, dir, &database));
    struct store_options o = {.backend = backend_of(database),
                              .dir = dir,
                              .database = database,
                              .cache_bytes = cache_bytes};
    TRY(store_open(op, &o, &store));
    err e = wrap(op, store, NULL, true, ret);
    if (e != OK)
        store_close(store);
    return e;
}

void record_close(struct record *rec)
{
    if (rec && rec->owns_store)
        store_close(rec->store);
    record_free(rec);
}

void record_set_terms(struct record *rec, const struct fhir_terms *terms)
{
    rec->terms = terms;
}

bool record_lost(const struct record *rec)
{
    return store_lost(rec->store);
}

str record_dir(const struct record *rec)
{
    return store_dir(rec->store);
}

struct store *record_store(const struct record *rec)
{
    return rec->store;
}

const struct rulebook *record_rulebook(const struct record *rec)
{
    return atomic_load(&rec->book);
}

void record_set_rules(struct record *rec, const struct rulebook *book,
                      const struct restrictions *access)
{
    atomic_store(&rec->book, book);
    atomic_store(&rec->restrictions, access);
}

err fail_not_found(struct op *op)
{
    return fail(op, ERR_NOT_FOUND, "There is no such resource; check its type and id.");
}

/* An error of the store other than "not there" stands in the fault; that one is forgotten, since
 * the caller decides what it means. */
static err quiet(struct op *op, struct fault before, err e)
{
    if (e == ERR_NOT_FOUND)
        op->fault = before;
    return e;
}

typedef err (*getter)(struct op *op, struct store *s, uint64_t rid, struct store_doc *ret);

static err resolve(struct op *op, struct record *rec, fhir_type type, str id, getter get,
                   struct store_doc *ret)
{
    struct fault before = op->fault;
    uint64_t rid;
    err e = ERR_NOT_FOUND;
    if (store_id_parse(rec->store, id, &rid)) {
        struct store_doc d;
        e = quiet(op, before, get(op, rec->store, rid, &d));
        if (e == OK && d.type == type && !d.named) {
            *ret = d;
            return OK;
        }
        if (e != OK && e != ERR_NOT_FOUND)
            return e;
    }
    TRY(quiet(op, before, store_find_id(op, rec->store, type, id, &rid)));
    TRY(quiet(op, before, get(op, rec->store, rid, ret)));
    ret->client_id = arena_str(op->arena, id);
    return op_check(op);
}

/* The same by number: the client's id stands in the sealed part, which is opened for it. */
err peek_named(struct op *op, struct record *rec, uint64_t rid, struct store_doc *ret)
{
    struct store_doc d;
    TRY(store_peek(op, rec->store, rid, &d));
    if (d.named)
        TRY(store_get(op, rec->store, rid, &d));
    *ret = d;
    return OK;
}

err id_resolve(struct op *op, struct record *rec, fhir_type type, str id, struct store_doc *ret)
{
    return resolve(op, rec, type, id, store_peek, ret);
}

err id_number(struct op *op, struct record *rec, fhir_type type, str id, uint64_t *ret)
{
    struct fault before = op->fault;
    struct store_doc d;
    if (!store_id_parse(rec->store, id, ret))
        return quiet(op, before, store_find_id(op, rec->store, type, id, ret));
    TRY(resolve(op, rec, type, id, store_peek, &d));
    *ret = d.rid;
    return OK;
}

err id_get(struct op *op, struct record *rec, fhir_type type, str id, struct store_doc *ret)
{
    return resolve(op, rec, type, id, store_get, ret);
}

err record_resolve(struct op *op, struct record *rec, fhir_type type, str id, uint64_t *ret_rid)
{
    struct store_doc d;
    err e = id_resolve(op, rec, type, id, &d);
    if (e == ERR_NOT_FOUND)
        return fail_not_found(op);
    if (e == OK)
        *ret_rid = d.rid;
    return e;
}

str doc_id(struct op *op, struct record *rec, uint64_t rid, str client_id)
{
    if (!str_empty(client_id))
        return client_id;
    char id[STORE_ID_LEN];
    store_id_format(rec->store, rid, id);
    return arena_str(op->arena, str_make(id, sizeof id));
}

err record_name(struct op *op, struct record *rec, uint64_t rid, fhir_type *ret_type, str *ret_id)
{
    struct store_doc d;
    TRY(peek_named(op, rec, rid, &d));
    *ret_type = d.type;
    *ret_id = doc_id(op, rec, d.rid, d.client_id);
    return OK;
}

void doc_fill(struct op *op, struct record *rec, const struct store_doc *d, struct record_doc *ret)
{
    doc_whole(op, rec, d, ret);
    if (redact_find(op->actor, (int)d->type))
        doc_redact(op, rec, d, ret);
}

void doc_whole(struct op *op, struct record *rec, const struct store_doc *d, struct record_doc *ret)
{
    *ret = (struct record_doc){.type = d->type,
                               .id = doc_id(op, rec, d->rid, d->client_id),
                               .vid = d->vid,
                               .updated = d->time,
                               .t = d->t,
                               .rid = d->rid,
                               .patient = d->comp,
                               .deleted = d->deleted};
    if (d->deleted)
        return;
    struct buf b;
    buf_init(&b, op->arena, 1024);
    fhir_head_write(&b, d->type, ret->id, d->vid, d->time);
    ret->head = buf_str(&b);
    ret->body = d->body;
}

err record_parse_bare(struct op *op, const struct record_doc *doc, struct json **ret)
{
    if (doc->deleted)
        return fail(op, ERR_GONE, "The resource was deleted.");
    return fhir_stored_bare(op, arena_cat(op->arena, doc->head, doc->body), ret);
}

err record_parse(struct op *op, const struct record_doc *doc, struct json **ret)
{
    TRY(record_parse_bare(op, doc, ret));
    fhir_tag(*ret);
    return OK;
}

err tree_of(struct op *op, struct record *rec, const struct store_doc *d, struct json **ret)
{
    struct record_doc doc;
    doc_whole(op, rec, d, &doc);
    return record_parse(op, &doc, ret);
}

err tree_shown(struct op *op, struct record *rec, const struct store_doc *d, struct json **ret)
{
    struct record_doc doc;
    doc_fill(op, rec, d, &doc);
    TRY(op_check(op));
    return record_parse(op, &doc, ret);
}
