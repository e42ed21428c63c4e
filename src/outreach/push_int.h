/* Private to notices: what is written for a push service, without a socket (RFC 8291, 8292). Keys
 * are P-256; points and coordinates as they stand in the RFCs. Pure but for the keys it is given.
 */
#ifndef WEFT_OUTREACH_PUSH_INT_H
#define WEFT_OUTREACH_PUSH_INT_H

#include "base/json.h"
#include "base/op.h"

#include <openssl/evp.h>

#define PUSH_POINT 65u /* uncompressed */
#define PUSH_AUTH 16u
#define PUSH_SALT 16u
#define PUSH_TEXT_MAX 240u
#define PUSH_PLAIN 256u /* every notice is as long as any other */

struct push_device { /* as the browser gave it */
    str endpoint;
    uint8_t point[PUSH_POINT], auth[PUSH_AUTH];
};
/* The patient's, as a list, with the text it was read from; written back under that text; and
 * without one of them. */
struct record;
struct record_tx;
struct outreach;
MUST err push_devices(struct op *op, struct record *rec, str patient, struct json **ret,
                      str *ret_text);
MUST err push_devices_put(struct record_tx *tx, struct op *op, str patient, const struct json *list,
                          str before);
/* Nobody has one before the server's key was asked for. */
MUST err push_in_use(struct op *op, struct record *rec, bool *ret);
struct json *push_without(struct op *op, const struct json *list, str endpoint);
/* Of a patient who is gone. */
void push_forget(struct record_tx *tx, struct op *op, str patient);
/* The server's own pair, made once; EVP_PKEY_free(). */
MUST err push_key(struct op *op, const struct outreach *o, EVP_PKEY **ret);
/* ERR_UNPROCESSABLE: we do not send there. */
MUST err push_endpoint_check(struct op *op, const struct outreach *o, str url);
/* {"endpoint", "p256dh", "auth"}; ERR_INVALID when a key is none. */
MUST err push_device_read(struct op *op, const struct json *o, struct push_device *ret);

/* A new pair; its point; NULL or false without memory. */
EVP_PKEY *push_pair_new(void);
bool push_point(EVP_PKEY *pair, uint8_t out[PUSH_POINT]);
str push_base64(struct arena *a, const void *p, size_t n);

/* The body of a request: aes128gcm, one record. */
struct push_once { /* of one message to one device */
    EVP_PKEY *pair;
    uint8_t salt[PUSH_SALT];
    size_t plain; /* padded to so many bytes; 0: not */
};
MUST err push_encrypt(struct op *op, const struct push_device *to, const struct push_once *with,
                      str text, str *ret);
/* The Authorization of a request to endpoint, good for twelve hours; contact: mailto: or https:,
 * or empty. */
MUST err push_vapid(struct op *op, EVP_PKEY *server, str endpoint, str contact, str *ret);

#endif
