// SPDX-License-Identifier: MIT
/*
 * The public library: machines, threads as processors, memory, traces.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gen/leaves.h"
#include "seamless/seamless.h"
#include "tdx/status.h"

static int setup(void **state)
{
	const struct seamless_config config = { .name = "default",
						.guest = SEAMLESS_GUEST_SCRIPTED };
	char err[200];

	*state = seamless_create(&config, err, sizeof(err));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	seamless_lp_leave();
	seamless_destroy(*state);
	return 0;
}

static uint64_t seamcall(uint64_t leaf)
{
	struct seamless_regs regs = { .gpr = { leaf } };

	seamless_transport_seamcall(&regs);
	return regs.gpr[0];
}

static void an_unbound_thread_has_no_seamcall(void **state)
{
	struct seamless_regs regs = { .gpr = { [0] = LEAF_TDH_SYS_INIT, [1] = 5 } }, before = regs;
	struct seamless_vm_exit exit = { 0 };
	char reason[10] = "x";

	(void)state;
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_NOWHERE);
	assert_int_equal(regs.gpr[0], TDX_SEAMCALL_UD);
	regs.gpr[0] = before.gpr[0];
	assert_memory_equal(&regs, &before, sizeof(regs));
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SEAMCALL_UD);
	assert_int_equal(seamless_vm_exit(&exit, &regs), SEAMLESS_NOWHERE);
	assert_int_equal(seamless_reason(reason, sizeof(reason)), 0);
	assert_string_equal(reason, "");
	assert_null(seamless_lp_machine());
	assert_false(seamless_in_guest(NULL));
	seamless_lp_leave();
}

static void *try_to_enter(void *m)
{
	return seamless_lp_enter(m, 1) ? m : NULL;
}

static void a_processor_is_one_thread(void **state)
{
	struct seamless_machine *m = *state;
	pthread_t thread;
	void *entered;

	assert_false(seamless_lp_enter(m, seamless_lps(m)));
	assert_true(seamless_lp_enter(m, 1));
	assert_false(seamless_lp_enter(m, 2));
	assert_ptr_equal(seamless_lp_machine(), m);
	assert_int_equal(seamless_lp_number(), 1);
	pthread_create(&thread, NULL, try_to_enter, m);
	pthread_join(thread, &entered);
	assert_null(entered);
	seamless_lp_leave();
	assert_true(seamless_lp_enter(m, 1));
}

static void machines_are_apart(void **state)
{
	struct seamless_machine *m = *state, *other;
	char err[200];

	other = seamless_create(NULL, err, sizeof(err));
	assert_non_null(other);
	assert_true(seamless_lp_enter(m, 0));
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
	assert_int_not_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
	seamless_lp_leave();
	assert_true(seamless_lp_enter(other, 0));
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
	seamless_lp_leave();
	seamless_destroy(other);
}

/* A processor with more key ids than the module's tables hold. */
static void too_many_key_ids(void **state)
{
	size_t len;
	const char *base = seamless_platform_text("default", &len);
	static const char more[] = "keyids mktme 31 tdx 2100\n";
	struct seamless_config config = { .name = "t", .guest = SEAMLESS_GUEST_SCRIPTED };
	struct seamless_machine *m;
	char text[8192], err[200];

	(void)state;
	for (unsigned enough = 0; enough < 2; enough++) {
		config.len = (size_t)snprintf(text, sizeof(text), "%.*s%s%s", (int)len, base, more,
					      enough ? "max_hkids 4096\n" : "");
		config.text = text;
		assert_true(config.len < sizeof(text));
		m = seamless_create(&config, err, sizeof(err));
		assert_non_null(m);
		assert_true(seamless_lp_enter(m, 0));
		assert_int_equal(seamcall(LEAF_TDH_SYS_INIT),
				 enough ? TDX_SUCCESS
					: TDX_NUM_ACTIVATED_HKIDS_NOT_SUPPORTED | 2048);
		seamless_lp_leave();
		seamless_destroy(m);
	}
}

