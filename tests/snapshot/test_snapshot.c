// SPDX-License-Identifier: MIT
/*
 * Snapshots: what they keep, and what a restore refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bring_up.h"
#include "gen/leaves.h"
#include "support.h"
#include "tdx/metadata.h"
#include "tdx/status.h"

#define CHUNK 256u /* of TDH.MR.EXTEND */

static uint64_t call(uint64_t leaf, uint64_t rcx, uint64_t rdx)
{
	struct seamless_regs regs = { .gpr = { [0] = leaf, [1] = rcx, [2] = rdx } };

	seamless_transport_seamcall(&regs);
	return regs.gpr[0];
}

static void extend(unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		bring_up_call(LEAF_TDH_MR_EXTEND, GPA_PAGE + i * CHUNK, TDR, 0, 0);
}

struct mrtd {
	uint64_t word[6];
};

static struct mrtd finish(void)
{
	struct mrtd mrtd;

	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	for (unsigned i = 0; i < 6; i++) {
		struct seamless_regs regs = {
			.gpr = { [0] = LEAF_TDH_MNG_RD, [1] = TDR, [2] = TDX_MD_TD_MRTD + i }
		};

		seamless_transport_seamcall(&regs);
		assert_int_equal(regs.gpr[0], TDX_SUCCESS);
		mrtd.word[i] = regs.gpr[8];
	}
	return mrtd;
}

static void a_measurement_goes_on(void **state)
{
	struct seamless_machine *other;
	struct seamless_snapshot *s, *copy;
	struct mrtd whole, again;

	extend(0, 7);
	s = take(*state);
	extend(7, 16);
	whole = finish();
	restore(*state, s);
	extend(7, 16);
	again = finish();
	assert_memory_equal(&whole, &again, sizeof(whole));
	copy = reread(s);
	seamless_snapshot_free(s);
	other = seamless_snapshot_open(copy, SEAMLESS_GUEST_INTERPRETED, false, err, sizeof(err));
	assert_non_null(other);
	seamless_snapshot_free(copy);
	seamless_lp_leave();
	assert_true(seamless_lp_enter(other, 0));
	extend(7, 16);
	again = finish();
	assert_memory_equal(&whole, &again, sizeof(whole));
	seamless_lp_leave();
	seamless_destroy(other);
}

/* What a machine answers to calls that use what lies outside of TDs' pages. */
struct answers {
	uint64_t status[5], tsc, msr, hash;
	struct seamless_cpuid cpuid;
	uint8_t key[32];
};

static struct answers ask(struct seamless_machine *m)
{
	struct answers a = { 0 };

	a.status[0] = call(LEAF_TDH_MNG_CREATE, PAGES_BASE + 40 * 4096, FIRST_HKID + 2);
	a.status[1] = call(LEAF_TDH_MNG_KEY_CONFIG, PAGES_BASE + 40 * 4096, 0);
	a.status[2] = call(LEAF_TDH_MNG_KEY_CONFIG, PAGES_BASE + 40 * 4096, 0);
	a.status[3] = call(LEAF_TDH_PHYMEM_PAGE_RECLAIM, TDR, 0);
	a.status[4] = call(LEAF_TDH_MNG_CREATE, TDR, FIRST_HKID + 3);
	a.tsc = seamless_tsc(m);
	a.msr = seamless_msr(m, 0, 0x3a);
	a.cpuid = seamless_cpuid(m, 0, 0x40000000, 1);
	seamless_report_key(m, a.key);
	assert_true(seamless_hash(m, 0, PAGES_BASE + 64 * 4096, &a.hash));
	return a;
}

/* A counted TSC, so that time repeats too. */
static struct seamless_machine *counted(void)
{
	static const char more[] = "\ntsc start 1000 event 7 read 3\n";
	struct seamless_config config = { .name = "counted", .guest = SEAMLESS_GUEST_SCRIPTED };
	const char *text = seamless_platform_text("default", &config.len);
	char *all = malloc(config.len + sizeof(more));
	struct seamless_machine *m;

	assert_non_null(all);
	memcpy(all, text, config.len);
	memcpy(all + config.len, more, sizeof(more));
	config.len += sizeof(more) - 1;
	config.text = all;
	m = seamless_create(&config, err, sizeof(err));
	free(all);
	assert_non_null(m);
	assert_true(seamless_lp_enter(m, 0));
	bring_up_system(m);
	bring_up_td(m);
	return m;
}

