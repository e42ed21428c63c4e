/* Inside of passkeys: what comes from the browser, taken apart and checked; pure but for the
 * cryptography. Sources: WebAuthn level 2 sections 5.8.1 (clientDataJSON), 6.1 (authenticator
 * data), 6.5 (attestation object), 7.1 and 7.2 (what to check); RFC 8949 for CBOR. */
#ifndef WEFT_IDENTITY_WEBAUTHN_INT_H
#define WEFT_IDENTITY_WEBAUTHN_INT_H

#include "identity/identity_int.h"
#include "identity/passkey.h"

#define CLIENT_DATA_MAX 4096u
#define ATTESTATION_MAX 65536u
#define AUTH_DATA_MAX 4096u
#define CREDENTIAL_MAX 1023u
#define CHALLENGE_TEXT_MAX 128u

/* clientDataJSON says: this type, this origin, not inside a foreign frame. *ret_challenge is in the
 * op's arena. ERR_INVALID. */
MUST err client_data_check(struct op *op, str client_data, str type, str origin,
                           str *ret_challenge);
/* The authenticator data inside an attestation object. The statement is not looked at: none is
 * asked for, and who made a device is no question here. */
MUST err attestation_open(struct op *op, str object, str *ret_auth_data);

struct credential {
    str id, key; /* key: as libfido2 keeps it */
    int alg;     /* COSE */
    uint32_t count;
    bool synced;
};
/* New credential data for rp, made by a present and verified person. */
MUST err credential_read(struct op *op, str auth_data, str rp, struct credential *ret);
/* An assertion by c for rp: present, verified, signed; *ret_count is its counter. */
MUST err credential_verify(struct op *op, const struct credential *c, str rp,
                           const struct identity_assertion *a, uint32_t *ret_count);

/* challenge.c */
/* For whom: "" to sign in, or the id of a session. */
str challenge_make(struct op *op, struct identity *id, str whose);
/* Ours, for them, in time and not spent. */
bool challenge_holds(const struct op *op, struct identity *id, str whose, str challenge);
/* False when it was spent already, or too many are kept just now, of this account or of all. */
bool challenge_spend(const struct op *op, struct identity *id, str user, str challenge);

/* passkey.c: as stored under pk/<user>. */
struct passkeys {
    str text; /* as read */
    str handle;
    struct json *list;
};
struct passkey_row {
    struct credential c;
    struct identity_passkey shown;
    str rp;
    struct json *at;
};
MUST err passkeys_load(struct op *op, struct identity *id, str user, struct passkeys *ret);
/* ERR_CONFLICT when another hand was faster. */
MUST err passkeys_keep(struct op *op, str user, const struct passkeys *p, struct store_tx *tx);
bool passkey_row_read(struct op *op, struct json *at, struct passkey_row *ret);
str passkey_index_key(struct op *op, str credential);
/* base64url without padding (empty is fine); false for anything else, or more than max bytes. */
bool base64url_read(struct arena *a, str text, size_t max, str *ret);

/* recovery.c */
/* ERR_CONFLICT for what is none of the account's unspent codes. */
MUST err recovery_spend(struct op *op, struct identity *id, str user, str code);

#endif