static void a_refusal_has_a_reason(void **state)
{
	char reason[400], little[8];
	size_t len;

	assert_true(seamless_lp_enter(*state, 0));
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
	assert_int_equal(seamless_reason(reason, sizeof(reason)), 0);
	assert_int_not_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
	len = seamless_reason(reason, sizeof(reason));
	assert_int_equal(len, strlen(reason));
	assert_non_null(strstr(reason, "TDH.SYS.INIT"));
	assert_int_equal(seamless_reason(little, sizeof(little)), len);
	assert_int_equal(strlen(little), sizeof(little) - 1);
}

static void calls_in_words(void **state)
{
	const struct seamless_regs in = { .gpr = { LEAF_TDH_MEM_TRACK, 0x1000 } };
	const struct seamless_regs out = { .gpr = { TDX_OPERAND_BUSY | TDX_OPERAND_ID_TDR,
						    0x1000 } };
	static const char busy[] = "OPERAND_BUSY(TDR)";
	char text[100], little[8];

	(void)state;
	assert_string_equal(seamless_leaf_name(false, LEAF_TDH_MEM_TRACK | 3ull << 16),
			    "TDH.MEM.TRACK");
	assert_string_equal(seamless_leaf_name(true, LEAF_TDG_MEM_PAGE_ACCEPT),
			    "TDG.MEM.PAGE.ACCEPT");
	assert_null(seamless_leaf_name(false, 0xfff0));
	assert_int_equal(seamless_status_text(false, in.gpr[0], out.gpr[0], text, sizeof(text)),
			 strlen(busy));
	assert_string_equal(text, busy);
	assert_int_equal(seamless_status_text(false, in.gpr[0], out.gpr[0], little, sizeof(little)),
			 strlen(busy));
	assert_string_equal(little, "OPERAND");
	seamless_call_text(false, &in, NULL, text, sizeof(text));
	assert_string_equal(text, "TDH.MEM.TRACK(tdr=0x1000)");
	seamless_call_text(false, &in, &out, text, sizeof(text));
	assert_string_equal(text, "TDH.MEM.TRACK(tdr=0x1000) = OPERAND_BUSY(TDR)");
}

static void a_reload_starts_anew(void **state)
{
	assert_true(seamless_lp_enter(*state, 0));
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
	seamless_reload_module(*state);
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
}

static void memory_is_checked(void **state)
{
	struct seamless_machine *m = *state;
	uint64_t size = seamless_memory_size(m), hash;
	uint8_t byte = 7, back = 0;

	assert_true(seamless_write(m, size - 1, &byte, 1));
	assert_true(seamless_read(m, size - 1, &back, 1));
	assert_int_equal(back, 7);
	assert_int_equal(*(uint8_t *)seamless_shared(m, size - 1, 1), 7);
	assert_false(seamless_write(m, size, &byte, 1));
	assert_false(seamless_read(m, size - 1, &byte, 2));
	assert_false(seamless_fill(m, 1, UINT64_MAX, 0));
	assert_null(seamless_shared(m, UINT64_MAX, 1));
	assert_false(seamless_private_read(m, size, &byte, 1));
	assert_false(seamless_private_write(m, size, &byte, 1));
	assert_false(seamless_hash(m, size, 1, &hash));
	assert_false(seamless_private_hash(m, size, 1, &hash));
}

