// SPDX-License-Identifier: MIT
/*
 * x87. Arithmetic is executed by the host's x87 unit on the guest's register image, exceptions
 * masked; control instructions are done here.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

#define FSW_ES	     0x0080u
#define FSW_B	     0x8000u
#define FSW_TOP(fsw) ((fsw) >> 11 & 7)
#define EXCEPTIONS   0x3fu
#define FCW_INIT     0x37f

/*
 * Each instruction of the escape opcodes D8 to DF, followed by RET, four bytes apart: with operand
 * [rdi] by opcode and ModRM reg, and with registers by opcode and the low six bits of ModRM.
 */
extern const uint8_t cpu_x87_memory[64][4] __attribute__((visibility("hidden")));
extern const uint8_t cpu_x87_register[512][4] __attribute__((visibility("hidden")));

__asm__(".text\n"
	".balign 4\n"
	".globl cpu_x87_memory\n"
	".hidden cpu_x87_memory\n"
	"cpu_x87_memory:\n"
	".set cpu_x87_i, 0\n"
	".rept 64\n"
	"	.byte 0xd8 + (cpu_x87_i >> 3), ((cpu_x87_i & 7) << 3) | 7, 0xc3, 0x90\n"
	"	.set cpu_x87_i, cpu_x87_i + 1\n"
	".endr\n"
	".globl cpu_x87_register\n"
	".hidden cpu_x87_register\n"
	"cpu_x87_register:\n"
	".set cpu_x87_i, 0\n"
	".rept 512\n"
	"	.byte 0xd8 + (cpu_x87_i >> 6), 0xc0 | (cpu_x87_i & 63), 0xc3, 0x90\n"
	"	.set cpu_x87_i, cpu_x87_i + 1\n"
	".endr\n");

/* Runs one stub on the image. `flags` are RFLAGS before (FCMOV) and after (FCOMI). Moves the stack
 * past the red zone. */
static void execute(struct cpu_fx *image, const uint8_t *stub, void *operand, uint64_t *flags)
{
	uint64_t f = *flags;

	__asm__ __volatile__("lea -128(%%rsp), %%rsp\n\t"
			     "fxrstor64 (%[image])\n\t"
			     "push %[f]\n\t"
			     "popfq\n\t"
			     "call *%[stub]\n\t"
			     "pushfq\n\t"
			     "pop %[f]\n\t"
			     "fxsave64 (%[image])\n\t"
			     "fninit\n\t"
			     "lea 128(%%rsp), %%rsp"
			     : [f] "+&r"(f)
			     : [image] "r"(image), [stub] "r"(stub), "D"(operand)
			     : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
			       "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
			       "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
			       "st(6)", "st(7)");
	*flags = f;
}

/* Pending unmasked exceptions are reported before the next waiting instruction. */
static void check_pending(struct cpu *cpu, struct insn *insn)
{
	if (cpu->s.fx.fsw & ~cpu->s.fx.fcw & EXCEPTIONS)
		cpu_raise(cpu, insn, EXC_MF);
}

static void set_summary(struct cpu *cpu)
{
	struct cpu_fx *fx = &cpu->s.fx;

	fx->fsw &= (uint16_t) ~(FSW_ES | FSW_B);
	if (fx->fsw & ~fx->fcw & EXCEPTIONS)
		fx->fsw |= FSW_ES | FSW_B;
}

/* What an instruction leaves, not yet in the guest's state. */
struct result {
	struct cpu_fx fx;
	uint64_t flags;
	uint8_t operand[16];
};

static void compute(struct cpu *cpu, const struct insn *insn, struct result *r)
{
	const uint8_t *stub =
		insn->flags & INSN_MEM ? cpu_x87_memory[insn->imm] : cpu_x87_register[insn->imm];

	memset(&r->fx, 0, sizeof(r->fx));
	memcpy(&r->fx, &cpu->s.fx, offsetof(struct cpu_fx, mxcsr));
	memcpy(r->fx.st, cpu->s.fx.st, sizeof(r->fx.st));
	r->fx.fcw |= EXCEPTIONS;
	r->fx.fsw &= (uint16_t) ~(FSW_ES | FSW_B);
	r->fx.mxcsr = 0x1f80;
	r->flags = flags_arith(cpu) | 2;
	execute(&r->fx, stub, r->operand, &r->flags);
}

