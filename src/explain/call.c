// SPDX-License-Identifier: MIT
/*
 * One call as a line of text: operands and outputs by name.
 */
#include <inttypes.h>
#include <string.h>

#include "explain/explain.h"
#include "explain/operand.h"
#include "explain/tables.h"
#include "explain/text.h"
#include "tdx/status.h"

#define RAX_RESERVED (~0xFFFFFFULL)

static unsigned version_of(uint64_t rax)
{
	return (unsigned)(rax >> 16 & 0xFF);
}

/* The descriptor for RAX, or NULL: unknown number or version, reserved bits. */
static const struct leaf_desc *leaf_of(enum explain_side side, uint64_t rax)
{
	const struct leaf_desc *leaf = leaf_desc_of(side, (uint32_t)(rax & 0xFFFF));

	if (!leaf || rax & RAX_RESERVED || version_of(rax) > 7 ||
	    !(leaf->versions >> version_of(rax) & 1))
		return NULL;
	return leaf;
}

/* A call that is in no table: every register that is not zero. */
static void unknown_call(struct text *t, enum explain_side side, const uint64_t in[16])
{
	const char *separator = "";

	text_add(t, "%s 0x%" PRIx64 "(", side == EXPLAIN_HOST ? "SEAMCALL" : "TDCALL", in[REG_RAX]);
	for (unsigned reg = 1; reg < 16; reg++) {
		if (in[reg] && reg != REG_RSP && reg != REG_RBP) {
			text_add(t, "%s%s=0x%" PRIx64, separator, abi_reg_names[reg], in[reg]);
			separator = ", ";
		}
	}
	text_put(t, ')');
}

/* An id of a field means one of the leaf's context. */
static void add(struct text *t, const struct leaf_desc *leaf, const struct leaf_operand *op,
		uint64_t value, const char *separator)
{
	char name[80];

	if (op->type != OPERAND_TYPE_FIELD_ID || value == UINT64_MAX) {
		operand_add(t, op, value, separator);
		return;
	}
	explain_field_of(name, sizeof(name), leaf->context, value);
	text_add(t, "%s=%s", op->name, name);
}

static void inputs(struct text *t, const struct leaf_desc *leaf, unsigned version,
		   const uint64_t in[16])
{
	const char *separator = "";

	for (unsigned i = 0; i < leaf->num_ins; i++) {
		const struct leaf_operand *op = &leaf->ins[i];

		if (op->min_version > version)
			continue;
		text_add(t, "%s", separator);
		if (op->type == OPERAND_TYPE_FIELD_ID && in[op->reg] == UINT64_MAX)
			text_add(t, "%s=first", op->name);
		else
			add(t, leaf, op, in[op->reg], ", ");
		separator = ", ";
	}
}

static bool is_vmcall(enum explain_side side, uint64_t rax)
{
	return side == EXPLAIN_GUEST && (rax & 0xFFFF) == LEAF_TDG_VP_VMCALL;
}

static const struct leaf_desc *vmcall_of(const uint64_t regs[16])
{
	if (regs[REG_R10] || regs[REG_R11] > UINT32_MAX)
		return NULL;
	return leaf_desc_of(EXPLAIN_VMCALL, (uint32_t)regs[REG_R11]);
}

size_t explain_vmcall(char *buf, size_t size, const uint64_t regs[16])
{
	const struct leaf_desc *leaf = vmcall_of(regs);
	struct text t = text_start(buf, size);

	if (leaf) {
		text_add(&t, "%s(", leaf->name);
		inputs(&t, leaf, 0, regs);
		text_put(&t, ')');
	} else {
		text_add(&t, "unknown(R10=0x%" PRIx64 ", R11=0x%" PRIx64 ")", regs[REG_R10],
			 regs[REG_R11]);
	}
	return t.len;
}

size_t explain_call_in(char *buf, size_t size, enum explain_side side, const uint64_t in[16])
{
	const struct leaf_desc *leaf = leaf_of(side, in[REG_RAX]);
	struct text t = text_start(buf, size);
	char vmcall[512];

	if (!leaf) {
		unknown_call(&t, side, in);
		return t.len;
	}
	if (is_vmcall(side, in[REG_RAX])) {
		explain_vmcall(vmcall, sizeof(vmcall), in);
		text_add(&t, "%s: %s", leaf->name, vmcall);
		return t.len;
	}
	text_add(&t, "%s", leaf->name);
	if (version_of(in[REG_RAX]))
		text_add(&t, ".v%u", version_of(in[REG_RAX]));
	text_put(&t, '(');
	inputs(&t, leaf, version_of(in[REG_RAX]), in);
	text_put(&t, ')');
	return t.len;
}

static bool is_sept_error(uint64_t status)
{
	uint64_t code = TDX_STATUS_CODE(status);

	return code == TDX_EPT_WALK_FAILED || code == TDX_EPT_ENTRY_STATE_INCORRECT ||
	       code == TDX_GPA_RANGE_NOT_BLOCKED || code == TDX_GPA_RANGE_ALREADY_BLOCKED;
}

/* Does the output mean something with this status? */
static bool holds(const struct leaf_operand *op, uint64_t status)
{
	bool error = TDX_STATUS_ERROR(status);

	switch (op->when) {
	case WHEN_SUCCESS: return !error && !is_sept_error(status);
	case WHEN_SEPT_ERROR: return is_sept_error(status);
	case WHEN_ERROR: return error;
	case WHEN_CPUID_CONFIG:
		return status == (TDX_OPERAND_INVALID | TDX_OPERAND_ID_CPUID_CONFIG);
	default: return true;
	}
}

