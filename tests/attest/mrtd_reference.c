// SPDX-License-Identifier: MIT
/*
 * MRTD from first principles.
 */
#include <openssl/evp.h>
#include <string.h>

#include "formats/bytes.h"
#include "mrtd_reference.h"

#define BLOCK 128u
#define CHUNK 256u

/* The 128-byte block that stands for a call: its name at 0, the GPA at 16. */
static bool measure_call(EVP_MD_CTX *ctx, const char *name, uint64_t gpa)
{
	uint8_t block[BLOCK] = { 0 };

	memcpy(block, name, strlen(name));
	put_le64(block + 16, gpa);
	return EVP_DigestUpdate(ctx, block, sizeof(block)) == 1;
}

static bool extend_page(EVP_MD_CTX *ctx, const struct tdvf *tdvf, const struct tdvf_section *s,
			uint64_t offset)
{
	uint8_t page[TDVF_PAGE_SIZE];
	bool good = true;

	tdvf_page(tdvf, s, offset, page);
	for (uint32_t i = 0; i < TDVF_PAGE_SIZE; i += CHUNK)
		good = good && measure_call(ctx, "MR.EXTEND", s->gpa + offset + i) &&
		       EVP_DigestUpdate(ctx, page + i, CHUNK) == 1;
	return good;
}

static bool measure_section(EVP_MD_CTX *ctx, const struct tdvf *tdvf, const struct tdvf_section *s,
			    bool two_pass)
{
	bool extended = tdvf_is_extended(s), good = true;

	for (uint64_t at = 0; good && at < s->size; at += TDVF_PAGE_SIZE)
		good = measure_call(ctx, "MEM.PAGE.ADD", s->gpa + at) &&
		       (two_pass || !extended || extend_page(ctx, tdvf, s, at));
	for (uint64_t at = 0; good && two_pass && extended && at < s->size; at += TDVF_PAGE_SIZE)
		good = extend_page(ctx, tdvf, s, at);
	return good;
}

bool mrtd_reference(const struct tdvf *tdvf, bool two_pass, uint8_t mrtd[48])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha384(), NULL) == 1;

	for (uint32_t i = 0; good && i < tdvf->count; i++) {
		if (tdvf_is_added(&tdvf->section[i]))
			good = measure_section(ctx, tdvf, &tdvf->section[i], two_pass);
	}
	good = good && EVP_DigestFinal_ex(ctx, mrtd, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}
