/* weft key: the keys of a data folder, and erasing a patient by destroying theirs. What changes
 * something is done by the server when one runs on the folder. Invariant: no byte of a key is
 * shown. */
#include "api/cli.h"
#include "record/bulk.h"

#include "base/time.h"

static const char usage[] =
    "usage: weft key list   --data DIR    ids, algorithms, when made, fingerprints; never the "
    "keys\n"
    "       weft key status --data DIR    which data keys are in use, how far re-sealing is\n"
    "       weft key check  --data DIR    opens every version of every document\n"
    "       weft key rotate --data DIR [--documents]\n"
    "                                     a new master key; with --documents new data keys too:\n"
    "                                     documents are sealed anew in the background (rotation)\n"
    "       weft key forget --data DIR --epoch N\n"
    "                                     destroys data keys that are no longer in use; backups\n"
    "                                     from their time can then not be opened\n"
    "       weft key save   --data DIR --out FILE --pass-file FILE\n"
    "                                     a copy of the keys, sealed by a passphrase\n"
    "       weft key wrap   --data DIR [--module FILE --token LABEL --pin-file FILE]\n"
    "                                     moves the master key into a PKCS#11 token, where it is\n"
    "                                     made anew and never leaves; without a module: back\n"
    "                                     into a file\n"
    "       weft key erase  --data DIR --patient ID --reason TEXT\n"
    "                                     destroys a patient's keys and all that is stored of\n"
    "                                     them, for good; a privacy officer must have approved\n"
    "                                     (Task erase-record) and no legal hold be open\n"
    "\n"
    "The keys lie in DIR/keys, sealed by the master key in DIR/master. Without them nobody can "
    "read\n"
    "DIR, you neither: save them (key save), apart from backups, which hold none, and replace the\n"
    "saved copy after each rotation and erasure: an old copy opens old backups.\n"
    "\n"
    "example: weft key list --data data\n";

/* Words of a job. */
enum { WORD_VERB, WORD_PATIENT, WORD_REASON, WORD_EPOCH, WORD_MODULE, WORD_TOKEN, WORD_PIN };
enum {
    ARG_DATA,
    ARG_OUT,
    ARG_PASS,
    ARG_PATIENT,
    ARG_REASON,
    ARG_EPOCH,
    ARG_MODULE,
    ARG_TOKEN,
    ARG_PIN,
    ARG_DOCUMENTS,
    ARGS
};

static err check(struct cli *c, FILE *out)
{
    struct record_key_check check;
    TRY(record_key_check(&c->op, c->rec, NULL, &check));
    if (check.refused)
        return fail(&c->op, ERR_FAULT,
                    "%llu versions of documents do not open, %llu do; restore from a backup.",
                    (unsigned long long)check.refused, (unsigned long long)check.opened);
    fprintf(out, "%llu versions of documents, all open\n", (unsigned long long)check.opened);
    return OK;
}

static err status(struct cli *c, FILE *out)
{
    struct record_key_state k;
    record_key_state(c->rec, &k);
    fprintf(out, "keys file: generation %llu; %zu patients erased\ndata keys: %u.data; ",
            (unsigned long long)k.generation, k.erased, k.epoch);
    if (k.sealing)
        fprintf(out, "documents are being sealed anew, %u %%\n", k.percent);
    else
        fputs("every document is sealed with them\n", out);
    return OK;
}

/* The accounts of an erased patient are of no use, and their names are personal. */
static err close_accounts(struct cli *c, str patient)
{
    struct identity_account *all;
    size_t n;
    TRY(identity_account_list(&c->op, c->id, &all, &n));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(all[i].patient, patient))
            continue;
        all[i].disabled = true;
        all[i].name = STR_NONE;
        TRY(identity_account_put(&c->op, c->id, &all[i], STR_NONE));
    }
    return OK;
}

static err erase(struct cli *c, const struct cli_job *job, FILE *out)
{
    str by, patient = str_of(job->words[WORD_PATIENT]);
    if (!job->words[WORD_PATIENT] || !job->words[WORD_REASON])
        return fail(&c->op, ERR_INVALID, "Name the patient and the reason.");
    err e = record_erase(&c->op, c->rec, patient, str_of(job->words[WORD_REASON]), &by);
    if (e == ERR_NOT_FOUND) { /* erased already, perhaps: a kill came before the accounts */
        op_clear(&c->op);
        TRY(close_accounts(c, patient));
        return fail(&c->op, e, "There is no such patient in the record (any more).");
    }
    TRY(e);
    TRY(close_accounts(c, patient));
    fprintf(out,
            "Patient/%.*s is erased; approved by %.*s\n"
            "Save the keys anew (weft key save) and destroy older copies of them: they still open "
            "backups made before.\n",
            STR_ARG(patient), STR_ARG(by));
    return OK;
}

static err forget(struct cli *c, const struct cli_job *job, FILE *out)
{
    uint64_t epoch = 0;
    if (!job->words[WORD_EPOCH] || !str_to_u64(str_of(job->words[WORD_EPOCH]), 255, &epoch))
        return fail(&c->op, ERR_INVALID, "Name the data keys by their number (weft key list).");
    TRY(record_key_forget(&c->op, c->rec, (uint32_t)epoch));
    fprintf(out, "%u.data: destroyed\n", (unsigned)epoch);
    return OK;
}

