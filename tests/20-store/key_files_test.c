/* Files of keys and copies, found by hostile review: what a copy of the keys may name and replace,
 * what is made or cleared where something is already. The folder opens afterwards. */
#include "store/backup.h"
#include "store_suite.h"

#include <fcntl.h>

static void path_in(char out[200], const struct suite *b, const char *name)
{
    snprintf(out, 200, "%s/%s", b->dir, name);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && dprintf(fd, "%s", text) > 0);
    close(fd);
}

/* R142: a copy of the keys that travelled could name a module, which was loaded, and so run, before
 * any seal was looked at. */
static void test_a_copy_names_no_module(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 4);
    char pass[200], copy[200];
    struct store_backup held;
    path_in(pass, b, "pass");
    path_in(copy, b, "copy");
    write_file(pass, "a sentence of some length\n");
    write_file(copy, "weft-keys 2\nmaster token /nowhere/module.so\ntoken T\nlabel L\npin /p\n"
                     "key 00\nwrapped\n0123456789012345678901234567890123456789012345");
    struct store_keys_from keys = {.at = str_of(copy), .pass_file = str_of(pass)};
    str from = arena_printf(b->arena, "%s-b", b->dir), to = arena_printf(b->arena, "%s-to", b->dir);
    assert_int_equal(store_backup(&b->op, str_of(b->dir), from, NULL, &held), OK);
    assert_int_equal(store_restore(&b->op, from, &keys, to, NULL, &held), ERR_INVALID);
    test_folder_drop(from.p);
    suite_free(b);
}

/* R143: a copy of the keys was written over whatever was there, be it the database. */
static void test_a_copy_replaces_copies_only(void **state)
{
    (void)state;
    static const char *const names[] = {"weft.db", "keys", "master", "mine"};
    struct suite *b = suite_new(STORE_SQLITE, 4);
    char pass[200], at[200];
    path_in(pass, b, "pass");
    path_in(at, b, "mine");
    write_file(pass, "a sentence of some length\n");
    write_file(at, "of mine\n");
    for (size_t i = 0; i < 4; i++) {
        suite_clear(b);
        path_in(at, b, names[i]);
        assert_int_equal(store_key_save(&b->op, str_of(b->dir), str_of(at), str_of(pass)),
                         ERR_CONFLICT);
    }
    path_in(at, b, "copy");
    for (unsigned i = 0; i < 2; i++) {
        suite_clear(b);
        assert_int_equal(store_key_save(&b->op, str_of(b->dir), str_of(at), str_of(pass)), OK);
    }
    suite_reopen(b);
    suite_free(b);
}

/* R144: making a store where only the keys file was away made a new master key over the old one. */
static void test_nothing_is_made_over_a_database(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 4);
    char keys[200], away[200];
    path_in(keys, b, "keys");
    path_in(away, b, "away");
    store_close(b->s);
    b->s = NULL;
    assert_int_equal(rename(keys, away), 0);
    suite_clear(b);
    assert_int_equal(store_create(&b->op, &b->o), ERR_CONFLICT);
    assert_int_equal(rename(away, keys), 0);
    suite_reopen(b);
    suite_free(b);
}

/* R148: what a killed copy left behind was cleared through a link, in a folder of somebody's. */
static void test_nothing_is_cleared_through_a_link(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 4);
    struct store_backup held;
    char mark[200];
    str to = arena_printf(b->arena, "%s-b", b->dir), part = arena_printf(b->arena, "%s.part", to.p);
    path_in(mark, b, "unfinished");
    write_file(mark, "x");
    assert_int_equal(symlink(b->dir, part.p), 0);
    assert_int_not_equal(store_backup(&b->op, str_of(b->dir), to, NULL, &held), OK);
    (void)unlink(part.p);
    suite_reopen(b);
    suite_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_names_no_module),
        cmocka_unit_test(test_a_copy_replaces_copies_only),
        cmocka_unit_test(test_nothing_is_made_over_a_database),
        cmocka_unit_test(test_nothing_is_cleared_through_a_link),
    };
    return cmocka_run_group_tests_name("store.key_files", tests, NULL, NULL);
}
