// SPDX-License-Identifier: MIT
/*
 * The real thunks (tdx_call.S) in an ordinary process: the instruction faults, the fault handler
 * goes to the fix-up, the call returns a software status. VMfailInvalid is played by the handler:
 * carry flag set, instruction skipped.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "common/cases.h"
#include "recorder.h"
#include "tdx/tdx.h"

extern const char __tdx_seamcall_insn[] TDX_HIDDEN;
extern const char __tdx_seamcall_fixup[] TDX_HIDDEN;

enum reaction { USE_FIXUP, AS_UD, AS_GP, VMFAIL };

static volatile enum reaction reaction;
static volatile sig_atomic_t faults;

static long long vector_of(int number)
{
	if (reaction == AS_UD)
		return 6;
	if (reaction == AS_GP)
		return 13;
	return number == SIGILL ? 6 : 13;
}

static void handler(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)info;
	if (regs[REG_RIP] != (greg_t)(uintptr_t)__tdx_seamcall_insn) {
		signal(number, SIG_DFL);
		return;
	}
	faults++;
	if (reaction == VMFAIL) {
		regs[REG_RIP] += 4;
		regs[REG_EFL] |= 1;
		return;
	}
	regs[REG_RAX] = vector_of(number);
	regs[REG_RIP] = (greg_t)(uintptr_t)__tdx_seamcall_fixup;
}

/* In each test: cmocka has handlers of its own around it. */
static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	assert_int_equal(sigaction(SIGILL, &action, NULL), 0);
	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
}

static tdx_status_t call(enum reaction how)
{
	catch_faults();
	reaction = how;
	faults = 0;
	return tdh_mem_track(tdx_tdr(0x1000));
}

static void test_fault_becomes_a_status(void **state)
{
	tdx_status_t status = call(USE_FIXUP);

	(void)state;
	assert_int_equal(faults, 1);
	assert_true(tdx_status_is(status, TDX_SEAMCALL_UD) ||
		    tdx_status_is(status, TDX_SEAMCALL_GP));
	assert_status(call(AS_UD), TDX_SEAMCALL_UD);
	assert_status(call(AS_GP), TDX_SEAMCALL_GP);
}

static void test_carry_flag_becomes_a_status(void **state)
{
	(void)state;
	assert_status(call(VMFAIL), TDX_SEAMCALL_VMFAILINVALID);
	assert_true(tdx_status_software(call(VMFAIL)));
	assert_true(tdx_status_error(call(VMFAIL)));
}

/* The common cases (common/refused.c) over the real instruction, for each class of refusal. */
static void test_common_cases(void **state)
{
	static const struct {
		enum reaction how;
		uint64_t status;
	} class[] = { { AS_UD, TDX_SEAMCALL_UD },
		      { AS_GP, TDX_SEAMCALL_GP },
		      { VMFAIL, TDX_SEAMCALL_VMFAILINVALID } };

	(void)state;
	catch_faults();
	for (unsigned i = 0; i < 3; i++) {
		reaction = class[i].how;
		for (unsigned n = 0; n < num_refused_cases; n++)
			if (!refused_cases[n].right(class[i].status))
				fail_msg("%s, status 0x%llx", refused_cases[n].name,
					 (unsigned long long)class[i].status);
	}
}

/* All forms share the one instruction: each faults at the same address and survives it. */
static void test_one_site_for_all_forms(void **state)
{
	struct tdx_module_args args;

	(void)state;
	catch_faults();
	memset(&args, 0x5A, sizeof(args));
	reaction = AS_UD;
	faults = 0;
	assert_status(seamcall(0, &args), TDX_SEAMCALL_UD);
	assert_status(seamcall_ret(0, &args), TDX_SEAMCALL_UD);
	assert_status(seamcall_saved_ret(0, &args), TDX_SEAMCALL_UD);
	assert_status(tdh_vp_enter(tdx_tdvpr(0), 0, &args), TDX_SEAMCALL_UD);
	assert_int_equal(faults, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault_becomes_a_status),
		cmocka_unit_test(test_common_cases),
		cmocka_unit_test(test_carry_flag_becomes_a_status),
		cmocka_unit_test(test_one_site_for_all_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