static void commit(struct cpu *cpu, const struct insn *insn, const struct result *r, uint64_t fdp)
{
	struct cpu_fx *fx = &cpu->s.fx;

	fx->fsw = r->fx.fsw;
	fx->ftw = r->fx.ftw;
	memcpy(fx->st, r->fx.st, sizeof(fx->st));
	fx->fip = insn->rip;
	fx->fdp = fdp;
	fx->fop = (uint16_t)insn->dst;
	set_summary(cpu);
	if (insn->aux)
		flags_load_arith(cpu, r->flags);
}

HANDLER(x87_register)
{
	struct result r;

	check_pending(cpu, insn);
	compute(cpu, insn, &r);
	commit(cpu, insn, &r, cpu->s.fx.fdp);
	NEXT;
}

HANDLER(x87_load)
{
	uint64_t lin = insn_lin(cpu, insn);
	struct result r;

	check_pending(cpu, insn);
	mem_read(cpu, insn, lin, r.operand, insn->size);
	compute(cpu, insn, &r);
	commit(cpu, insn, &r, lin);
	NEXT;
}

HANDLER(x87_store)
{
	uint64_t lin = insn_lin(cpu, insn);
	struct result r;

	check_pending(cpu, insn);
	compute(cpu, insn, &r);
	mem_write(cpu, insn, lin, r.operand, insn->size);
	commit(cpu, insn, &r, lin);
	NEXT;
}

/* dst: the last opcode as FOP holds it; aux: writes EFLAGS. */
static bool emit_x87(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned escape = d->zi.opcode - 0xd8u, modrm;

	if (escape > 7)
		return false;
	modrm = d->zi.raw.modrm.mod << 6 | d->zi.raw.modrm.reg << 3 | d->zi.raw.modrm.rm;
	insn->dst = (uint16_t)(escape << 8 | modrm);
	insn->aux = (uint8_t)op->arg;
	if (d->zi.raw.modrm.mod == 3) {
		insn->imm = escape << 6 | (modrm & 63);
		insn->fn = x87_register;
		return true;
	}
	for (unsigned i = 0; i < d->zi.operand_count; i++) {
		if (!op_is_mem(d, i))
			continue;
		decode_mem(d, &d->op[i], insn);
		insn->imm = escape << 3 | d->zi.raw.modrm.reg;
		insn->fn =
			d->op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? x87_store : x87_load;
	}
	return insn->fn && insn->size <= 10;
}

static void init_state(struct cpu *cpu)
{
	struct cpu_fx *fx = &cpu->s.fx;

	fx->fcw = FCW_INIT;
	fx->fsw = 0;
	fx->ftw = 0;
	fx->fop = 0;
	fx->fip = fx->fdp = 0;
}

HANDLER(fninit)
{
	init_state(cpu);
	NEXT;
}

HANDLER(fnclex)
{
	cpu->s.fx.fsw &= 0x7f00;
	NEXT;
}

HANDLER(fwait)
{
	if ((cpu->s.cr0 & (CR0_TS | CR0_MP)) == (CR0_TS | CR0_MP))
		cpu_raise(cpu, insn, EXC_NM);
	check_pending(cpu, insn);
	NEXT;
}

HANDLER(fldcw)
{
	check_pending(cpu, insn);
	cpu->s.fx.fcw = (load16(cpu, insn, insn_lin(cpu, insn)) & 0x1f3f) | 0x40;
	set_summary(cpu);
	NEXT;
}

HANDLER(fnstcw)
{
	store16(cpu, insn, insn_lin(cpu, insn), cpu->s.fx.fcw);
	NEXT;
}

HANDLER(fnstsw_m)
{
	store16(cpu, insn, insn_lin(cpu, insn), cpu->s.fx.fsw);
	NEXT;
}

