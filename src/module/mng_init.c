// SPDX-License-Identifier: MIT
/*
 * TDH.MNG.INIT: the configuration of a TD.
 *
 * The TDCS is filled while TD_PARAMS is checked: nobody can look into it before OP_STATE says INITIALIZED, and a
 * refused call leaves in it what it had checked so far, as the next one finds it.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/cpuid.h"
#include "module/measure.h"
#include "module/keyid.h"
#include "module/msr.h"
#include "module/state.h"
#include "module/td_config.h"
#include "module/tsc.h"
#include "module/version.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define BAD(operand) (TDX_OPERAND_INVALID | TDX_OPERAND_ID_##operand)

#define TSC_FREQUENCY_MIN 4u
#define TSC_FREQUENCY_MAX 400u
#define HP_LOCK_TIMEOUT_USEC 1000000u
#define EPTP_WB 6u
#define MIN_PA_BITS_FOR_PML5 49u

static uint64_t check_reserved(struct call *c, const uint8_t *bytes, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return fail(c, BAD(RDX), "TD_PARAMS.%s: byte %u is %x, must be 0", name, i, bytes[i]);
	return 0;
}

const char *td_attributes_problem(uint64_t a)
{
	if (a & ~TD_ATTR_ALLOWED)
		return "only DEBUG (0), SEPT_VE_DISABLE (28), MIGRATABLE (29), PKS (30) and PERFMON (63) are supported";
	if (a & TD_ATTR_MIGRATABLE && a & (TD_ATTR_DEBUG | TD_ATTR_PERFMON))
		return "a MIGRATABLE (29) TD can have neither DEBUG (0) nor PERFMON (63)";
	return NULL;
}

static uint64_t set_attributes(struct call *c, const struct td_params *p)
{
	uint64_t a = p->attributes;

	const char *problem = td_attributes_problem(a);

	if (problem)
		return fail(c, BAD(ATTRIBUTES), "ATTRIBUTES %x: %s", a, (uintptr_t)problem);
	c->td.tdcs->attributes = a;
	c->td.tdcs->td_ctls = a & TD_ATTR_SEPT_VE_DISABLE ? TD_CTLS_PENDING_VE_DISABLE : 0;
	return 0;
}

static uint64_t set_xfam(struct call *c, const struct td_params *p)
{
	struct tdcs *t = c->td.tdcs;

	if (!xfam_valid(c->m, p->xfam))
		return fail(c, BAD(XFAM), "XFAM %x: bits %x may be 1, bits %x must be, and AVX-512, CET and AMX go "
			    "together", p->xfam, xfam_allowed(c->m), XFAM_FIXED1);
	t->xfam = p->xfam;
	t->xbuff_size = xsave_layout(c->m, p->xfam, t->xbuff_offsets);
	return 0;
}

static uint64_t set_sizes(struct call *c, const struct td_params *p)
{
	struct tdcs *t = c->td.tdcs;

	if (!p->max_vcpus)
		return fail(c, BAD(MAX_VCPUS), "MAX_VCPUS is 0, must be at least 1");
	t->max_vcpus = p->max_vcpus;
	if (p->num_l2_vms >= MAX_VMS)
		return fail(c, BAD(NUM_L2_VMS), "NUM_L2_VMS is %u, must be at most %u", p->num_l2_vms, MAX_VMS - 1);
	if (c->td.tdr->num_tdcx < TDCX_MIN + p->num_l2_vms)
		return fail(c, TDX_TDCS_NOT_ALLOCATED, "the TD at %x has %u TDCX pages, needs %u with %u L2 VMs",
			    c->td.pa, c->td.tdr->num_tdcx, TDCX_MIN + p->num_l2_vms, p->num_l2_vms);
	t->num_l2_vms = p->num_l2_vms;
	return check_reserved(c, p->reserved_0, sizeof(p->reserved_0), "RESERVED_0");
}

const char *td_eptp_problem(const struct module *m, uint64_t eptp, bool gpaw)
{
	unsigned levels = (eptp >> 3 & 7) + 1;

	if ((eptp & 7) != EPTP_WB || eptp >> 6)
		return "memory type (2:0) must be 6 and bits 63:6 zero";
	if (levels != 4 && levels != 5)
		return "page walk length (5:3) must be 3 or 4";
	if (levels == 5 && (!(m->vmx.ept_vpid_cap & EPT_VPID_CAP_PML5) || m->max_pa_bits < MIN_PA_BITS_FOR_PML5))
		return "the processor has no 5-level EPT";
	if (gpaw && levels < 5)
		return "GPAW needs a 5-level EPT";
	return NULL;
}

static uint64_t set_paging(struct call *c, const struct td_params *p)
{
	struct tdcs *t = c->td.tdcs;
	uint64_t flags = p->config_flags;
	const char *problem;

	if (flags & ~TD_CONFIG_ALLOWED)
		return fail(c, BAD(EXEC_CONTROLS), "CONFIG_FLAGS %x: bits %x are not supported", flags,
			    flags & ~TD_CONFIG_ALLOWED);
	problem = td_eptp_problem(c->m, p->eptp_controls, flags & TD_CONFIG_GPAW);
	if (problem)
		return fail(c, BAD(EPTP_CONTROLS), "EPTP_CONTROLS %x, CONFIG_FLAGS %x: %s", p->eptp_controls, flags,
			    (uintptr_t)problem);
	t->gpaw = flags & TD_CONFIG_GPAW;
	t->eptp = p->eptp_controls | keyid_strip(c->m, c->td.tdr->tdcx_pa[TDCS_PAGE_SEPT_ROOT]);
	t->config_flags = flags;
	return 0;
}

static uint64_t set_tsc(struct call *c, const struct td_params *p)
{
	struct tdcs *t = c->td.tdcs;
	uint64_t adjust;

	if (p->tsc_frequency < TSC_FREQUENCY_MIN || p->tsc_frequency > TSC_FREQUENCY_MAX)
		return fail(c, BAD(TSC_FREQUENCY), "TSC_FREQUENCY is %u, must be %u to %u (units of 25 MHz)",
			    p->tsc_frequency, TSC_FREQUENCY_MIN, TSC_FREQUENCY_MAX);
	t->tsc_frequency = p->tsc_frequency;
	adjust = platform_rdmsr(c->m->plat, c->lp_id, MSR_TSC_ADJUST);
	if (adjust != c->m->tsc_adjust)
		return fail(c, TDX_INCONSISTENT_MSR | MSR_TSC_ADJUST, "IA32_TSC_ADJUST is %x, was %x at TDH.SYS.INIT",
			    adjust, c->m->tsc_adjust);
	tsc_start(c, &c->td, 0);
	return check_reserved(c, p->reserved_1, sizeof(p->reserved_1), "RESERVED_1");
}

static uint64_t set_identity(struct call *c, const struct td_params *p)
{
	struct tdcs *t = c->td.tdcs;

	memcpy(t->mrconfigid, p->mrconfigid, sizeof(t->mrconfigid));
	memcpy(t->mrowner, p->mrowner, sizeof(t->mrowner));
	memcpy(t->mrownerconfig, p->mrownerconfig, sizeof(t->mrownerconfig));
	if (p->msr_config_ctls & ~1u)
		return fail(c, BAD(RDX), "TD_PARAMS.MSR_CONFIG_CTLS is %x, bits 7:1 must be 0", p->msr_config_ctls);
	return check_reserved(c, p->reserved_2, sizeof(p->reserved_2), "RESERVED_2");
}

static uint64_t set_cpuid(struct call *c, const struct td_params *p)
{
	uint64_t status = td_cpuid_init(c, p->cpuid_config);

	return status ? status : check_reserved(c, p->reserved_3, sizeof(p->reserved_3), "RESERVED_3");
}

/* IA32_ARCH_CAPABILITIES: what the processor has, less what the host does not ask for. */
static uint64_t set_arch_capabilities(struct call *c, const struct td_params *p)
{
	uint64_t config = p->arch_capabilities, allow = ARCH_CAP_CONFIGURABLE & ~ARCH_CAP_RRSBA;
	uint64_t value = c->m->arch_capabilities & ~(allow & ~config) & ~ARCH_CAP_NOT_FOR_GUESTS;

	if (!(p->msr_config_ctls & 1) && config)
		return fail(c, BAD(IA32_ARCH_CAPABILITIES_CONFIG),
			    "IA32_ARCH_CAPABILITIES_CONFIG is %x, must be 0 while MSR_CONFIG_CTLS bit 0 is 0", config);
	if (config & ~ARCH_CAP_CONFIGURABLE)
		return fail(c, BAD(IA32_ARCH_CAPABILITIES_CONFIG),
			    "IA32_ARCH_CAPABILITIES_CONFIG %x: only bits %x can be configured", config,
			    ARCH_CAP_CONFIGURABLE);
	if (!(c->td.tdcs->cpuid_flags & TD_CPUID_TSX))
		value &= ~ARCH_CAP_TSX_CTRL;
	c->td.tdcs->virtual_ia32_arch_capabilities = value | (config & ARCH_CAP_RRSBA);
	return 0;
}

