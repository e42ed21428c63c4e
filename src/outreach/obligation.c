/* Every obligation that a rule of outbound, inbound, dialler, campaign, consent or configuration
 * asks for. Invariant, held by obligation_test.c: no such rule asks for a code that is not here,
 * and a named function is in the named file. */
#include "outreach/obligation.h"

/* A refusal asks a person for something: the verdict with its sentence is what carries it. */
#define ASKED(code, why)                                                                           \
    {                                                                                              \
        code, "outreach/send.c", "refused", why                                                    \
    }
#define NOT_YET(code, why)                                                                         \
    {                                                                                              \
        code, NULL, NULL, why                                                                      \
    }

const struct obligation_row obligation_rows[] = {
    {"identity_line", "outreach/compose.c", "add_lines", NULL},
    {"optout_line", "outreach/compose.c", "add_lines", NULL},
    {"caller_id", "outreach/call.c", "voice_facts", NULL},
    {"suppress_contact", "outreach/stop.c", "stop_record", NULL},
    {"confirmation_within_5_min", "outreach/inbound.c", "answer", NULL},
    {"help_reply", "outreach/inbound.c", "answer", NULL},
    {"keep_consent_evidence", "outreach/stop.c", "evidence_of", NULL},
    {"complete_consent", "outreach/capture.c", "decide", NULL},
    {"open_complaint", "outreach/inbound_case.c", "complaint", NULL},
    {"emergency_path", "outreach/inbound_case.c", "alarm", NULL},
    {"wait_for_cap", "outreach/facts.c", "hours_of", NULL},
    {"wait_for_hours", "outreach/facts.c", "hours_of", NULL},
    {"stop_before_close", "policy/hours.c", "windows_of", NULL},
    {"use_alternative_address", "outreach/facts.c", "consent_facts", NULL},
    {"neutral_sender", "policy/content_scan.c", "content_sender_neutral", NULL},
    {"shorten_message", "policy/content_sms.c", "content_sms_shape", NULL},
    {"remove_clinical", "policy/content_scan.c", "content_scan", NULL},
    {"remove_financial", "policy/content_scan.c", "content_scan", NULL},
    {"remove_marketing", "policy/content_scan.c", "content_scan", NULL},
    {"branded_link", "policy/content_link.c", "content_scan_links", NULL},
    {"portal_link", "outreach/prefer_link.c", "outreach_wish_link", NULL},
    {"slow_dialer", "outreach/pace.c", "pace_ask", NULL},
    {"ring_longer", "outreach/pace.c", "pace_ask", NULL},
    {"keep_optout_ways", "rules/step.c", "settings_rules", NULL},
    {"minimum_necessary", "rules/step.c", "settings_rules", NULL},
    {"impact_assessment", "outreach/pace.c", "publish_ask", NULL},
    {"flag_artificial_voice", "outreach/pace.c", "publish_ask", NULL},
    {"check_number_owner", "outreach/lookup_http.c", "lookup_number", NULL},
    ASKED("get_consent", "asked of the patient by a person, kept by outreach_capture()"),
    ASKED("get_written_consent", "asked of the patient by a person, kept by outreach_capture()"),
    ASKED("get_authorisation", "a signed paper"),
    ASKED("get_number", "asked of the patient by a person"),
    ASKED("state_purpose", "the sender chooses one of the nine"),
    ASKED("second_factor", "the sender signs in again"),
    ASKED("warn_of_risk", "said to the patient by a person"),
    ASKED("record_preference", "the patient's own word, outreach_prefer()"),
    ASKED("programme_disclosures", "words of the template, linted at publish"),
    ASKED("approve_emergency", "a named person approves"),
    ASKED("disclose_ai", "no message is written by a machine here"),
    ASKED("human_contact", "the clinic's number in the help text"),
    NOT_YET("post_event_review",
            "a person names an emergency, and why: call-exception in the trail, theirs to review"),
    NOT_YET("log_suspended_rules", "the verdict in the trail names every suspended rule"),
    NOT_YET("free_route", "the exemption it belongs to is not claimed: consent is the basis"),
    NOT_YET("register_campaign", "done at the Campaign Registry; sms.campaign_approved says it is"),
    NOT_YET("check_dnc", "no solicitation is sent: what is found to be one is refused"),
    NOT_YET("call_by_hand", "no machine dials: calls are tasks for people"),
    NOT_YET("fix_911", "no telephone line is run by this server"),
    NOT_YET("connect_911", "no telephone line is run by this server"),
    NOT_YET("neutral_answer", "said by the person who answers the call"),
};
const size_t obligation_count = sizeof obligation_rows / sizeof obligation_rows[0];
