// SPDX-License-Identifier: MIT
/*
 * MRTD: a SHA-384 over records of 128 bytes and page contents, kept between calls as plain bytes in the TDCS.
 */
#include "module/measure.h"
#include "platform/crypto.h"

#include <string.h>

#define RECORD_BYTES 128u
#define RECORD_GPA 16u

_Static_assert(sizeof(struct sha384) <= TDCS_MRTD_CTX_BYTES, "the context fits its gap in the TDCS");

static struct sha384 *ctx_of(struct tdcs *tdcs)
{
	return (struct sha384 *)(void *)tdcs->mrtd_ctx;
}

void mrtd_init(struct tdcs *tdcs)
{
	sha384_start(ctx_of(tdcs));
}

/* Both parts of an extension at once: SHA-384 is faster on whole blocks in a row. */
void mrtd_extend(struct tdcs *tdcs, const char *leaf, uint64_t gpa, const void *chunk, size_t len)
{
	uint8_t record[RECORD_BYTES + MRTD_CHUNK_MAX] = { 0 };

	memcpy(record, leaf, strlen(leaf));
	memcpy(record + RECORD_GPA, &gpa, sizeof(gpa));
	if (len)
		memcpy(record + RECORD_BYTES, chunk, len);
	sha384_add(ctx_of(tdcs), record, RECORD_BYTES + len);
}

void mrtd_final(struct tdcs *tdcs)
{
	sha384_value(ctx_of(tdcs), tdcs->mrtd);
}
