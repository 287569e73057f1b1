/* cut.h: where streams are cut, however many bytes come at a time. */
#include <stdlib.h>
#include <string.h>

#include "tarcut.h"

#include "tap.h"

/*
 * A stream, in blocks: f3 is a file with 3 blocks of data, s2 a pax header with 2
 * blocks of records, g1 a global one, h a hard link, z a block of zeros, j junk,
 * '-' drops the last half block.  size: of a chunk, in blocks.  chunks: the length of each.
 * index: chunk:offset+length of each piece.
 */
static const struct row {
	const char *stream;
	unsigned size;
	const char *chunks, *index, *error;
	long at;                /* of the error, in blocks */
} rows[] = {
	{ "f1 f1 z z", 8, "6", "1:0+2 1:2+2", NULL, 0 },
	{ "f1 f1 z z", 6, "6", "1:0+2 1:2+2", NULL, 0 },
	{ "f1 f1 z z", 5, "4 2", "1:0+2 1:2+2", NULL, 0 },
	{ "f1 f1 f1 z z", 4, "4 4", "1:0+2 1:2+2 2:0+2", NULL, 0 },
	{ "f1 f2 f0 z z", 4, "2 4 2", "1:0+2 2:0+3 2:3+1", NULL, 0 },
	{ "f3 f1 z z z z z", 4, "4 4 3", "1:0+4 2:0+2", NULL, 0 },
	{ "z z", 8, "2", "", NULL, 0 },
	/* Giants have chunks of their own, headers and all. */
	{ "f1 f9 f1 z z", 4, "2 4 4 2 4", "1:0+2 2:0+4 3:0+4 4:0+2 5:0+2", NULL, 0 },
	{ "f7 f1 z z", 4, "4 4 4", "1:0+4 2:0+4 3:0+2", NULL, 0 },
	{ "f1 s1 f9 f1 z z", 4, "2 4 4 4 4", "1:0+2 2:0+4 3:0+4 4:0+4 5:0+2", NULL, 0 },
	{ "f9 f9 z z", 8, "8 2 8 2 2", "1:0+8 2:0+2 3:0+8 4:0+2", NULL, 0 },
	/* Extended headers stay with their member. */
	{ "f1 s1 f1 z z", 6, "6 2", "1:0+2 1:2+4", NULL, 0 },
	{ "f1 s1 f2 z z", 6, "2 5 2", "1:0+2 2:0+5", NULL, 0 },
	{ "f1 g1 f1 z z", 5, "2 4 2", "1:0+2 2:0+4", NULL, 0 },
	{ "g1 z z", 8, "4", "", NULL, 0 },
	{ "f0 s5 f0 z z", 4, "1 4 3 2", "1:0+1 2:0+4 3:0+3", NULL, 0 },
	{ "s5 f9 z z", 4, "4 4 4 4 2", "1:0+4 2:0+4 3:0+4 4:0+4", NULL, 0 },
	/* What is not held. */
	{ "f1 s2046 f1 z z", 4096, "2053", "1:0+2 1:2+2049", NULL, 0 },
	{ "f1 s2047 f1 z z", 4096, "2 2052", "1:0+2 2:0+2050", NULL, 0 },
	{ "f1 s2048 f1 f1 z z", 4096, "2 2055", "1:0+2 2:0+2051 2:2051+2", NULL, 0 },
	{ "s2500 f1 f1 z z", 4096, "2507", "1:0+2503 1:2503+2", NULL, 0 },
	{ "f1 s2500 f1 f1 z z", 2400, "2 2400 103 4", "1:0+2 2:0+2400 3:0+103 4:0+2", NULL, 0 },
	/* Links. */
	{ "h f1 h z z", 8, "6", "1:0+1 1:1+2 1:3+1", NULL, 0 },
	{ "h", 8, NULL, NULL, "the input ends without the two zero blocks that end a tar", 1 },
	{ "f1 h j f1 z z", 4, "4 4", "1:0+2 1:2+2 2:0+2", NULL, 0 },
	/* Zeros, and what stands behind them. */
	{ "f1 z z f1 z z", 8, "4 4", "1:0+2 2:0+2", NULL, 0 },
	{ "f1 z z z f9 z z", 4, "4 1 4 4 2 2", "1:0+2 3:0+4 4:0+4 5:0+2", NULL, 0 },
	{ "f1 z f1 z z", 8, "3 4", "1:0+2 2:0+2", NULL, 0 },
	{ "z z s1 f1 z z", 8, "2 6", "2:0+4", NULL, 0 },
	{ "f0 z z", 1, "1 1 1", "1:0+1", NULL, 0 },
	{ "f1 z z j", 8, NULL, NULL, "behind the end of a tar stands neither a tar header nor zeros", 4 },
	/* Ends that are none. */
	{ "", 8, NULL, NULL, "the input is empty", 0 },
	{ "j", 8, NULL, NULL, "not a tar header: its checksum does not match", 0 },
	{ "f1 j f1", 8, NULL, NULL, "not a tar header: its checksum does not match", 2 },
	{ "f1 z", 8, NULL, NULL, "the input ends without the two zero blocks that end a tar", 3 },
	{ "f1", 8, NULL, NULL, "the input ends without the two zero blocks that end a tar", 2 },
	{ "f1 z z f1", 8, NULL, NULL, "the input ends without the two zero blocks that end a tar", 6 },
	{ "f1 s1", 8, NULL, NULL, "the input ends inside the headers of a member", 4 },
	{ "f1 s1 z z", 8, NULL, NULL, "zeros stand where a member's header should, behind its extended header", 4 },
	{ "f3 -", 8, NULL, NULL, "the input ends inside a member", 3 },
	{ "f3 -", 2, NULL, NULL, "the input ends inside a member", 3 },
	{ "f0 -", 8, NULL, NULL, "the input ends inside a block", 0 },
	{ "f1 z z -", 8, NULL, NULL, "the input ends inside a block", 3 },
};

