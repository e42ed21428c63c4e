/* Private to pages: a colleague's ways, what is known of their last pages, and who has a number.
 * None of it is contact with a patient: no Communication, no ledger, no consent of a patient. */
#ifndef WEFT_OUTREACH_PAGE_INT_H
#define WEFT_OUTREACH_PAGE_INT_H

#include "outreach/inbound_int.h"
#include "outreach/staff_int.h"

#define PAGE_WAYS_MAX 6u
#define PAGE_GAP_MS 60000LL /* between two pages of a person: what rises meanwhile is one */
#define PAGE_HOUR_MAX 20u   /* pages of a person in an hour; more go to the next one */
#define PAGE_CASES_MAX 50u
#define PAGE_HOLDERS_MAX 8u /* of a handset that goes round */

struct page_way {
    enum channel_kind kind;
    str to;
};
struct page_ways {
    struct page_way at[PAGE_WAYS_MAX];
    size_t n;
    unsigned language;
};
/* The ways to a colleague in the order they are tried: ContactPoints of their PractitionerRole,
 * else of themselves, by rank, e-mail last. Without those they turned off, those that a patient
 * has, and those for which there is no provider. */
MUST err page_ways(struct op *op, struct outreach *o, str who, str role, struct page_ways *ret);

/* cases: that they were paged for; last, times: when. */
MUST err page_load(struct op *op, struct outreach *o, str who, struct staff_state *ret);
/* Who is paged there, by blanks; that they turned it off; both of tx. */
str page_at_key(struct op *op, enum channel_kind k, str to);
str page_off_key(struct op *op, enum channel_kind k, str to);
/* In tx: nothing goes there from now on, and the leads are told. */
MUST err page_turn_off(struct record_tx *tx, struct op *op, struct outreach *o,
                       const struct page_way *way);

/* Jobs of the desk become a page each person. *ret_n: how many were taken. */
MUST err page_step(struct op *op, struct outreach *o, size_t *ret_n);
/* The channel's thread: pages that wait for it. */
MUST err page_send(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n);
/* Words from an address that no patient has: of who was paged there? *ret_taken: yes, and they are
 * carried out. */
MUST err page_reply(struct op *op, struct incoming *x, bool *ret_taken);

#endif
