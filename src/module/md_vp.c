// SPDX-License-Identifier: MIT
/*
 * Metadata of a virtual CPU: fields of the TDVPS pages and of its VMCSs, and which need more than their masks.
 */
#include "module/cpuid.h"
#include "module/metadata.h"
#include "module/state.h"
#include "module/tsc.h"
#include "vmx/vapic.h"
#include "vmx/vmcs.h"
#include "platform/platform.h"

#define NOT_VALID TDX_METADATA_FIELD_VALUE_NOT_VALID
#define CLASS_L2_FIRST 36       /* VMCS of VM 1; +1 its MSR bitmaps, +2 their shadow; +8 the next VM */
#define XSAVE_HEADER 512u
#define XSAVE_HEADER_END 576u
#define XFAM_PT_BIT 8
#define EPTP_LIKE_PAGE 4096u
#define POSTED_INTR_DESC_BYTES 64u

static bool is_field(const struct md_element *e, enum md_vp_index index)
{
	return e->field == &md_vp[index];
}

static bool in_vmcs(const struct md_field *f)
{
	return f->cls == 0;
}

/* The VM whose VMCS or MSR bitmaps an identifier names; 0 for L1. */
static unsigned vm_of(uint64_t id)
{
	return md_class(id) < CLASS_L2_FIRST ? 0 : (md_class(id) - CLASS_L2_FIRST) / 8 + 1;
}

static bool is_msr_bitmap(const struct md_element *e)
{
	return is_field(e, MD_VP_L2_MSR_BITMAPS_1) || is_field(e, MD_VP_L2_MSR_BITMAPS_2) ||
	       is_field(e, MD_VP_L2_MSR_BITMAPS_3);
}

static uint64_t no_vm(const struct md_access *a, const struct md_element *e)
{
	return fail(a->c, TDX_METADATA_FIELD_ID_INCORRECT, "field id %x: the TD has %u L2 VMs, not %u", e->id,
		    a->td->tdcs->num_l2_vms, e->vm);
}

static uint64_t get_vmcs_field(const struct md_access *a, struct md_element *e)
{
	uint32_t encoding = md_code(e->id);
	const struct vmcs *v;

	if (e->vm > a->td->tdcs->num_l2_vms)
		return no_vm(a, e);
	if (!vmcs_has(encoding))
		return fail(a->c, TDX_METADATA_FIELD_ID_INCORRECT, "field id %x: no VMCS field has encoding %x", e->id,
			    encoding);
	v = vcpu_vmcs(a->c->m, a->vp, e->vm);
	e->value = vmcs_read(v, encoding);
	if (e->vm)
		e->value = md_vmcs_l2_seen(a, e, e->value);
	else if (a->reader == MD_EXPORT_MUTABLE || a->reader == MD_IMPORT_MUTABLE)
		e->value = md_vmcs_migrated(v, encoding, e->value);
	return 0;
}

/* The guest sees the bitmaps as it wrote them, the host those in force. */
static uint32_t bitmap_offset(const struct md_access *a, const struct md_element *e)
{
	uint32_t shadow = a->reader == MD_BY_HOST ? 0 : PAGE_BYTES;

	return e->field->offset + shadow;
}

uint64_t md_vp_get(const struct md_access *a, struct md_element *e)
{
	const struct md_field *f = e->field;
	uint32_t offset = is_msr_bitmap(e) ? bitmap_offset(a, e) : f->offset;
	uint8_t *page;

	e->vm = vm_of(e->id);
	if (in_vmcs(f))
		return get_vmcs_field(a, e);
	if (e->vm > a->td->tdcs->num_l2_vms)
		return no_vm(a, e);
	offset += (md_code(e->id) - f->code) * f->size;
	page = vcpu_page(a->c->m, a->vp, offset / PAGE_BYTES);
	if (!page)
		return fail(a->c, TDX_METADATA_FIELD_ID_INCORRECT, "%s: the vCPU at %x has no such page", f->name,
			    a->vp->pa);
	e->ptr = page + offset % PAGE_BYTES;
	e->value = word_load(e->ptr, f->size);
	if (is_field(e, MD_VP_VCPU_STATE_DETAILS)) {
		struct vapic apic = vcpu_vapic(a->c->m, a->vp);

		e->value = vapic_pending(&apic);
	} else if (is_field(e, MD_VP_IA32_SPEC_CTRL)) {
		e->value = spec_ctrl_seen(a->td, e->value);
	}
	return 0;
}

