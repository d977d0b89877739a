// SPDX-License-Identifier: MIT
/*
 * Segment descriptors and loading segment registers.
 */
#include "cpu/mem.h"

/* Reads the 8-byte descriptor that a selector names. False when it lies outside its table or there
 * is none. */
bool seg_descriptor(struct cpu *cpu, uint16_t selector, struct descriptor *out, uint64_t *address)
{
	const struct cpu_segment *ldt = &cpu->s.seg[CPU_LDTR];
	bool local = selector & 4;
	uint64_t base = local ? ldt->base : cpu->s.gdtr.base;
	uint32_t limit = local ? ldt->limit : cpu->s.gdtr.limit;

	out->high = 0;
	if ((local && (ldt->access_rights & AR_UNUSABLE)) || (selector | 7u) > limit)
		return false;
	*address = base + (selector & 0xfff8u);
	mem_read_system(cpu, *address, &out->low, 8);
	return true;
}

void seg_unpack(const struct descriptor *d, uint16_t selector, struct cpu_segment *out)
{
	uint32_t limit = (uint32_t)(d->low & 0xffff) | (uint32_t)(d->low >> 32 & 0xf0000);

	out->selector = selector;
	out->access_rights = (uint32_t)(d->low >> 40) & 0xf0ff;
	out->limit = out->access_rights & AR_G ? limit << 12 | 0xfff : limit;
	out->base = (d->low >> 16 & 0xffffff) | (d->low >> 32 & 0xff000000) | d->high << 32;
}

void seg_set_accessed(struct cpu *cpu, uint64_t address, struct descriptor *d)
{
	uint8_t type;

	if (d->low >> 40 & AR_ACCESSED)
		return;
	d->low |= (uint64_t)AR_ACCESSED << 40;
	type = (uint8_t)(d->low >> 40);
	mem_write_system(cpu, address + 5, &type, 1);
}

void seg_set_flat(struct cpu_segment *seg, uint16_t selector, uint32_t access_rights)
{
	*seg = (struct cpu_segment){ .selector = selector,
				     .access_rights = access_rights,
				     .limit = 0xffffffff };
}

static void load_null(struct cpu *cpu, struct insn *insn, unsigned seg, uint16_t selector)
{
	uint32_t dpl = seg == CPU_SS ? cpu->cpl << 5 : 0;

	if (seg == CPU_SS &&
	    (!(cpu->mode & MODE_64) || cpu->cpl == 3 || (selector & 3u) != cpu->cpl))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.seg[seg] =
		(struct cpu_segment){ .selector = selector, .access_rights = AR_UNUSABLE | dpl };
}

static bool stack_segment_ok(const struct cpu *cpu, uint32_t ar, uint16_t selector)
{
	return (ar & (AR_S | AR_CODE | AR_WRITE)) == (AR_S | AR_WRITE) &&
	       (selector & 3u) == cpu->cpl && AR_DPL(ar) == cpu->cpl;
}

static bool data_segment_ok(const struct cpu *cpu, uint32_t ar, uint16_t selector)
{
	unsigned rpl = selector & 3;

	if (!(ar & AR_S) || (ar & (AR_CODE | AR_WRITE)) == AR_CODE)
		return false;
	if ((ar & (AR_CODE | AR_DOWN)) == (AR_CODE | AR_DOWN))
		return true;
	return (rpl > cpu->cpl ? rpl : cpu->cpl) <= AR_DPL(ar);
}

/* Loads ES, SS, DS, FS or GS as MOV and POP do. */
void seg_load(struct cpu *cpu, struct insn *insn, unsigned seg, uint16_t selector)
{
	struct cpu_segment new;
	struct descriptor d;
	uint64_t address;

	cpu->cur = insn;
	if (!(selector & 0xfffc)) {
		load_null(cpu, insn, seg, selector);
		cpu_state_changed(cpu);
		return;
	}
	if (!seg_descriptor(cpu, selector, &d, &address))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	seg_unpack(&d, selector, &new);
	if (!(seg == CPU_SS ? stack_segment_ok : data_segment_ok)(cpu, new.access_rights, selector))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	if (!(new.access_rights &AR_P))
		cpu_raise_error(cpu, insn, seg == CPU_SS ? EXC_SS : EXC_NP, selector & 0xfffc);
	seg_set_accessed(cpu, address, &d);
	new.access_rights |= AR_ACCESSED;
	cpu->s.seg[seg] = new;
	cpu_state_changed(cpu);
}

/* Outer returns leave no data segment loaded that the new CPL may not use. */
void seg_null_data(struct cpu *cpu)
{
	static const uint8_t data[] = { CPU_ES, CPU_DS, CPU_FS, CPU_GS };

	for (unsigned i = 0; i < sizeof(data); i++) {
		struct cpu_segment *s = &cpu->s.seg[data[i]];
		uint32_t ar = s->access_rights;
		bool conforming = (ar & (AR_CODE | AR_DOWN)) == (AR_CODE | AR_DOWN);

		if (!(ar & AR_UNUSABLE) && !conforming && AR_DPL(ar) < cpu->cpl)
			*s = (struct cpu_segment){ .access_rights = AR_UNUSABLE };
	}
}

/* Legacy segment of a memory operand; its number follows from the offset of the base. */
handler_fn seg_check;
struct insn *seg_check(struct cpu *cpu, struct insn *insn)
{
	unsigned n =
		(unsigned)((insn->seg - offsetof(struct cpu, s.seg)) / sizeof(struct cpu_segment));
	const struct cpu_segment *s = &cpu->s.seg[n];
	uint64_t ea = insn_ea(cpu, insn), last = ea + (insn->size ? insn->size - 1u : 0);
	bool down = (s->access_rights & (AR_CODE | AR_DOWN)) == AR_DOWN;
	uint64_t top = s->access_rights & AR_DB ? 0xffffffff : 0xffff;
	bool inside = down ? ea > s->limit && last <= top : last <= s->limit;

	if ((s->access_rights & AR_UNUSABLE) || !inside)
		cpu_raise_error(cpu, insn, n == CPU_SS ? EXC_SS : EXC_GP, 0);
	return insn->next_fn(cpu, insn);
}
