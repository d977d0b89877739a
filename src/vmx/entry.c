// SPDX-License-Identifier: MIT
/*
 * The checks of guest state that VM entry makes (SDM volume 3, section 26.3.1), as far as the interpreter depends on
 * them. Whoever may write the VMCS of a vCPU, L1 for its VMs or the host of a debug TD, may write any state. Real mode
 * and virtual-8086 mode, which the interpreter does not have, count as invalid.
 */
#include "vmx/state.h"
#include "vmx/x86.h"

#define RFLAGS_RESERVED 0xffffffffffc08028ull
#define INTERRUPTIBILITY_RESERVED 0xffffffe0ull
#define ACTIVITY_LAST 3u

#define AR_TYPE(ar) ((ar) & 0xf)
#define AR_CODE_ACCESSED 0x9u
#define AR_S (1u << 4)
#define AR_P (1u << 7)
#define AR_DB (1u << 14)
#define AR_UNUSABLE (1u << 16)
#define TR_BUSY_16 3u
#define TR_BUSY 11u

bool state_canonical(const struct vmcs *v, uint64_t address)
{
	unsigned spare = vmcs_read(v, VMCS_GUEST_CR4) & CR4_LA57 ? 64 - 57 : 64 - 48;

	return (uint64_t)((int64_t)(address << spare) >> spare) == address;
}

static bool control_registers_ok(const struct vmx_guest *g)
{
	const struct vmcs *v = g->vmcs;
	uint64_t cr0 = vmcs_read(v, VMCS_GUEST_CR0), cr4 = vmcs_read(v, VMCS_GUEST_CR4);
	uint64_t efer = vmcs_read(v, VMCS_GUEST_EFER);
	bool lma = efer & EFER_LMA, paging = cr0 & CR0_PG;

	if (~cr0 & (CR0_PE | CR0_NE) || cr0 & ~g->cr0_fixed1 || cr4 & ~g->cr4_fixed1)
		return false;
	if (efer & ~EFER_DEFINED || lma != (paging && efer & EFER_LME))
		return false;
	if (lma ? !(cr4 & CR4_PAE) : (cr4 & CR4_PCIDE) != 0)
		return false;
	return !(vmcs_read(v, VMCS_GUEST_CR3) >> g->gpa_bits);
}

static bool code_segment_ok(const struct vmcs *v, bool lma)
{
	uint32_t ar = (uint32_t)vmcs_read(v, VMCS_GUEST_CS_RIGHTS);
	bool wide = lma && ar & SEG_RIGHTS_L;

	if (ar & AR_UNUSABLE || !(ar & AR_S) || !(ar & AR_P))
		return false;
	if ((AR_TYPE(ar) & AR_CODE_ACCESSED) != AR_CODE_ACCESSED)
		return false;
	return !(wide && ar & AR_DB) && (wide || !(vmcs_read(v, VMCS_GUEST_CS_BASE) >> 32));
}

static bool task_register_ok(const struct vmcs *v, bool lma)
{
	uint32_t ar = (uint32_t)vmcs_read(v, VMCS_GUEST_TR_RIGHTS);

	if (ar & (AR_UNUSABLE | AR_S) || !(ar & AR_P))
		return false;
	return AR_TYPE(ar) == TR_BUSY || (!lma && AR_TYPE(ar) == TR_BUSY_16);
}

static bool addresses_ok(const struct vmcs *v, bool lma)
{
	static const uint16_t bases[] = { VMCS_GUEST_FS_BASE, VMCS_GUEST_GS_BASE, VMCS_GUEST_TR_BASE,
					  VMCS_GUEST_GDTR_BASE, VMCS_GUEST_IDTR_BASE };
	bool wide = lma && vmcs_read(v, VMCS_GUEST_CS_RIGHTS) & SEG_RIGHTS_L;
	uint64_t rip = vmcs_read(v, VMCS_GUEST_RIP);

	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (!state_canonical(v, vmcs_read(v, bases[i])))
			return false;
	if (vmcs_read(v, VMCS_GUEST_GDTR_LIMIT) >> 16 || vmcs_read(v, VMCS_GUEST_IDTR_LIMIT) >> 16)
		return false;
	return wide ? state_canonical(v, rip) : !(rip >> 32);
}

static bool flags_ok(const struct vmcs *v)
{
	uint64_t rflags = vmcs_read(v, VMCS_GUEST_RFLAGS);
	uint64_t blocking = vmcs_read(v, VMCS_GUEST_INTERRUPTIBILITY);

	if (rflags & (RFLAGS_RESERVED | RFLAGS_VM) || !(rflags & RFLAGS_FIXED1))
		return false;
	if (blocking & INTERRUPTIBILITY_RESERVED || vmcs_read(v, VMCS_GUEST_ACTIVITY) > ACTIVITY_LAST)
		return false;
	return !(blocking & INTERRUPTIBILITY_STI) ||
	       (rflags & RFLAGS_IF && !(blocking & INTERRUPTIBILITY_MOV_SS));
}

bool state_valid(const struct vmx_guest *g)
{
	bool lma = vmcs_read(g->vmcs, VMCS_GUEST_EFER) & EFER_LMA;

	return control_registers_ok(g) && code_segment_ok(g->vmcs, lma) && task_register_ok(g->vmcs, lma) &&
	       addresses_ok(g->vmcs, lma) && flags_ok(g->vmcs);
}
