// SPDX-License-Identifier: MIT
/*
 * Writes of control registers that touch bits which the guest does not own, and XSETBV.
 */
#include "module/cpuid.h"
#include "module/guest.h"
#include "vmx/x86.h"

#define CR_Q_NUMBER(q) ((q) & 0xf)
#define CR_Q_TYPE(q) ((q) >> 4 & 3)
#define CR_Q_GPR(q) ((q) >> 8 & 0xf)
#define CR_Q_LMSW_DATA(q) ((q) >> 16 & 0xffff)
enum { CR_MOV_TO, CR_MOV_FROM, CR_CLTS, CR_LMSW };

#define CR0_HIGH 0xffffffff00000000ull
#define CR0_IGNORED 0x1ffaffc0ull /* reserved bits that a write leaves as they are */
#define CR0_LMSW 0xeull
#define CR0_L2_LMSW 0xfull

/* What the processor itself would refuse. */
static bool cr0_faults(const struct guest_exit *x, uint64_t value)
{
	const struct vmx_caps *vmx = &x->m->vmx;

	if (~value & vmx->cr0_fixed0 & ~(CR0_PE | CR0_PG) || value & ~vmx->cr0_fixed1)
		return true;
	if (value & CR0_PG && !(value & CR0_PE))
		return true;
	return vmcs_read(x->vmcs, VMCS_GUEST_CR4) & CR4_CET && !(value & CR0_WP);
}

static void write_cr0(struct guest_exit *x, uint64_t value)
{
	uint64_t old = vmcs_read(x->vmcs, VMCS_GUEST_CR0);

	if (cr0_faults(x, value))
		inject_gp(x);
	else if (~value & (CR0_NE | (x->vps->curr_vm ? 0 : CR0_PE)) || value & (CR0_NW | CR0_CD | CR0_HIGH))
		deny(x, EXIT_REASON_CR_ACCESS, x->ve->qualification);
	else
		vmcs_write(x->vmcs, VMCS_GUEST_CR0, (value & ~CR0_IGNORED) | (old & CR0_IGNORED));
}

/* All legal values are the guest's own business: what exits is #GP, or not allowed in a TD. */
static void write_cr4(struct guest_exit *x, uint64_t value)
{
	const struct vmx_caps *vmx = &x->m->vmx;
	bool illegal = ~value & vmx->cr4_fixed0 & ~CR4_VMXE || value & ~vmx->cr4_fixed1;
	bool cet_without_wp = value & CR4_CET && !(vmcs_read(x->vmcs, VMCS_GUEST_CR0) & CR0_WP);

	if (illegal || value & vmx_cr4_absent(x->m, x->td) || cet_without_wp)
		inject_gp(x);
	else
		deny(x, EXIT_REASON_CR_ACCESS, x->ve->qualification);
}

static uint64_t source_register(const struct guest_exit *x, unsigned reg)
{
	return reg == GPR_RSP ? vmcs_read(x->vmcs, VMCS_GUEST_RSP) : x->vps->gpr[reg];
}

static void lmsw(struct guest_exit *x)
{
	uint64_t old = vmcs_read(x->vmcs, VMCS_GUEST_CR0);
	uint64_t data = CR_Q_LMSW_DATA(x->ve->qualification);

	vmcs_write(x->vmcs, VMCS_GUEST_CR0, (old & ~CR0_LMSW) | (data & CR0_LMSW));
}

void handle_cr_access(struct guest_exit *x)
{
	uint64_t q = x->ve->qualification;
	uint64_t value = source_register(x, CR_Q_GPR(q));

	if (CR_Q_TYPE(q) == CR_LMSW)
		lmsw(x);
	else if (CR_Q_TYPE(q) == CR_MOV_TO && CR_Q_NUMBER(q) == 0)
		write_cr0(x, value);
	else if (CR_Q_TYPE(q) == CR_MOV_TO && CR_Q_NUMBER(q) == 4)
		write_cr4(x, value);
	else
		exit_unexpected(x);
}

/* A write of @value would change bits that L1 keeps for itself. */
static bool l1_owns(uint64_t value, uint64_t mask, uint64_t shadow)
{
	return (value ^ shadow) & mask;
}

/* LMSW may set PE, not clear it. */
static void l2_lmsw(struct guest_exit *x)
{
	const struct tdvps *vps = x->vps;
	uint64_t old = vmcs_read(x->vmcs, VMCS_GUEST_CR0);
	uint64_t data = CR_Q_LMSW_DATA(x->ve->qualification) & CR0_L2_LMSW;

	if (l1_owns(data, vps->shadow_cr0_guest_host_mask[vps->curr_vm] & CR0_L2_LMSW,
		    vps->shadow_cr0_read_shadow[vps->curr_vm]))
		exit_to_l1(x, TDX_SUCCESS, 0);
	else
		vmcs_write(x->vmcs, VMCS_GUEST_CR0, (old & ~CR0_L2_LMSW) | data | (old & CR0_PE));
}

void handle_l2_cr_access(struct guest_exit *x)
{
	const struct tdvps *vps = x->vps;
	uint64_t q = x->ve->qualification;
	uint64_t value = source_register(x, CR_Q_GPR(q));
	bool write = CR_Q_TYPE(q) == CR_MOV_TO;
	unsigned vm = vps->curr_vm;

	if (CR_Q_TYPE(q) == CR_LMSW)
		l2_lmsw(x);
	else if (write && CR_Q_NUMBER(q) == 0 &&
		 !l1_owns(value, vps->shadow_cr0_guest_host_mask[vm], vps->shadow_cr0_read_shadow[vm]))
		write_cr0(x, value);
	else if (write && CR_Q_NUMBER(q) == 4 &&
		 !l1_owns(value, vps->shadow_cr4_guest_host_mask[vm], vps->shadow_cr4_read_shadow[vm]))
		write_cr4(x, value);
	else
		exit_to_l1(x, TDX_SUCCESS, 0);
}

void handle_xsetbv(struct guest_exit *x)
{
	const uint64_t *gpr = x->vps->gpr;
	uint64_t value = gpr[GPR_RDX] << 32 | (gpr[GPR_RAX] & 0xffffffff);

	if ((uint32_t)gpr[GPR_RCX] || !xcr0_valid(x->m, x->vps->xfam, value))
		inject_gp(x);
	else
		x->vps->xcr0 = value;
}
