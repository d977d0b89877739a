// SPDX-License-Identifier: MIT
/*
 * From bytes to struct insn: prefixes, operands and checks that all instructions share.
 */
#include <stdlib.h>

#include "cpu/decode.h"
#include "cpu/fast.h"

static const struct opcode_group *const groups[] = {
	&cpu_ops_alu,	  &cpu_ops_shift,  &cpu_ops_muldiv,   &cpu_ops_bit,    &cpu_ops_mov,
	&cpu_ops_atomic,  &cpu_ops_stack,  &cpu_ops_control,  &cpu_ops_far,    &cpu_ops_string,
	&cpu_ops_flag,	  &cpu_ops_system, &cpu_ops_segment,  &cpu_ops_exit,   &cpu_ops_sse_mov,
	&cpu_ops_sse_int, &cpu_ops_sse_fp, &cpu_ops_sse_text, &cpu_ops_crypto, &cpu_ops_xstate,
	&cpu_ops_x87,	  &cpu_ops_mmx,	   &cpu_ops_legacy,   &cpu_ops_cr,     &cpu_ops_hint,
	&cpu_ops_extend,
};

/* Opcodes by mnemonic; the caller frees it. */
const struct opcode **decode_index(void)
{
	const struct opcode **index = calloc(ZYDIS_MNEMONIC_MAX_VALUE + 1, sizeof(*index));

	if (!index)
		return NULL;
	for (unsigned g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (unsigned i = 0; i < groups[g]->nr; i++)
			index[groups[g]->ops[i].mnemonic] = &groups[g]->ops[i];
	return index;
}

static uint16_t gpr_offset(unsigned i)
{
	return (uint16_t)(offsetof(struct cpu, s.gpr) + 8 * i);
}

/* Offset of a register in struct cpu; the zero slot for none. */
uint16_t decode_reg(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL)
		return gpr_offset(reg - ZYDIS_REGISTER_AL);
	if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH)
		return (uint16_t)(gpr_offset(reg - ZYDIS_REGISTER_AH) + 1);
	if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B)
		return gpr_offset(reg - ZYDIS_REGISTER_SPL + 4);
	if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W)
		return gpr_offset(reg - ZYDIS_REGISTER_AX);
	if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
		return gpr_offset(reg - ZYDIS_REGISTER_EAX);
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
		return gpr_offset(reg - ZYDIS_REGISTER_RAX);
	if (reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM15)
		return (uint16_t)(offsetof(struct cpu, s.fx.xmm) +
				  16 * (unsigned)(reg - ZYDIS_REGISTER_XMM0));
	if (reg >= ZYDIS_REGISTER_MM0 && reg <= ZYDIS_REGISTER_MM7)
		return (uint16_t)(reg - ZYDIS_REGISTER_MM0);
	return offsetof(struct cpu, zero);
}

/* Zydis and the processor number ES, CS, SS, DS, FS, GS alike. */
static unsigned segment_number(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_ES && reg <= ZYDIS_REGISTER_GS
		       ? (unsigned)(reg - ZYDIS_REGISTER_ES)
		       : CPU_DS;
}

bool decode_mem(const struct decode *d, const ZydisDecodedOperand *op, struct insn *insn)
{
	unsigned seg = segment_number(op->mem.segment);

	insn->flags |= INSN_MEM;
	insn->addr_mask = d->zi.address_width == 64   ? ~0ull
			  : d->zi.address_width == 32 ? 0xffffffff
						      : 0xffff;
	insn->disp = (uint64_t)op->mem.disp.value;
	insn->base = decode_reg(op->mem.base);
	insn->index = decode_reg(op->mem.index);
	insn->scale = (uint8_t)(op->mem.scale > 4 ? 3 : op->mem.scale / 2);
	if (op->mem.base == ZYDIS_REGISTER_RIP || op->mem.base == ZYDIS_REGISTER_EIP)
		insn->disp += d->rip + d->zi.length;
	insn->seg = offsetof(struct cpu, zero);
	if (!(d->mode & MODE_64) || seg == CPU_FS || seg == CPU_GS)
		insn->seg =
			(uint16_t)(offsetof(struct cpu, s.seg) + seg * sizeof(struct cpu_segment) +
				   offsetof(struct cpu_segment, base));
	if (seg == CPU_SS)
		insn->flags |= INSN_SEG_SS;
	insn->size = (uint8_t)(op->size / 8);
	return true;
}

unsigned decode_size_index(unsigned bits)
{
	return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
}

bool emit_plain(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)d;
	insn->fn = (handler_fn *)op->table;
	return true;
}

