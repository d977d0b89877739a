// SPDX-License-Identifier: MIT
/*
 * The struct forms, TDH.VP.ENTER on an array, TDVMCALL on a struct, and some typed calls spelled
 * out register by register (the exhaustive test draws on the same tables as the code, these do
 * not).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/callee.h"
#include "recorder.h"
#include "tdx/tdx.h"

#define SEEN(name)	recorder.seen.gpr[GPR_##name]
#define ALL_BUT_RAX_RSP 0xFFEE
#define SAVED_BUT_RBP	0xF0C8

static void fill(struct tdx_module_args *args)
{
	uint64_t slots[16];

	for (unsigned reg = 0; reg < 16; reg++)
		slots[reg] = 0x5000 + reg;
	memcpy(args, slots, sizeof(slots));
}

static void assert_callee_saved(tdx_status_t (*call)(void *), void *argument, tdx_u64 status)
{
	const tdx_u64 before[CALLEE_REGS] = CALLEE_VALUES;
	tdx_u64 after[CALLEE_REGS];

	assert_status(callee_call(call, argument, after), status);
	assert_memory_equal(before, after, sizeof(before));
}

static tdx_status_t enter(void *regs)
{
	return tdh_vp_enter(tdx_tdvpr(0x40007000), TDX_ENTER_RESUME_L1, regs);
}

static tdx_status_t saved_ret(void *args)
{
	return seamcall_saved_ret(TDX_LEAF(25, 0), args);
}

static tdx_status_t vmcall(void *args)
{
	return tdvmcall(args);
}

static void assert_array(const struct tdx_module_args *args, uint16_t changed)
{
	uint64_t slots[16];

	memcpy(slots, args, sizeof(slots));
	for (unsigned reg = 0; reg < 16; reg++)
		assert_int_equal(slots[reg],
				 changed & (1u << reg) ? RECORDER_ANSWER(reg) : 0x5000 + reg);
}

static void test_vp_enter_uses_the_array_in_place(void **state)
{
	struct tdx_module_args regs;

	(void)state;
	fill(&regs);
	recorder_reset(ALL_BUT_RAX_RSP);
	assert_callee_saved(enter, &regs, TDX_SUCCESS);
	assert_int_equal(SEEN(RAX), 0);
	assert_int_equal(SEEN(RCX), 0x40007000 | TDX_ENTER_RESUME_L1);
	assert_int_equal(SEEN(RDX), 0x5002);
	assert_int_equal(SEEN(RBX), 0x5003);
	assert_int_not_equal(SEEN(RBP), 0x5005); /* the slot is not an operand */
	assert_int_equal(SEEN(RSI), 0x5006);
	assert_int_equal(SEEN(RDI), 0x5007);
	for (unsigned reg = 8; reg < 16; reg++)
		assert_int_equal(recorder.seen.gpr[reg], 0x5000 + reg);
	assert_array(&regs, ALL_BUT_RAX_RSP & ~(1u << GPR_RBP));
}

/* An asynchronous exit zeroes RBP and all else. */
static void test_vp_enter_keeps_rbp_when_the_exit_zeroes_it(void **state)
{
	struct tdx_module_args regs;

	(void)state;
	fill(&regs);
	recorder_reset(ALL_BUT_RAX_RSP);
	memset(&recorder.answer, 0, sizeof(recorder.answer));
	recorder.answer.gpr[GPR_RAX] = TDX_SUCCESS | 1;
	assert_callee_saved(enter, &regs, TDX_SUCCESS | 1);
	assert_int_equal(regs.rbp_unused, 0x5005);
	assert_int_equal(regs.rbx | regs.rsi | regs.r15, 0);
}

