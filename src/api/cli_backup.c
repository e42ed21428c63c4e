/* weft backup and weft restore: whole copies of a data folder, the server running or not. That a
 * backup was made is in the trail of the folder before the copy begins, so the copy tells of
 * itself. Invariant: the target is a whole and verified folder, or it is not there. */
#include "api/cli.h"
#include "record/bulk.h"

#include "base/time.h"
#include "terms/terms.h"

static const char backup_usage[] =
    "usage: weft backup --data DIR --out FOLDER\n"
    "\n"
    "Copies the store and the loaded terminologies to the new folder FOLDER, the server running "
    "or\n"
    "not: all that was answered before it began is in it. The copy is opened and its audit trail\n"
    "verified before it gets its name. FOLDER holds no keys, so nobody can read what is in it:\n"
    "weft key save makes a copy of the keys, which belongs somewhere else. Configuration files "
    "are\n"
    "not in it.\n"
    "\n"
    "example: weft backup --data data --out /var/backups/weft-monday\n";

static const char restore_usage[] =
    "usage: weft restore --from FOLDER --keys KEYS [--pass-file FILE] --data DIR\n"
    "                    [--database ADDRESS]\n"
    "\n"
    "Makes the new data folder DIR from a backup, verifies its audit trail and says what it "
    "holds.\n"
    "KEYS: the old data folder, or a copy of its keys (weft key save) with the file of its\n"
    "passphrase. Patients erased since the backup was made are erased in DIR too. An existing\n"
    "folder is never written over: move it away first.\n"
    "  --database  the store goes into this PostgreSQL, which has none yet; so a data folder (as\n"
    "              --from and --keys) moves there too\n"
    "\n"
    "example: weft restore --from /var/backups/weft-monday --keys old-data --data data\n";

err cli_perform_backup(struct cli *c, const struct cli_job *job, FILE *out)
{
    (void)job;
    (void)out;
    return record_backup_ready(&c->op, c->rec);
}

/* keys: where they are, the file of their passphrase, a database, for a restore; else NULL. */
static int copy(const char *verb, const char *from, const char *to, const char *const *keys)
{
    struct arena *a = arena_new(0);
    struct cli_progress p;
    struct record_watch watch = {cli_progress_tell, &p};
    struct record_backup b;
    struct op op;
    if (!a)
        return CLI_FAILED;
    op_init(&op, a, identity_system(), time_now());
    size_t terms = 0;
    struct record_restore how = {.keys = STR_NONE};
    if (keys)
        how = (struct record_restore){str_of(keys[0]), str_of(keys[1]),
                                      cli_take_database(a, keys[2])};
    cli_progress_begin(&p, verb, "copying");
    err e = terms_copy(&op, str_of(from), STR_NONE, &terms); /* whole, before anything is made */
    if (e == OK)
        e = keys ? record_restore(&op, str_of(from), &how, str_of(to), &watch, &b)
                 : record_backup(&op, str_of(from), str_of(to), &watch, &b);
    if (e == OK)
        e = terms_copy(&op, str_of(from), str_of(to), &terms);
    cli_progress_end(&p);
    if (e == OK) {
        char when[24];
        time_format_to(when, b.time);
        printf("%s: %llu resources in %llu versions, %llu bytes, transaction %llu of %.24s\n"
               "trail: %llu entries, whole; head %s\n",
               to, (unsigned long long)b.resources, (unsigned long long)b.versions,
               (unsigned long long)b.bytes, (unsigned long long)b.t, when,
               (unsigned long long)b.entries, b.head);
    }
    int code = e == OK ? CLI_DONE : cli_failed(verb, &op);
    if (e == OK && terms)
        printf("terminologies: %zu files\n", terms);
    arena_free(a);
    return code;
}

int cli_backup(int argc, char **argv)
{
    static const char *const names[] = {"data", "out", NULL};
    const char *v[2] = {0};
    int rest, code;
    if (!cli_parse(argc, argv, &(struct cli_args){names, v, backup_usage}, &rest, &code))
        return code;
    if (!v[0] || !v[1] || rest != argc)
        return cli_wrong("backup", backup_usage, "--data and --out are needed");
    code = cli_do(v[0], &(struct cli_job){.verb = "backup"});
    return code == CLI_DONE ? copy("backup", v[0], v[1], NULL) : code;
}

int cli_restore(int argc, char **argv)
{
    static const char *const names[] = {"from", "data", "keys", "pass-file", "database", NULL};
    const char *v[5] = {0};
    int rest, code;
    if (!cli_parse(argc, argv, &(struct cli_args){names, v, restore_usage}, &rest, &code))
        return code;
    if (!v[0] || !v[1] || rest != argc)
        return cli_wrong("restore", restore_usage, "--from and --data are needed");
    return copy("restore", v[0], v[1], v + 2);
}
