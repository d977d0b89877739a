// SPDX-License-Identifier: MIT
/*
 * Chooses and creates the platform that a verb runs on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run_platform.h"
#include "cli/platform_option.h"

#define SMRAM	    UINT64_C(0x1000000) /* of the default platform: no TD memory */
#define OWN_SHARE   0x4000000ull	/* PAMTs, the host's own pages, control structures */
#define GIB	    UINT64_C(0x40000000)
#define DEFAULT_LPS 4u

/* At the default platform's 2 GHz an instruction takes a nanosecond. */
#define COUNTED_TIME "tsc start 0 event 0 read 1 instruction 2\n"

static struct seamless_machine *create(const char *name, const char *text, size_t size)
{
	const struct seamless_config config = { .name = name, .text = text, .len = size };
	char why[256];
	struct seamless_machine *machine = seamless_create(&config, why, sizeof(why));

	if (!machine)
		fprintf(stderr, "seamless: %s\n", why);
	return machine;
}

static struct seamless_machine *create_named(const char *name)
{
	struct seamless_machine *machine = NULL;
	struct file file = { 0 };
	size_t size;
	const char *text = cli_platform_text(name, &size, &file);

	if (text)
		machine = create(name, text, size);
	file_free(&file);
	return machine;
}

static bool starts(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

/* A line of the default platform that is said anew for one of another size. */
static bool replaced(const char *line)
{
	return starts(line, "memory ") || starts(line, "lps ") || starts(line, "cmr ") ||
	       starts(line, "tsc ");
}

static void copy_kept_lines(FILE *out, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *next = newline ? newline + 1 : end;

		if (!replaced(text))
			fwrite(text, 1, (size_t)(next - text), out);
		text = next;
	}
}

/* The default platform with more memory or processors than its file says. */
static struct seamless_machine *create_grown(uint64_t memory, unsigned lps, bool counted_time)
{
	struct seamless_machine *machine = NULL;
	size_t text_size, size = 0;
	const char *text = seamless_platform_text("default", &text_size);
	char *grown = NULL;
	FILE *out = open_memstream(&grown, &size);

	if (!out || !text) {
		fprintf(stderr, "seamless: out of memory\n");
		return NULL;
	}
	fprintf(out, "memory %" PRIu64 "G\nlps %u\ncmr 0x%" PRIx64 " 0x%" PRIx64 "\n", memory / GIB,
		lps, SMRAM, memory - SMRAM);
	fputs(counted_time ? COUNTED_TIME : "tsc real\n", out);
	copy_kept_lines(out, text, text_size);
	if (!fclose(out))
		machine = create("default", grown, size);
	free(grown);
	return machine;
}

static struct seamless_machine *create_default(const struct run_platform_want *want)
{
	uint64_t memory = want->memory + want->memory / 64 + SMRAM + OWN_SHARE;

	return create_grown((memory + GIB - 1) / GIB * GIB,
			    want->lps > DEFAULT_LPS ? want->lps : DEFAULT_LPS, want->counted_time);
}

struct seamless_machine *run_platform_create(const struct run_platform_want *want)
{
	return want->name ? create_named(want->name) : create_default(want);
}
