// SPDX-License-Identifier: MIT
/*
 * The transcript reader: what it makes of right lines, and what it says of wrong ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "replay/transcript.h"

static struct transcript reader;
static struct transcript_event event;

static void start(const char *text)
{
	reader = (struct transcript){ .file = "f", .text = text, .len = strlen(text) };
}

/* The event of one line behind a PLAT line. */
static const struct transcript_call *one(const char *line)
{
	static char text[4096];

	snprintf(text, sizeof(text), "PLAT lps=4 pkgs=2\n%s\nEND\n", line);
	start(text);
	assert_true(transcript_next(&reader, &event));
	assert_true(transcript_next(&reader, &event));
	return &event.call;
}

static void platform_line(void **state)
{
	(void)state;
	start("# c\n\nPLAT lps=4 pkgs=2\r\nEND\nignored\n");
	assert_true(transcript_next(&reader, &event));
	assert_int_equal(event.kind, TRANSCRIPT_PLAT);
	assert_int_equal(event.lps, 4);
	assert_int_equal(event.packages, 2);
	assert_int_equal(event.line, 3);
	assert_false(transcript_next(&reader, &event));
	assert_string_equal(reader.err, "");
}

static void seamcall_line(void **state)
{
	const struct transcript_call *c =
		one("RPT 3 S 2 rax=24 rcx=8000000000000000 x15=f0000000000000000000000000000001 "
		    "dt=5 => V rax=*st rdx=* r8=0  # TDH.SYS.TDMR.INIT");

	(void)state;
	assert_int_equal(event.kind, TRANSCRIPT_SEAMCALL);
	assert_int_equal(c->repeat, 3);
	assert_int_equal(c->lp, 2);
	assert_int_equal(c->in.gpr[1].lo, 0x8000000000000000ull);
	assert_int_equal(c->in.gpr[2].how, HOW_OMITTED);
	assert_int_equal(c->in.xmm[15].hi, 0xf000000000000000ull);
	assert_int_equal(c->in.xmm[15].lo, 1);
	assert_true(c->has_ticks);
	assert_int_equal(c->ticks, 5);
	assert_false(c->to_guest);
	assert_int_equal(c->out.gpr[0].how, HOW_CAPTURE);
	assert_int_equal(c->out.gpr[2].how, HOW_ANY);
	assert_int_equal(c->out.gpr[8].how, HOW_VALUE);
}

static void exit_line(void **state)
{
	const struct transcript_call *c =
		one("X 0 rip=1000 reason=80000021 qual=1 gpa=2 gla=3 info=4 err=5 idt=6 idterr=7 "
		    "iinfo=8 v.2806=d01 => T rax=0 rip=1002 vm=1 inj=80000b0d ec=0");

	(void)state;
	assert_int_equal(event.kind, TRANSCRIPT_EXIT);
	assert_int_equal(c->rip, 0x1000);
	assert_int_equal(c->exit.reason, 0x80000021);
	assert_int_equal(c->exit.instr_length, 4);
	assert_int_equal(c->exit.guest_physical, 2);
	assert_int_equal(c->exit.idt_error, 7);
	assert_int_equal(c->exit.instr_info, 8);
	assert_int_equal(c->fields, 1);
	assert_int_equal(c->field[0].encoding, 0x2806);
	assert_true(c->to_guest);
	assert_int_equal(c->out_vm.lo, 1);
	assert_int_equal(c->out_inj.lo, 0x80000b0d);
	assert_int_equal(c->out_ec.how, HOW_VALUE);
}

static void memory_and_machine_lines(void **state)
{
	(void)state;
	one("GW 1000 0aFf");
	assert_int_equal(event.kind, TRANSCRIPT_WRITE);
	assert_true(event.private);
	assert_int_equal(event.len, 2);
	one("R 1000 3 0a**ff");
	assert_int_equal(event.kind, TRANSCRIPT_READ);
	assert_int_equal(event.len, 3);
	one("H 1000 1000 *");
	assert_int_equal(event.value.how, HOW_ANY);
	one("F 1000 200000 ff");
	assert_int_equal(event.len, 0x200000);
	one("MSR * 9a 1");
	assert_int_equal(event.lp, -1);
	one("CPUIDSET 3 7 ffffffff 1 2 3 4");
	assert_int_equal(event.kind, TRANSCRIPT_CPUID);
	assert_int_equal(event.subleaf, 0xffffffff);
	assert_int_equal(event.cpuid.edx, 4);
	one("CPUIDSET");
	assert_int_equal(event.kind, TRANSCRIPT_CPUID_CLEAR);
	one("RELOAD");
	assert_int_equal(event.kind, TRANSCRIPT_RELOAD);
}

