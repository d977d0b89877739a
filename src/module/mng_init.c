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
#include "module/msr.h"
#include "module/state.h"
#include "module/td_config.h"
#include "module/tsc.h"
#include "module/version.h"

#define BAD(operand) (TDX_OPERAND_INVALID | TDX_OPERAND_ID_##operand)

#define HP_LOCK_TIMEOUT_USEC 1000000u
#define EPTP_WB 6u
#define MIN_PA_BITS_FOR_PML5 49u

uint64_t check_zero(struct call *c, const uint8_t *bytes, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return fail(c, BAD(RDX), "%s: byte %u is %x, must be 0", name, i, bytes[i]);
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

uint64_t init_tsc(struct call *c)
{
	tsc_start(c, &c->td, 0);
	return TDX_SUCCESS;
}

/* IA32_ARCH_CAPABILITIES: what the processor has, less what the host does not ask for. */
uint64_t init_arch_capabilities(struct call *c)
{
	uint64_t config = c->params.arch_capabilities, allow = ARCH_CAP_CONFIGURABLE & ~ARCH_CAP_RRSBA;
	uint64_t value = c->m->arch_capabilities & ~(allow & ~config) & ~ARCH_CAP_NOT_FOR_GUESTS;

	if (!(c->td.tdcs->cpuid_flags & TD_CPUID_TSX))
		value &= ~ARCH_CAP_TSX_CTRL;
	c->td.tdcs->virtual_ia32_arch_capabilities = value | (config & ARCH_CAP_RRSBA);
	return TDX_SUCCESS;
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

/* Reads TD_PARAMS once: what is checked is what is used. */
uint64_t init_params(struct call *c)
{
	const void *host = shared_in(c, c->in[GPR_RDX], sizeof(c->params), &c->params);

	if (!host)
		return fail(c, BAD(RDX), "there is no TD_PARAMS at %x, for there is no memory", c->in[GPR_RDX]);
	if (host != &c->params)
		memcpy(&c->params, host, sizeof(c->params));
	start_counters(c);
	return TDX_SUCCESS;
}

void tdh_mng_init(struct call *c)
{
	struct tdcs *t = c->td.tdcs;

	msr_bitmaps_init(c->m, &c->td);
	vmx_init_virtual_msrs(c->m, &c->td);
	mrtd_init(c->m, &c->td);
	memset(t->rtmr, 0, sizeof(t->rtmr));
	__atomic_store_n(&t->op_state, OP_STATE_INITIALIZED, __ATOMIC_RELEASE);
}
