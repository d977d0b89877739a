// SPDX-License-Identifier: MIT
/*
 * Blocks of hex in a console's text: found between other lines, whole or not at all.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "formats/hex_block.h"

struct fixture {
	uint8_t a[4], b[64];
	struct hex_block block[2];
	struct hex_reader reader;
};

static void read_text(struct fixture *f, const char *text)
{
	*f = (struct fixture){ .block = {
				       { .name = "A", .bytes = f->a, .room = sizeof(f->a) },
				       { .name = "B C", .bytes = f->b, .room = sizeof(f->b) } } };
	f->reader.block = f->block;
	f->reader.count = 2;
	for (; *text; text++)
		hex_reader_take(&f->reader, (uint8_t)*text);
}

static void finds_blocks(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, "hello\r\nBEGIN A\r\n0123\r\nab\r\nEND A\r\n[ 1.0] text\nBEGIN B C\n"
		      "ff\nEND B C\nBEGIN A\n00\nEND A\n");
	assert_true(f.block[0].complete && f.block[1].complete);
	assert_int_equal(f.block[0].size, 3);
	assert_memory_equal(f.a, "\x01\x23\xab", 3);
	assert_int_equal(f.block[1].size, 1);
	assert_int_equal(f.b[0], 0xff);
}

static void drops_what_is_broken(void **state)
{
	static const char *const texts[] = {
		"BEGIN A\n00\n",       /* never ends */
		"BEGIN A\n0\nEND A\n", /* half a byte */
		"BEGIN A\n[    1.2] kernel message\nEND A\n",
		"BEGIN A\n00zz\nEND A\n",
		"BEGIN A\n0000000000\nEND A\n", /* one byte too many */
		"BEGIN A\n\nEND A\n",		/* an empty line */
		"BEGIN A\nEND B C\nEND A\n",
		"xBEGIN A\n00\nEND A\n",
		"BEGIN  A\n00\nEND A\n",
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		read_text(&f, texts[i]);
		assert_false(f.block[0].complete);
		assert_false(f.block[1].complete);
	}
}

static void takes_the_next_after_a_broken_one(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, "BEGIN A\n11\noops\nBEGIN A\n22\nEND A\n");
	assert_true(f.block[0].complete);
	assert_int_equal(f.block[0].size, 1);
	assert_int_equal(f.a[0], 0x22);
}

static void long_lines_end_a_block(void **state)
{
	char text[4 * HEX_BLOCK_LINE];
	struct fixture f;

	(void)state;
	for (size_t length = HEX_BLOCK_LINE - 2; length < HEX_BLOCK_LINE + 3; length++) {
		strcpy(text, "BEGIN B C\n00\n");
		memset(text + 13, '0', length);
		strcpy(text + 13 + length, "\nEND B C\n");
		read_text(&f, text);
		assert_false(f.block[1].complete); /* no room, or too long */
		strcpy(text + 13 + length, "\nBEGIN B C\n11\nEND B C\n");
		read_text(&f, text);
		assert_true(f.block[1].complete);
		assert_int_equal(f.block[1].size, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_blocks),
		cmocka_unit_test(drops_what_is_broken),
		cmocka_unit_test(takes_the_next_after_a_broken_one),
		cmocka_unit_test(long_lines_end_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
