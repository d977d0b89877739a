// SPDX-License-Identifier: MIT
/*
 * Numbers in sentences.
 */
#include "naming.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MASK    0xdfffffff00000000ull /* without FATAL */
#define SENTENCES    4096
#define SENTENCE_LEN 320

const char *naming_rule(const char *sentence)
{
	const char *leaf = strstr(sentence, ": ");
	const char *status = leaf ? strstr(leaf + 2, ": ") : NULL;

	return status ? status + 2 : sentence;
}

static uint64_t low_bits(unsigned n)
{
	return n > 63 ? UINT64_MAX : (1ull << n) - 1;
}

static bool is_field(uint64_t number, uint64_t now, uint64_t before)
{
	for (unsigned low = 0; low < 64; low++) {
		for (unsigned width = 1; width <= 64 - low; width++) {
			uint64_t mask = low_bits(width);
			uint64_t field = now >> low & mask, old = before >> low & mask;

			if (field != old && (number == field || number == field << low))
				return true;
		}
	}
	return false;
}

/* The next number at or behind *at, which moves behind it. */
static bool next_number(const char **at, uint64_t *number)
{
	const char *p = *at;
	char *end;

	while (*p && (!isdigit((unsigned char)*p) || (p > *at && isalnum((unsigned char)p[-1]))))
		p++;
	if (!*p)
		return false;
	*number = strtoull(p, &end, p[0] == '0' && p[1] == 'x' ? 16 : 10);
	*at = end;
	return true;
}

bool naming_names(const char *sentence, uint64_t now, uint64_t before)
{
	uint64_t number;

	sentence = naming_rule(sentence);
	while (next_number(&sentence, &number)) {
		if (is_field(number, now, before))
			return true;
	}
	return false;
}

void naming_blank(const char *sentence, char *blanked, size_t len)
{
	const char *from = naming_rule(sentence), *at = from;
	uint64_t number;
	size_t used = 0;

	while (used + 2 < len && next_number(&at, &number)) {
		const char *digits = at;

		while (digits > from && (isxdigit((unsigned char)digits[-1]) || digits[-1] == 'x'))
			digits--;
		while (from < digits && used + 2 < len)
			blanked[used++] = *from++;
		blanked[used++] = '#';
		from = at;
	}
	while (*from && used + 1 < len)
		blanked[used++] = *from++;
	blanked[used] = 0;
}

bool naming_own(const char *blanked, uint64_t status, uint64_t *other)
{
	static struct {
		char text[SENTENCE_LEN];
		uint64_t code;
	} known[SENTENCES];
	static size_t count;

	for (size_t i = 0; i < count; i++) {
		*other = known[i].code;
		if (!strcmp(known[i].text, blanked))
			return known[i].code == (status & CODE_MASK);
	}
	if (count < SENTENCES) {
		strncpy(known[count].text, blanked, SENTENCE_LEN - 1);
		known[count++].code = status & CODE_MASK;
	}
	return true;
}
