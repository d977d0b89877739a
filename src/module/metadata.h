/* SPDX-License-Identifier: MIT */
/*
 * Metadata: the fields of the module, of a TD (TDR, TDCS) and of a virtual CPU (TDVPS, VMCS) by identifier, with the
 * access rules of each kind of reader.
 *
 * An identifier names one element. Lookup compares class and field code only; the context is that of the leaf.
 * Functions return 0 or the status of a refusal with its reason recorded.
 */
#ifndef SEAMLESS_MODULE_METADATA_H
#define SEAMLESS_MODULE_METADATA_H

#include <stdbool.h>
#include <stdint.h>
#include "gen/metadata.h"
#include "module/call.h"
#include "platform/word.h"

struct vmcs;

#define MD_NONE UINT64_MAX /* no field; as an operand: the first one */

enum md_ctx {
	MD_SYS = 0,
	MD_TD = 1,
	MD_VP = 2,
};

/* Whose metadata, for whom. */
struct md_access {
	struct call *c; /* for the reason, the clock and the logical processor */
	enum md_ctx ctx;
	enum md_reader reader;
	bool write;            /* of a migration TD */
	const struct td *td;   /* MD_TD, MD_VP */
	const struct vcpu *vp; /* MD_VP */
};

/* A field of a table and an element of it. */
struct md_at {
	const struct md_field *table; /* NULL: past the last field */
	unsigned len, index;
	uint64_t id;
};

/* Where an element lies and what may be done with it. */
struct md_element {
	const struct md_field *field;
	uint64_t id;
	void *ptr;      /* NULL: in a VMCS or computed */
	unsigned vm;    /* of a VMCS or MSR bitmap */
	uint64_t value; /* as this reader sees it, not masked */
	uint64_t rd, wr;
};

static inline uint32_t md_code(uint64_t id)
{
	return id & 0xffffff;
}

static inline unsigned md_class(uint64_t id)
{
	return id >> 56 & 0x3f;
}

/* All ones but for the context. */
static inline bool md_is_none(uint64_t id)
{
	return (id | 7ull << 52) == MD_NONE;
}

/* @id in context @ctx: what context an operand names is not looked at. */
static inline uint64_t md_in_context(uint64_t id, enum md_ctx ctx)
{
	return (id & ~(7ull << 52)) | (uint64_t)ctx << 52;
}

/* The bits of an element of @size bytes. */
static inline uint64_t md_size_mask(unsigned size)
{
	return size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
}

static inline const struct md_field *md_field(const struct md_at *at)
{
	return &at->table[at->index];
}

/* The form of an identifier of a single element: reserved bits and counts are 0. */
uint64_t md_check_id(struct call *c, uint64_t id);

uint64_t md_read(const struct md_access *a, uint64_t id, uint64_t *value);
/* The same of an element @id whose field was found. */
uint64_t md_read_at(const struct md_access *a, const struct md_at *at, uint64_t id, uint64_t *value);
/* @old: the value before, as far as the reader may read it. */
uint64_t md_write(const struct md_access *a, uint64_t id, uint64_t value, uint64_t mask, uint64_t *old);

/* The same for the operands of a call: RDX, R8, R9. @next: RDX becomes the next field. */
uint64_t md_read_as(const struct md_access *a, bool next);
uint64_t md_write_as(const struct md_access *a);

/* The next element after @id (the first of all for MD_NONE) that this reader may read; MD_NONE after the last. */
uint64_t md_next(const struct md_access *a, uint64_t id);

/* Finds the table entry of @id. False: none. */
bool md_find(const struct md_access *a, uint64_t id, struct md_at *at);
/* The next element or field in the table, whoever may access it. */
void md_step(const struct md_access *a, struct md_at *at, bool element);
/* The next element or field that the reader may read (write, if an import). */
void md_step_accessible(const struct md_access *a, struct md_at *at, bool element);

const struct md_rights *md_rights(const struct md_access *a, const struct md_field *f);

/* The index of a CPUID leaf in cpuid_rules, or cpuid_rules_len. */
size_t md_cpuid_index(uint32_t leaf, uint32_t subleaf);
/* The same of a CPUID_VALUES identifier. */
size_t md_cpuid_index_of(uint64_t id);

/* Element @id of the field at @at, with the reader's masks; where it lies and its value are not known yet. */
struct md_element md_element(const struct md_access *a, const struct md_at *at, uint64_t id);

/* Import of a whole field: all elements of that at @at. */
uint64_t md_import_field(const struct md_access *a, const struct md_at *at, const uint64_t *value, uint64_t mask);

/* Values of the module's own fields that come from lists: an entry of CPUID_CONFIG, a package, a CMR, the handoff area's
 * head (valid 7:0, version 31:16, size 63:32). */
uint64_t cpuid_config_leaf(unsigned number);
uint64_t cpuid_config_bits(unsigned number, unsigned element);
uint64_t sys_package_fms(const struct module *m, unsigned number);
uint64_t sys_cmr_base(const struct module *m, unsigned number);
uint64_t sys_cmr_size(const struct module *m, unsigned number);
uint64_t sys_handoff_head(const struct module *m);

/* ---- per context ---- */

uint64_t md_sys_get(const struct md_access *a, struct md_element *e);
uint64_t md_td_get(const struct md_access *a, struct md_element *e);
uint64_t md_td_put(const struct md_access *a, struct md_element *e, uint64_t value, uint64_t mask);
uint64_t md_vp_get(const struct md_access *a, struct md_element *e);
uint64_t md_vp_put(const struct md_access *a, struct md_element *e, uint64_t value, uint64_t mask);

/* HP_LOCK_TIMEOUT in microseconds. */
uint64_t md_put_timeout(const struct md_access *a, struct md_element *e, uint64_t usec);

/* The rules beside the masks for a VMCS field (L1; L2) and the further effects of the write. *done: stored already. */
uint64_t md_vmcs_before_write(const struct md_access *a, const struct md_element *e, uint64_t *value, bool *done);
uint64_t md_vmcs_l2_before_write(const struct md_access *a, const struct md_element *e, uint64_t *value, bool *done);
/* A field of L1's VMCS as it migrates: CR0 and CR4 as the guest sees them. */
uint64_t md_vmcs_migrated(const struct vmcs *v, uint32_t encoding, uint64_t value);
/* An L2 VMCS field as this reader sees it. */
uint64_t md_vmcs_l2_seen(const struct md_access *a, const struct md_element *e, uint64_t value);

#endif
