/* Many drafts at once, lanes, the kill switch, numbers that may send so much, and a campaign's end:
 * with the built-in screen as provider and the sender's steps taken by hand. */
#include "outreach/ledger_int.h"
#include "outreach/sender_fixture_int.h"

static void many_in_one_call(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[4], again[4];
    struct outreach_draft d[4] = {draft(r, 0, "key-many-0"), draft(r, 1, "key-many-1"),
                                  draft(r, 9, "key-many-2"), draft(r, 0, "key-many-0")};
    d[1].due_key = STR("visit/7");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 4, sent), OK);
    assert_int_equal(sent[0].code, OK);
    assert_int_equal(sent[1].code, OK);
    assert_int_equal(sent[2].code, ERR_NOT_FOUND); /* nobody of this name */
    assert_int_equal(sent[3].code, ERR_CONFLICT);  /* the first one's key */
    d[1].key = STR("key-many-other");              /* the due key is the same */
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 2, again), OK);
    assert_true(again[0].existed && str_eq(again[0].communication, sent[0].communication));
    assert_true(again[1].existed && str_eq(again[1].communication, sent[1].communication));
    assert_int_equal(step(r), 2);
    assert_status(r, sent[0].communication, "in-progress");
    assert_int_equal(step(r), 0);
}

static void care_goes_first_and_stopped_means_stopped(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[3], none[1];
    struct outreach_draft d[3] = {draft(r, 2, "key-lane-2"), draft(r, 3, "key-lane-3"),
                                  draft(r, 4, "key-lane-4")};
    d[0].campaign = d[1].campaign = STR("flu");
    d[1].not_before = NOW + 3600000;
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 3, sent), OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sent[i].code, OK);
    struct lane_jobs first;
    r->op.actor = outreach_system();
    r->op.now = NOW;
    assert_int_equal(lane_take(&r->op, r->o, CHANNEL_SMS, 1, &first), OK);
    assert_int_equal(first.n, 1);
    assert_true(str_find(first.jobs[0].body, sent[2].communication, 0) != SIZE_MAX);
    struct parcel held = {.campaign = STR("flu")}; /* at a worker already */
    assert_true(parcel_may_go(r->o, &held));
    assert_int_equal(outreach_stop_campaign(&r->op, r->o, STR("flu")), OK);
    assert_false(parcel_may_go(r->o, &held));
    while (step(r))
        ;
    assert_status(r, sent[0].communication, "not-done");
    assert_status(r, sent[1].communication, "not-done"); /* it was due in an hour */
    d[0].key = STR("key-lane-new");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 1, none), ERR_UNPROCESSABLE);
    op_clear(&r->op);
}

static void writes(struct room *r, int patient, const char *words)
{
    struct outreach_inbound_result got;
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = arena_printf(r->op.arena, "+1503200000%d", patient),
                                  .to = STR("+15035550100"),
                                  .text = str_of(words),
                                  .provider_id =
                                      arena_printf(r->op.arena, "in-%d-%s", patient, words)};
    r->op.actor = outreach_system();
    r->op.now = NOW;
    assert_int_equal(outreach_inbound(&r->op, r->o, &in, &got), OK);
    assert_true(got.matched);
    for (size_t n = 1; n;)
        assert_int_equal(ledger_step(&r->op, r->o, &n), OK);
}

static enum decision tried(struct room *r, int patient, const char *campaign, bool answers)
{
    struct outreach_preview p;
    struct outreach_draft d = draft(r, patient, "");
    d.campaign = str_of(campaign);
    d.answers = answers;
    nurse(r);
    assert_int_equal(outreach_check(&r->op, r->o, &d, &p), OK);
    return p.verdict.decision;
}

/* Found by the hostile run: whoever wrote to us within a day, if only HELP, got campaigns at any
 * hour and as many as there were. */
static void a_campaign_answers_nobody(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[2];
    struct outreach_draft d[2] = {draft(r, 2, "key-reply-2"), draft(r, 3, "key-reply-3")};
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 2, sent), OK);
    assert_int_equal(step(r), 2);
    writes(r, 2, "I feel a little better");
    writes(r, 3, "HELP");
    assert_int_equal(tried(r, 2, "", false), DECISION_ALLOW); /* a person answers */
    assert_int_equal(tried(r, 2, "flu", false), DECISION_HOLD_UNTIL);
    assert_int_equal(tried(r, 2, "flu", true), DECISION_ALLOW); /* the next of its questions */
    assert_int_equal(tried(r, 3, "", false), DECISION_HOLD_UNTIL);
    assert_int_equal(tried(r, 3, "flu", true), DECISION_HOLD_UNTIL); /* HELP answers nothing */
    while (step(r))                                                  /* what HELP is answered */
        ;
}

