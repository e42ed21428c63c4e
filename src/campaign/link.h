/* A secure link that opens one task for one patient, from a message, without an account: a random
 * word of 128 bits of which only the hash is kept, so nothing personal is in the address and
 * nobody makes one. It ends by itself, after five wrong answers, or when its task is done. What is
 * sensitive asks for the date of birth first (step-up), each time. */
#ifndef WEFT_CAMPAIGN_LINK_H
#define WEFT_CAMPAIGN_LINK_H

#include "base/language.h"
#include "campaign/campaign.h"

#define LINK_DAYS_MAX 30
#define LINK_TRIES 5
#define LINK_TASK_SYSTEM "https://weft.health/fhir/task-code"
#define LINK_TASK_CODE "asked" /* of the Tasks of that system the one that a link opens */

struct link_task {
    enum language language; /* LANGUAGE_COUNT: they told none of ours */
    str text;               /* what is to be done; empty while the step-up is open */
    str task;               /* its id; empty likewise */
    const struct json *tree;
    str emergency; /* whom they call in danger, where they live; empty: nobody knows */
    bool ask;      /* the date of birth is asked for first */
    bool done;
};
/* For a Task whose `for` is a Patient and which op->actor may read: staff, and the patient. What
 * the house works on (cases, requests) is refused. *ret: the word of the link, which goes after
 * /go/. */
struct link_for {
    str task;
    str message; /* key of the message that brings it, which is read when it is used; or empty */
    int64_t expires;
};
MUST err link_make(struct op *op, struct campaigns *c, const struct link_for *what, str *ret);
/* Is it labelled so that a link asks first who it is? */
bool link_asks(const struct json *resource);
/* The address that a message tells: of public_url, else of what the server listens on. */
str link_address(struct op *op, const struct config *config, str word);
/* Nobody is signed in: whoever holds the word and, where asked, knows the date of birth. done: the
 * task is completed by the patient. ERR_GONE, the same for every reason; nothing tells whether
 * there ever was such a link. */
struct link_use {
    str word, born; /* born: YYYY-MM-DD or empty */
    bool done;
    /* A form was sent, so somebody looks at the page. What only fetches the address, as phones and
     * the gates of mail do by themselves, has read nothing. */
    bool sent;
};
MUST err link_open(struct op *op, struct campaigns *c, const struct link_use *use,
                   struct link_task *ret);

#endif
