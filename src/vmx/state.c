// SPDX-License-Identifier: MIT
/*
 * Guest state and controls of the VMCS in the interpreter's terms.
 */
#include "vmx/state.h"

#include <string.h>
#include "vmx/x86.h"

#define FCW_INIT 0x37fu

/* Fields that are one VMCS field and one 64-bit member. */
struct pair {
	uint16_t field;
	uint16_t offset;
};

#define PAIR(vmcs_field, member) { vmcs_field, offsetof(struct cpu_state, member) }

static const struct pair pairs[] = {
	PAIR(VMCS_GUEST_RIP, rip),
	PAIR(VMCS_GUEST_RFLAGS, rflags),
	PAIR(VMCS_GUEST_CR0, cr0),
	PAIR(VMCS_GUEST_CR3, cr3),
	PAIR(VMCS_GUEST_CR4, cr4),
	PAIR(VMCS_GUEST_EFER, efer),
	PAIR(VMCS_GUEST_PAT, pat),
	PAIR(VMCS_GUEST_DR7, dr[7]),
	PAIR(VMCS_GUEST_RSP, gpr[CPU_RSP]),
	PAIR(VMCS_GUEST_SYSENTER_CS, sysenter_cs),
	PAIR(VMCS_GUEST_SYSENTER_ESP, sysenter_esp),
	PAIR(VMCS_GUEST_SYSENTER_EIP, sysenter_eip),
	PAIR(VMCS_GUEST_PENDING_DEBUG, pending_debug),
	PAIR(VMCS_GUEST_GDTR_BASE, gdtr.base),
	PAIR(VMCS_GUEST_IDTR_BASE, idtr.base),
};

static uint64_t *member(struct cpu_state *s, const struct pair *p)
{
	return (uint64_t *)(void *)((char *)s + p->offset);
}

/* Segment fields come in the same order in the VMCS and in the interpreter, two encodings apart. */
static void load_segments(struct cpu_state *s, const struct vmcs *v)
{
	for (unsigned i = 0; i < CPU_NR_SEG; i++) {
		s->seg[i].selector = (uint16_t)vmcs_read(v, VMCS_GUEST_ES_SELECTOR + 2 * i);
		s->seg[i].access_rights = (uint32_t)vmcs_read(v, VMCS_GUEST_ES_RIGHTS + 2 * i);
		s->seg[i].limit = (uint32_t)vmcs_read(v, VMCS_GUEST_ES_LIMIT + 2 * i);
		s->seg[i].base = vmcs_read(v, VMCS_GUEST_ES_BASE + 2 * i);
	}
}

static void save_segments(const struct cpu_state *s, struct vmcs *v)
{
	for (unsigned i = 0; i < CPU_NR_SEG; i++) {
		vmcs_write(v, VMCS_GUEST_ES_SELECTOR + 2 * i, s->seg[i].selector);
		vmcs_write(v, VMCS_GUEST_ES_RIGHTS + 2 * i, s->seg[i].access_rights);
		vmcs_write(v, VMCS_GUEST_ES_LIMIT + 2 * i, s->seg[i].limit);
		vmcs_write(v, VMCS_GUEST_ES_BASE + 2 * i, s->seg[i].base);
	}
}

void state_load(struct cpu_state *s, const struct vmcs *vmcs, const struct cpu_regs *regs)
{
	memcpy(s->gpr, regs->gpr, sizeof(s->gpr));
	memcpy(s->fx.xmm, regs->xmm, sizeof(s->fx.xmm));
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		*member(s, &pairs[i]) = vmcs_read(vmcs, pairs[i].field);
	load_segments(s, vmcs);
	s->gdtr.limit = (uint16_t)vmcs_read(vmcs, VMCS_GUEST_GDTR_LIMIT);
	s->idtr.limit = (uint16_t)vmcs_read(vmcs, VMCS_GUEST_IDTR_LIMIT);
	s->interruptibility = (uint32_t)vmcs_read(vmcs, VMCS_GUEST_INTERRUPTIBILITY);
	s->activity = (uint32_t)vmcs_read(vmcs, VMCS_GUEST_ACTIVITY);
}

void state_save(const struct cpu_state *s, struct vmcs *vmcs, struct cpu_regs *regs)
{
	memcpy(regs->gpr, s->gpr, sizeof(s->gpr));
	memcpy(regs->xmm, s->fx.xmm, sizeof(s->fx.xmm));
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		vmcs_write(vmcs, pairs[i].field, *member((struct cpu_state *)(uintptr_t)s, &pairs[i]));
	save_segments(s, vmcs);
	vmcs_write(vmcs, VMCS_GUEST_GDTR_LIMIT, s->gdtr.limit);
	vmcs_write(vmcs, VMCS_GUEST_IDTR_LIMIT, s->idtr.limit);
	vmcs_write(vmcs, VMCS_GUEST_INTERRUPTIBILITY, s->interruptibility);
	vmcs_write(vmcs, VMCS_GUEST_ACTIVITY, s->activity);
	vmcs_clear_bits(vmcs, VMCS_ENTRY_CTLS, VMX_ENTRY_IA32E);
	if (s->efer & EFER_LMA)
		vmcs_set_bits(vmcs, VMCS_ENTRY_CTLS, VMX_ENTRY_IA32E);
}

/* ---- x87 and SSE ---- */

