// SPDX-License-Identifier: MIT
/*
 * Import of whole metadata fields: what the configuration of a TD from elsewhere must satisfy here.
 */
#include <string.h>
#include "module/cpuid.h"
#include "module/keyid.h"
#include "module/metadata.h"
#include "module/state.h"
#include "module/td_config.h"
#include "module/tsc.h"
#include "module/version.h"

#define NOT_VALID TDX_METADATA_FIELD_VALUE_NOT_VALID
#define ARCH_CAP_ONES 0xf16bull  /* bits that every TD sees as 1 */
#define ARCH_CAP_ZEROS (1ull << 2 | ARCH_CAP_NOT_FOR_GUESTS)

/* A field of the TD being imported. */
struct import {
	const struct md_access *a;
	struct md_element e; /* its first element */
	const uint64_t *value;
	bool done; /* stored already, or not to be stored */
};

static uint64_t bad(const struct import *i, const char *rule)
{
	return fail(i->a->c, NOT_VALID, "%s: %x: %s", (uintptr_t)i->e.field->name, i->value[0], (uintptr_t)rule);
}

static uint64_t verdict(const struct import *i, const char *problem)
{
	return problem ? bad(i, problem) : TDX_SUCCESS;
}

static uint64_t import_attributes(struct import *i)
{
	if (!(i->value[0] & TD_ATTR_MIGRATABLE))
		return bad(i, "a TD that is imported must be MIGRATABLE (29)");
	return verdict(i, td_attributes_problem(i->value[0]));
}

static uint64_t import_eptp(struct import *i)
{
	struct tdcs *t = i->a->td->tdcs;
	const char *problem = td_eptp_problem(i->a->c->m, i->value[0], t->gpaw);

	if (problem)
		return bad(i, problem);
	t->eptp = i->value[0] | keyid_strip(i->a->c->m, i->a->td->tdr->tdcx_pa[TDCS_PAGE_SEPT_ROOT]);
	i->done = true;
	return TDX_SUCCESS;
}

static uint64_t import_l2_vms(struct import *i)
{
	const struct td *td = i->a->td;

	if (i->value[0] >= MAX_VMS)
		return bad(i, "there can be 3 L2 VMs at most");
	td->tdcs->num_l2_vms = (uint16_t)i->value[0];
	if (td->tdr->num_tdcx < TDCX_MIN + i->value[0])
		return fail(i->a->c, TDX_TDCS_NOT_ALLOCATED, "the TD at %x has %u TDCX pages, needs %u with %u L2 VMs",
			    td->pa, td->tdr->num_tdcx, TDCX_MIN + i->value[0], i->value[0]);
	i->done = true;
	return TDX_SUCCESS;
}

static uint64_t import_cpuid(struct import *i)
{
	uint32_t reg[CPUID_REGS];

	memcpy(reg, i->value, sizeof(reg));
	return verdict(i, td_cpuid_import(i->a->c, md_cpuid_index_of(i->e.id), reg));
}

/* Bindings are not taken over: they must fit those that exist here. */
static uint64_t import_binding(struct import *i)
{
	const struct servtd_binding *here = i->a->td->tdcs->servtd_bindings;
	struct servtd_binding b;

	memcpy(&b, i->value, sizeof(b));
	i->done = true;
	if (b.state == SERVTD_STATE_NOT_BOUND)
		return TDX_SUCCESS;
	if (b.state > SERVTD_STATE_BOUND || b.type != SERVTD_TYPE_MIGTD || b.attributes & ~SERVTD_ATTR_ALLOWED)
		return bad(i, "not a state, type and attributes of a service TD binding");
	if (here->state != SERVTD_STATE_NOT_BOUND && (here->type != b.type || here->attributes != b.attributes))
		return bad(i, "the service TD is bound here with other attributes");
	return TDX_SUCCESS;
}

