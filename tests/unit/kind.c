/* kind.h: data made here, each with the verdict that it must get. */
#include <stdlib.h>
#include <string.h>

#include "kind.h"

#include "tap.h"

enum { PIECE = 1 << 18 };

static uint8_t data[PIECE];
static uint32_t state;

static uint32_t
dice(void)
{
	state ^= state << 13, state ^= state >> 17, state ^= state << 5;
	return state;
}

static void
zeros(void)
{
	memset(data, 0, sizeof data);
}

static void
noise(void)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(dice() >> 11);
}

/* Words of lower case letters. */
static void
text(void)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(dice() % 6 == 0 ? ' ' : "etaoinshrdlucmfw"[dice() >> 7 & 15]);
}

/* The same as a tar of small files has it: a header and padding in every 4 KiB. */
static void
tar_of_text(void)
{
	text();
	for (size_t i = 0; i < sizeof data; i += 4096) {
		memset(data + i, 0, 800);
		memset(data + i + 300, '7', 60);
	}
}

static void
utf8(void)
{
	text();
	for (size_t i = 0; i + 1 < sizeof data; i += 20)
		data[i] = 0xc3, data[i + 1] = 0xa4;
}

/* Bytes with some order, and a near call in every 40. */
static void
x86(void)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(dice() & dice() >> 8);
	for (size_t i = 0; i + 5 <= sizeof data; i += 40) {
		data[i] = 0xe8;
		data[i + 4] = i % 80 != 0 ? 0xff : 0;
	}
}

static void
arm64(void)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(dice() & dice() >> 8);
	for (size_t i = 0; i + 4 <= sizeof data; i += 80) {
		data[i + 3] = i % 160 != 0 ? 0x97 : 0x94;
		data[i + 2] = i % 160 != 0 ? 0xff : 0;
	}
}

static void
tables(void)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i % 8 < 4 ? dice() & 31 : 0);
}

/* A tar of small .gz files: headers in noise. */
static void
tar_of_gz(void)
{
	noise();
	for (size_t i = 0; i < sizeof data; i += 8192)
		memset(data + i, 0, 700);
}

/* One header in noise is enough: storing would lose. */
static void
noise_with_a_calm_place(void)
{
	noise();
	memset(data + 100000, 0, 1500);
}

/* Noise of seven bits shrinks by an eighth. */
static void
seven_bits(void)
{
	noise();
	for (size_t i = 0; i < sizeof data; i++)
		data[i] &= 0x7f;
}

/* What a JPEG looks like: nearly even, but not quite. */
static void
skewed(void)
{
	noise();
	for (size_t i = 0; i < sizeof data; i += 12)
		data[i] = 0;
}

static const struct {
	const char *name;
	void (*make)(void);
	size_t n;
	enum kind want;
} rows[] = {
	{ "nothing", zeros, 0, KIND_OTHER },
	{ "one byte", zeros, 1, KIND_OTHER },
	{ "zeros", zeros, PIECE, KIND_OTHER },
	{ "noise", noise, PIECE, KIND_NOISE },
	{ "64 KiB of noise", noise, 1 << 16, KIND_NOISE },
	{ "a little noise, which tells nothing", noise, 1000, KIND_OTHER },
	{ "text", text, PIECE, KIND_TEXT },
	{ "4 KiB of text", text, 4096, KIND_TEXT },
	{ "text in a tar", tar_of_text, PIECE, KIND_TEXT },
	{ "text with umlauts", utf8, PIECE, KIND_TEXT },
	{ "x86 code", x86, PIECE, KIND_X86 },
	{ "arm64 code", arm64, PIECE, KIND_ARM64 },
	{ "tables", tables, PIECE, KIND_OTHER },
	{ "tar of .gz files", tar_of_gz, PIECE, KIND_DENSE },
	{ "noise with a calm place", noise_with_a_calm_place, PIECE, KIND_DENSE },
	{ "noise of seven bits", seven_bits, PIECE, KIND_OTHER },
	{ "noise that is skewed", skewed, PIECE, KIND_DENSE },
};

int
main(void)
{
	struct kind_seen *seen = calloc(1, sizeof *seen);
	enum kind got;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		state = 12345 + (uint32_t)i;
		rows[i].make();
		got = kind_of(data, rows[i].n, NULL);
		is(got == rows[i].want, "%s: %s", rows[i].name, kind_name[got]);
		is(kind_of(data, rows[i].n, NULL) == got, "and again");
	}

	state = 1;
	noise();
	is(kind_of(data, PIECE, seen) == KIND_NOISE, "noise that is new");
	is(kind_of(data, PIECE, seen) == KIND_ECHO, "noise that was there");
	seen->since = 3;
	is(kind_of(data, PIECE, seen) == KIND_NOISE, "noise that was there too long ago");
	is(kind_of(data, PIECE, seen) == KIND_ECHO, "and is there again");
	memmove(data, data + 12345, sizeof data - 12345);
	for (size_t i = sizeof data - 12345; i < sizeof data; i++)
		data[i] = (uint8_t)(dice() >> 11);
	is(kind_of(data, PIECE, seen) == KIND_ECHO, "at another place");
	noise();
	is(kind_of(data, PIECE, seen) == KIND_NOISE, "other noise");
	free(seen);
	return tap_done();
}
