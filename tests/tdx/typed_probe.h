/* SPDX-License-Identifier: MIT */
/*
 * What a probe of a typed call fills: see typed_calls.h.
 */
#ifndef TESTS_TDX_TYPED_PROBE_H
#define TESTS_TDX_TYPED_PROBE_H

#include <stdint.h>

#include "gen/leaves.h"
#include "tdx/tdx.h"

struct probe {
	uint64_t status;
	uint16_t out_mask;
	uint64_t out[16];
};

struct typed_call {
	const char *name;
	enum leaf_class cls;
	uint32_t number, version;
	void (*run)(const uint64_t in[16], struct probe *p);
};

static inline void got_out(struct probe *p, enum abi_reg reg, uint64_t value)
{
	p->out_mask |= (uint16_t)(1u << reg);
	p->out[reg] = value;
}

/* Outputs that the descriptors call reserved have no place in the typed calls. */
static inline uint16_t named_outputs(const struct leaf_desc *leaf, unsigned version)
{
	uint16_t mask = 0;

	for (unsigned i = 0; i < leaf->num_outs; i++) {
		const struct leaf_operand *out = &leaf->outs[i];

		if (out->min_version <= version && __builtin_strncmp(out->name, "reserved_", 9) != 0)
			mask |= (uint16_t)(1u << out->reg);
	}
	return mask;
}

#endif