bool emit_reg_rm(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	const struct reg_rm *t = op->table;
	unsigned i = decode_size_index(d->op[0].size);

	insn->dst = decode_reg(d->op[0].reg.value);
	if (op_is_reg(d, 1)) {
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = t->rr[i];
	} else {
		decode_mem(d, &d->op[1], insn);
		insn->fn = t->rm[i];
	}
	return insn->fn;
}

bool emit_rm(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	const struct rm_op *t = op->table;
	unsigned i = decode_size_index(d->op[0].size);

	if (op_is_reg(d, 0)) {
		insn->dst = insn->src = decode_reg(d->op[0].reg.value);
		insn->fn = t->r[i];
	} else {
		decode_mem(d, &d->op[0], insn);
		insn->fn = insn->flags & INSN_LOCK ? t->lock[i] : t->m[i];
	}
	return insn->fn;
}

/* #UD. When the interpreter is what lacks the instruction, the consumer learns which. */
HANDLER(h_undefined)
{
	struct cpu_unknown unknown = { .rip = insn->rip, .len = insn->size };

	memcpy(unknown.bytes, &insn->imm, 8);
	memcpy(unknown.bytes + 8, &insn->disp, 7);
	if (insn->aux)
		unknown.mnemonic = ZydisMnemonicGetString((ZydisMnemonic)insn->dst);
	if (cpu->ops->unknown)
		cpu->ops->unknown(cpu->opaque, &unknown);
	cpu_raise(cpu, insn, EXC_UD);
}

HANDLER(h_general_protection)
{
	cpu_raise_error(cpu, insn, EXC_GP, 0);
}

HANDLER(h_invalid)
{
	cpu_raise(cpu, insn, EXC_UD);
}

HANDLER(h_device)
{
	cpu_raise(cpu, insn, EXC_NM);
}

/* The fault that the instruction is in this mode, NULL when it may run. */
static handler_fn *forbidden(unsigned flags, uint32_t mode)
{
	if (((flags & OP_64) && !(mode & MODE_64)) || ((flags & OP_NO64) && (mode & MODE_64)))
		return h_invalid;
	if ((flags & OP_SSE) && ((mode & MODE_EM) || !(mode & MODE_OSFXSR)))
		return h_invalid;
	if ((flags & OP_MMX) && (mode & MODE_EM))
		return h_invalid;
	if ((flags & OP_X87) && (mode & MODE_EM))
		return h_device;
	if ((flags & (OP_SSE | OP_MMX | OP_X87 | OP_TS)) && (mode & MODE_TS))
		return h_device;
	if ((flags & OP_CPL0) && !(mode & MODE_CPL0))
		return h_general_protection;
	return NULL;
}

/* What the instruction requires. Some mnemonics have forms in several instruction sets. */
static unsigned required(const struct decode *d, const struct opcode *op)
{
	for (unsigned i = 0; i < d->zi.operand_count_visible; i++)
		if (op_is_reg(d, i) &&
		    ZydisRegisterGetClass(d->op[i].reg.value) == ZYDIS_REGCLASS_MMX)
			return (op->flags & OP_BOTH ? op->flags | OP_SSE : op->flags & ~OP_SSE) |
			       OP_MMX;
	for (unsigned i = 0; i < d->zi.operand_count_visible; i++)
		if (op_is_reg(d, i) &&
		    ZydisRegisterGetClass(d->op[i].reg.value) == ZYDIS_REGCLASS_XMM)
			return op->flags | OP_SSE;
	return op->flags;
}

static void emit_undefined(struct insn *insn, const uint8_t *bytes, unsigned len,
			   const ZydisDecodedInstruction *zi)
{
	uint8_t copy[16] = { 0 };

	memcpy(copy, bytes, len > 15 ? 15 : len);
	memcpy(&insn->imm, copy, 8);
	memcpy(&insn->disp, copy + 8, 8);
	insn->size = (uint8_t)(len > 15 ? 15 : len);
	insn->len = zi ? zi->length : 1;
	insn->aux = zi != NULL;
	insn->dst = zi ? (uint16_t)zi->mnemonic : 0;
	insn->fn = h_undefined;
}

static const ZydisMachineMode machine_mode[] = {
	[0] = ZYDIS_MACHINE_MODE_LEGACY_16,
	[MODE_64] = ZYDIS_MACHINE_MODE_LONG_64,
	[MODE_32] = ZYDIS_MACHINE_MODE_LEGACY_32,
};

static const ZydisStackWidth stack_width[] = {
	[0] = ZYDIS_STACK_WIDTH_16,
	[MODE_64] = ZYDIS_STACK_WIDTH_64,
	[MODE_32] = ZYDIS_STACK_WIDTH_32,
};

static ZyanStatus decode_bytes(struct decode *d, unsigned len)
{
	ZydisDecoder decoder;
	unsigned width = d->mode & (MODE_64 | MODE_32);

	ZydisDecoderInit(&decoder, machine_mode[width], stack_width[width]);
	return ZydisDecoderDecodeFull(&decoder, d->bytes, len, &d->zi, d->op);
}

