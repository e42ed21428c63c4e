/* Training: what a role asks for is a table made from spec/identity/training.json; what an account
 * has passed is kept under train/<user>. Invariant: what has run out, was changed since or cannot
 * be read counts as not passed. */
#include "identity/training.h"

#include "identity/identity_int.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct training_row {
    const char *id;
    unsigned version, days, questions, roles;
    const char *text;
};
#include "training_gen.h"

_Static_assert(TRAINING_ROWS <= TRAINING_MAX, "more modules than the door shows");

static err passed(struct op *op, struct identity *id, str user, str *ret_text, struct json **ret)
{
    bool found;
    str text = STR_NONE;
    TRY(kv_get(op, id, arena_cat(op->arena, STR("train/"), user), &found, &text));
    *ret_text = found ? text : STR_NONE;
    if (!found) {
        *ret = json_new(op->arena, JSON_OBJECT);
        return op_check(op);
    }
    return json_read(op, text, &JSON_LIMITS_DEFAULT, ret);
}

static int64_t until_of(const struct json *done, const struct training_row *row)
{
    const struct json *m = json_get(done, str_of(row->id));
    int64_t version = 0, until = 0;
    return json_i64(JSON_GET(m, "version"), &version) && version == row->version &&
                   json_i64(JSON_GET(m, "until"), &until)
               ? until
               : 0;
}

static bool asked_of(const struct training_row *row, enum role role)
{
    return row->roles >> role & 1;
}

err training_until(struct op *op, struct identity *id, str user, enum role role, int64_t *ret)
{
    int64_t least = INT64_MAX;
    struct json *done = NULL;
    str text;
    for (size_t i = 0; i < TRAINING_ROWS; i++) {
        if (!asked_of(&training_rows[i], role))
            continue;
        if (!done)
            TRY(passed(op, id, user, &text, &done));
        int64_t until = until_of(done, &training_rows[i]);
        least = until < least ? until : least;
    }
    *ret = least;
    return OK;
}

/* How the options of a question are turned for an account: the same each time, so that a page that
 * is loaded again shows the same. */
static uint8_t turn_of(str user, const struct training_row *row, unsigned q)
{
    return (uint8_t)((str_hash(user) / 7 + str_hash(str_of(row->id)) + q * 5 + q / 2) % 3);
}

err identity_training(struct op *op, struct identity *id, str token,
                      struct identity_module ret[TRAINING_MAX], size_t *ret_n)
{
    struct session s = {0};
    struct json *done;
    str text;
    size_t n = 0;
    TRY(session_need(op, id, token, true, &s));
    TRY(passed(op, id, str_of(s.user), &text, &done));
    for (size_t i = 0; i < TRAINING_ROWS; i++) {
        const struct training_row *row = &training_rows[i];
        if (!asked_of(row, s.role))
            continue;
        ret[n] = (struct identity_module){.id = str_of(row->id),
                                          .text = str_of(row->text),
                                          .version = row->version,
                                          .questions = row->questions,
                                          .until = until_of(done, row)};
        for (unsigned q = 0; q < row->questions; q++)
            ret[n].order[q] = turn_of(str_of(s.user), row, q);
        n++;
    }
    *ret_n = n;
    return OK;
}

static void note(struct op *op, struct json *done, const struct training_row *row)
{
    struct json *m = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, m, STR("version"), json_new_i64(op->arena, row->version));
    json_set(op->arena, m, STR("on"), json_new_i64(op->arena, op->now));
    json_set(op->arena, m, STR("until"), json_new_i64(op->arena, op->now + row->days * DAY_MS));
    json_set(op->arena, done, str_of(row->id), m);
}

static err keep(struct op *op, struct identity *id, str user, str was, const struct json *done)
{
    struct buf b;
    str key = arena_cat(op->arena, STR("train/"), user);
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit committed;
    buf_init(&b, op->arena, 65536);
    json_write(&b, done);
    TRY(op_check(op));
    store_tx_expect_kv(tx, key, was);
    store_tx_kv(tx, key, buf_str(&b));
    TRY(store_commit(op, tx, &committed));
    cache_drop_user(&id->cache, user);
    return OK;
}

err identity_training_answer(struct op *op, struct identity *id, str token, str module,
                             const unsigned *answers, size_t n, unsigned *ret_wrong)
{
    struct session s = {0};
    const struct training_row *row = NULL;
    struct json *done;
    str was, user;
    unsigned wrong = 0;
    TRY(session_person(op, id, token, &s));
    user = arena_str(op->arena, str_of(s.user));
    for (size_t i = 0; i < TRAINING_ROWS && !row; i++)
        row = str_eq(str_of(training_rows[i].id), module) && asked_of(&training_rows[i], s.role)
                  ? &training_rows[i]
                  : NULL;
    if (!row || n != row->questions)
        return fail(op, ERR_INVALID, "Your role has no such module, or not this many questions.");
    for (unsigned q = 0; q < n; q++)
        if ((answers[q] + turn_of(user, row, q)) % 3 != 0 || answers[q] > 2)
            wrong |= 1u << q;
    *ret_wrong = wrong;
    if (!wrong) {
        TRY(passed(op, id, user, &was, &done));
        note(op, done, row);
        TRY(keep(op, id, user, was, done));
    }
    return record_audit_event(op, id->rec, STR("training"), !wrong, str_of(row->id));
}

err identity_training_note(struct op *op, struct identity *id, str user)
{
    struct identity_account a;
    struct account_secret secret;
    struct json *done;
    str was;
    TRY(need_manage(op));
    TRY(account_load(op, id, user, &a, &secret));
    TRY(passed(op, id, user, &was, &done));
    for (size_t i = 0; i < TRAINING_ROWS; i++)
        if (asked_of(&training_rows[i], a.role))
            note(op, done, &training_rows[i]);
    TRY(keep(op, id, user, was, done));
    return record_audit_event(op, id->rec, STR("training"), true,
                              arena_printf(op->arena, "%.*s: noted", STR_ARG(user)));
}

err identity_trained_until(struct op *op, struct identity *id, const struct identity_account *a,
                           int64_t *ret)
{
    return training_until(op, id, a->user, a->role, ret);
}
