// SPDX-License-Identifier: MIT
/*
 * What is recorded replays without a difference, on the same platform.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bring_up.h"
#include "gen/leaves.h"
#include "replay/replay.h"
#include "seamless/seamless.h"

struct recording {
	struct seamless_machine *m;
	struct seamless_recording *recorder;
	FILE *out;
	char *text, *platform;
	size_t len;
};

/* The default platform, with time that is counted. */
static char *counted_platform(void)
{
	size_t len;
	const char *text = seamless_platform_text("default", &len);
	char *all;

	if (asprintf(&all, "%.*s\ntsc start 5000 event 0x2000 read 1\n", (int)len, text) < 0)
		return NULL;
	return all;
}

static int setup(void **state)
{
	struct recording *r = calloc(1, sizeof(*r));
	struct seamless_config config = { .name = "test", .guest = SEAMLESS_GUEST_SCRIPTED };
	char err[200];

	*state = r;
	r->platform = counted_platform();
	config.text = r->platform;
	config.len = strlen(r->platform);
	r->m = seamless_create(&config, err, sizeof(err));
	r->out = open_memstream(&r->text, &r->len);
	if (!r->m || !r->out || !seamless_lp_enter(r->m, 0))
		return -1;
	r->recorder = seamless_record_start(r->m, r->out);
	return r->recorder ? 0 : -1;
}

static int teardown(void **state)
{
	struct recording *r = *state;

	free(r->text);
	free(r->platform);
	free(r);
	return 0;
}

static void print(void *opaque, const struct replay_difference *d)
{
	(void)opaque;
	print_message("%u: %s: expected %s, got %s %s\n", d->line, d->what, d->expected, d->got,
		      d->reason);
}

/* Ends the recording and replays it. */
static struct replay_counts replay(struct recording *r)
{
	const struct replay_options options = { .difference = print };
	struct replay_counts counts = { 0 };
	char err[300];

	seamless_lp_leave();
	assert_true(seamless_record_end(r->recorder));
	seamless_destroy(r->m);
	assert_int_equal(fclose(r->out), 0);
	if (!replay_text("recording", r->text, r->len, &options, &counts, err, sizeof(err)))
		fail_msg("%s", err);
	return counts;
}

static void a_td_with_a_guest(void **state)
{
	struct recording *r = *state;
	struct seamless_regs regs = { .gpr = { [0] = LEAF_TDH_VP_ENTER, [1] = TDVPR } };
	struct seamless_vm_exit exit = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 };
	struct replay_counts counts;

	bring_up_system(r->m);
	bring_up_td(r->m);
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_GUEST);
	/* In 32-bit mode TDCALL is #GP: injected, and so recorded. */
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, 0x1000);
	regs.gpr[0] = LEAF_TDG_VP_INFO;
	assert_int_equal(seamless_vm_exit(&exit, &regs), SEAMLESS_TO_GUEST);
	seamless_guest_64bit();
	assert_int_equal(seamless_vm_exit(&exit, &regs), SEAMLESS_TO_GUEST);
	assert_int_equal(regs.gpr[0], 0);
	/* CPUID, with a changed RFLAGS and an XMM register. */
	exit = (struct seamless_vm_exit){ .reason = 10, .instr_length = 2 };
	regs.xmm[3][15] = 0xab;
	regs.gpr[0] = 0;
	regs.gpr[1] = 0;
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RFLAGS, 0x246);
	assert_int_equal(seamless_vm_exit(&exit, &regs), SEAMLESS_TO_GUEST);
	exit = (struct seamless_vm_exit){ .reason = SEAMLESS_EXIT_INTERRUPT };
	seamless_advance_tsc(r->m, 1 << 20);
	assert_int_equal(seamless_vm_exit(&exit, &regs), SEAMLESS_TO_HOST);
	counts = replay(r);
	assert_non_null(strstr(r->text, "C 0 rax=1"));
	assert_non_null(strstr(r->text, "inj=80000b0d ec=0"));
	assert_non_null(strstr(r->text, "v.6820=246"));
	assert_int_equal(counts.mismatches, 0);
	assert_true(counts.calls > 280);
	/* The platform is in the file. */
	assert_non_null(strstr(r->text, "#: tsc start 5000"));
}

/* What a VMM writes through a pointer is seen before the next call; what it writes by a function
 * only once. */
static void what_is_written_by_pointer(void **state)
{
	struct seamless_regs regs = { .gpr = { [0] = LEAF_TDH_SYS_INIT } };
	struct recording *r = *state;
	uint8_t *ring = seamless_shared(r->m, 0x2000000, 0x2000);

	assert_non_null(ring);
	memcpy(ring + 0xffc, "abcdefgh", 8);
	seamless_write(r->m, 0x2001800, "once", 4);
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_HOST);
	ring[0x1ff8] = 0x5a;
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_HOST);
	assert_int_equal(replay(r).mismatches, 0);
	assert_non_null(strstr(r->text, "\nW 2001800 6f6e6365\n"
					"W 2000ff8 0000000061626364\n"
					"W 2001000 6566676800000000\n"
					"S 0 rax=21"));
	assert_non_null(strstr(r->text, "\nW 2001ff8 5a00000000000000\nS 0 "));
}

static void every_change_of_the_machine(void **state)
{
	static const char zeros[100], text[] = "text";
	const struct seamless_cpuid value = { 1, 2, 3, 4 };
	struct recording *r = *state;

	seamless_write(r->m, 0x1000, text, 4);
	seamless_write(r->m, 0x2000, zeros, sizeof(zeros));
	seamless_fill(r->m, 0x3000, 16, 0xab);
	seamless_private_write(r->m, 0x4000, text, 4);
	seamless_set_msr(r->m, SEAMLESS_ALL_LPS, 0x3b, 0);
	seamless_set_msr(r->m, 2, 0x10a, 5);
	seamless_set_cpuid(r->m, 1, 7, SEAMLESS_NO_SUBLEAF, value);
	seamless_clear_cpuid(r->m);
	seamless_set_interrupt(r->m, true);
	seamless_set_interrupt(r->m, false);
	seamless_set_entropy(r->m, true);
	seamless_inject_pconfig(r->m, 5);
	seamless_reload_module(r->m);
	assert_int_equal(replay(r).mismatches, 0);
	assert_string_equal(strstr(r->text, "PLAT"),
			    "PLAT lps=4 pkgs=1\n"
			    "W 1000 74657874\n"
			    "F 2000 64 0\n"
			    "F 3000 10 ab\n"
			    "GW 4000 74657874\n"
			    "MSR * 3b 0\n"
			    "MSR 2 10a 5\n"
			    "CPUIDSET 1 7 ffffffff 1 2 3 4\n"
			    "CPUIDSET\n"
			    "INTR 1\nINTR 0\nRNG 1\nPCONFIG 5\nRELOAD\nEND\n");
}

#define RECORDED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDED(a_td_with_a_guest),
		RECORDED(what_is_written_by_pointer),
		RECORDED(every_change_of_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