static uint8_t insn_prefixes(const ZydisDecodedInstruction *zi)
{
	uint8_t flags = 0;

	if (zi->attributes & ZYDIS_ATTRIB_HAS_LOCK)
		flags |= INSN_LOCK;
	if (zi->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE))
		flags |= INSN_REP;
	if (zi->attributes & ZYDIS_ATTRIB_HAS_REPNE)
		flags |= INSN_REPNE;
	return flags;
}

/* Legacy segments that are not flat, and FS and GS outside 64-bit mode, have their limit and type
 * checked. */
static bool needs_segment_check(const struct decode *d, const struct insn *insn)
{
	uint16_t first = offsetof(struct cpu, s.seg) + CPU_FS * sizeof(struct cpu_segment);

	if (!(insn->flags & INSN_MEM) || (d->mode & MODE_64))
		return false;
	return !(d->mode & MODE_FLAT) ||
	       (insn->seg >= first && insn->seg != offsetof(struct cpu, zero));
}

static const struct fast *find_fast(handler_fn *general)
{
	static const struct fast_group *const fast[] = { &cpu_fast_mov, &cpu_fast_extend,
							 &cpu_fast_alu };

	for (unsigned g = 0; g < sizeof(fast) / sizeof(fast[0]); g++)
		for (unsigned i = 0; i < fast[g]->nr; i++)
			if (fast[g]->ops[i].general == general)
				return &fast[g]->ops[i];
	return NULL;
}

/* Takes a shorter handler where the memory operand allows it. */
static void prefer_fast(const struct decode *d, struct insn *insn)
{
	const struct fast *fast;

	if (!(insn->flags & INSN_MEM) || !(d->mode & MODE_64) || insn->addr_mask != ~0ull ||
	    insn->seg != offsetof(struct cpu, zero))
		return;
	fast = find_fast(insn->fn);
	if (!fast)
		return;
	insn->next_fn = insn->fn;
	insn->fn = insn->index == offsetof(struct cpu, zero) ? fast->base : fast->index;
}

/*
 * Decodes one instruction. Returns false if it needs more than `len` bytes. What can't be decoded
 * or has no handler becomes an instruction that raises #UD.
 */
bool decode_insn(struct cpu *cpu, uint32_t mode, uint64_t rip, const uint8_t *bytes, unsigned len,
		 struct insn *insn, bool *end)
{
	struct decode d = { .mode = mode, .rip = rip, .bytes = bytes };
	ZyanStatus status = decode_bytes(&d, len);
	const struct opcode *op;

	memset(insn, 0, sizeof(*insn));
	insn->rip = rip & cpu->lin_mask;
	insn->base = insn->index = insn->seg = insn->dst = insn->src = offsetof(struct cpu, zero);
	*end = true;
	if (status == ZYDIS_STATUS_NO_MORE_DATA && len < 15)
		return false;
	if (ZYAN_FAILED(status)) {
		emit_undefined(insn, bytes, len, NULL);
		if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG ||
		    status == ZYDIS_STATUS_NO_MORE_DATA)
			insn->fn = h_general_protection;
		return true;
	}
	op = cpu->opcodes[d.zi.mnemonic];
	insn->len = d.zi.length;
	insn->flags = insn_prefixes(&d.zi);
	if (!op || !op->emit(&d, op, insn)) {
		insn->dst = insn->base = insn->index = insn->seg = offsetof(struct cpu, zero);
		emit_undefined(insn, bytes, d.zi.length, &d.zi);
		return true;
	}
	*end = (op->flags & OP_END) || (insn->flags & INSN_END);
	if (forbidden(required(&d, op), mode)) {
		insn->fn = forbidden(required(&d, op), mode);
		*end = true;
		return true;
	}
	if (needs_segment_check(&d, insn)) {
		insn->next_fn = insn->fn;
		insn->fn = seg_check;
	}
	prefer_fast(&d, insn);
	return true;
}

/* What decode_insn() made of bytes that it has no handler for, and of those that are no
 * instruction. */
bool decode_lacks(const struct insn *insn)
{
	return insn->fn == h_undefined && insn->aux;
}

bool decode_invalid(const struct insn *insn)
{
	return (insn->fn == h_undefined && !insn->aux) || insn->fn == h_general_protection;
}

ZydisMnemonic decode_mnemonic(uint32_t mode, const uint8_t *bytes, unsigned len)
{
	struct decode d = { .mode = mode, .bytes = bytes };

	return ZYAN_SUCCESS(decode_bytes(&d, len)) ? d.zi.mnemonic : ZYDIS_MNEMONIC_INVALID;
}
