/* Notices on a patient's own device (Web Push, RFC 8030): the message waits in the portal's thread,
 * the notice only says that there is one. A device is there because its owner, signed in to the
 * portal, turned notices on for it, which is their consent for the channel "push"; the last one
 * turned off takes it back. Devices and the server's key are named values of the record: sealed. */
#ifndef WEFT_OUTREACH_PUSH_H
#define WEFT_OUTREACH_PUSH_H

#include "outreach/outreach.h"

#define PUSH_DEVICES_MAX 10u /* of a patient; one more: the oldest goes */

/* {"key": of the server for applicationServerKey, "devices": how many}; no key without
 * push.channel. For the patient alone, as the two below. */
MUST err push_state(struct op *op, struct outreach *o, str patient, struct json **ret);
/* device: {"endpoint", "p256dh", "auth"} as the browser gave them. ERR_UNPROCESSABLE: an endpoint
 * that we do not go to, or no push.channel. The same endpoint twice is one device. */
MUST err push_turn_on(struct op *op, struct outreach *o, str patient, const struct json *device);
/* Nothing happens to an endpoint that is not theirs. */
MUST err push_turn_off(struct op *op, struct outreach *o, str patient, str endpoint);

#endif