static err wrap(struct cli *c, const struct cli_job *job)
{
    const char *const *w = job->words;
    return record_key_wrap(&c->op, c->rec, str_of(w[WORD_MODULE] ? w[WORD_MODULE] : ""),
                           str_of(w[WORD_TOKEN] ? w[WORD_TOKEN] : ""),
                           str_of(w[WORD_PIN] ? w[WORD_PIN] : ""));
}

err cli_perform_key(struct cli *c, const struct cli_job *job, FILE *out)
{
    str verb = str_of(job->words[WORD_VERB] ? job->words[WORD_VERB] : "");
    bool documents = str_eq(verb, STR("rotate-documents"));
    if (str_eq(verb, STR("check")))
        return check(c, out);
    if (str_eq(verb, STR("erase")))
        return erase(c, job, out);
    if (str_eq(verb, STR("forget")))
        return forget(c, job, out);
    if (str_eq(verb, STR("save")))
        return record_audit_event(&c->op, c->rec, STR("key-save"), true, STR_NONE);
    if (str_eq(verb, STR("wrap")))
        TRY(wrap(c, job));
    if (documents || str_eq(verb, STR("rotate")))
        TRY(record_key_rotate(&c->op, c->rec, documents));
    return status(c, out);
}

typedef err (*folder_fn)(struct op *op, const char *const *v);

static err list(struct op *op, const char *const *v)
{
    struct record_keys k = {.n = 0};
    TRY(record_key_list(op, str_of(v[ARG_DATA]), &k));
    printf("%-8s  %-24s  %-24s  %-32s  %s\n", "id", "algorithm", "made", "fingerprint", "for");
    for (size_t i = 0; i < k.n; i++) {
        char made[24];
        time_format_to(made, k.keys[i].made);
        printf("%-8s  %-24s  %.24s  %s  %s\n", k.keys[i].id, k.keys[i].algorithm, made,
               k.keys[i].fingerprint, k.keys[i].use);
    }
    printf("keys file: generation %llu; %zu patients erased\n", (unsigned long long)k.generation,
           k.erased);
    return OK;
}

static err save(struct op *op, const char *const *v)
{
    TRY(record_key_save(op, str_of(v[ARG_DATA]), str_of(v[ARG_OUT]), str_of(v[ARG_PASS])));
    printf("%s: the keys of %s; keep it apart from backups\n", v[ARG_OUT], v[ARG_DATA]);
    return OK;
}

/* What is done with the folder, whoever has it open. */
static int on_folder(folder_fn fn, const char *const *v)
{
    struct arena *a = arena_new(0);
    struct op op;
    if (!a)
        return CLI_FAILED;
    op_init(&op, a, identity_system(), time_now());
    int code = fn(&op, v) == OK ? CLI_DONE : cli_failed("key", &op);
    arena_free(a);
    return code;
}

static const char *missing(str verb, const char *const *v)
{
    if (!v[ARG_DATA])
        return "name the folder with --data";
    if (str_eq(verb, STR("save")) && (!v[ARG_OUT] || !v[ARG_PASS]))
        return "--out and --pass-file are needed";
    if (str_eq(verb, STR("erase")) && (!v[ARG_PATIENT] || !v[ARG_REASON]))
        return "--patient and --reason are needed";
    if (str_eq(verb, STR("wrap")) && v[ARG_MODULE] && (!v[ARG_TOKEN] || !v[ARG_PIN]))
        return "--token and --pin-file are needed with --module";
    if (str_eq(verb, STR("forget")) && !v[ARG_EPOCH])
        return "--epoch is needed";
    return NULL;
}

static int perform(const char *verb, const char *const *v)
{
    struct cli_progress p;
    struct cli_job job = {
        .verb = "key",
        .words = {v[ARG_DOCUMENTS] && strcmp(verb, "rotate") == 0 ? "rotate-documents" : verb,
                  v[ARG_PATIENT], v[ARG_REASON], v[ARG_EPOCH], v[ARG_MODULE], v[ARG_TOKEN],
                  v[ARG_PIN]}};
    cli_progress_begin(&p, "key", "working");
    int code = cli_do(v[ARG_DATA], &job);
    cli_progress_end(&p);
    return code;
}

int cli_key(int argc, char **argv)
{
    static const char *const names[] = {"data",     "out",        "pass-file", "patient",
                                        "reason",   "epoch",      "module",    "token",
                                        "pin-file", "documents!", NULL};
    static const char *const verbs[] = {"list", "status", "check", "rotate", "forget",
                                        "save", "erase",  "wrap",  NULL};
    const char *v[ARGS] = {0}, *verb = NULL;
    int rest, code;
    for (int i = 0; argc > 1 && verbs[i]; i++)
        if (strcmp(argv[1], verbs[i]) == 0)
            verb = verbs[i];
    if (verb) { /* the options stand after the sub-command */
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    if (!cli_parse(argc, argv, &(struct cli_args){names, v, usage}, &rest, &code))
        return code;
    const char *what = verb ? missing(str_of(verb), v) : "say what to do with the keys";
    if (what || rest != argc)
        return cli_wrong("key", usage, what ? what : "there are words too many");
    if (strcmp(verb, "list") == 0)
        return on_folder(list, v);
    code = perform(verb, v);
    return code == CLI_DONE && strcmp(verb, "save") == 0 ? on_folder(save, v) : code;
}