static void names_are_captured_first(void **state)
{
	(void)state;
	start("PLAT lps=1 pkgs=1\nS 0 rax=1 => V rax=0 rcx=*a\nS 0 rax=1 rcx=$a => V "
	      "rax=$a\nEND\n");
	for (unsigned i = 0; i < 3; i++)
		assert_true(transcript_next(&reader, &event));
	assert_int_equal(event.call.in.gpr[1].how, HOW_NAMED);
	assert_int_equal(event.call.out.gpr[0].name, event.call.in.gpr[1].name);
}

static void wrong_lines_are_told(void **state)
{
	static const struct {
		const char *line, *err;
	} cases[] = {
		{ "", "f:3: the file ends without END" },
		{ "Q 1", "f:2: unknown event 'Q'" },
		{ " ", "f:2: unknown event ''" },
		{ "PLAT lps=1 pkgs=1", "f:2: a second PLAT line" },
		{ "S 4 rax=0 => V rax=0", "f:2: '4' is not a decimal number up to 3" },
		{ "S x", "f:2: 'x' is not a decimal number up to 3" },
		{ "S 0 rax=0", "f:2: the line ends where => is expected" },
		{ "S 0 rax=0 => W", "f:2: 'W' where V or T is expected" },
		{ "S 0 rax => V", "f:2: 'rax' where NAME=VALUE is expected" },
		{ "S 0 rsp=0 => V", "f:2: unknown input 'rsp'" },
		{ "S 0 x16=0 => V", "f:2: unknown input 'x16'" },
		{ "S 0 rip=0 => V", "f:2: unknown input 'rip'" },
		{ "S 0 rax=* => V", "f:2: '*' is not a value of up to 16 hexadecimal digits" },
		{ "S 0 rax=$no => V", "f:2: nothing was captured as 'no'" },
		{ "S 0 rax=11111111111111111 => V",
		  "f:2: '11111111111111111' is not a value of up to 16 hexadecimal digits" },
		{ "S 0 rax=0 => V rip=0", "f:2: unknown output 'rip'" },
		{ "S 0 rax=0 => V rax=*aaaaaaaaaaaaaaaaaaaaaaaa",
		  "f:2: 'aaaaaaaaaaaaaaaaaaaaaaaa': a name has 1 to 23 characters" },
		{ "X 0 reason=100000000 => V",
		  "f:2: '100000000' is not a hexadecimal number up to ffffffff" },
		{ "C 0 v.zz=0 => V", "f:2: 'zz' is not a hexadecimal number up to ffffffff" },
		{ "RPT 0 S 0 => V", "f:2: RPT COUNT S ... is expected" },
		{ "RPT 99999 S 0 => V", "f:2: '99999' is not a decimal number up to 65536" },
		{ "RPT 2 C 0 => V", "f:2: RPT COUNT S ... is expected" },
		{ "W 1000 abc", "f:2: an odd number of digits" },
		{ "W 1000 a*", "f:2: byte 0 is not two hexadecimal digits" },
		{ "R 1000 2 a***", "f:2: byte 0 is not two hexadecimal digits" },
		{ "R 1000 4 ****", "f:2: length 4, but 2 bytes follow" },
		{ "W 1000", "f:2: the line ends where bytes is expected" },
		{ "MSR 9 1 1", "f:2: '9' is not a decimal number up to 3" },
		{ "INTR 2", "f:2: '2' is not a hexadecimal number up to 1" },
		{ "RELOAD now", "f:2: 'now' is too much" },
	};
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "PLAT lps=4 pkgs=2\n%s\n\n", cases[i].line);
		start(text);
		while (transcript_next(&reader, &event))
			;
		if (i)
			assert_string_equal(reader.err, cases[i].err);
		else
			assert_non_null(strstr(reader.err, "ends without END"));
	}
}

static void wrong_files_are_told(void **state)
{
	char *longest = malloc(70001);

	(void)state;
	start("S 0 rax=0 => V\n");
	assert_false(transcript_next(&reader, &event));
	assert_string_equal(reader.err, "f:1: the first line must be PLAT");
	start("PLAT lps=2 pkgs=4\n");
	assert_false(transcript_next(&reader, &event));
	assert_string_equal(reader.err, "f:1: PLAT lps=N pkgs=P with 1 <= P <= N is expected");
	memset(longest, 'W', 70000);
	longest[70000] = 0;
	start(longest);
	assert_false(transcript_next(&reader, &event));
	assert_string_equal(reader.err, "f:1: a line of more than 65536 bytes");
	free(longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(platform_line),
		cmocka_unit_test(seamcall_line),
		cmocka_unit_test(exit_line),
		cmocka_unit_test(memory_and_machine_lines),
		cmocka_unit_test(names_are_captured_first),
		cmocka_unit_test(wrong_lines_are_told),
		cmocka_unit_test(wrong_files_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
