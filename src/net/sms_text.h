/* Words of a text message on the wire: GSM 7-bit (3GPP TS 23.038 6.2.1, with its extension table),
 * UCS-2 and Latin-1 as SMPP carries them, and the user data header that joins parts (3GPP TS 23.040
 * 9.2.3.24). Knows no provider and keeps nothing. Pure, thread-safe. */
#ifndef WEFT_NET_SMS_TEXT_H
#define WEFT_NET_SMS_TEXT_H

#include "base/arena.h"

/* data_coding of SMPP 3.4 5.2.19. 0 is the SMSC's own alphabet: GSM 7-bit, one septet an octet. */
enum sms_coding {
    SMS_CODING_GSM = 0,
    SMS_CODING_ASCII = 1,
    SMS_CODING_LATIN1 = 3,
    SMS_CODING_UCS2 = 8
};
#define SMS_PARTS_MAX 10u

/* Parts of one text: each user data as octets, the header in front when there is more than one. */
struct sms_parts {
    uint8_t coding;
    bool header; /* each part begins with a user data header */
    size_t n;
    str part[SMS_PARTS_MAX];
};
/* text: UTF-8. ref joins the parts at the phone. GSM when every character is in it, else UCS-2. An
 * escape and its character, or a surrogate pair, are never in two parts. False when it would take
 * more than SMS_PARTS_MAX parts, or memory ran out. */
bool sms_split(struct arena *a, str text, uint8_t ref, struct sms_parts *ret);

/* Any octets to UTF-8; what a coding does not know becomes U+FFFD. */
str sms_decode(struct arena *a, uint8_t coding, str octets);
/* What a user data header says; total 0: it joins nothing. */
struct sms_header {
    uint16_t ref;
    uint8_t total, number;
};
/* Takes the header off *octets. False when its lengths do not fit; *octets is untouched then. */
bool sms_take_header(str *octets, struct sms_header *ret);

#endif