static void each_restore_answers_the_same(void **state)
{
	struct seamless_machine *m = counted();
	struct seamless_snapshot *s;
	struct answers first, next;

	(void)state;
	seamless_set_msr(m, 0, 0x3a, 77);
	seamless_set_cpuid(m, 0, 0x40000000, 1, (struct seamless_cpuid){ 1, 2, 3, 4 });
	seamless_inject_pconfig(m, 2);
	s = take(m);
	first = ask(m);
	assert_int_equal(first.status[0], TDX_SUCCESS);
	assert_int_not_equal(first.status[1], TDX_SUCCESS);
	assert_int_equal(first.status[2], TDX_SUCCESS);
	assert_int_equal(first.msr, 77);
	for (unsigned i = 0; i < 20; i++) {
		seamless_set_msr(m, 0, 0x3a, i);
		seamless_clear_cpuid(m);
		seamless_set_entropy(m, false);
		seamless_advance_tsc(m, 1000000 * i);
		restore(m, s);
		next = ask(m);
		assert_memory_equal(&first, &next, sizeof(first));
	}
	seamless_snapshot_free(s);
	seamless_lp_leave();
	seamless_destroy(m);
}

/* Two machines in one process go apart from one snapshot. */
static void machines_go_apart(void **state)
{
	struct seamless_snapshot *s = take(*state);
	struct seamless_machine *other =
		seamless_snapshot_open(s, SEAMLESS_GUEST_SCRIPTED, false, err, sizeof(err));

	assert_non_null(other);
	seamless_snapshot_free(s);
	finish();
	assert_int_equal(call(LEAF_TDH_MR_FINALIZE, TDR, 0) & ~0xffffffffull,
			 TDX_OP_STATE_INCORRECT);
	seamless_lp_leave();
	assert_true(seamless_lp_enter(other, 0));
	extend(0, 16);
	finish();
	seamless_lp_leave();
	seamless_destroy(other);
}

static void a_scripted_guest_stays_in_the_td(void **state)
{
	struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 };
	struct seamless_regs regs = { .gpr = { [0] = LEAF_TDH_VP_ENTER, [1] = TDVPR } };
	struct seamless_machine *interpreted = machine(SEAMLESS_GUEST_INTERPRETED);
	struct seamless_snapshot *s;

	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_GUEST);
	seamless_guest_64bit();
	s = take(*state);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(seamless_in_guest(NULL));
		memset(&regs, 0, sizeof(regs));
		regs.gpr[0] = LEAF_TDG_VP_INFO;
		assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_GUEST);
		assert_int_equal(regs.gpr[0], TDX_SUCCESS);
		tdcall.reason = SEAMLESS_EXIT_INTERRUPT;
		assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_HOST);
		assert_false(seamless_in_guest(NULL));
		tdcall.reason = SEAMLESS_EXIT_TDCALL;
		seamless_snapshot_free(take(*state)); /* the processor is out of the module */
		restore(*state, s);
	}
	assert_false(seamless_snapshot_restore(s, interpreted, err, sizeof(err)));
	assert_non_null(strstr(err, "a scripted guest runs in the snapshot"));
	seamless_snapshot_free(s);
	seamless_destroy(interpreted);
}

/* A script is part of a call of an interpreted machine only. */
static void not_within_a_call(void **state)
{
	struct seamless_machine *m = *state;

	m->module->lp[2].in_module = true;
	assert_null(seamless_snapshot_take(m, err, sizeof(err)));
	assert_string_equal(err, "logical processor 2 is inside a call");
	m->module->lp[2].guest.running = true;
	m->guest = SEAMLESS_GUEST_INTERPRETED;
	assert_null(seamless_snapshot_take(m, err, sizeof(err)));
	assert_string_equal(err, "logical processor 2 is inside a guest");
	m->module->lp[2] = (struct lp){ .pkg = m->module->lp[2].pkg };
}

static void another_platform_is_refused(void **state)
{
	struct seamless_snapshot *s = take(*state);
	struct seamless_config config = { .name = "transcripts" };
	struct seamless_machine *other = seamless_create(&config, err, sizeof(err));
	uint64_t before, after;

	assert_non_null(other);
	assert_true(seamless_fill(other, 0x5000, 4096, 7));
	assert_true(seamless_hash(other, 0, 1u << 20, &before));
	assert_false(seamless_snapshot_restore(s, other, err, sizeof(err)));
	assert_non_null(strstr(err, "the snapshot is of another platform: line "));
	assert_true(seamless_hash(other, 0, 1u << 20, &after));
	assert_int_equal(before, after);
	seamless_snapshot_free(s);
	seamless_destroy(other);
}