/* Outputs; of a failed call only those that say something. */
static void outputs(struct text *t, const struct leaf_desc *leaf, unsigned version, uint64_t status,
		    const uint64_t in[16], const uint64_t out[16])
{
	for (unsigned i = 0; i < leaf->num_outs; i++) {
		const struct leaf_operand *op = &leaf->outs[i];
		uint64_t value = out[op->reg];

		if (op->min_version > version || !holds(op, status))
			continue;
		if (op->when == WHEN_ALWAYS && TDX_STATUS_ERROR(status) &&
		    (!value || value == in[op->reg]))
			continue;
		if (!strncmp(op->name, "reserved_", 9) && !value)
			continue;
		text_put(t, ' ');
		add(t, leaf, op, value, " ");
	}
}

static bool is_cross_td(uint64_t status)
{
	return TDX_STATUS_CODE(status) == TDX_CROSS_TD_FAULT ||
	       TDX_STATUS_CODE(status) == TDX_CROSS_TD_TRAP;
}

/* What TDH.VP.ENTER came back with: an exit. */
static void vp_exit(struct text *t, const struct leaf_desc *leaf, const uint64_t out[16])
{
	uint64_t status = out[REG_RAX];
	unsigned reason = (unsigned)(status & 0xFFFF);
	char vmcall[512];

	if (is_cross_td(status)) {
		explain_status_text(vmcall, sizeof(vmcall), out[REG_RDX], EXPLAIN_HOST, -1);
		text_add(t, " target_status=%s target_tdr=0x%" PRIx64, vmcall, out[REG_R8]);
		return;
	}
	if (TDX_STATUS_ERROR(status))
		return;
	if (reason == 77) {
		explain_vmcall(vmcall, sizeof(vmcall), out);
		text_add(t, " %s", vmcall);
		return;
	}
	for (unsigned i = 0; i < leaf->num_outs; i++) {
		const struct leaf_operand *op = &leaf->outs[i];

		if (out[op->reg]) {
			text_put(t, ' ');
			add(t, leaf, op, out[op->reg], " ");
		}
	}
}

static const char *vmcall_answer(uint64_t r10)
{
	static const struct {
		uint64_t value;
		const char *name;
	} answers[] = { { VMCALL_STATUS_SUCCESS, "SUCCESS" },
			{ VMCALL_STATUS_RETRY, "RETRY" },
			{ VMCALL_STATUS_INVALID_OPERAND, "INVALID_OPERAND" },
			{ VMCALL_STATUS_GPA_INUSE, "GPA_INUSE" },
			{ VMCALL_STATUS_ALIGN_ERROR, "ALIGN_ERROR" } };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].value == r10)
			return answers[i].name;
	}
	return NULL;
}

static void vmcall_result(struct text *t, const uint64_t in[16], const uint64_t out[16])
{
	const struct leaf_desc *leaf = vmcall_of(in);
	const char *name = vmcall_answer(out[REG_R10]);

	if (name)
		text_add(t, "%s", name);
	else
		text_add(t, "0x%" PRIx64, out[REG_R10]);
	for (unsigned i = 0; leaf && i < leaf->num_outs; i++) {
		unsigned reg = leaf->outs[i].reg;

		/* A register that came back as it went is no answer. */
		if (out[reg] && out[reg] != in[reg]) {
			text_put(t, ' ');
			add(t, leaf, &leaf->outs[i], out[reg], " ");
		}
	}
}

size_t explain_vmcall_out(char *buf, size_t size, const uint64_t asked[16],
			  const uint64_t answer[16])
{
	struct text t = text_start(buf, size);

	vmcall_result(&t, asked, answer);
	return t.len;
}

size_t explain_call_out(char *buf, size_t size, enum explain_side side, const uint64_t in[16],
			const uint64_t out[16])
{
	const struct leaf_desc *leaf = leaf_of(side, in[REG_RAX]);
	struct text t = text_start(buf, size);
	char status[160];

	if (is_vmcall(side, in[REG_RAX]) && out[REG_RAX] == TDX_SUCCESS) {
		vmcall_result(&t, in, out);
		return t.len;
	}
	explain_status_text(status, sizeof(status), out[REG_RAX], side,
			    (int)(in[REG_RAX] & 0xFFFF));
	text_add(&t, "%s", status);
	if (!leaf || TDX_STATUS_SOFTWARE(out[REG_RAX]))
		return t.len;
	if (side == EXPLAIN_HOST && leaf->number == LEAF_TDH_VP_ENTER)
		vp_exit(&t, leaf, out);
	else if (!is_vmcall(side, in[REG_RAX]))
		outputs(&t, leaf, version_of(in[REG_RAX]), out[REG_RAX], in, out);
	return t.len;
}

size_t explain_call(char *buf, size_t size, enum explain_side side, const uint64_t in[16],
		    const uint64_t out[16])
{
	size_t len = explain_call_in(buf, size, side, in);
	bool room = len + 3 < size;

	if (room)
		memcpy(buf + len, " = ", 4);
	return len + 3 +
	       explain_call_out(room ? buf + len + 3 : NULL, room ? size - len - 3 : 0, side, in,
				out);
}

size_t explain_register(char *buf, size_t size, const struct explain_leaf_id *id, unsigned reg,
			bool out, uint64_t status, uint64_t value)
{
	const struct leaf_desc *leaf = leaf_desc_of(id->side, id->number);
	struct text t = text_start(buf, size);
	unsigned count = !leaf ? 0 : out ? leaf->num_outs : leaf->num_ins;

	for (unsigned i = 0; i < count; i++) {
		const struct leaf_operand *op = out ? &leaf->outs[i] : &leaf->ins[i];

		if (op->reg != reg || (out && !holds(op, status)))
			continue;
		add(&t, leaf, op, value, ", ");
		if (op->meaning)
			text_add(&t, "  (%s)", op->meaning);
		return t.len;
	}
	return t.len;
}
