/* The MQTT broker's address and this server's name there, from the rows mqtt.* of spec/config.csv.
 */
#ifndef WEFT_BASE_BROKER_H
#define WEFT_BASE_BROKER_H

#include "base/config.h"

struct broker {
    char host[256];
    int port;
    bool tls;
    const char *user, *password; /* NULL: signs in without */
    const char *ca, *cert, *key; /* files; NULL: not set */
};
#define BROKER_NO_TLS "mqtt.ca_file, mqtt.cert or mqtt.key cannot be read; mqtts:// needs the first"
/* ERR_INVALID: mqtt.url is neither mqtt:// nor mqtts://host:port, or the password file cannot be
 * read. Strings live in op->arena. */
MUST err broker_settings(struct op *op, const struct config *c, struct broker *ret);

#endif
