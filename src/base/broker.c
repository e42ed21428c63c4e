/* Where the broker is and how we sign in. Opens no connection; the password is read once and told
 * nobody. */
#include "base/broker.h"

#include <stdio.h>

static err address(struct op *op, str url, struct broker *b)
{
    str host = STR_NONE;
    b->tls = str_starts(url, STR("mqtts://"));
    uint64_t port = b->tls ? 8883 : 1883;
    if (b->tls || str_starts(url, STR("mqtt://")))
        url = str_sub(url, b->tls ? 8 : 7, url.n);
    if (!str_take_until(&url, ':', &host) || str_empty(host) || host.n >= sizeof b->host ||
        (!str_empty(url) && !str_to_u64(url, 65535, &port)))
        return fail(op, ERR_INVALID, "mqtt.url is mqtt://host:port or mqtts://host:port");
    memcpy(b->host, host.p, host.n);
    b->host[host.n] = 0;
    b->port = (int)port;
    return OK;
}

static err password(struct op *op, str path, const char **ret)
{
    char line[256] = "";
    FILE *f = fopen(str_z(op->arena, path), "re");
    bool ok = f && fgets(line, sizeof line, f);
    if (f)
        (void)fclose(f);
    if (!ok)
        return fail(op, ERR_INVALID,
                    "mqtt.password_file cannot be read; it holds the broker password on one line");
    line[strcspn(line, "\r\n")] = 0;
    *ret = str_z(op->arena, str_of(line));
    explicit_bzero(line, sizeof line);
    return OK;
}

static const char *setting(struct op *op, const struct config *c, const char *name)
{
    str v = config_str(c, name);
    return str_empty(v) ? NULL : str_z(op->arena, v);
}

err broker_settings(struct op *op, const struct config *c, struct broker *ret)
{
    struct broker b = {.user = setting(op, c, "mqtt.user"),
                       .ca = setting(op, c, "mqtt.ca_file"),
                       .cert = setting(op, c, "mqtt.cert"),
                       .key = setting(op, c, "mqtt.key")};
    TRY(address(op, config_str(c, "mqtt.url"), &b));
    if (b.user)
        TRY(password(op, config_str(c, "mqtt.password_file"), &b.password));
    *ret = b;
    return op_check(op);
}
