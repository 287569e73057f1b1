/* cut.h: rows of pieces as letters, and the Blocks that they make. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut.h"

#include "tap.h"

enum { MIB = 1 << 20, PIECE = 1 << 18 };

static enum kind
kind_of_letter(char c)
{
	switch (c) {
	case 't': return KIND_TEXT;
	case 'x': return KIND_X86;
	case 'a': return KIND_ARM64;
	case 'd': return KIND_DENSE;
	case 'n': return KIND_NOISE;
	case 'e': return KIND_ECHO;
	default: return KIND_OTHER;
	}
}

/* "8t 4n" is eight MiB of text and four of noise; "t", "n" alone one piece.  Out: "8t 4s", in MiB, a fraction as +quarters. */
static void
cut_all(char *out, size_t size, const char *in, uint64_t dict, uint64_t most)
{
	static struct cut c;
	struct cut_block b;
	size_t at = 0, pieces = 0, given = 0;
	bool more = true;

	cut_init(&c, dict, most);
	out[0] = '\0';
	while (more) {
		char *end;
		unsigned long n = strtoul(in, &end, 10);

		n = end == in ? 1 : n * 4;
		in = end;
		more = *in != '\0';
		if (!more)
			cut_end(&c);
		for (unsigned long i = 0; i < (more ? n : 1); i++) {
			if (more)
				cut_add(&c, kind_of_letter(*in), PIECE);
			pieces += more;
			for (; cut_take(&c, &b); given += b.pieces) {
				at += (size_t)snprintf(out + at, size - at, "%s%llu%.*s%c", at != 0 ? " " : "",
				    (unsigned long long)(b.bytes / MIB), (int)(b.bytes % MIB / PIECE), "+++", "otxads"[b.class]);
				if (b.bytes != b.pieces * PIECE || b.bytes > most)
					at += (size_t)snprintf(out + at, size - at, " BAD");
			}
		}
		in += more ? strspn(in + 1, " ") + 1 : 0;
	}
	if (given != pieces)
		snprintf(out + at, size - at, " LOST");
}

static const struct {
	const char *name, *in, *want;
} rows[] = {
	{ "nothing", "", "" },
	{ "one piece", "t", "0+t" },
	{ "noise", "8n", "8s" },
	{ "text and noise", "8t 8n", "8t 8s" },
	{ "noise and text", "8n 8t", "8s 8t" },
	{ "one piece of text ends noise", "4n t 4n", "4s 0+t 4s" },
	{ "a little noise stays in text", "8t n n n 8t", "8++t 8+t" },
	{ "a little noise before text goes with it", "n n n 8t", "8+++t" },
	{ "code and a little text", "12x 2t 12x", "13x 13x" },
	{ "code and much text", "12x 8t 12x", "12x 8t 12x" },
	{ "code with its tables", "x o x o x o x o 4x 4o 4x", "14x" },
	{ "tables with a little code", "8o x 8o", "8+o 8o" },
	{ "text and other", "8t 12o", "8t 12o" },
	{ "arm64 and x86", "8a 8x", "8a 8x" },
	{ "dense", "12d", "12d" },
	{ "dense and noise", "2d 2n 2d", "2d 2s 2d" },
	{ "dense and a piece of noise", "2d n 2d", "4+d" },
	{ "dense ends where text begins", "4d 8t", "4d 8t" },
	{ "an echo calls its noise back", "4n 4e", "8d" },
	{ "an echo of what is gone", "4e 4n", "4d 4s" },
};

int
main(void)
{
	static char out[1 << 16];
	unsigned bad = 0;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		cut_all(out, sizeof out, rows[i].in, 64 * MIB, 192 * MIB);
		is(strcmp(out, rows[i].want) == 0, "%s: %s: %s", rows[i].name, rows[i].in, out);
	}
	cut_all(out, sizeof out, "40t", 8 * MIB, 24 * MIB);
	is(strcmp(out, "24t 4t 4t 4t 4t") == 0, "the rest in four: %s", out);
	cut_all(out, sizeof out, "64x", 64 * MIB, 192 * MIB);
	is(strcmp(out, "32x 32x") == 0, "a dictionary in two: %s", out);
	cut_all(out, sizeof out, "60n", 8 * MIB, 24 * MIB);
	is(strcmp(out, "24s 24s 12s") == 0, "noise is not shared out: %s", out);

	/* No input makes a Block too large or loses a piece. */
	for (unsigned seed = 1; seed <= 200; seed++) {
		char in[2000];
		uint32_t x = seed * 2654435761u;
		size_t n = 0;

		while (n < 1900) {
			x = x * 1103515245u + 12345u;
			n += (size_t)snprintf(in + n, sizeof in - n, "%u%c", 1 + (x >> 20) % 3, "otxadne"[(x >> 9) % 7]);
		}
		cut_all(out, sizeof out, in, 8 * MIB, 24 * MIB);
		bad += strstr(out, "BAD") != NULL || strstr(out, "LOST") != NULL;
	}
	is(bad == 0, "two hundred mixtures: %u bad", bad);
	return tap_done();
}