/* Found by the hostile run: what HELP is answered came days later, when the line was back. */
static void a_late_answer_is_dropped(void **state)
{
    struct room *r = *state;
    struct record_page page;
    size_t n;
    writes(r, 4, "HELP");
    r->op.actor = outreach_system();
    r->op.now = NOW + 301000;
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Communication")),
                                 STR("subject=Patient/b4&status=stopped"), &page),
                     OK);
    assert_int_equal(page.n, 1);
}

/* Bug: a confirmation whose number said STOP once more meanwhile waited for its lease to end. */
static void who_lost_a_race_is_decided_anew(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent;
    struct lane_jobs due;
    struct outreach_draft d = draft(r, 19, "key-race-19");
    struct job j = {0}, *js = &j;
    r->op.actor = outreach_system();
    patient(r, 19, 19);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    r->op.actor = outreach_system();
    assert_int_equal(lane_take(&r->op, r->o, CHANNEL_SMS, 1, &due), OK);
    assert_int_equal(due.n, 1);
    j.tx = record_begin(&r->op, r->rec);
    sender_prepare(&r->op, r->o, &due.jobs[0], &j);
    assert_int_equal(j.step, STEP_SUBMIT);
    struct outreach_inbound_result got;
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .provider_id = STR("race-19"),
                                  .from = STR("+15032000019"),
                                  .text = STR("STOP")};
    assert_int_equal(outreach_inbound(&r->op, r->o, &in, &got), OK);
    r->op.actor = outreach_system();
    sender_write(j.tx, &r->op, r->o, &js, 1);
    assert_int_equal(j.step, STEP_FINISH);
    assert_true(j.written);
    assert_status(r, sent.communication, "not-done");
    while (step(r))
        ;
}

/* Killed while it was handed over, and the clock set back: what may have gone counts, also for a
 * message that was written at an earlier hour. */
static void what_may_have_gone_counts_at_once(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent;
    struct lane_jobs due;
    struct outreach_draft d = draft(r, 8, "key-gone-8");
    r->op.actor = outreach_system();
    patient(r, 8, 8);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    r->op.actor = outreach_system();
    assert_int_equal(lane_take(&r->op, r->o, CHANNEL_SMS, 1, &due), OK);
    assert_int_equal(due.n, 1);
    struct job j = {.number = due.jobs[0].job, .channel = CHANNEL_SMS, .step = STEP_SUBMIT},
               *js = &j;
    j.communication = sent.communication;
    j.patient = d.patient;
    assert_int_equal(json_read(&r->op, due.jobs[0].body, &JSON_LIMITS_DEFAULT, &j.body), OK);
    assert_int_equal(
        record_read(&r->op, r->rec, fhir_type_parse(STR("Communication")), j.communication, &j.doc),
        OK);
    assert_int_equal(record_parse(&r->op, &j.doc, &j.tree), OK);
    sender_write(record_begin(&r->op, r->rec), &r->op, r->o, &js, 1);
    assert_true(j.written);
    struct ledger_entry *rows;
    size_t n;
    assert_int_equal(ledger_list(&r->op, r->rec, d.patient, 1, &rows, &n), OK);
    assert_int_equal(rows[0].state, LEDGER_OUT);
    j.step = STEP_LATER; /* it did not go: it waits again */
    sender_write(record_begin(&r->op, r->rec), &r->op, r->o, &js, 1);
    assert_int_equal(ledger_list(&r->op, r->rec, d.patient, 1, &rows, &n), OK);
    assert_int_equal(rows[0].state, LEDGER_WAITING);
    j.step = STEP_DROP;
    sender_write(record_begin(&r->op, r->rec), &r->op, r->o, &js, 1);
}

