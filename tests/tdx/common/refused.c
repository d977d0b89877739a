// SPDX-License-Identifier: MIT
/*
 * What a caller sees when the instruction does not reach a module: the status of the software class
 * from every form, registers and memory as they were. No operand is zero and none a valid selector:
 * a kernel's test build has LTR in the place of the instruction, to raise #GP.
 */
#include "callee.h"
#include "cases.h"

#define PAGE 0x4001000ULL

static struct tdx_module_args filled(void)
{
	struct tdx_module_args args = { 0x5000, PAGE,	0x5002, 0x5003, 0x5004, 0x5005,
					0x5006, 0x5007, 0x5008, 0x5009, 0x500A, 0x500B,
					0x500C, 0x500D, 0x500E, 0x500F };

	return args;
}

static int same(const struct tdx_module_args *args)
{
	const struct tdx_module_args before = filled();

	return !__builtin_memcmp(args, &before, sizeof(before));
}

static int is(tdx_status_t status, tdx_u64 expected)
{
	return tdx_status_is_with(status, expected, 0) && tdx_status_software(status) &&
	       tdx_status_error(status) && !tdx_status_ok(status) &&
	       tdx_status_class(status) == 0xFF;
}

static int typed_call(tdx_u64 expected)
{
	struct tdx_sept_error ext;

	return is(tdh_mem_page_add(tdx_gpa(PAGE), tdx_tdr(PAGE), tdx_hpa(PAGE),
				   tdx_shared_hpa(PAGE), &ext),
		  expected) &&
	       ext.entry == PAGE && ext.info == PAGE &&
	       is(tdh_mng_key_config(tdx_tdr(PAGE)), expected);
}

/* All the registers that a leaf has. */
static int migration_leaf(tdx_u64 expected)
{
	const struct tdh_import_mem_args args = {
		.gpa_list = tdx_gpa_list(PAGE),
		.tdr = tdx_tdr(PAGE),
		.mbmd = tdx_mbmd(PAGE),
		.buffers = tdx_shared_hpa(PAGE),
		.migs = tdx_migs(PAGE),
		.mac_list_0 = tdx_shared_hpa(PAGE),
		.mac_list_1 = tdx_shared_hpa(PAGE),
		.new_pages = tdx_shared_hpa(PAGE),
	};
	tdx_gpa_list_t next;

	return is(tdh_import_mem(args, &next), expected) && next.value == PAGE;
}

/* Repeats are for what a module says. */
static int nothing_is_repeated(tdx_u64 expected)
{
	unsigned int asked = 0;

	return is(tdh_mng_create_retry(tdx_tdr(PAGE), tdx_hkid(33)), expected) &&
	       is(tdx_while_busy(tdh_mem_track(tdx_tdr(PAGE)), ++asked), expected) && !asked &&
	       is(tdh_phymem_cache_wb_finish(PAGE, 5), expected);
}

static tdx_status_t call_plain(void *args)
{
	return seamcall(TDX_LEAF(38, 0), (const struct tdx_module_args *)args);
}

static tdx_status_t call_ret(void *args)
{
	return seamcall_ret(TDX_LEAF(38, 0), (struct tdx_module_args *)args);
}

static tdx_status_t call_saved_ret(void *args)
{
	return seamcall_saved_ret(TDX_LEAF(38, 0), (struct tdx_module_args *)args);
}

static tdx_status_t call_enter(void *regs)
{
	return tdh_vp_enter(tdx_tdvpr(PAGE), 0, regs);
}

static tdx_status_t call_enter_rbp(void *regs)
{
	return tdh_vp_enter_rbp(tdx_tdvpr(PAGE), 0, regs);
}

static tdx_status_t call_enter_lean(void *regs)
{
	return __tdx_vp_enter_lean(regs, PAGE, 1);
}

/* The status, every register of the array in its slot, and the caller's own registers. */
static int form(tdx_status_t (*call)(void *), tdx_u64 expected)
{
	static const tdx_u64 before[CALLEE_REGS] = CALLEE_VALUES;
	struct tdx_module_args args = filled();
	tdx_u64 after[CALLEE_REGS];

	return is(callee_call(call, &args, after), expected) && same(&args) &&
	       !__builtin_memcmp(before, after, sizeof(before));
}

static int plain_form(tdx_u64 expected)
{
	return form(call_plain, expected);
}

static int ret_form(tdx_u64 expected)
{
	return form(call_ret, expected);
}

static int saved_ret_form(tdx_u64 expected)
{
	return form(call_saved_ret, expected);
}

static int enter_form(tdx_u64 expected)
{
	return form(call_enter, expected);
}

static int enter_rbp_form(tdx_u64 expected)
{
	return form(call_enter_rbp, expected);
}

static int enter_lean_form(tdx_u64 expected)
{
	return form(call_enter_lean, expected);
}

/* A function that calls nothing else keeps its locals below the stack pointer where there is a red
 * zone. */
static __attribute__((__noinline__)) int sum_across_a_call(tdx_u64 seed)
{
	volatile tdx_u64 local[8];
	tdx_u64 sum = 0;

	for (unsigned int i = 0; i < 8; i++)
		local[i] = seed + i;
	if (tdx_status_ok(tdh_mem_track(tdx_tdr(seed))))
		return 0;
	for (unsigned int i = 0; i < 8; i++)
		sum += local[i];
	return sum == 8 * seed + 28;
}

static int locals_survive(tdx_u64 expected)
{
	return is(tdh_mem_track(tdx_tdr(PAGE)), expected) && sum_across_a_call(PAGE);
}

const struct refused_case refused_cases[] = {
	{ "a typed call", typed_call },
	{ "a migration leaf", migration_leaf },
	{ "nothing is repeated", nothing_is_repeated },
	{ "the plain form", plain_form },
	{ "the _ret form", ret_form },
	{ "the _saved_ret form", saved_ret_form },
	{ "VP.ENTER in place", enter_form },
	{ "VP.ENTER with RBP", enter_rbp_form },
	{ "VP.ENTER, lean", enter_lean_form },
	{ "locals survive", locals_survive },
};

const unsigned int num_refused_cases = sizeof(refused_cases) / sizeof(refused_cases[0]);
