/* ledger.h: lines that are of a ledger and lines that are not, and the file under it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "ledger.h"

#include "tap.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct { const char *line, *name; uint64_t size; } good[] = {
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t1\t" HASH "\tid", "a", 1 },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta b/c\t42949672960000\t" HASH "\t-id_", "a b/c", 42949672960000 },
	{ "2024-02-29T23:59:59Z\tglacier:v\t\\040a\\tb\\nc\\\\\t0\t" HASH "\tid", " a\tb\nc\\", 0 },
	{ "2026-11-23T10:15:00Z\ts3://b/p\t\\303\\244\t9223372036854775807\t" HASH "\tid", "\xc3\xa4", INT64_MAX },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t-\t-\tid", "a", 0 },
};

static const struct { const char *line, *what; } bad[] = {
	{ "", "nothing" },
	{ "hello", "a word" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t1\t" HASH, "a field too few" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t1\t" HASH "\tid\t", "a field too many" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t1\t" HASH "\t", "no id" },
	{ "2026-11-23T10:15:00Z\tglacier:v\t\t1\t" HASH "\tid", "no name" },
	{ "2026-11-23T10:15:00Z\t\ta\t1\t" HASH "\tid", "no store" },
	{ "2026-02-29T10:15:00Z\tglacier:v\ta\t1\t" HASH "\tid", "a date that does not exist" },
	{ "2026-11-23 10:15:00Z\tglacier:v\ta\t1\t" HASH "\tid", "a date of another form" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t-1\t" HASH "\tid", "a negative size" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t01\t" HASH "\tid", "a size with a leading zero" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t99999999999999999999\t" HASH "\tid", "a size that does not fit" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t1\tE3" "b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\tid", "upper-case digits" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t1\tabc\tid", "a short hash" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t-\t" HASH "\tid", "removed, with a hash" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\t1\t-\tid", "removed, with a size" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\\x\t1\t" HASH "\tid", "an escape that is none" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\\\t1\t" HASH "\tid", "an escape that is cut" },
	{ "2026-11-23T10:15:00Z\tglacier:v\t\\141\t1\t" HASH "\tid", "an escape where none is needed" },
	{ "2026-11-23T10:15:00Z\tglacier:v\ta\\000\t1\t" HASH "\tid", "a NUL" },
	{ "2026-11-23T10:15:00Z\tglacier:v\t\xc3\xa4\t1\t" HASH "\tid", "bytes that are not ASCII" },
};

static void
lines(void)
{
	struct ledger_line l = { 0 };
	struct str out = { 0 };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		is(ledger_parse(good[i].line, strlen(good[i].line), &l) &&
		    strcmp(str_get(&l.name), good[i].name) == 0 && l.size == good[i].size, "good line %zu", i);
		str_clear(&out);
		ledger_format(&out, &l);
		is(strcmp(str_get(&out), good[i].line) == 0, "and back");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!ledger_parse(bad[i].line, strlen(bad[i].line), &l), "bad: %s", bad[i].what);
	is(!ledger_parse("2026-11-23T10:15:00Z\tglacier:v\ta\0b\t1\t" HASH "\tid", 92, &l), "bad: a raw NUL");
	ledger_line_free(&l);
	str_free(&out);
}

static struct ledger_line
make(const char *store, const char *name, const char *id)
{
	struct ledger_line l = { .time = "2026-11-23T10:15:00Z", .size = 7 };

	str_puts(&l.store, store);
	str_puts(&l.name, name);
	str_puts(&l.id, id);
	return l;
}

static void
gone(struct ledger *l, const char *store, const char *id)
{
	struct ledger_line line = make(store, "a", id);

	line.gone = true;
	is(ledger_add(l, &line) == LEDGER_OK, "removed: %s of %s", id, store);
	ledger_line_free(&line);
}

static void
append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	is(fd >= 0 && io_put(fd, text, strlen(text)) == 0, "append by hand");
	close(fd);
}

static void
file(const char *path)
{
	struct ledger_line a = make("glacier:v", "a", "1"), b = make("glacier:v", "a", "2"),
	    c = make("glacier:w", "a", "3"), found = { 0 };
	struct ledger *l = NULL;

	is(ledger_open(path, false, &l) == LEDGER_IO && l == NULL, "reading one that is not there");
	is(ledger_open(path, true, &l) == LEDGER_OK, "writing makes it");
	is(ledger_find(l, NULL, "a", &found) == LEDGER_NONE, "nothing there yet");
	is(ledger_add(l, &a) == LEDGER_OK && ledger_add(l, &b) == LEDGER_OK && ledger_add(l, &c) == LEDGER_OK, "three lines");
	is(ledger_find(l, "glacier:v", "a", &found) == LEDGER_OK && strcmp(str_get(&found.id), "2") == 0, "the newest of a store");
	is(ledger_find(l, NULL, "a", &found) == LEDGER_OK && strcmp(str_get(&found.id), "3") == 0, "the newest of all");
	is(ledger_find(l, NULL, "b", &found) == LEDGER_NONE, "another name");
	gone(l, "glacier:w", "2");
	is(ledger_find(l, "glacier:v", "a", &found) == LEDGER_OK && strcmp(str_get(&found.id), "2") == 0, "removed from another store");
	gone(l, "glacier:v", "2");
	is(ledger_find(l, "glacier:v", "a", &found) == LEDGER_OK && strcmp(str_get(&found.id), "1") == 0 && ledger_number(l) == 1,
	    "the newest is removed: the one before it");
	is(ledger_find_id(l, "glacier:v", "2", &found) == LEDGER_NONE, "nor is it found by its id");
	gone(l, "glacier:v", "1");
	is(ledger_find(l, "glacier:v", "a", &found) == LEDGER_NONE, "all of a name are removed");
	is(ledger_add(l, &b) == LEDGER_OK && ledger_find_id(l, "glacier:v", "2", &found) == LEDGER_OK && ledger_number(l) == 7,
	    "stored again under its id");
	ledger_close(l);

	append(path, "2026-11-23T10:15:00Z\tglacier:v\tb\t1\t" HASH "\tcut-off");
	is(ledger_open(path, true, &l) == LEDGER_OK && ledger_cut(l), "a line that a crash has cut is no error");
	is(ledger_find(l, NULL, "b", &found) == LEDGER_NONE, "and not believed");
	is(ledger_add(l, &a) == LEDGER_OK && !(ledger_find(l, NULL, "a", &found), ledger_cut(l)), "the next one removes it");
	is(strcmp(str_get(&found.id), "1") == 0 && ledger_number(l) == 8, "and stands in its place");
	ledger_close(l);

	append(path, "what is this\n");
	is(ledger_open(path, false, &l) == LEDGER_FOREIGN && ledger_number(l) == 9, "a line of something else is told by number");
	ledger_close(l);
	ledger_line_free(&a);
	ledger_line_free(&b);
	ledger_line_free(&c);
	ledger_line_free(&found);
}

int
main(void)
{
	char dir[] = "/tmp/ledger.XXXXXX", path[64];

	lines();
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/l", dir);
	file(path);
	unlink(path);
	rmdir(dir);
	return tap_done();
}
