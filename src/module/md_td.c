// SPDX-License-Identifier: MIT
/*
 * Metadata of a TD: fields of TDR and TDCS, where they lie and which need more than their masks.
 */
#include <string.h>
#include "module/metadata.h"
#include "module/state.h"
#include "module/tsc.h"
#include "platform/platform.h"

#define CLASS_CPUID 20
#define CPUID_CODE_RESERVED 0xfe0000u
#define HP_LOCK_TIMEOUT_MIN 10000ull     /* microseconds */
#define HP_LOCK_TIMEOUT_MAX 100000000ull
#define USEC_PER_SEC 1000000ull
#define MIG_VERSION_MAX 0u

static bool is_field(const struct md_element *e, enum md_td_index index)
{
	return e->field == &md_td[index];
}

/* A leaf's values lie in the order of the table. Faulting leaves have none; an import brings them first. */
static uint64_t cpuid_position(const struct md_access *a, const struct md_element *e, uint32_t *position)
{
	size_t index = md_cpuid_index_of(e->id);

	if (md_code(e->id) & CPUID_CODE_RESERVED || index >= cpuid_rules_len)
		return fail(a->c, TDX_METADATA_FIELD_ID_INCORRECT,
			    "field id %x: CPUID_VALUES holds no such leaf", e->id);
	if (a->reader != MD_IMPORT_IMMUTABLE &&
	    (cpuid_rules[index].faulting || !a->td->tdcs->cpuid_valid[index]))
		return fail(a->c, TDX_METADATA_FIELD_NOT_READABLE,
			    "CPUID_VALUES %x: leaf %x sub-leaf %x is not virtualized, it gives the guest a #VE", e->id,
			    cpuid_rules[index].leaf, cpuid_rules[index].subleaf);
	*position = (uint32_t)index * 2 + (md_code(e->id) & 1);
	return 0;
}

static uint64_t locate(const struct md_access *a, struct md_element *e)
{
	const struct md_field *f = e->field;
	uint32_t position = md_code(e->id) - f->code, offset;
	uint8_t *page;

	if (f->cls == CLASS_CPUID) {
		uint64_t status = cpuid_position(a, e, &position);

		if (status)
			return status;
	}
	offset = f->offset + position * f->size;
	page = f->cls < 16 ? a->td->tdr->page : td_page(a->c->m, a->td, offset / PAGE_BYTES);
	if (!page)
		return fail(a->c, TDX_METADATA_FIELD_ID_INCORRECT, "%s: the TD at %x has no such TDCX page", f->name,
			    a->td->pa);
	e->ptr = page + offset % PAGE_BYTES;
	return 0;
}

static uint64_t timeout_usec(const struct module *m, uint64_t ticks)
{
	uint64_t most = UINT64_MAX / USEC_PER_SEC;

	return (ticks < most ? ticks : most) * USEC_PER_SEC / m->tsc_hz;
}

/* A migration TD gets a new key each time it starts to read it. Others may read the field meanwhile. */
static uint64_t new_export_key(const struct md_access *a, struct md_element *e)
{
	uint64_t key[4] = { 0 };
	bool made = random_words(a->c, key, 4);

	for (unsigned i = 0; i < 4; i++)
		word_store(&a->td->tdcs->mig_enc_key[i], 8, made ? key[i] : 0);
	e->value = key[0];
	return made ? 0 : fail(a->c, TDX_RND_NO_ENTROPY, "RDSEED gives no random numbers for MIG_ENC_KEY");
}

uint64_t md_td_get(const struct md_access *a, struct md_element *e)
{
	uint64_t status = locate(a, e);

	if (status)
		return status;
	e->value = word_load(e->ptr, e->field->size);
	if (is_field(e, MD_TD_HP_LOCK_TIMEOUT))
		e->value = timeout_usec(a->c->m, e->value);
	else if (is_field(e, MD_TD_NUM_CPUID_VALUES))
		e->value = cpuid_rules_len;
	else if (is_field(e, MD_TD_VIRTUAL_TSC))
		e->value = tsc_virtual(a->td, platform_rdtsc(a->c->m->plat));
	else if (is_field(e, MD_TD_MIG_ENC_KEY) && e->id % 4 == e->field->code % 4 && a->reader == MD_BY_MIGTD &&
		 !a->write)
		return new_export_key(a, e);
	return 0;
}

uint64_t md_put_timeout(const struct md_access *a, struct md_element *e, uint64_t usec)
{
	if (usec < HP_LOCK_TIMEOUT_MIN || usec > HP_LOCK_TIMEOUT_MAX)
		return fail(a->c, TDX_METADATA_FIELD_VALUE_NOT_VALID, "%s: %u microseconds, must be %u to %u",
			    e->field->name, usec, HP_LOCK_TIMEOUT_MIN, HP_LOCK_TIMEOUT_MAX);
	/* the module keeps 32 bits of the ticks */
	word_store(e->ptr, 8, (uint32_t)(usec * a->c->m->tsc_hz / USEC_PER_SEC));
	return 0;
}

static uint64_t check_value(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	struct tdcs *t = a->td->tdcs;

	if (is_field(e, MD_TD_MIG_DEC_KEY))
		__atomic_store_n(&t->mig_dec_key_set, 1, __ATOMIC_RELAXED);
	if (is_field(e, MD_TD_MIG_VERSION) && value > MIG_VERSION_MAX)
		return fail(a->c, TDX_METADATA_FIELD_VALUE_NOT_VALID, "MIG_VERSION %u: this module migrates with %u",
			    value, MIG_VERSION_MAX);
	if (is_field(e, MD_TD_TD_CTLS) && a->reader == MD_BY_GUEST &&
	    (value ^ e->value) & TD_CTLS_PENDING_VE_DISABLE && !(t->config_flags & TD_CONFIG_FLEXIBLE_PENDING_VE))
		return fail(a->c, TDX_METADATA_FIELD_VALUE_NOT_VALID, "PENDING_VE_DISABLE (0) of TD_CTLS can't change from "
			    "%x to %x: CONFIG_FLAGS %x lack FLEXIBLE_PENDING_VE (1)", e->value, value, t->config_flags);
	return 0;
}

uint64_t md_td_put(const struct md_access *a, struct md_element *e, uint64_t value, uint64_t mask)
{
	uint64_t forbidden = mask & ~e->wr, effective = mask & e->wr, status;

	if ((e->value ^ value) & forbidden)
		return fail(a->c, TDX_METADATA_FIELD_VALUE_NOT_VALID,
			    "%s: value %x changes bits of %x beyond the writable %x", e->field->name, value, e->value,
			    e->wr);
	value = (e->value & ~effective) | (value & effective);
	if (is_field(e, MD_TD_HP_LOCK_TIMEOUT) && effective != UINT64_MAX)
		return fail(a->c, TDX_METADATA_WR_MASK_NOT_VALID, "%s is only written as a whole, the mask is %x",
			    e->field->name, effective);
	if (is_field(e, MD_TD_HP_LOCK_TIMEOUT))
		return md_put_timeout(a, e, value);
	status = check_value(a, e, value);
	if (status)
		return status;
	if (!word_exchange(e->ptr, e->field->size, e->value, value))
		return fail(a->c, TDX_OPERAND_BUSY | TDX_OPERAND_ID_METADATA_FIELD,
			    "%s was changed by somebody else at the same time", e->field->name);
	return 0;
}
