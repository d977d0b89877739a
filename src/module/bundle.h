/* SPDX-License-Identifier: MIT */
/*
 * A bundle of metadata on its way out or in: a list of the host's pages (R9), an MBMD (R8), a stream (R10).
 */
#ifndef SEAMLESS_MODULE_BUNDLE_H
#define SEAMLESS_MODULE_BUNDLE_H

#include "module/metadata.h"
#include "module/state.h"
#include "module/mig.h"

struct bundle_kind {
	enum mb_type type;
	unsigned min_export, min_import; /* pages of the list; of an import beside those of module metadata */
	enum md_ctx ctx;                 /* of the first page */
	enum md_reader exporter, importer;
};

struct bundle {
	struct call *c;
	const struct bundle_kind *kind;
	struct stream s;
	unsigned page; /* of the list, the next */
	enum md_ctx ctx;
	uint64_t field; /* the next, MD_NONE for the first */
	struct explain_reason problem; /* why imported metadata will be refused, as far as this call found it */
};

/* What export and import do each in its way. */
struct bundle_direction {
	uint64_t (*begin)(struct bundle *b);
	uint64_t (*resume)(struct bundle *b);
	uint64_t (*check_list)(struct bundle *b);
	uint64_t (*page)(struct bundle *b, bool *last);
	void (*interrupt)(struct bundle *b);
	uint64_t (*finish)(struct bundle *b);
};

/* All of the leaf's work on the bundle. */
uint64_t bundle_run(struct call *c, enum mb_type type, const struct bundle_direction *direction);

/* The state of the TD that never changes: the bundle that starts a session. */
static inline bool bundle_is_first(const struct bundle *b)
{
	return b->kind->type == MB_TYPE_IMMUTABLE_TD_STATE;
}

uint64_t bundle_list(const struct bundle *b);
unsigned bundle_last(const struct bundle *b);
/* The list's next page, whose address is checked as that of @operand. */
uint64_t bundle_page(struct bundle *b, unsigned operand, uint64_t *pa);
/* R9: a list of at least @pages. */
uint64_t bundle_check_list(struct bundle *b, unsigned pages);
/* The interrupted bundle had the same operands, otherwise INVALID_RESUMPTION; goes on where it stopped. */
uint64_t bundle_continue(struct bundle *b);
/* Encryption or decryption starts with the bundle's MBMD. */
void bundle_start_gcm(struct bundle *b, uint64_t iv_counter);
struct md_access bundle_access(const struct bundle *b, enum md_reader reader);
/* The module's own metadata is through, that of the TD follows. */
void bundle_next_context(struct bundle *b);

#endif
