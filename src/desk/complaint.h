/* Complaints about devices (21 CFR 820.35(a), 803; rules DEV-01 to DEV-07, DEV-10, DEV-15 to
 * DEV-17): any allegation, by message, by a person's entry or by the device itself, is a Task (code
 * complaint) about a patient, a Device, or both. It is aware from the moment that anybody of the
 * house knew; its clocks are Tasks (code clock) part of it. Who knew when is what the trail says of
 * it, which nobody can change.
 *
 * An agent writes one down and never judges it; a nurse, who may make a medical judgement (21 CFR
 * 803.20(c)(2)), judges; somebody else closes it, a nurse or the privacy office. Thread-safe;
 * results live in op->arena. */
#ifndef WEFT_DESK_COMPLAINT_H
#define WEFT_DESK_COMPLAINT_H

#include "desk/desk.h"

#define COMPLAINT_TEXT_MAX 4000u
#define COMPLAINT_TOLD_MAX 50u /* words that one complaint joins */

struct complaint_new {
    str patient, device; /* ids; one of them may be empty */
    str source;          /* "message", "entry", "device" */
    str words;           /* what was alleged */
    str evidence;        /* reference of what it came with; may be empty */
    str role;            /* setting house.device_role: manufacturer, user_facility, importer */
    int64_t aware;       /* ms: since when the house knows */
    bool urgent;         /* words of death or injury: hours instead of a day (DEV-03) */
    bool cyber;          /* about its security: the maker's security team, too (DEV-10) */
};
/* Joins tx, as the house. Until somebody judged it, what a patient writes more, or the same device
 * says, joins the complaint that is there. *ret_due: when it is to be judged (ms). */
MUST err complaint_record(struct record_tx *tx, struct op *op, struct record *rec,
                          const struct complaint_new *n, str *ret_id, int64_t *ret_due);

/* ---- doors for people; each answers as complaint_get() ---- */
/* in: {"patient", "device", "words", "aware": instant, "harm": true, "cyber": true}. Words of an
 * emergency open a case of priority 1, too (DEV-09). role: as above. */
MUST err complaint_open(struct op *op, struct record *rec, const struct json *in, str role,
                        struct json **ret);
/* {"complaints": [...]}, newest first, at most 200, each without clocks and without who knew. */
MUST err complaint_list(struct op *op, struct record *rec, struct json **ret);
/* {"id", "status", "patient", "patientName", "device", "deviceName", "source", "aware", "opened",
 * "urgent", "cyber", "told": [{"at", "source", "words", "evidence"}], "judgement", "clocks",
 * "known": [{"who", "role", "at", "what"}], "closing"}. */
MUST err complaint_get(struct op *op, struct record *rec, str id, struct json **ret);
/* in: {"event": none death serious_injury reportable_malfunction, "reason", "fiveDay",
 * "correction", "euClass": threat death other, "needKnown": instant, "investigated",
 * "noInvestigation", "which", "complainant", "nature", "corrective", "reply"}. What DEV-02 asks for
 * is asked for; which: what device it is where the record does not say, or how often that was asked
 * in vain. Clocks follow. */
MUST err complaint_judge(struct op *op, struct record *rec, str id, const struct json *in,
                         struct json **ret);
MUST err complaint_done(struct op *op, struct record *rec, str id, str clock, str note,
                        struct json **ret);
/* By somebody else than who judged it, with no clock running; DEV-17. */
MUST err complaint_close(struct op *op, struct record *rec, str id, str note, struct json **ret);

#endif
