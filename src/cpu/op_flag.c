// SPDX-License-Identifier: MIT
/*
 * Instructions on the flags themselves: CLC STC CMC CLD STD CLI STI LAHF SAHF CLAC STAC SALC.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"

#define AH_OFF (offsetof(struct cpu, s.gpr[CPU_RAX]) + 1)

HANDLER(clc)
{
	flags_set_carry(cpu, false, flag_of(cpu));
	NEXT;
}

HANDLER(stc)
{
	flags_set_carry(cpu, true, flag_of(cpu));
	NEXT;
}

HANDLER(cmc)
{
	flags_set_carry(cpu, !flag_cf(cpu), flag_of(cpu));
	NEXT;
}

HANDLER(cld)
{
	cpu->s.rflags &= ~(uint64_t)FLAG_DF;
	NEXT;
}

HANDLER(std)
{
	cpu->s.rflags |= FLAG_DF;
	NEXT;
}

static void check_iopl(struct cpu *cpu, struct insn *insn)
{
	if (cpu->cpl > (cpu->s.rflags >> 12 & 3))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
}

HANDLER(cli)
{
	check_iopl(cpu, insn);
	cpu->s.rflags &= ~(uint64_t)FLAG_IF;
	NEXT;
}

/* Interrupts stay blocked for one more instruction. */
HANDLER(sti)
{
	check_iopl(cpu, insn);
	if (cpu->s.rflags & FLAG_IF)
		NEXT;
	cpu->s.rflags |= FLAG_IF;
	cpu->s.interruptibility |= CPU_BLOCKING_BY_STI;
	cpu_attention(cpu);
	return cpu_end_block(cpu, insn);
}

HANDLER(lahf)
{
	set_reg8(cpu, AH_OFF, (uint8_t)(flags_arith(cpu) | 2));
	NEXT;
}

HANDLER(sahf)
{
	flags_load_arith(cpu, reg8(cpu, AH_OFF) | (flag_of(cpu) ? FLAG_OF : 0));
	NEXT;
}

HANDLER(salc)
{
	set_reg8(cpu, AH_OFF - 1, flag_cf(cpu) ? 0xff : 0);
	NEXT;
}

static struct insn *set_ac(struct cpu *cpu, struct insn *insn, uint64_t ac)
{
	if (cpu->cpl)
		cpu_raise(cpu, insn, EXC_UD);
	cpu->s.rflags = (cpu->s.rflags & ~(uint64_t)FLAG_AC) | ac;
	cpu_state_changed(cpu);
	return cpu_end_block(cpu, insn);
}

HANDLER(clac)
{
	return set_ac(cpu, insn, 0);
}

HANDLER(stac)
{
	return set_ac(cpu, insn, FLAG_AC);
}

static const struct opcode ops[] = {
	PLAIN(CLC, 0, clc),	    PLAIN(STC, 0, stc),	       PLAIN(CMC, 0, cmc),
	PLAIN(CLD, 0, cld),	    PLAIN(STD, 0, std),	       PLAIN(CLI, 0, cli),
	PLAIN(STI, OP_END, sti),    PLAIN(LAHF, 0, lahf),      PLAIN(SAHF, 0, sahf),
	PLAIN(SALC, OP_NO64, salc), PLAIN(CLAC, OP_END, clac), PLAIN(STAC, OP_END, stac),
};
GROUP(cpu_ops_flag, ops);
