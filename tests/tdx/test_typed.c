// SPDX-License-Identifier: MIT
/*
 * Every typed call against the leaf descriptors: each operand reaches its register, no register
 * beyond them is named by the leaf, each output comes from its register, and status and leaf number
 * are where they belong.
 */
#define TDX_WANT_IDLE_LEAVES
#include <stdio.h>
#include <string.h>

#include "gen/leaves.h"
#include "recorder.h"
#include "tdx/tdx.h"
#include "typed_calls.h"

#define STATUS 0x1234567800000042ULL
#define OPERAND(reg) (0xC0DE000000000000ULL | (uint64_t)(reg) << 16 | 5)

static unsigned failures;

static void check(int ok, const struct typed_call *call, const char *what, unsigned reg)
{
	if (ok)
		return;
	failures++;
	fprintf(stderr, "%s: %s (%s)\n", call->name, what, abi_reg_names[reg]);
}

/* Every register has a value of its own, which also tells its parts apart. */
static void fill(uint64_t in[16])
{
	for (unsigned reg = 0; reg < 16; reg++)
		in[reg] = OPERAND(reg);
}

/* The registers of mask arrived as in has them, and out says where each output came from. */
static void check_registers(const struct typed_call *call, const struct probe *p, const uint64_t in[16],
			    uint16_t mask, uint16_t out)
{
	for (unsigned reg = 1; reg < 16; reg++) {
		unsigned bit = 1u << reg;

		if (mask & bit)
			check(recorder.seen.gpr[reg] == in[reg], call, "operand not in its register", reg);
		check((p->out_mask & bit) == (out & bit), call, "outputs differ from the table", reg);
		if (p->out_mask & bit)
			check(p->out[reg] == RECORDER_ANSWER(reg), call, "output not from its register",
			      reg);
	}
}

static void check_leaf(const struct typed_call *call)
{
	const struct leaf_desc *leaf = leaf_by_number(call->cls, call->number);
	struct probe p = { 0 };
	uint64_t in[16];

	check(leaf != NULL, call, "no descriptor", 0);
	if (!leaf)
		return;
	fill(in);
	recorder_reset(leaf->out_mask[call->version]);
	recorder.answer.gpr[GPR_RAX] = STATUS;
	call->run(in, &p);
	check(p.status == STATUS, call, "status not from RAX", 0);
	check(recorder.seen.gpr[GPR_RAX] == (call->number | call->version << 16), call,
	      "leaf number", 0);
	check(recorder.seamcalls == (call->cls == LEAF_HOST), call, "SEAMCALL made", 0);
	check(recorder.tdcalls == (call->cls == LEAF_GUEST), call, "TDCALL made", 0);
	check_registers(call, &p, in, leaf->in_mask[call->version], named_outputs(leaf, call->version));
}

/* TDVMCALL: exactly the registers of the mask are exposed, those that are no operand as 0. */
static void check_vmcall(const struct typed_call *call)
{
	const struct leaf_desc *leaf = leaf_by_number(call->cls, call->number);
	uint64_t in[16], expected[16] = { 0 };
	struct probe p = { 0 };
	uint16_t exposed;

	check(leaf != NULL, call, "no descriptor", 0);
	if (!leaf)
		return;
	fill(in);
	for (unsigned i = 0; i < leaf->num_ins; i++)
		expected[leaf->ins[i].reg] = in[leaf->ins[i].reg];
	expected[REG_R11] = call->number;
	exposed = (uint16_t)(leaf->in_mask[0] | leaf->out_mask[0] | 1u << REG_R10 | 1u << REG_R11);
	recorder_reset(exposed);
	recorder.answer_mask = exposed;
	call->run(in, &p);
	check(p.status == RECORDER_ANSWER(REG_R10), call, "status not from R10", REG_R10);
	check(recorder.seen.gpr[GPR_RAX] == 0, call, "leaf number", 0);
	check(recorder.seen.gpr[GPR_RCX] == exposed, call, "mask", REG_RCX);
	check(recorder.tdcalls == 1, call, "TDCALL made", 0);
	check_registers(call, &p, expected, exposed, leaf->out_mask[0]);

	recorder.answer.gpr[GPR_RAX] = STATUS;
	call->run(in, &p);
	check(p.status == STATUS, call, "a refusal of the module is hidden", 0);
}

/* Every leaf of the tables has a typed call, but those that say they have none. */
static unsigned count_leaves(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < leaf_table_len; i++) {
		const struct leaf_desc *leaf = &leaf_table[i];

		if (leaf->since == ABI_1_5_01 && leaf->typed)
			count += (unsigned)__builtin_popcount(leaf->versions);
	}
	return count;
}

int main(void)
{
	size_t leaves = sizeof(typed_calls) / sizeof(typed_calls[0]);
	size_t vmcalls = sizeof(typed_vmcalls) / sizeof(typed_vmcalls[0]);

	for (size_t i = 0; i < leaves; i++)
		check_leaf(&typed_calls[i]);
	for (size_t i = 0; i < vmcalls; i++)
		check_vmcall(&typed_vmcalls[i]);
	if (leaves != count_leaves() || vmcalls != vmcall_table_len) {
		fprintf(stderr, "%zu typed calls, the tables have %u\n", leaves, count_leaves());
		failures++;
	}
	printf("%zu typed calls, %zu TDVMCALLs, %u failures\n", leaves, vmcalls, failures);
	return failures != 0;
}
