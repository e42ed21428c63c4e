/* For the suites of sending: patients b0, b1 … who agreed to texts to their number, the built-in
 * screen as provider, and the sender's steps taken by hand. */
#ifndef WEFT_OUTREACH_SENDER_FIXTURE_INT_H
#define WEFT_OUTREACH_SENDER_FIXTURE_INT_H

#include "outreach/fixture_int.h"
#include "outreach/sender_int.h"

static inline void patient(struct room *r, int i, int line)
{
    str now = time_format(r->op.arena, r->op.now - DAY_MS);
    room_put(
        r,
        arena_printf(
            r->op.arena,
            "{\"resourceType\":\"Patient\",\"id\":\"b%d\",\"name\":[{\"given\":[\"Ann\"]}],"
            "\"birthDate\":\"1980-01-01\",\"telecom\":[{\"system\":\"phone\",\"value\":"
            "\"+15032%06d\",\"extension\":[{\"url\":\"" LINE_TYPE_URL
            "\",\"valueCode\":\"wireless\"},{\"url\":\"" REASSIGNED_URL
            "\",\"extension\":[{\"url\":\"result\",\"valueCode\":\"no\"},{\"url\":\"date\","
            "\"valueDateTime\":\"%.*s\"}]}]}],\"address\":[{\"state\":\"OR\",\"country\":\"US\","
            "\"extension\":[{\"url\":\"" ZONE_URL "\",\"valueCode\":\"America/Los_Angeles\"}]}]}",
            i, line, STR_ARG(now)));
    room_put(
        r,
        arena_printf(
            r->op.arena,
            "{\"resourceType\":\"Consent\",\"id\":\"c%d\",\"status\":\"active\",\"scope\":{"
            "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\","
            "\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
            "\"" CONSENT_CATEGORY
            "\",\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/b%d\"},"
            "\"dateTime\":\"2025-01-17T10:00:00Z\",\"extension\":[{\"url\":\"" CONTACT_POINT_URL
            "\",\"valueContactPoint\":{\"system\":\"phone\",\"value\":\"+15032%06d\"}}],"
            "\"policyRule\":{\"coding\":[{\"system\":\"" CONSENT_FORM
            "\",\"code\":\"written\"}]},\"provision\":{\"type\":\"permit\",\"code\":[{"
            "\"coding\":[{\"system\":\"" CHANNEL_SYSTEM
            "\",\"code\":\"sms\"}]}],\"purpose\":[{\"system\":\"" PURPOSE_SYSTEM
            "\",\"code\":\"care\"},{\"system\":\"" PURPOSE_SYSTEM "\",\"code\":\"appointment\"}]}}",
            i, i, line));
}

static inline int open_room(void **state)
{
    static const char *const settings[] = {"sms.channel",
                                           "screen",
                                           "sms.from",
                                           "+15035550100,+15035550101",
                                           "sms.campaign_approved",
                                           "true",
                                           "outreach.undo_seconds",
                                           "0",
                                           NULL};
    struct room *r = room_new();
    for (int i = 0; i < 6; i++)
        patient(r, i, i);
    room_outreach(r, settings);
    *state = r;
    return 0;
}

static inline struct outreach_draft draft(struct room *r, int patient, const char *key)
{
    return (struct outreach_draft){.patient = arena_printf(r->op.arena, "b%d", patient),
                                   .channel = STR("sms"),
                                   .template_code = STR("please-call"),
                                   .key = str_of(key)};
}

static inline void nurse(struct room *r)
{
    static const struct actor a = {
        .role = ROLE_NURSE, .purpose = PURPOSE_TREAT, .user = {"n", 1}, .strong = true};
    r->op.actor = &a;
    r->op.now = NOW;
}

static inline size_t step(struct room *r)
{
    size_t n = 0;
    r->op.now = NOW;
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    return n;
}

static inline void assert_status(struct room *r, str id, const char *want)
{
    str got = room_status(r, id);
    if (!str_eq(got, str_of(want)))
        print_error("%.*s, not %s\n", STR_ARG(got), want);
    assert_true(str_eq(got, str_of(want)));
}

#endif
