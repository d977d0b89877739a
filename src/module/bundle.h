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

struct bundle bundle_of(struct call *c, enum mb_type type);
uint64_t bundle_list(const struct bundle *b);
unsigned bundle_last(const struct bundle *b);
/* R9: a list of at least @pages. */
uint64_t bundle_check_list(struct bundle *b, unsigned pages);
/* The stream of a resumption is not in use. */
uint64_t bundle_not_started(struct bundle *b);
/* Checks and locks the stream of R10; that of a TD's state has been started by the immutable state. */
uint64_t bundle_lock_stream(struct bundle *b);
/* Where the interrupted bundle stopped. */
void bundle_continue(struct bundle *b);
/* The interrupted bundle had the same operands; otherwise INVALID_RESUMPTION. */
uint64_t bundle_check_resumption(struct bundle *b);
/* Keeps where the next call goes on: INTERRUPTED_RESUMABLE. */
uint64_t bundle_interrupt(struct bundle *b);
/* Encryption or decryption starts with the bundle's MBMD. */
void bundle_start_gcm(struct bundle *b, uint64_t iv_counter);
struct md_access bundle_access(const struct bundle *b, enum md_reader reader);

#endif