/* ---- writing ---- */

/* Shared addresses must be ones that the host may name; private GPAs must be private. */
static uint64_t check_address(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	unsigned attr = e->field->attr;
	uint64_t shared = td_shared_bit(a->td);

	if (attr & MD_ATTR_HPA && attr & MD_ATTR_SHARED) {
		uint64_t align = md_code(e->id) == VMCS_POSTED_INTR_DESC ? POSTED_INTR_DESC_BYTES : EPTP_LIKE_PAGE;

		if (check_shared(a->c, GPR_R8, value, align))
			return fail(a->c, NOT_VALID, "%s: %x is no address in shared memory", e->field->name, value);
	} else if (attr & MD_ATTR_GPA && attr & MD_ATTR_PRIVATE && value >= shared) {
		return fail(a->c, NOT_VALID, "%s: %x is no private GPA, those are below %x", e->field->name, value,
			    shared);
	}
	return 0;
}

static uint64_t check_xbuff(const struct md_access *a, const struct md_element *e)
{
	uint32_t offset = (md_code(e->id) - e->field->code) * 8;
	const struct tdcs *t = a->td->tdcs;

	if (a->reader != MD_BY_HOST)
		return 0;
	if (offset >= XSAVE_HEADER && offset < XSAVE_HEADER_END)
		return fail(a->c, TDX_METADATA_FIELD_NOT_WRITABLE, "XBUFF offset %x is the XSAVE header", offset);
	if (t->xfam & XFAM_PT && offset / 8 == t->xbuff_offsets[XFAM_PT_BIT] / 8)
		return fail(a->c, TDX_METADATA_FIELD_NOT_WRITABLE, "XBUFF offset %x is the image of IA32_RTIT_CTL",
			    offset);
	return 0;
}

static uint64_t bad_value(const struct md_access *a, const struct md_element *e, uint64_t value, uint64_t limit)
{
	return fail(a->c, NOT_VALID, "%s: %x is not valid here, the limit is %x", e->field->name, value, limit);
}

static void set_l2_shared_eptp(const struct md_access *a, unsigned vm, uint64_t ctls)
{
	uint64_t eptp = a->vp->vps->shadow_shared_eptp[vm];

	if (!(ctls & L2_CTLS_ENABLE_SHARED_EPTP_MASK) || eptp == UINT64_MAX)
		eptp = a->td->tdr->tdcx_pa[TDCS_PAGE_ZERO];
	vmcs_write(vcpu_vmcs(a->c->m, a->vp, vm), VMCS_SHARED_EPTP, eptp);
}

/* A deadline in the past is one that is reached at once; one too far away is refused. */
static uint64_t set_l2_deadline(const struct md_access *a, unsigned vm, uint64_t deadline)
{
	uint64_t now = platform_rdtsc(a->c->m->plat), native = now;

	if (deadline > tsc_virtual(a->td, now) &&
	    (!tsc_native(a->td, deadline, &native) || !native || (int64_t)(native - now) < 0))
		return fail(a->c, TDX_OPERAND_INVALID, "TSC_DEADLINE %x of VM %u is too far in the future", deadline,
			    vm);
	a->vp->vps->shadow_tsc_deadline[vm] = native;
	return 0;
}

/* Per-VM arrays: element 0 is L1's and has no effect, nor has that of a VM which is not there. */
static uint64_t put_per_vm(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	unsigned vm = md_code(e->id) - e->field->code;

	if (vm == 0 || vm > a->td->tdcs->num_l2_vms)
		return 0;
	if (is_field(e, MD_VP_TSC_DEADLINE))
		return value == UINT64_MAX ? 0 : set_l2_deadline(a, vm, value);
	set_l2_shared_eptp(a, vm, value);
	return 0;
}