static void a_number_sends_what_it_may(void **state)
{
    struct room *r = *state;
    int64_t free_at = 0;
    int64_t now = time_now() / DAY_MS * DAY_MS + DAY_MS / 2; /* a minute on is the same day */
    struct outreach *o = r->o;
    o->rate = 1;
    o->burst = 2;
    for (size_t i = 0; i < o->n_buckets; i++)
        o->buckets[i].tokens = 2000, o->buckets[i].at = now;
    assert_int_equal(bucket_room(o, CHANNEL_SMS, now), 4);
    assert_true(bucket_take(o, CHANNEL_SMS, STR("b1"), now, &free_at));
    assert_true(bucket_take(o, CHANNEL_SMS, STR("b1"), now, &free_at));
    assert_false(bucket_take(o, CHANNEL_SMS, STR("b1"), now, &free_at));
    assert_true(free_at > now && free_at <= now + 1001);
    assert_true(bucket_take(o, CHANNEL_SMS, STR("b1"), free_at, &free_at));
    assert_true(str_eq(bucket_number(o, STR("b1")), bucket_number(o, STR("b1"))));
    o->per_day = 3;
    now += 60000;
    assert_false(bucket_take(o, CHANNEL_SMS, STR("b1"), now, &free_at));
    assert_int_equal(free_at % DAY_MS, 0);
    assert_true(bucket_take(o, CHANNEL_SMS, STR("b1"), free_at, &free_at));
    assert_true(bucket_take(o, CHANNEL_EMAIL, STR("b1"), now, &free_at));
    o->rate = o->per_day = 0;
    assert_int_equal(bucket_room(o, CHANNEL_SMS, now), INT64_MAX);
}

static enum sent plan[64];
static size_t asked;

static void by_plan(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n)
{
    (void)op;
    (void)via;
    for (size_t i = 0; i < n; i++)
        parcels[i]->result = plan[asked++];
}

static void the_next_only_after_a_certain_no(void **state)
{
    struct room *r = *state;
    static const struct channel fake = {.name = "fake", .kind = CHANNEL_SMS, .send = by_plan};
    struct provider_list had = r->o->providers[CHANNEL_SMS];
    struct provider_list *l = &r->o->providers[CHANNEL_SMS];
    *l = (struct provider_list){.n = 2};
    l->at[0] = l->at[1] = (struct provider){.channel = &fake, .o = r->o};
    struct parcel p[3] = {{.result = SENT_LATER}, {.result = SENT_LATER}, {.result = SENT_LATER}};
    memcpy(plan, (enum sent[]){SENT_OK, SENT_UNKNOWN, SENT_LATER, SENT_OK}, 4 * sizeof plan[0]);
    asked = 0;
    provider_send(&r->op, r->o, CHANNEL_SMS, p, 3);
    assert_int_equal(asked, 4); /* the third alone was asked of the second provider */
    assert_int_equal(p[0].result, SENT_OK);
    assert_int_equal(p[1].result, SENT_UNKNOWN);
    assert_int_equal(p[2].result, SENT_OK);
    l->n = 1;
    for (int i = 0; i < 64; i++)
        plan[i] = SENT_LATER;
    for (int i = 0; i < 5; i++) { /* it rests after three */
        p[0].result = SENT_LATER;
        asked = i ? asked : 0;
        provider_send(&r->op, r->o, CHANNEL_SMS, p, 1);
    }
    assert_int_equal(asked, 3);
    l->at[0].closed_until = time_now() - 1; /* rested: one asks, then the others go */
    asked = 0;
    plan[0] = plan[1] = plan[2] = SENT_OK;
    p[0].result = p[1].result = p[2].result = SENT_LATER;
    provider_send(&r->op, r->o, CHANNEL_SMS, p, 3);
    assert_int_equal(asked, 3);
    assert_int_equal(p[2].result, SENT_OK);
    *l = had;
}

/* Review R203: two of one household whose messages fall due together, by one step. */
static void r203_one_at_a_time_to_a_number(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[2];
    struct outreach_draft d[2] = {draft(r, 6, "key-house-0"), draft(r, 7, "key-house-1")};
    patient(r, 6, 6);
    patient(r, 7, 6);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 2, sent), OK);
    assert_int_equal(sent[0].code, OK);
    assert_int_equal(sent[1].code, OK);
    assert_int_equal(step(r), 2);
    bool first = str_eq(room_status(r, sent[0].communication), STR("in-progress"));
    assert_status(r, sent[first].communication, "preparation");
    assert_status(r, sent[!first].communication, "in-progress");
    (void)step(r);
    assert_status(r, sent[first].communication, "in-progress");
}

