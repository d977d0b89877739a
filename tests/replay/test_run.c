// SPDX-License-Identifier: MIT
/*
 * The replay runner: what counts as a difference, how it is told, and what stops a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "replay/replay.h"
#include "seamless/seamless.h"

static char told[4096];
static char err[300];
static struct replay_counts counts;

static void tell(void *opaque, const struct replay_difference *d)
{
	size_t at = strlen(told);

	(void)opaque;
	snprintf(told + at, sizeof(told) - at, "%s:%u %s|%s|%s|%s\n", d->file, d->line, d->label,
		 d->what, d->expected, d->got);
}

static bool replay(const char *text, bool stop_at_first)
{
	const struct replay_options options = { .platform = "transcripts",
						.stop_at_first = stop_at_first,
						.difference = tell };

	told[0] = err[0] = 0;
	counts = (struct replay_counts){ 0 };
	return replay_text("f", text, strlen(text), &options, &counts, err, sizeof(err));
}

/* TDH.SYS.INIT is leaf 21h: it succeeds once, and leaves its operands alone. */
#define PLAT "PLAT lps=2 pkgs=2\n"

static void what_agrees(void **state)
{
	(void)state;
	assert_true(replay(PLAT "W 2000000 0102030405060708\n"
				"R 2000000 8 0102**0405060708\n"
				"H 2000000 8 *\n"
				"F 2000003 2 aa\n"
				"GR 2000000 6 010203aaaa06\n"
				"S 1 rax=21 r12=77 x3=5 => V rax=0  # TDH.SYS.INIT\n"
				"MSR * 3b 0\nINTR 0\nRNG 1\nPCONFIG 0\nCPUIDSET\nEND\n",
			   false));
	assert_string_equal(told, "");
	assert_int_equal(counts.files, 1);
	assert_int_equal(counts.calls, 1);
	assert_int_equal(counts.mismatches, 0);
}

static void registers_that_differ(void **state)
{
	(void)state;
	assert_true(replay(
		PLAT "S 0 rax=21 r12=77 x3=5 => V rax=1 r12=78 rdi=9 x3=6  # LEAF\nEND\n", false));
	assert_string_equal(told, "f:2 TDH.SYS.INIT|rax|1 SUCCESS(0x1)|0 SUCCESS\nf:2 "
				  "TDH.SYS.INIT|rdi|9|0\nf:2 TDH.SYS.INIT|r12|78|77\n"
				  "f:2 TDH.SYS.INIT|x3|6|5\n");
	assert_int_equal(counts.mismatches, 1);
}

static void memory_that_differs(void **state)
{
	(void)state;
	assert_true(replay(PLAT "W 2000000 0102030405060708\n"
				"R 2000000 8 ****ff0405060708\n"
				"H 2000000 1 af63bd4c8601b7dd\n"
				"GH 2000000 1 1\nEND\n",
			   false));
	assert_string_equal(told,
			    "f:3 |memory 2000002|ff0405060708|030405060708\n"
			    "f:4 |hash of memory 2000000+1|af63bd4c8601b7dd|af63bc4c8601b62c\n"
			    "f:5 |hash of memory 2000000+1|1|af63bc4c8601b62c\n");
	assert_int_equal(counts.mismatches, 3);
	assert_int_equal(counts.calls, 0);
}

static void sides_that_differ(void **state)
{
	(void)state;
	assert_true(replay(PLAT "S 0 rax=21 => T rax=0 rip=0\nC 0 rip=0 rax=1 => T rax=0\nEND\n",
			   false));
	assert_string_equal(told, "f:2 TDH.SYS.INIT|goes on in|the guest|the host\n"
				  "f:3 TDG.VP.INFO|runs on the processor|the guest|the host\n");
	assert_int_equal(counts.mismatches, 2);
}

static void captured_values(void **state)
{
	(void)state;
	assert_true(replay(PLAT "S 0 rax=21 r12=77 => V rax=* r12=*keep\n"
				"S 0 rax=ff r12=$keep => V rax=* r12=$keep\n"
				"S 0 rax=ff r12=78 => V rax=* r12=$keep\nEND\n",
			   false));
	assert_string_equal(told, "f:4 leaf 255|r12|77|78\n");
}

static void repeats_stop_at_the_first_difference(void **state)
{
	(void)state;
	assert_true(replay(PLAT "RPT 5 S 0 rax=21 => V rax=0\nEND\n", false));
	assert_int_equal(counts.mismatches, 1);
	assert_int_equal(counts.calls, 1);
}

static void stopping_at_the_first(void **state)
{
	(void)state;
	assert_true(replay(PLAT "S 0 rax=21 => V rax=1\nS 0 rax=21 => V rax=1\nEND\n", true));
	assert_int_equal(counts.mismatches, 1);
	assert_int_equal(counts.calls, 1);
}

static void nothing_of_a_wrong_file_is_run(void **state)
{
	(void)state;
	assert_false(replay(PLAT "S 0 rax=21 => V rax=1\nS 0 rax=21 => V rax=1\n", false));
	assert_string_equal(err, "f:3: the file ends without END");
	assert_string_equal(told, "");
	assert_int_equal(counts.files, 0);
	assert_int_equal(counts.calls, 0);
}

static void what_the_machine_cannot_do(void **state)
{
	(void)state;
	assert_false(replay(PLAT "W fffffffffffffff0 00\nEND\n", false));
	assert_string_equal(err, "f:2: no memory at that address");
	assert_false(replay(PLAT "F 0 ffffffffffffffff 00\nEND\n", false));
	assert_string_equal(err, "f:2: no memory at that address");
	assert_false(replay("PLAT lps=64 pkgs=8\nGR 180000000 1 00\nEND\n", false));
	assert_string_equal(err, "f:2: no memory at that address");
}

static void platforms(void **state)
{
	struct replay_options options = { .platform = "nowhere" };
	const char *text = "PLAT lps=1 pkgs=1\nEND\n";

	(void)state;
	assert_false(replay_text("f", text, strlen(text), &options, &counts, err, sizeof(err)));
	assert_string_equal(err, "no platform 'nowhere'");
	options.platform_text = "memory 7\n";
	options.platform_len = 9;
	assert_false(replay_text("f", text, strlen(text), &options, &counts, err, sizeof(err)));
	assert_non_null(strstr(err, "memory"));
}

static void a_bound_thread_is_told(void **state)
{
	struct seamless_machine *m = seamless_create(NULL, err, sizeof(err));

	(void)state;
	assert_true(seamless_lp_enter(m, 0));
	assert_false(replay(PLAT "S 0 rax=21 => V rax=0\nEND\n", false));
	assert_non_null(strstr(err, "f:2: the calling thread is bound"));
	seamless_lp_leave();
	seamless_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_agrees),
		cmocka_unit_test(registers_that_differ),
		cmocka_unit_test(memory_that_differs),
		cmocka_unit_test(sides_that_differ),
		cmocka_unit_test(captured_values),
		cmocka_unit_test(repeats_stop_at_the_first_difference),
		cmocka_unit_test(stopping_at_the_first),
		cmocka_unit_test(nothing_of_a_wrong_file_is_run),
		cmocka_unit_test(what_the_machine_cannot_do),
		cmocka_unit_test(platforms),
		cmocka_unit_test(a_bound_thread_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
