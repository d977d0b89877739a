// SPDX-License-Identifier: MIT
/*
 * The worked examples of the guide (examples/), run over a transport that plays host or module:
 * also one that is busy, and a VMM that lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "examples/vcpu_loop.h"
#include "platform/regs.h"
#include "seamless/lp.h"

int share_range(tdx_u64 gpa, tdx_u64 size);
int accept_range(tdx_u64 gpa, tdx_u64 end);

#define REG(name) regs->gpr[GPR_##name]

static void (*module)(struct seamless_regs *regs);
static unsigned calls, busy_calls, small, large, accepted_bytes;

void seamless_transport_seamcall(struct seamless_regs *regs)
{
	calls++;
	module(regs);
}

void seamless_transport_tdcall(struct seamless_regs *regs)
{
	calls++;
	module(regs);
}

static void play(void (*how)(struct seamless_regs *regs))
{
	module = how;
	calls = busy_calls = small = large = accepted_bytes = 0;
}

/* ---- the firmware's loop ---- */

/* The 2 MiB range at 4 MiB is mapped in small pages, the others in a large one. The first call
 * meets a lock. */
static void module_with_mixed_pages(struct seamless_regs *regs)
{
	uint64_t gpa = REG(RCX) & ~0xFFFULL, level = REG(RCX) & 7;

	assert_int_equal(REG(RAX), 6);
	if (busy_calls++ == 0) {
		REG(RAX) = TDX_OPERAND_BUSY;
		return;
	}
	REG(RAX) = TDX_SUCCESS;
	if (level == 1 && gpa == 0x400000)
		REG(RAX) = TDX_PAGE_SIZE_MISMATCH;
	else
		accepted_bytes += level ? 0x200000 : 0x1000;
	small += level == 0;
	large += level == 1;
}

static void module_that_has_accepted(struct seamless_regs *regs)
{
	REG(RAX) = TDX_PAGE_ALREADY_ACCEPTED;
}

static void test_accept_range(void **state)
{
	(void)state;
	play(module_with_mixed_pages);
	assert_int_equal(accept_range(0x1FF000, 0x602000), 0);
	assert_int_equal(accepted_bytes, 0x602000 - 0x1FF000);
	assert_int_equal(large, 2);
	assert_int_equal(small, 1 + 512 + 2);
	assert_int_equal(calls, 1 + 2 + small);
	play(module_that_has_accepted);
	assert_int_equal(accept_range(0, 0x1000), -1);
	assert_int_equal(accept_range(0, 0x200000), -1);
}

/* ---- the guest's TDVMCALL ---- */

static uint64_t stop_at; /* where a VMM says that it stopped; 0: half way */

static void vmm_in_parts(struct seamless_regs *regs)
{
	uint64_t gpa = REG(R12), size = REG(R13);

	assert_int_equal(REG(R11), 0x10001);
	REG(RAX) = 0;
	REG(R10) = size > 0x1000 ? TDX_VMCALL_RETRY : TDX_VMCALL_SUCCESS;
	REG(R11) = stop_at ? stop_at : gpa + (size / 2 & ~0xFFFULL);
}

static void vmm_that_refuses(struct seamless_regs *regs)
{
	REG(RAX) = 0;
	REG(R10) = TDX_VMCALL_INVALID_OPERAND;
}

static void test_share_range(void **state)
{
	static const uint64_t lies[] = { 0xFF000, 0x110000, 0x104001, ~0ULL, 0x100000 };

	(void)state;
	stop_at = 0;
	play(vmm_in_parts);
	assert_int_equal(share_range(0x100000, 0x10000), 0);
	assert_int_equal(calls, 5);
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		stop_at = lies[i];
		assert_int_equal(share_range(0x100000, 0x10000), -1);
	}
	play(vmm_that_refuses);
	assert_int_equal(share_range(0x100000, 0x10000), -1);
	assert_int_equal(calls, 1);
}

/* ---- the hypervisor's loop ---- */

static uint64_t exit_status, aug_status;

static void td_that_exits(struct seamless_regs *regs)
{
	if (REG(RAX) == 6) { /* TDH.MEM.PAGE.AUG */
		REG(RAX) = busy_calls++ ? aug_status : TDX_OPERAND_BUSY | TDX_OPERAND_ID_TDR;
		assert_int_equal(REG(RCX), 0x7000);
		return;
	}
	assert_int_equal(REG(RAX), 0);
	assert_int_equal(REG(RCX), 0x5000);
	REG(RAX) = exit_status;
	REG(R8) = 0x7123;
	REG(R10) = 0;
	REG(R11) = TDX_VMCALL_FN_INSTRUCTION_HLT;
}

static enum vcpu_run run(struct vcpu *vcpu, uint64_t status)
{
	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->tdr = tdx_tdr(0x4000);
	vcpu->tdvpr = tdx_tdvpr(0x5000);
	vcpu->free_page = 0x9000;
	exit_status = status;
	play(td_that_exits);
	return vcpu_run_once(vcpu);
}

static void test_vcpu_loop(void **state)
{
	struct vcpu vcpu;

	(void)state;
	assert_int_equal(run(&vcpu, TDX_SUCCESS | TDX_EXIT_REASON_TDCALL), RUN_HALTED);
	assert_int_equal(vcpu.regs[R10], TDX_VMCALL_SUCCESS);
	aug_status = TDX_SUCCESS;
	assert_int_equal(run(&vcpu, TDX_SUCCESS | TDX_EXIT_REASON_EPT_VIOLATION), RUN_AGAIN);
	assert_int_equal(calls, 3); /* the entry, a busy try, the page */
	assert_int_equal(vcpu.free_page, 0xA000);
	aug_status = TDX_EPT_ENTRY_STATE_INCORRECT;
	assert_int_equal(run(&vcpu, TDX_SUCCESS | TDX_EXIT_REASON_EPT_VIOLATION), RUN_AGAIN);
	assert_int_equal(vcpu.free_page, 0x9000);
	assert_int_equal(run(&vcpu, TDX_SUCCESS | TDX_EXIT_REASON_EXTERNAL_INTERRUPT), RUN_AGAIN);
	assert_int_equal(run(&vcpu, TDX_OPERAND_BUSY | TDX_OPERAND_ID_TDR), RUN_AGAIN);
	assert_int_equal(run(&vcpu, TDX_NON_RECOVERABLE_TD | TDX_EXIT_REASON_TRIPLE_FAULT),
			 RUN_ENDED);
	assert_int_equal(run(&vcpu, TDX_SEAMCALL_UD), RUN_ENDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept_range),
		cmocka_unit_test(test_share_range),
		cmocka_unit_test(test_vcpu_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
