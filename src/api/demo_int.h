/* Private to weft demo: what the demonstration keeps beside the data folder's database. */
#ifndef WEFT_API_DEMO_INT_H
#define WEFT_API_DEMO_INT_H

#include "demo/demo.h"
#include "identity/identity.h"

#include <sys/types.h>

/* DIR/demo.json: accounts, devices and broker passwords, made once with the folder (mode 0600). */
struct demo_account {
    str user, role, name, reference, patient, language, password;
};
struct demo_file {
    struct demo_account *accounts;
    size_t n_accounts;
    struct demo_device *devices;
    size_t n_devices;
    str broker_password;
};

/* Creates the data folder with the population and the accounts; writes demo.json and truth.json. */
MUST err demo_create(struct op *op, str dir, const struct demo_options *o);
MUST err demo_file_read(struct op *op, str dir, struct demo_file *ret);
MUST err demo_write_file(struct op *op, str path, str text);

/* A mosquitto of the demonstration's own, on loopback, with one credential a device and an access
 * list that lets a device publish only under its own name. */
struct demo_broker {
    pid_t pid;
    int port;
};
MUST err demo_broker_start(struct op *op, str dir, const struct demo_file *f,
                           struct demo_broker *ret);
void demo_broker_stop(struct demo_broker *b);

#endif