/* Nothing that the guest chose stays in a register that the caller may use under speculation. */
static void test_vp_enter_clears_what_the_guest_left(void **state)
{
	struct tdx_module_args regs;
	uint64_t left = 0;

	(void)state;
	fill(&regs);
	recorder_reset(ALL_BUT_RAX_RSP);
	__asm__ volatile(
		"mov %[regs], %%rdi\n\tmov $0x1000, %%esi\n\tcall __tdx_vp_enter\n\t"
		"or %%rcx, %%rdx\n\tor %%rsi, %%rdx\n\tor %%rdi, %%rdx\n\tor %%r8, %%rdx\n\t"
		"or %%r9, %%rdx\n\tor %%r10, %%rdx\n\tor %%r11, %%rdx"
		: "=d"(left)
		: [regs] "r"(&regs)
		: "rax", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
	assert_int_equal(left, 0);
}

static tdx_status_t enter_lean(void *regs)
{
	return __tdx_vp_enter_lean(regs, 0x40007000, 0);
}

static tdx_status_t enter_lean_with_answer(void *regs)
{
	return __tdx_vp_enter_lean(regs, 0x40007000, 1);
}

/* Without an answer nothing of the array goes in; an asynchronous exit writes four registers. */
static void test_lean_form_around_an_asynchronous_exit(void **state)
{
	struct tdx_module_args regs;

	(void)state;
	fill(&regs);
	recorder_reset(ALL_BUT_RAX_RSP);
	recorder.answer.gpr[GPR_RAX] = TDX_SUCCESS | 48;
	assert_callee_saved(enter_lean, &regs, TDX_SUCCESS | 48);
	assert_int_equal(SEEN(RCX), 0x40007000);
	for (unsigned reg = 2; reg < 16; reg++)
		assert_int_not_equal(recorder.seen.gpr[reg], 0x5000 + reg);
	assert_array(&regs, 1u << GPR_RCX | 1u << GPR_RDX | 1u << GPR_R8 | 1u << GPR_R9);
}

static void test_lean_form_around_a_tdvmcall(void **state)
{
	struct tdx_module_args regs;

	(void)state;
	fill(&regs);
	recorder_reset(ALL_BUT_RAX_RSP);
	recorder.answer.gpr[GPR_RAX] = TDX_SUCCESS | 77;
	assert_callee_saved(enter_lean_with_answer, &regs, TDX_SUCCESS | 77);
	assert_int_equal(SEEN(RCX), 0x40007000);
	assert_int_equal(SEEN(RDX), 0x5002);
	assert_int_equal(SEEN(RDI), 0x5007);
	assert_int_equal(SEEN(R15), 0x500F);
	assert_array(&regs, ALL_BUT_RAX_RSP & ~(1u << GPR_RBP));
}

/* A refused entry that names the same number in its low half is no TDVMCALL. */
static void test_lean_form_refused(void **state)
{
	struct tdx_module_args regs;

	(void)state;
	fill(&regs);
	recorder_reset(0);
	recorder.answer.gpr[GPR_RAX] = TDX_OPERAND_BUSY | 77;
	assert_callee_saved(enter_lean_with_answer, &regs, TDX_OPERAND_BUSY | 77);
	assert_int_equal(regs.rbx, 0x5003);
	assert_int_equal(regs.r15, 0x500F);
}

/* A bus lock of the guest is reported beside the exit reason, which stays a TDVMCALL. */
static void test_lean_form_around_a_tdvmcall_with_a_bus_lock(void **state)
{
	struct tdx_module_args regs;

	(void)state;
	fill(&regs);
	recorder_reset(ALL_BUT_RAX_RSP);
	recorder.answer.gpr[GPR_RAX] = TDX_SUCCESS | 1 << 26 | 77;
	assert_callee_saved(enter_lean_with_answer, &regs, TDX_SUCCESS | 1 << 26 | 77);
	assert_array(&regs, ALL_BUT_RAX_RSP & ~(1u << GPR_RBP));
}

static void test_saved_ret_passes_and_returns_all(void **state)
{
	struct tdx_module_args args;

	(void)state;
	fill(&args);
	recorder_reset(SAVED_BUT_RBP | 1u << GPR_RBP);
	recorder.answer.gpr[GPR_RAX] = TDX_OPERAND_BUSY | 2;
	assert_callee_saved(saved_ret, &args, TDX_OPERAND_BUSY | 2);
	assert_int_equal(SEEN(RAX), 25);
	assert_int_equal(SEEN(RSI), 0x5006);
	assert_int_equal(SEEN(RDI), 0x5007);
	assert_array(&args, SAVED_BUT_RBP | 0x0F06);
}

static void test_ret_returns_the_volatile_ones(void **state)
{
	struct tdx_module_args args;

	(void)state;
	fill(&args);
	recorder_reset(0);
	assert_status(seamcall_ret(TDX_LEAF(3, 1), &args), 0);
	assert_int_equal(SEEN(RAX), 0x10003);
	assert_int_equal(SEEN(RCX), 0x5001);
	assert_int_equal(SEEN(R11), 0x500B);
	assert_array(&args, 0x0F06);
	fill(&args);
	assert_status(tdcall_ret(TDX_LEAF(1, 0), &args), 0);
	assert_int_equal(recorder.tdcalls, 1);
	assert_array(&args, 0x0F06);
}

static void test_plain_form_writes_nothing(void **state)
{
	struct tdx_module_args args;

	(void)state;
	fill(&args);
	recorder_reset(0);
	assert_status(seamcall(TDX_LEAF(38, 0), &args), 0);
	assert_status(tdcall(TDX_LEAF(6, 0), &args), 0);
	assert_int_equal(recorder.seamcalls, 1);
	assert_int_equal(recorder.tdcalls, 1);
	assert_array(&args, 0);
}

static void test_tdvmcall_never_exposes_rbp(void **state)
{
	struct tdx_module_args args;

	(void)state;
	fill(&args);
	args.rcx = 0xFFFFFFFF;
	recorder_reset(TDX_VMCALL_REGS);
	assert_callee_saved(vmcall, &args, TDX_SUCCESS);
	assert_int_equal(SEEN(RAX), 0);
	assert_int_equal(SEEN(RCX), 0xFFCC);
	assert_int_equal(args.r10, RECORDER_ANSWER(GPR_R10));
	assert_int_equal(args.rdi, RECORDER_ANSWER(GPR_RDI));
	assert_int_equal(args.rbp_unused, 0x5005);
}

static void test_page_add_by_hand(void **state)
{
	struct tdx_sept_error ext;

	(void)state;
	recorder_reset(0);
	recorder.answer.gpr[GPR_RAX] = 0xC0000B0000000001ULL;
	assert_status(tdh_mem_page_add(tdx_gpa(0x100000), tdx_tdr(0x40000000), tdx_hpa(0x40010000),
				       tdx_shared_hpa(0x2000), &ext),
		      TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX);
	assert_int_equal(SEEN(RAX), 2);
	assert_int_equal(SEEN(RCX), 0x100000);
	assert_int_equal(SEEN(RDX), 0x40000000);
	assert_int_equal(SEEN(R8), 0x40010000);
	assert_int_equal(SEEN(R9), 0x2000);
	assert_int_equal(ext.entry, RECORDER_ANSWER(GPR_RCX));
	assert_int_equal(ext.info, RECORDER_ANSWER(GPR_RDX));
}

static void test_sept_add_by_hand(void **state)
{
	(void)state;
	recorder_reset(0);
	assert_status(tdh_mem_sept_add(tdx_gpa(0x80000000), TDX_LEVEL_1G, tdx_tdr(0x40000000), 0,
				       tdx_hpa(0x40011000), NULL),
		      0);
	assert_int_equal(SEEN(RAX), 3);
	assert_int_equal(SEEN(RCX), 0x80000002);
	assert_int_equal(SEEN(RDX), 0x40000000);
	assert_int_equal(SEEN(R8), 0x40011000);
}

static void test_import_mem_by_hand(void **state)
{
	struct tdh_import_mem_args args = {
		.gpa_list = tdx_gpa_list(1),
		.tdr = tdx_tdr(2),
		.mbmd = tdx_mbmd(3),
		.buffers = tdx_shared_hpa(4),
		.migs = tdx_migs(5),
		.mac_list_0 = tdx_shared_hpa(6),
		.mac_list_1 = tdx_shared_hpa(7),
		.new_pages = tdx_shared_hpa(8),
	};
	tdx_gpa_list_t next;

	(void)state;
	recorder_reset(0);
	assert_status(tdh_import_mem(args, &next), 0);
	assert_int_equal(SEEN(RAX), 83);
	assert_int_equal(SEEN(RCX), 1);
	assert_int_equal(SEEN(RDX), 2);
	for (unsigned reg = GPR_R8; reg <= GPR_R13; reg++)
		assert_int_equal(recorder.seen.gpr[reg], reg - 5);
	assert_int_equal(next.value, RECORDER_ANSWER(GPR_RCX));
}

static tdx_status_t l2_enter(void *out)
{
	return tdg_vp_enter(1ULL << 52, tdx_gpa(0x1000), out);
}

/* TDG.VP.ENTER comes back with the RBP of the L2 guest. */
static void test_l2_enter_keeps_rbp(void **state)
{
	struct tdg_vp_enter_out out;

	(void)state;
	recorder_reset(ALL_BUT_RAX_RSP);
	assert_callee_saved(l2_enter, &out, TDX_SUCCESS);
	assert_int_equal(SEEN(RAX), 25);
	assert_int_equal(SEEN(RCX), 1ULL << 52);
	assert_int_equal(SEEN(RDX), 0x1000);
	assert_int_equal(out.ext_exit_qualification, RECORDER_ANSWER(GPR_R13));
}

static void test_map_gpa_by_hand(void **state)
{
	tdx_gpa_t failed = tdx_gpa(0);

	(void)state;
	recorder_reset(0);
	recorder.answer_mask = 0x3C00;
	recorder.answer.gpr[GPR_R10] = TDX_VMCALL_RETRY;
	assert_status(tdg_vp_vmcall_map_gpa(tdx_gpa(0x800000001000), 0x2000, &failed), 1);
	assert_int_equal(SEEN(RAX), 0);
	assert_int_equal(SEEN(RCX), 0x3C00);
	assert_int_equal(SEEN(R10), 0);
	assert_int_equal(SEEN(R11), 0x10001);
	assert_int_equal(SEEN(R12), 0x800000001000);
	assert_int_equal(SEEN(R13), 0x2000);
	assert_int_equal(failed.value, RECORDER_ANSWER(GPR_R11));
}

/* A function that calls nothing else keeps its locals below the stack pointer: a bare call would
 * overwrite them. */
static __attribute__((noinline)) uint64_t sum_across_a_call(uint64_t seed)
{
	volatile uint64_t local[8];
	uint64_t sum = 0;

	for (unsigned i = 0; i < 8; i++)
		local[i] = seed + i;
	if (!tdx_status_ok(tdh_mem_track(tdx_tdr(seed))))
		return 0;
	for (unsigned i = 0; i < 8; i++)
		sum += local[i];
	return sum;
}

static void test_red_zone_survives(void **state)
{
	(void)state;
	recorder_reset(0);
	assert_int_equal(sum_across_a_call(0x1000), 8 * 0x1000 + 28);
}

/* A call in the middle of a function must leave its XMM registers and stack alignment alone. */
static void test_locals_survive(void **state)
{
	volatile uint64_t local[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	volatile double x = 1.5;
	double y = x * 3;

	(void)state;
	recorder_reset(0);
	assert_status(tdh_mem_track(tdx_tdr(0x1000)), 0);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(local[i], i + 1);
	assert_true(y > 4.4 && y < 4.6);
	assert_int_equal(SEEN(RSP) % 8, 0);
}

static void test_status_questions(void **state)
{
	tdx_status_t status = tdx_status(TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE);

	(void)state;
	assert_int_equal(tdx_status_code(status), TDX_OPERAND_BUSY);
	assert_true(tdx_status_is(status, TDX_OPERAND_BUSY));
	assert_false(tdx_status_is(status, TDX_OPERAND_INVALID));
	assert_true(tdx_status_is_with(status, TDX_OPERAND_BUSY, TDX_OPERAND_ID_SEPT_TREE));
	assert_false(tdx_status_is_with(status, TDX_OPERAND_BUSY, TDX_OPERAND_ID_TDR));
	assert_int_equal(tdx_status_detail(status), 146);
	assert_int_equal(tdx_status_class(status), TDX_CLASS_RESOURCE_BUSY);
	assert_true(tdx_status_error(status));
	assert_false(tdx_status_non_recoverable(status));
	assert_false(tdx_status_ok(status));
	assert_true(tdx_status_ok(tdx_status(TDX_SUCCESS)));
	assert_true(tdx_status_ok(tdx_status(TDX_SUCCESS | 77))); /* TDH.VP.ENTER: an exit reason */
	assert_int_equal(tdx_status_exit_reason(tdx_status(TDX_SUCCESS | 1 << 26 | 77)), 77);
	assert_true(tdx_status_fatal(tdx_status(TDX_TD_FATAL)));
	assert_true(tdx_status_software(tdx_status(TDX_SEAMCALL_UD | 5)));
	assert_int_equal(tdx_status_class(tdx_status(TDX_SEAMCALL_UD)), 0xFF);
	assert_false(tdx_status_software(tdx_status(TDX_L2_EXIT_HOST_ROUTED_ASYNC)));
}

enum consumer_regs { A, C, D, B, SP, BP, SI, DI, R8, R9, R10, R11, R12, R13, R14, R15 };
TDX_ASSERT_REGS_LAYOUT(unsigned long, A, C, D, B, SP, BP, SI, DI, R8, R9, R10, R11, R12, R13, R14,
		       R15);

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vp_enter_uses_the_array_in_place),
		cmocka_unit_test(test_vp_enter_keeps_rbp_when_the_exit_zeroes_it),
		cmocka_unit_test(test_vp_enter_clears_what_the_guest_left),
		cmocka_unit_test(test_lean_form_around_an_asynchronous_exit),
		cmocka_unit_test(test_lean_form_around_a_tdvmcall),
		cmocka_unit_test(test_lean_form_around_a_tdvmcall_with_a_bus_lock),
		cmocka_unit_test(test_lean_form_refused),
		cmocka_unit_test(test_saved_ret_passes_and_returns_all),
		cmocka_unit_test(test_ret_returns_the_volatile_ones),
		cmocka_unit_test(test_plain_form_writes_nothing),
		cmocka_unit_test(test_tdvmcall_never_exposes_rbp),
		cmocka_unit_test(test_page_add_by_hand),
		cmocka_unit_test(test_sept_add_by_hand),
		cmocka_unit_test(test_import_mem_by_hand),
		cmocka_unit_test(test_l2_enter_keeps_rbp),
		cmocka_unit_test(test_map_gpa_by_hand),
		cmocka_unit_test(test_red_zone_survives),
		cmocka_unit_test(test_locals_survive),
		cmocka_unit_test(test_status_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