static uint64_t import_arch_capabilities(struct import *i)
{
	uint64_t native = i->a->c->m->arch_capabilities, v = i->value[0];
	uint64_t allow = ARCH_CAP_CONFIGURABLE & ~ARCH_CAP_RRSBA;

	if ((v & ARCH_CAP_ONES) != ARCH_CAP_ONES || v & ARCH_CAP_ZEROS)
		return bad(i, "bits are not as every TD has them");
	if (v & allow & ~native || native & ARCH_CAP_RRSBA & ~v)
		return bad(i, "this processor can't keep the promise");
	if (i->a->td->tdcs->cpuid_flags & TD_CPUID_TSX && !(v & ARCH_CAP_TSX_CTRL))
		return bad(i, "TSX_CTRL (7) is missing although CPUID has TSX");
	return TDX_SUCCESS;
}

static uint64_t import_special(struct import *i)
{
	struct call *c = i->a->c;
	struct tdcs *t = i->a->td->tdcs;

	switch ((enum md_td_index)(i->e.field - md_td)) {
	case MD_TD_TD_UUID:
		memcpy(t->pre_import_uuid, i->a->td->tdr->uuid, sizeof(t->pre_import_uuid));
		return TDX_SUCCESS;
	case MD_TD_ATTRIBUTES: return import_attributes(i);
	case MD_TD_XFAM: return xfam_valid(c->m, i->value[0]) ? 0 : bad(i, "this processor does not have it");
	case MD_TD_CONFIG_FLAGS: return i->value[0] & ~TD_CONFIG_ALLOWED ? bad(i, "a flag is not supported") : 0;
	case MD_TD_EPTP: return import_eptp(i);
	case MD_TD_NUM_L2_VMS: return import_l2_vms(i);
	case MD_TD_NUM_CPUID_VALUES:
		i->done = true;
		return i->value[0] == cpuid_rules_len ? 0 : bad(i, "this module keeps another number of leaves");
	case MD_TD_CPUID_VALUES: return import_cpuid(i);
	case MD_TD_VIRTUAL_TSC:
		tsc_start(c, i->a->td, i->value[0]);
		i->done = true;
		return TDX_SUCCESS;
	case MD_TD_HP_LOCK_TIMEOUT:
		i->done = true;
		return md_put_timeout(i->a, &i->e, i->value[0]);
	case MD_TD_SERVTD_BINDINGS_TABLE: return import_binding(i);
	case MD_TD_VIRTUAL_IA32_ARCH_CAPABILITIES: return import_arch_capabilities(i);
	default: return TDX_SUCCESS;
	}
}

static uint64_t store(struct import *i, uint64_t mask)
{
	const struct md_field *f = i->e.field;
	uint64_t forbidden = mask & ~i->e.wr, effective = mask & i->e.wr;

	for (unsigned n = 0; n < f->elements; n++) {
		uint8_t *at = (uint8_t *)i->e.ptr + n * f->size;
		uint64_t old = word_load(at, f->size);

		if ((old ^ i->value[n]) & forbidden)
			return bad(i, "bits beyond the importable ones differ");
		word_store(at, f->size, (old & ~effective) | (i->value[n] & effective));
	}
	return TDX_SUCCESS;
}

static uint64_t import_td_field(const struct md_access *a, struct md_element *e, const uint64_t *value, uint64_t mask)
{
	struct import i = { .a = a, .e = *e, .value = value };
	uint64_t status = TDX_SUCCESS;

	if (e->field->special & MD_SPECIAL_WR)
		status = import_special(&i);
	return status || i.done ? status : store(&i, mask);
}

uint64_t md_import_field(const struct md_access *a, const struct md_at *at, const uint64_t *value, uint64_t mask)
{
	struct md_element e = md_element(a, at, at->id);
	uint64_t status;

	if (a->ctx == MD_SYS || !(e.wr & mask))
		return TDX_METADATA_FIELD_NOT_WRITABLE;
	status = a->ctx == MD_TD ? md_td_get(a, &e) : md_vp_get(a, &e);
	if (status)
		return status;
	return a->ctx == MD_TD ? import_td_field(a, &e, value, mask) : md_vp_put(a, &e, value[0], mask);
}