static void a_recorded_machine_is_refused(void **state)
{
	struct seamless_snapshot *s = take(*state);
	FILE *out = fopen("/dev/null", "w");
	struct seamless_recording *r = seamless_record_start(*state, out);

	assert_non_null(r);
	assert_false(seamless_snapshot_restore(s, *state, err, sizeof(err)));
	assert_non_null(strstr(err, "recorded"));
	assert_true(seamless_record_end(r));
	restore(*state, s);
	fclose(out);
	seamless_snapshot_free(s);
}

/* Memory behind a file: only its written parts are looked at, and restored under who maps it. */
static void shareable_memory_too(void **state)
{
	const struct seamless_config config = { .name = "default", .shareable = true };
	struct seamless_machine *m = seamless_create(&config, err, sizeof(err)), *other;
	struct seamless_snapshot *s;
	char seen[6] = "";

	(void)state;
	assert_non_null(m);
	assert_true(seamless_write(m, 0x12345000, "hello", 6));
	s = take(m);
	assert_true(seamless_fill(m, 0x12345000, 8192, 0xff));
	restore(m, s);
	assert_int_equal(pread(seamless_memory_fd(m), seen, 6, 0x12345000), 6);
	assert_string_equal(seen, "hello");
	assert_int_equal(pread(seamless_memory_fd(m), seen, 1, 0x12346000), 1);
	assert_int_equal(seen[0], 0);
	other = seamless_snapshot_open(s, SEAMLESS_GUEST_SCRIPTED, true, err, sizeof(err));
	if (!other)
		fail_msg("%s", err);
	assert_true(seamless_read(other, 0x12345000, seen, 6));
	assert_string_equal(seen, "hello");
	seamless_destroy(other);
	seamless_destroy(m);
	seamless_snapshot_free(s);
}

/* A measurement under way that is none: it lies in a page, where a snapshot can put anything. */
static void a_measurement_that_is_none(void **state)
{
	uint8_t garbage[256];

	memset(garbage, 0xff, sizeof(garbage));
	assert_true(seamless_private_write(*state, PAGES_BASE + 4096 + 0x400, garbage,
					   sizeof(garbage)));
	extend(0, 16);
	finish();
}

/* Each byte of the module that is no pointer is in the table: after a restore nothing differs. */
static void nothing_of_the_module_is_forgotten(void **state)
{
	struct seamless_machine *m = *state;
	struct module *before = malloc(sizeof(*before));
	struct seamless_snapshot *s;

	assert_non_null(before);
	for (unsigned i = 0; i < MAX_LPS; i++) {
		memset(&m->module->lp[i].reason, 0, sizeof(m->module->lp[i].reason));
		m->module->lp[i].refused = NULL;
		/* Where its last walk ended and its last TDR is described: a restored machine
		 * looks anew. */
		memset(&m->module->lp[i].sept, 0, sizeof(m->module->lp[i].sept));
		memset(&m->module->lp[i].tdr, 0, sizeof(m->module->lp[i].tdr));
	}
	for (unsigned i = 0; i < seamless_lps(m); i++)
		m->module->lp[i].guest.stale_tlb = true;
	/* What no call leaves behind, but the fields of the table do. */
	memset(&m->module->global_lock, 0x5a, sizeof(m->module->global_lock));
	memset(m->module->wbcache, 0x5a, sizeof(m->module->wbcache));
	memset(m->module->ket_lock, 0x5a, sizeof(m->module->ket_lock));
	m->module->kot_lock = 0x5a5a;
	*before = *m->module;
	s = take(m);
	memset(&m->module->global_lock, 0,
	       offsetof(struct module, processors) - offsetof(struct module, global_lock));
	restore(m, s);
	assert_memory_equal(before, m->module, sizeof(*before));
	seamless_snapshot_free(s);
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TD(a_measurement_goes_on),
		cmocka_unit_test(each_restore_answers_the_same),
		WITH_TD(machines_go_apart),
		WITH_TD(a_scripted_guest_stays_in_the_td),
		WITH_TD(not_within_a_call),
		WITH_TD(another_platform_is_refused),
		WITH_TD(a_recorded_machine_is_refused),
		cmocka_unit_test(shareable_memory_too),
		WITH_TD(a_measurement_that_is_none),
		WITH_TD(nothing_of_the_module_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