/* While the first is handed over, the second's patient says stop. */
static enum sent stop_meanwhile(struct op *op, const struct outreach *o, struct parcel *p)
{
    struct recipient who;
    struct stop_word word = {.stop = true, .evidence = STR("stop")};
    (void)p;
    asked++;
    assert_int_equal(recipient_load(op, o->rec, STR("b5"), &who), OK);
    struct record_tx *tx = record_begin(op, o->rec);
    assert_int_equal(stop_record(tx, op, &who, CHANNEL_SMS, &word), OK);
    assert_int_equal(record_commit(tx), OK);
    return SENT_OK;
}

static void each(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n)
{
    channel_each(op, via, parcels, n, stop_meanwhile);
}

/* Review R206: a stop that comes while a batch is handed over, one by one. */
static void r206_a_stop_is_not_overtaken_by_its_batch(void **state)
{
    struct room *r = *state;
    static const struct channel fake = {.name = "fake", .kind = CHANNEL_SMS, .send = each};
    struct provider_list had = r->o->providers[CHANNEL_SMS];
    struct provider_list *l = &r->o->providers[CHANNEL_SMS];
    struct parcel p[2] = {{.result = SENT_LATER, .patient = STR("b4")},
                          {.result = SENT_LATER, .patient = STR("b5")}};
    *l = (struct provider_list){.n = 2};
    l->at[0] = l->at[1] = (struct provider){.channel = &fake, .o = r->o};
    r->op.actor = outreach_system();
    for (int i = 0; i < 2; i++)
        assert_int_equal(stop_mark(&r->op, r->rec, p[i].patient, CHANNEL_SMS, &p[i].mark), OK);
    asked = 0;
    provider_send(&r->op, r->o, CHANNEL_SMS, p, 2);
    assert_int_equal(asked, 1);
    assert_int_equal(p[0].result, SENT_OK);
    assert_int_equal(p[1].result, SENT_LATER); /* the rulebook is asked again */
    *l = had;
}

/* Review R211: the key of a message to one person, used again for another. */
static void r211_a_key_is_of_one_person(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[2];
    struct outreach_draft d[2] = {draft(r, 8, "key-one-person"), draft(r, 9, "key-one-person")};
    patient(r, 8, 8);
    patient(r, 9, 9);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 1, sent), OK);
    assert_int_equal(sent[0].code, OK);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d[1], 1, &sent[1]), OK);
    assert_int_equal(sent[1].code, ERR_UNPROCESSABLE);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 1, &sent[1]), OK);
    assert_true(sent[1].existed && str_eq(sent[1].communication, sent[0].communication));
    op_clear(&r->op);
}

static unsigned contacts(struct room *r, str patient)
{
    struct ledger_question q = {.patient = patient};
    struct ledger_counts c;
    size_t n;
    r->op.actor = outreach_system();
    do
        assert_int_equal(ledger_step(&r->op, r->o, &n), OK);
    while (n);
    assert_int_equal(ledger_load(&r->op, r->rec, &q, &c), OK);
    return c.all.week;
}

/* Review R213: whoever may write Communications makes no room for more contacts by it. */
static void r213_what_was_sent_stays_counted(void **state)
{
    struct room *r = *state;
    static const char *const status[] = {"entered-in-error", "completed", "not-done"};
    struct outreach_sent sent;
    struct outreach_draft d = draft(r, 17, "key-counted");
    patient(r, 17, 7);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(contacts(r, STR("b17")), 1);
    (void)step(r);
    assert_status(r, sent.communication, "in-progress");
    for (size_t i = 0; i < 3; i++) {
        nurse(r);
        room_put(r, arena_printf(r->op.arena,
                                 "{\"resourceType\":\"Communication\",\"id\":\"%.*s\",\"status\":"
                                 "\"%s\",\"subject\":{\"reference\":\"Patient/b17\"},\"sent\":"
                                 "\"2026-01-01T10:00:00Z\"}",
                                 STR_ARG(sent.communication), status[i]));
        assert_int_equal(contacts(r, STR("b17")), 1);
    }
}

/* After a start the ledger looks again at the last changes: what was due then was refused, as
 * nobody knew the counts, and was lost. */