/* The bitmaps in force stop what L1 wants stopped and what TDX does. */
static void put_msr_bitmap(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	unsigned first = TDVPS_PAGE_L2 + (e->vm - 1) * TDVPS_PAGES_PER_L2, index = md_code(e->id) - e->field->code;
	uint64_t *real = vcpu_page(a->c->m, a->vp, first + 1), *shadow = vcpu_page(a->c->m, a->vp, first + 2);
	const uint64_t *own = td_page(a->c->m, a->td, TDCS_PAGE_MSR_BITMAPS);

	shadow[index] = value;
	real[index] = value | own[index];
}

/* Rules beside the masks for TDVPS fields, and the further effects of the write. */
static uint64_t before_write(const struct md_access *a, const struct md_element *e, uint64_t *value, bool *done)
{
	const struct tdcs *t = a->td->tdcs;

	switch ((enum md_vp_index)(e->field - md_vp)) {
	case MD_VP_XCR0:
		return xcr0_valid(a->c->m, t->xfam, *value) ? 0 : bad_value(a, e, *value, t->xfam);
	case MD_VP_IA32_XSS:
		return *value & ~t->xfam ? bad_value(a, e, *value, t->xfam) : 0;
	case MD_VP_IA32_SPEC_CTRL:
		*value = spec_ctrl_real(a->c->m, a->td, *value);
		return 0;
	case MD_VP_XBUFF:
		return check_xbuff(a, e);
	case MD_VP_XFAM:
		return fail(a->c, TDX_METADATA_FIELD_NOT_WRITABLE, "XFAM of a vCPU can't be written");
	case MD_VP_VCPU_STATE:
		*done = a->vp->vps->state != VCPU_STATE_DISABLED;
		return 0;
	case MD_VP_VCPU_INDEX:
		return *value >= t->num_vcpus ? bad_value(a, e, *value, t->num_vcpus) : 0;
	case MD_VP_LAST_TD_EXIT:
		return *value > LAST_TD_EXIT_TDVMCALL ? bad_value(a, e, *value, LAST_TD_EXIT_TDVMCALL) : 0;
	case MD_VP_CURR_VM:
		return *value > t->num_l2_vms ? bad_value(a, e, *value, t->num_l2_vms) : 0;
	case MD_VP_L2_EXIT_HOST_ROUTING:
		return *value > 2 ? bad_value(a, e, *value, 2) : 0;
	case MD_VP_L2_CTLS:
	case MD_VP_TSC_DEADLINE:
		return put_per_vm(a, e, *value);
	case MD_VP_L2_MSR_BITMAPS_1:
	case MD_VP_L2_MSR_BITMAPS_2:
	case MD_VP_L2_MSR_BITMAPS_3:
		put_msr_bitmap(a, e, *value);
		*done = true;
		return 0;
	default:
		return 0;
	}
}

static uint64_t special_write(const struct md_access *a, const struct md_element *e, uint64_t *value, bool *done)
{
	if (!(e->field->special & MD_SPECIAL_WR))
		return 0;
	if (!in_vmcs(e->field))
		return before_write(a, e, value, done);
	return e->vm ? md_vmcs_l2_before_write(a, e, value, done) : md_vmcs_before_write(a, e, value, done);
}

/* What stays of the present value: nothing of an element written as a whole, nor of an address never set. */
static uint64_t present_value(const struct md_element *e, uint64_t effective)
{
	if (effective == md_size_mask(e->field->size))
		return 0;
	if (e->field->attr & (MD_ATTR_HPA | MD_ATTR_GPA) && e->value >> 63)
		return e->value & e->wr;
	return e->value;
}

uint64_t md_vp_put(const struct md_access *a, struct md_element *e, uint64_t value, uint64_t mask)
{
	uint64_t effective = mask & e->wr, present = present_value(e, effective), status;
	bool done = false;

	if ((present ^ value) & mask & ~e->wr)
		return fail(a->c, NOT_VALID, "%s: value %x changes bits of %x beyond the writable %x", e->field->name,
			    value, present, e->wr);
	value = (present & ~effective) | (value & effective);
	status = check_address(a, e, value);
	if (!status)
		status = special_write(a, e, &value, &done);
	if (status || done)
		return status;
	if (in_vmcs(e->field))
		vmcs_write(vcpu_vmcs(a->c->m, a->vp, e->vm), md_code(e->id), value);
	else
		word_store(e->ptr, e->field->size, value);
	return 0;
}