static uint8_t *
header(uint8_t *b, char type, size_t size)
{
	unsigned sum = 0;

	memset(b, 0, TAR_BLOCK);
	memcpy(b, "name", 4);
	sprintf((char *)b + 124, "%011zo", size);
	memset(b + 148, ' ', 8);
	b[156] = (uint8_t)type;
	memcpy(b + 257, "ustar\00000", 8);
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += b[i];
	sprintf((char *)b + 148, "%06o", sum);
	return b + TAR_BLOCK;
}

static size_t
build(uint8_t *out, const char *stream)
{
	uint8_t *b = out;
	char text[16];

	for (const char *s = stream; *s != '\0'; s += *s == ' ') {
		char what = *s++;
		size_t n = strtoul(s, (char **)&s, 10) * TAR_BLOCK;

		switch (what) {
		case 'f': b = header(b, '0', n); break;
		case 'h': b = header(b, '1', 100); break;
		case 's': case 'g':
			b = header(b, what == 's' ? 'x' : 'g', n);
			memset(b, 'c', n);
			memcpy(b, text, (size_t)sprintf(text, "%zu note=", n));
			b[n - 1] = '\n';
			break;
		case 'z': n = TAR_BLOCK; break;
		case 'j': memset(b, 'j', n = TAR_BLOCK); break;
		case '-': b -= TAR_BLOCK / 2; break;
		}
		b += n;
	}
	return (size_t)(b - out);
}

struct trace {
	struct str chunks, index;
	const char *error;
	uint64_t at, put;
};

/* Feed the stream by so many bytes more at a time. */
static void
run(struct trace *t, const uint8_t *b, size_t n, const struct row *r, size_t step, bool no_trailer_ok)
{
	size_t from = 0, to = 0, most = 0;
	uint64_t have = 0;
	struct tarcut c;

	*t = (struct trace){ 0 };
	tarcut_init(&c, (uint64_t)r->size * TAR_BLOCK, false, no_trailer_ok);
	for (;;)
		switch (tarcut_next(&c, b + from, to - from, to == n)) {
		case TARCUT_WANT:
			if (to - from > most)
				most = to - from;
			to = n - to > step ? to + step : n;
			break;
		case TARCUT_PUT:
			from += c.n;
			have += c.n;
			break;
		case TARCUT_NEXT:
			str_format(&t->chunks, "%llu ", (unsigned long long)(have / TAR_BLOCK));
			have = 0;
			break;
		case TARCUT_MEMBER:
			str_format(&t->index, "%s%u:%llu+%llu", t->index.len != 0 ? " " : "", c.chunk,
			    (unsigned long long)(c.offset / TAR_BLOCK), (unsigned long long)(c.length / TAR_BLOCK));
			break;
		case TARCUT_BAD:
			t->error = c.error;
			t->at = c.at;
			/* fall through */
		case TARCUT_END:
			str_format(&t->chunks, "%llu", (unsigned long long)(have / TAR_BLOCK));
			t->put = from;
			if (most > TARCUT_NEED + step)
				t->error = "more is held than was said";
			tarcut_free(&c);
			return;
		}
}