static uint64_t check_partitioned(struct call *c, const struct td_params *p)
{
	if (p->attributes & TD_ATTR_MIGRATABLE && p->num_l2_vms)
		return fail(c, BAD(RDX), "a MIGRATABLE TD can't have L2 VMs, NUM_L2_VMS is %u", p->num_l2_vms);
	return 0;
}

static void start_counters(struct call *c)
{
	struct tdcs *t = c->td.tdcs;

	t->num_vcpus = 0;
	t->num_assoc_vcpus = 0;
	t->epoch = 1;
	t->epoch_refcount[0] = 0;
	t->epoch_refcount[1] = 0;
	t->hp_lock_timeout = HP_LOCK_TIMEOUT_USEC * c->m->tsc_hz / 1000000;
}

uint64_t init_params(struct call *c)
{
	static uint64_t (*const steps[])(struct call *, const struct td_params *) = {
		set_attributes, set_xfam, set_sizes, set_paging, set_tsc, set_identity, set_cpuid,
		set_arch_capabilities, check_partitioned,
	};
	struct td_params p;
	const void *host = shared_in(c, c->in[GPR_RDX], sizeof(p), &p);
	uint64_t status = 0;

	if (!host)
		return fail(c, BAD(RDX), "there is no TD_PARAMS at %x, for there is no memory", c->in[GPR_RDX]);
	if (host != &p)
		memcpy(&p, host, sizeof(p));
	start_counters(c);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]) && !status; i++)
		status = steps[i](c, &p);
	return status;
}

uint64_t tdh_mng_init(struct call *c)
{
	struct tdcs *t = c->td.tdcs;

	msr_bitmaps_init(c->m, &c->td);
	vmx_init_virtual_msrs(c->m, &c->td);
	mrtd_init(c->m, &c->td);
	memset(t->rtmr, 0, sizeof(t->rtmr));
	__atomic_store_n(&t->op_state, OP_STATE_INITIALIZED, __ATOMIC_RELEASE);
	return TDX_SUCCESS;
}