HANDLER(fnstsw_ax)
{
	set_reg16(cpu, offsetof(struct cpu, s.gpr), cpu->s.fx.fsw);
	NEXT;
}

/* The full tag of physical register i: 0 valid, 1 zero, 2 special, 3 empty. */
static unsigned full_tag(const struct cpu_fx *fx, unsigned i)
{
	const uint8_t *st = fx->st[(i - FSW_TOP(fx->fsw)) & 7];
	uint16_t exponent;
	uint64_t mantissa;

	if (!(fx->ftw >> i & 1))
		return 3;
	memcpy(&mantissa, st, 8);
	memcpy(&exponent, st + 8, 2);
	exponent &= 0x7fff;
	if (!exponent && !mantissa)
		return 1;
	return exponent && exponent != 0x7fff && mantissa >> 63 ? 0 : 2;
}

/* The environment of FNSTENV: seven words of 32 bits, or of 16 bits with that operand size. */
#define ENV_SIZE 28u

static unsigned env_size(const struct insn *insn)
{
	return insn->aux ? ENV_SIZE / 2 : ENV_SIZE;
}

static void make_environment(const struct insn *insn, const struct cpu_fx *fx, uint8_t *env)
{
	uint32_t words[7] = { 0xffff0000u | fx->fcw,
			      0xffff0000u | fx->fsw,
			      0xffff0000u,
			      (uint32_t)fx->fip,
			      (uint32_t)(fx->fop & 0x7ff) << 16,
			      (uint32_t)fx->fdp,
			      0xffff0000u };

	for (unsigned i = 0; i < 8; i++)
		words[2] |= full_tag(fx, i) << 2 * i;
	if (insn->aux)
		words[4] = words[6] = 0; /* the selectors, which processors no longer keep */
	for (unsigned i = 0, size = insn->aux ? 2 : 4; i < 7; i++)
		memcpy(env + i * size, &words[i], size);
}

static void load_environment(const struct insn *insn, struct cpu_fx *fx, const uint8_t *env)
{
	uint32_t words[7] = { 0 };

	for (unsigned i = 0, size = insn->aux ? 2 : 4; i < 7; i++)
		memcpy(&words[i], env + i * size, size);
	fx->fcw = (uint16_t)((words[0] & 0x1f3f) | 0x40);
	fx->fsw = (uint16_t)words[1];
	fx->ftw = 0;
	for (unsigned i = 0; i < 8; i++)
		fx->ftw = (uint8_t)(fx->ftw | ((words[2] >> 2 * i & 3) != 3) << i);
	fx->fip = words[3];
	fx->fop = insn->aux ? 0 : words[4] >> 16 & 0x7ff;
	fx->fdp = words[5];
}

HANDLER(fnstenv)
{
	uint8_t env[ENV_SIZE];

	make_environment(insn, &cpu->s.fx, env);
	mem_write(cpu, insn, insn_lin(cpu, insn), env, env_size(insn));
	cpu->s.fx.fcw |= EXCEPTIONS;
	set_summary(cpu);
	NEXT;
}

HANDLER(fldenv)
{
	uint8_t env[ENV_SIZE];

	check_pending(cpu, insn);
	mem_read(cpu, insn, insn_lin(cpu, insn), env, env_size(insn));
	load_environment(insn, &cpu->s.fx, env);
	set_summary(cpu);
	NEXT;
}

HANDLER(fnsave)
{
	uint8_t area[ENV_SIZE + 80];
	unsigned size = env_size(insn);

	make_environment(insn, &cpu->s.fx, area);
	for (unsigned i = 0; i < 8; i++)
		memcpy(area + size + 10 * i, cpu->s.fx.st[i], 10);
	mem_write(cpu, insn, insn_lin(cpu, insn), area, size + 80);
	init_state(cpu);
	NEXT;
}

HANDLER(frstor)
{
	uint8_t area[ENV_SIZE + 80];
	unsigned size = env_size(insn);

	check_pending(cpu, insn);
	mem_read(cpu, insn, insn_lin(cpu, insn), area, size + 80);
	load_environment(insn, &cpu->s.fx, area);
	for (unsigned i = 0; i < 8; i++)
		memcpy(cpu->s.fx.st[i], area + size + 10 * i, 10);
	set_summary(cpu);
	NEXT;
}

