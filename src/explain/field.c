// SPDX-License-Identifier: MIT
/*
 * Metadata field ids by name.
 */
#include <inttypes.h>

#include "explain/explain.h"
#include "explain/text.h"
#include "gen/metadata.h"
#include "gen/structures.h"

#define L2_VMCS_CLASS  36
#define L2_VMCS_STRIDE 8
#define L2_VMS	       3

static const struct {
	const char *name;
	const struct md_field *fields;
	unsigned len;
} contexts[] = {
	[MD_CONTEXT_SYS] = { "SYS", md_sys, MD_SYS_LEN },
	[MD_CONTEXT_TD] = { "TD", md_td, MD_TD_LEN },
	[MD_CONTEXT_VP] = { "VP", md_vp, MD_VP_LEN },
};

static unsigned bits(uint64_t id, unsigned first, uint64_t mask)
{
	return (unsigned)(id >> first & mask);
}

/* The field that a code falls into, with the number of the element in *index. */
static const struct md_field *find(const struct md_field *fields, unsigned len, unsigned cls,
				   uint32_t code, uint32_t *index)
{
	for (unsigned i = 0; i < len; i++) {
		const struct md_field *f = &fields[i];
		uint32_t elements = (uint32_t)f->num_fields * f->elements;

		if (f->cls != cls || code < f->code)
			continue;
		*index = (code - f->code) / f->inc;
		if (*index < elements && (code - f->code) % f->inc == 0)
			return f;
	}
	return NULL;
}

static void print(struct text *t, const char *context, const struct md_field *f, uint32_t index)
{
	text_add(t, "%s.%s", context, f->name);
	if (f->num_fields > 1)
		text_add(t, "[%" PRIu32 "]", index / f->elements);
	if (f->elements > 1)
		text_add(t, ".%" PRIu32, index % f->elements);
}

/* VMCS fields: class 0 for L1, one class for each L2 VM. */
static bool print_vmcs(struct text *t, unsigned cls, uint32_t code)
{
	const struct md_field *fields = cls ? md_vmcs_l2 : md_vmcs;
	const struct md_field *f;
	char context[16];
	struct text name = text_start(context, sizeof(context));
	uint32_t index;

	if (cls && (cls < L2_VMCS_CLASS || (cls - L2_VMCS_CLASS) % L2_VMCS_STRIDE ||
		    (cls - L2_VMCS_CLASS) / L2_VMCS_STRIDE >= L2_VMS))
		return false;
	f = find(fields, cls ? (unsigned)MD_VMCS_L2_LEN : (unsigned)MD_VMCS_LEN, 0, code, &index);
	if (!f)
		return false;
	text_add(&name, "VMCS");
	if (cls)
		text_add(&name, "_L2_%u", (cls - L2_VMCS_CLASS) / L2_VMCS_STRIDE + 1);
	print(t, context, f, index);
	return true;
}

size_t explain_field(char *buf, size_t size, uint64_t field_id)
{
	return explain_field_of(buf, size, bits(field_id, MD_FIELD_ID_CONTEXT_CODE_SHIFT, 7),
				field_id);
}

size_t explain_field_of(char *buf, size_t size, unsigned context, uint64_t field_id)
{
	unsigned cls = bits(field_id, MD_FIELD_ID_CLASS_CODE_SHIFT, 0x3F);
	uint32_t code = bits(field_id, 0, 0xFFFFFF);
	struct text t = text_start(buf, size);
	const struct md_field *f = NULL;
	uint32_t index = 0;

	if (context < sizeof(contexts) / sizeof(contexts[0]))
		f = find(contexts[context].fields, contexts[context].len, cls, code, &index);
	if (f)
		print(&t, contexts[context].name, f, index);
	else if (context != MD_CONTEXT_VP || !print_vmcs(&t, cls, code))
		text_add(&t, "0x%" PRIx64, field_id);
	return t.len;
}