static bool
good(const struct trace *t, const struct row *r, size_t n)
{
	if (r->error != NULL)
		return t->error != NULL && strcmp(t->error, r->error) == 0 && t->at / TAR_BLOCK == (uint64_t)r->at;
	return t->error == NULL && t->put == n && strcmp(str_get(&t->chunks), r->chunks) == 0 && strcmp(str_get(&t->index), r->index) == 0;
}

static void
check(uint8_t *b, const struct row *r)
{
	static const size_t steps[] = { SIZE_MAX / 2, 262144, 3 * TAR_BLOCK, TAR_BLOCK + 1, TAR_BLOCK, TAR_BLOCK - 1, 1 };
	size_t n = build(b, r->stream);
	bool same = true;
	struct trace t;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		run(&t, b, n, r, steps[i], false);
		if (i == 0)
			is(good(&t, r, n), "%s by %u: %s, %s, %s at %llu", r->stream, r->size, str_get(&t.chunks), str_get(&t.index),
			    t.error != NULL ? t.error : "good", (unsigned long long)t.at);
		same = same && good(&t, r, n);
		str_free(&t.chunks);
		str_free(&t.index);
	}
	is(same, "  and so by pieces");
}

static void
check_raw(uint8_t *b)
{
	struct tarcut c;
	unsigned puts = 0, nexts = 0;
	enum tarcut_rc rc;
	size_t from = 0;

	memset(b, 'r', 10);
	tarcut_init(&c, 3, true, false);
	while ((rc = tarcut_next(&c, b + from, 10 - from, true)) != TARCUT_END && rc != TARCUT_BAD) {
		puts += rc == TARCUT_PUT;
		nexts += rc == TARCUT_NEXT;
		from += rc == TARCUT_PUT ? c.n : 0;
	}
	is(rc == TARCUT_END && from == 10 && puts == 4 && nexts == 3, "raw: 10 bytes by 3");
	tarcut_free(&c);
}

/* Without zero blocks, where that is allowed. */
static void
check_no_trailer(uint8_t *b)
{
	static const struct row ends[] = {
		{ "f1 f1", 8, "4", "1:0+2 1:2+2", NULL, 0 },
		{ "f1 f9", 4, "2 4 4 2 0", "1:0+2 2:0+4 3:0+4 4:0+2", NULL, 0 },
		{ "f1 z", 8, "3", "1:0+2", NULL, 0 },
		{ "h", 8, "1", "1:0+1", NULL, 0 },
		{ "f1 -", 8, NULL, NULL, "the input ends inside a member", 1 },
		{ "f1 s1", 8, NULL, NULL, "the input ends inside the headers of a member", 4 },
		{ "", 8, NULL, NULL, "the input is empty", 0 },
	};
	struct trace t;

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t n;

		memset(b, 0, 100 * TAR_BLOCK);
		n = build(b, ends[i].stream);
		run(&t, b, n, &ends[i], 100, true);
		is(good(&t, &ends[i], n), "%s, no trailer: %s, %s, %s", ends[i].stream, str_get(&t.chunks), str_get(&t.index), t.error != NULL ? t.error : "good");
		str_free(&t.chunks);
		str_free(&t.index);
	}
}

int
main(void)
{
	uint8_t *b = calloc(3000, TAR_BLOCK);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		memset(b, 0, 3000 * TAR_BLOCK);
		check(b, &rows[i]);
	}
	memset(b, 0, 3000 * TAR_BLOCK);
	check_no_trailer(b);
	check_raw(b);
	free(b);
	return tap_done();
}