static bool emit_control(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->fn = (handler_fn *)op->table;
	for (unsigned i = 0; i < d->zi.operand_count; i++)
		if (op_is_mem(d, i) && d->op[i].visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT)
			decode_mem(d, &d->op[i], insn);
	insn->aux = op->arg && d->zi.operand_width == 16;
	return true;
}

/* What the 8087 and 80287 did is nothing since. */
HANDLER(nothing)
{
	NEXT;
}

static bool emit_fnstsw(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->fn = op_is_mem(d, 0) ? fnstsw_m : fnstsw_ax;
	return op_is_mem(d, 0) ? decode_mem(d, &d->op[0], insn) : true;
}

#define X(mn)                                                                                      \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_X87, 0, emit_x87, NULL                                     \
	}
#define XF(mn)                                                                                     \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_X87, 1, emit_x87, NULL                                     \
	}
#define C(mn, env, fn)                                                                             \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_X87, env, emit_control, (const void *)fn                   \
	}

static const struct opcode ops[] = {
	X(F2XM1),
	X(FABS),
	X(FADD),
	X(FADDP),
	X(FBLD),
	X(FBSTP),
	X(FCHS),
	XF(FCMOVB),
	XF(FCMOVBE),
	XF(FCMOVE),
	XF(FCMOVNB),
	XF(FCMOVNBE),
	XF(FCMOVNE),
	XF(FCMOVNU),
	XF(FCMOVU),
	X(FCOM),
	XF(FCOMI),
	XF(FCOMIP),
	X(FCOMP),
	X(FCOMPP),
	X(FCOS),
	X(FDECSTP),
	X(FDIV),
	X(FDIVP),
	X(FDIVR),
	X(FDIVRP),
	X(FFREE),
	X(FFREEP),
	X(FIADD),
	X(FICOM),
	X(FICOMP),
	X(FIDIV),
	X(FIDIVR),
	X(FILD),
	X(FIMUL),
	X(FINCSTP),
	X(FIST),
	X(FISTP),
	X(FISTTP),
	X(FISUB),
	X(FISUBR),
	X(FLD),
	X(FLD1),
	X(FLDL2E),
	X(FLDL2T),
	X(FLDLG2),
	X(FLDLN2),
	X(FLDPI),
	X(FLDZ),
	X(FMUL),
	X(FMULP),
	X(FNOP),
	X(FPATAN),
	X(FPREM),
	X(FPREM1),
	X(FPTAN),
	X(FRNDINT),
	X(FSCALE),
	X(FSIN),
	X(FSINCOS),
	X(FSQRT),
	X(FST),
	X(FSTP),
	X(FSUB),
	X(FSUBP),
	X(FSUBR),
	X(FSUBRP),
	X(FTST),
	X(FUCOM),
	XF(FUCOMI),
	XF(FUCOMIP),
	X(FUCOMP),
	X(FUCOMPP),
	X(FXAM),
	X(FXCH),
	X(FXTRACT),
	X(FYL2X),
	X(FYL2XP1),
	X(FSTPNCE),
	C(FENI8087_NOP, 0, nothing),
	C(FDISI8087_NOP, 0, nothing),
	C(FSETPM287_NOP, 0, nothing),
	C(FNINIT, 0, fninit),
	C(FNCLEX, 0, fnclex),
	C(FLDCW, 0, fldcw),
	C(FNSTCW, 0, fnstcw),
	C(FNSTENV, 1, fnstenv),
	C(FLDENV, 1, fldenv),
	C(FNSAVE, 1, fnsave),
	C(FRSTOR, 1, frstor),
	{ ZYDIS_MNEMONIC_FNSTSW, OP_X87, 0, emit_fnstsw, NULL },
	{ ZYDIS_MNEMONIC_FWAIT, 0, 0, emit_control, (const void *)fwait },
};
GROUP(cpu_ops_x87, ops);