static void what_is_due_waits_for_the_ledger(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[2];
    struct outreach_draft d[2] = {draft(r, 5, "key-start-0"), draft(r, 4, "key-start-1")};
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 1, sent), OK);
    assert_int_equal(sent[0].code, OK);
    r->o->ledger_from = atomic_load(&r->o->ledger_t) + 1; /* as after a start */
    assert_int_equal(step(r), 0);
    assert_status(r, sent[0].communication, "preparation");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d[1], 1, &sent[1]), OK);
    assert_int_equal(sent[1].code, ERR_UNAVAILABLE);
    op_clear(&r->op);
    r->o->ledger_from = 0;
    assert_true(step(r) > 0);
    assert_status(r, sent[0].communication, "in-progress");
}

/* Review R212: whose numbers are cannot be asked: the message waits, and one that waits for the
 * answer waits for all. */
static void r212_a_lookup_that_is_away(void **state)
{
    struct room *r = *state;
    static const char *const settings[][2] = {{"sms.channel", "screen"},
                                              {"sms.from", "+15035550100,+15035550101"},
                                              {"sms.campaign_approved", "true"},
                                              {"outreach.lookup_url", "http://127.0.0.1:1/line"}};
    struct outreach_sent sent;
    struct outreach_draft d = draft(r, 10, "key-lookup-0");
    struct recipient other = {.address = {[CHANNEL_SMS] = STR("+15032000099")}};
    struct config *c = config_new(r->op.arena);
    const struct config *had = r->o->config;
    patient(r, 10, 11);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(sent.code, OK);
    (void)room_put(r, STR("{\"resourceType\":\"Patient\",\"id\":\"b10\",\"telecom\":[{\"system\":"
                          "\"phone\",\"value\":\"+15032000011\"}],\"address\":[{\"state\":\"OR\","
                          "\"country\":\"US\",\"extension\":[{\"url\":\"" ZONE_URL
                          "\",\"valueCode\":\"America/Los_Angeles\"}]}]}"));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(config_set(&r->op, c, str_of(settings[i][0]), str_of(settings[i][1])), OK);
    r->o->config = c;
    assert_true(step(r) > 0);
    assert_status(r, sent.communication, "preparation");
    int64_t closed = atomic_load(&r->o->lookup_closed_until);
    assert_true(closed > 0);
    assert_int_equal(lookup_number(&r->op, r->o, &other), OK);
    assert_true(atomic_load(&r->o->lookup_closed_until) == closed); /* not asked again */
    r->o->config = had;
    atomic_store(&r->o->lookup_closed_until, 0);
}

/* Review R215: the number changed between queueing and sending: the new one's household counts it,
 * the old one's no more. */
static void r215_a_number_that_changed_is_counted(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent;
    struct ledger_counts now, before;
    struct outreach_draft d = draft(r, 12, "key-moved-0");
    struct ledger_question to = {.patient = STR("b0"), .address = STR("+15032000013")};
    struct ledger_question from = {.patient = STR("b0"), .address = STR("+15032000012")};
    patient(r, 12, 12);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(sent.code, OK);
    patient(r, 12, 13);
    assert_int_equal(ledger_load(&r->op, r->rec, &to, &before), OK);
    (void)step(r);
    assert_status(r, sent.communication, "in-progress");
    assert_int_equal(ledger_load(&r->op, r->rec, &to, &now), OK);
    assert_int_equal(now.number.day, before.number.day + 1);
    assert_int_equal(ledger_load(&r->op, r->rec, &from, &now), OK);
    assert_int_equal(now.number.day, 0);
}

static bool has_row(struct room *r, int patient, str communication)
{
    struct ledger_entry e = {.id = ledger_mark(communication), .at = NOW}, row;
    bool there = false;
    str who = arena_printf(r->op.arena, "b%d", patient);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(ledger_entry_now(tx, &r->op, who, &e, &row, &there), OK);
    return there;
}

static void follow_anew(struct room *r)
{
    r->op.actor = outreach_system();
    atomic_store(&r->o->ledger_t, 0);
    for (size_t n = 1; n;)
        assert_int_equal(ledger_step(&r->op, r->o, &n), OK);
}

/* As after a start. */
static void read_all_anew(struct room *r)
{
    for (size_t i = 0; i < OWN_COMMITS; i++)
        atomic_store(&r->o->ledger_done.t[i], 0);
    follow_anew(r);
}