static void knobs_are_checked(void **state)
{
	struct seamless_machine *m = *state;
	const struct seamless_cpuid value = { 1, 2, 3, 4 };

	assert_false(seamless_set_msr(m, (int)seamless_lps(m), 0x3b, 1));
	assert_false(seamless_set_msr(m, -2, 0x3b, 1));
	assert_true(seamless_set_msr(m, SEAMLESS_ALL_LPS, 0x3b, 1));
	assert_int_equal(seamless_msr(m, 3, 0x3b), 1);
	assert_int_equal(seamless_msr(m, 99, 0x3b), 0);
	assert_false(seamless_set_cpuid(m, 99, 7, 0, value));
	assert_true(seamless_set_cpuid(m, 2, 7, 0, value));
	assert_int_equal(seamless_cpuid(m, 2, 7, 0).edx, 4);
	assert_int_not_equal(seamless_cpuid(m, 1, 7, 0).edx, 4);
	assert_false(seamless_lp_kick(m, 99));
	assert_true(seamless_lp_enter(m, 1));
	assert_false(seamless_kicked());
	assert_true(seamless_lp_kick(m, 1));
	assert_true(seamless_kicked());
}

/* What the trace has seen. */
struct seen {
	unsigned before, after, writes;
	uint64_t status, leaf, len;
};

static void watch(void *opaque, const struct seamless_event *e)
{
	struct seen *seen = opaque;

	if (e->kind == SEAMLESS_EVENT_WRITE) {
		seen->writes++;
		seen->len += e->len;
	}
	if (e->kind != SEAMLESS_EVENT_SEAMCALL)
		return;
	if (e->after) {
		seen->after++;
		seen->status = e->out->gpr[0];
	} else {
		seen->before++;
	}
	seen->leaf = e->in->gpr[0];
}

static void a_trace_sees_all(void **state)
{
	struct seen seen = { .status = 1 };

	assert_true(seamless_trace_add(*state, watch, &seen));
	assert_true(seamless_lp_enter(*state, 0));
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT), TDX_SUCCESS);
	seamless_write(*state, 0x1000, "abc", 3);
	assert_int_equal(seen.before, 1);
	assert_int_equal(seen.after, 1);
	assert_int_equal(seen.leaf, LEAF_TDH_SYS_INIT);
	assert_int_equal(seen.status, TDX_SUCCESS);
	assert_int_equal(seen.writes, 1);
	assert_int_equal(seen.len, 3);
	seamless_trace_remove(*state, watch, &seen);
	seamless_write(*state, 0x1000, "abc", 3);
	assert_int_equal(seen.writes, 1);
	for (unsigned i = 0; i < SEAMLESS_TRACES; i++)
		assert_true(seamless_trace_add(*state, watch, &seen));
	assert_false(seamless_trace_add(*state, watch, &seen));
	seamless_write(*state, 0x1000, "abc", 3);
	assert_int_equal(seen.writes, 1 + SEAMLESS_TRACES);
}

static void bad_configurations(void **state)
{
	struct seamless_config config = { .name = "mine" };
	char err[200];

	(void)state;
	assert_null(seamless_create(&config, err, sizeof(err)));
	assert_string_equal(err, "no built-in platform 'mine'");
	config.text = "lps 4\nlsp 5\n";
	config.len = strlen(config.text);
	assert_null(seamless_create(&config, err, sizeof(err)));
	assert_string_equal(err, "mine:2: unknown directive 'lsp'");
	config.len = 5;
	assert_null(seamless_create(&config, err, sizeof(err)));
	assert_string_equal(err, "mine: tsc real: needs a cpuid line for leaf 0x15");
	seamless_destroy(NULL);
}

#define WITH_MACHINE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MACHINE(an_unbound_thread_has_no_seamcall),
		WITH_MACHINE(a_processor_is_one_thread),
		WITH_MACHINE(machines_are_apart),
		WITH_MACHINE(a_refusal_has_a_reason),
		WITH_MACHINE(a_reload_starts_anew),
		WITH_MACHINE(memory_is_checked),
		WITH_MACHINE(knobs_are_checked),
		WITH_MACHINE(a_trace_sees_all),
		cmocka_unit_test(calls_in_words),
		cmocka_unit_test(bad_configurations),
		cmocka_unit_test(too_many_key_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