void fx_load(struct cpu_fx *fx, const uint8_t *xsave)
{
	uint64_t present;

	memcpy(&present, xsave + XSAVE_XSTATE_BV, sizeof(present));
	memset(fx, 0, sizeof(*fx));
	fx->fcw = FCW_INIT;
	fx->mxcsr = MXCSR_INIT;
	if (present & XSTATE_X87) {
		memcpy(fx, xsave, XSAVE_MXCSR);
		memcpy(fx->st, xsave + XSAVE_X87, XSAVE_X87_BYTES);
	}
	if (present & XSTATE_SSE) {
		memcpy(&fx->mxcsr, xsave + XSAVE_MXCSR, sizeof(fx->mxcsr));
		memcpy(fx->xmm, xsave + XSAVE_XMM, sizeof(fx->xmm));
	}
}

/* The XMM part is software's, which has the registers themselves. */
void fx_save(const struct cpu_fx *fx, uint8_t *xsave)
{
	uint64_t present;

	memcpy(&present, xsave + XSAVE_XSTATE_BV, sizeof(present));
	memcpy(xsave, fx, XSAVE_MXCSR);
	memcpy(xsave + XSAVE_X87, fx->st, XSAVE_X87_BYTES);
	memcpy(xsave + XSAVE_MXCSR, &fx->mxcsr, sizeof(fx->mxcsr));
	present |= XSTATE_X87;
	memcpy(xsave + XSAVE_XSTATE_BV, &present, sizeof(present));
}

/* ---- controls ---- */

struct exit_bit {
	uint32_t vmx;
	uint32_t cpu;
};

static const struct exit_bit primary_bits[] = {
	{ 1u << 2, CPU_EXITS_INTERRUPT_WINDOW },
	{ 1u << 7, CPU_EXITS_HLT },
	{ 1u << 9, CPU_EXITS_INVLPG },
	{ 1u << 10, CPU_EXITS_MWAIT },
	{ 1u << 11, CPU_EXITS_RDPMC },
	{ 1u << 12, CPU_EXITS_RDTSC },
	{ 1u << 15, CPU_EXITS_CR3_LOAD },
	{ 1u << 16, CPU_EXITS_CR3_STORE },
	{ 1u << 19, CPU_EXITS_CR8_LOAD },
	{ 1u << 20, CPU_EXITS_CR8_STORE },
	{ VMX_PROC_NMI_WINDOW, CPU_EXITS_NMI_WINDOW },
	{ 1u << 23, CPU_EXITS_DR },
	{ 1u << 24, CPU_EXITS_IO },
	{ VMX_PROC_MTF, CPU_EXITS_MTF },
	{ 1u << 29, CPU_EXITS_MONITOR },
	{ 1u << 30, CPU_EXITS_PAUSE },
};

static const struct exit_bit secondary_bits[] = {
	{ 1u << 6, CPU_EXITS_WBINVD },
	{ 1u << 15, CPU_EXITS_ENCLS },
	{ VMX_PROC2_PCONFIG, CPU_EXITS_PCONFIG },
};


/* CR4 bits whose features the interpreter has: no protection keys, no CET, no user interrupts. */
#define CR4_INTERPRETED 0x371fffull

static uint32_t map_bits(const struct exit_bit *map, unsigned len, uint64_t vmx)
{
	uint32_t cpu = 0;

	for (unsigned i = 0; i < len; i++)
		if (vmx & map[i].vmx)
			cpu |= map[i].cpu;
	return cpu;
}

static uint32_t exits_of(const struct vmcs *v)
{
	uint32_t exits = map_bits(primary_bits, sizeof(primary_bits) / sizeof(primary_bits[0]),
				  vmcs_read(v, VMCS_PROC_CTLS));

	exits |= map_bits(secondary_bits, sizeof(secondary_bits) / sizeof(secondary_bits[0]),
			  vmcs_read(v, VMCS_PROC_CTLS2));
	return exits | (vmcs_read(v, VMCS_PIN_CTLS) & VMX_PIN_NMI_EXITING ? CPU_EXITS_NMI : 0);
}

/* The timer counts instructions: a deadline is met late, not early. */
static uint64_t timer_of(const struct vmcs *v)
{
	return vmcs_read(v, VMCS_PIN_CTLS) & VMX_PIN_PREEMPTION_TIMER ? vmcs_read(v, VMCS_PREEMPTION_TIMER) : 0;
}

bool timer_ran_out(const struct vmcs *vmcs)
{
	return vmcs_read(vmcs, VMCS_PIN_CTLS) & VMX_PIN_PREEMPTION_TIMER && !vmcs_read(vmcs, VMCS_PREEMPTION_TIMER);
}

void controls_load(struct cpu_controls *c, const struct vmx_guest *g)
{
	const struct vmcs *vmcs = g->vmcs;

	*c = (struct cpu_controls){
		.exits = exits_of(vmcs),
		.exception_bitmap = (uint32_t)vmcs_read(vmcs, VMCS_EXCEPTION_BITMAP),
		.cr0_mask = vmcs_read(vmcs, VMCS_CR0_MASK),
		.cr0_shadow = vmcs_read(vmcs, VMCS_CR0_SHADOW),
		.cr0_fixed1 = CR0_PE | CR0_NE,
		.cr4_mask = vmcs_read(vmcs, VMCS_CR4_MASK),
		.cr4_shadow = vmcs_read(vmcs, VMCS_CR4_SHADOW),
		.cr4_allowed = g->cr4_fixed1 & (CR4_INTERPRETED | vmcs_read(vmcs, VMCS_CR4_MASK)),
		.efer_allowed = EFER_DEFINED,
		.xcr0_allowed = g->xfam,
		.xss_allowed = g->xfam,
		.phys_bits = (uint8_t)g->gpa_bits,
		.budget = timer_of(vmcs),
	};
}