/* The follower passes over what our own commits wrote; read all the same it changes nothing. */
static void what_is_ours_has_its_rows(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[2];
    struct outreach_draft d[2] = {draft(r, 41, "key-done-4"), draft(r, 42, "key-done-5")};
    r->op.actor = outreach_system();
    patient(r, 41, 41);
    patient(r, 42, 42);
    patient(r, 43, 43);
    follow_anew(r);
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 2, sent), OK);
    assert_int_equal(sent[0].code, OK);
    assert_int_equal(step(r), 2);
    assert_status(r, sent[0].communication, "in-progress");
    uint64_t before = record_now_t(r->rec);
    read_all_anew(r);
    assert_int_equal(record_now_t(r->rec), before);

    d[0] = draft(r, 43, "key-done-6");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 1, sent), OK);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    r->op.actor = outreach_system();
    assert_int_equal(ledger_forget(tx, &r->op, STR("b43")), OK);
    assert_int_equal(record_commit(tx), OK);
    follow_anew(r);
    assert_false(has_row(r, 43, sent[0].communication)); /* it was not read */
    read_all_anew(r);
    assert_true(has_row(r, 43, sent[0].communication));
    while (step(r))
        ;
}

/* At once, and what is owed for it leaves. */
static void say_after(struct room *r, int minutes, const char *words)
{
    struct outreach_inbound_result got;
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = STR("+15032000051"),
                                  .text = str_of(words),
                                  .provider_id =
                                      arena_printf(r->op.arena, "after-%d-%s", minutes, words)};
    r->op.actor = outreach_system();
    r->op.now = NOW + minutes * 60000LL;
    assert_int_equal(outreach_inbound(&r->op, r->o, &in, &got), OK);
    assert_true(got.matched);
}

static size_t left_of(struct room *r, const char *kind)
{
    struct record_page page;
    size_t found = 0;
    for (size_t n = 1; n;)
        assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Communication")),
                                 STR("recipient=Patient/b51&status=in-progress"), &page),
                     OK);
    for (size_t i = 0; i < page.n; i++) {
        struct json *t;
        assert_int_equal(record_parse(&r->op, &page.docs[i], &t), OK);
        found += str_eq(json_str(json_path(t, "category.0.coding.0.code")), str_of(kind));
    }
    return found;
}

/* R511, found by the hostile run: a START that came before the confirmation of a second STOP left
 * made it the first. */
static void r511_a_start_confirms_no_stop_again(void **state)
{
    struct room *r = *state;
    r->op.actor = outreach_system();
    patient(r, 51, 51);
    say_after(r, 0, "STOP");
    assert_int_equal(left_of(r, "optout_confirmation"), 1);
    say_after(r, 10, "STOP");
    say_after(r, 11, "START");
    assert_int_equal(left_of(r, "optout_confirmation"), 1);
    assert_int_equal(left_of(r, "optin_confirmation"), 1);
    say_after(r, 20, "STOP"); /* it ends what that START began */
    assert_int_equal(left_of(r, "optout_confirmation"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_in_one_call),
        cmocka_unit_test(care_goes_first_and_stopped_means_stopped),
        cmocka_unit_test(a_campaign_answers_nobody),
        cmocka_unit_test(a_late_answer_is_dropped),
        cmocka_unit_test(who_lost_a_race_is_decided_anew),
        cmocka_unit_test(what_is_ours_has_its_rows),
        cmocka_unit_test(what_may_have_gone_counts_at_once),
        cmocka_unit_test(a_number_sends_what_it_may),
        cmocka_unit_test(the_next_only_after_a_certain_no),
        cmocka_unit_test(r203_one_at_a_time_to_a_number),
        cmocka_unit_test(r211_a_key_is_of_one_person),
        cmocka_unit_test(r213_what_was_sent_stays_counted),
        cmocka_unit_test(r212_a_lookup_that_is_away),
        cmocka_unit_test(r215_a_number_that_changed_is_counted),
        cmocka_unit_test(what_is_due_waits_for_the_ledger),
        cmocka_unit_test(r206_a_stop_is_not_overtaken_by_its_batch),
        cmocka_unit_test(r511_a_start_confirms_no_stop_again),
    };
    return cmocka_run_group_tests(tests, open_room, room_close);
}
