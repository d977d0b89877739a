// SPDX-License-Identifier: MIT
/*
 * The physical limit of all that measures: libcrypto's SHA-384. Of each 256 bytes TDH.MR.EXTEND
 * hashes 384.
 */
#include <openssl/evp.h>

#include "bench/internal.h"

int bench_hash_pages(unsigned pages, double *best, struct vmm_error *err)
{
	static const uint8_t bytes[BENCH_PAGE_HASHED];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	bool right = context && EVP_DigestInit_ex(context, EVP_sha384(), NULL);
	double start = bench_now();

	for (unsigned i = 0; right && i < pages; i++)
		right = EVP_DigestUpdate(context, bytes, sizeof(bytes));
	right = right && EVP_DigestFinal_ex(context, digest, NULL);
	bench_keep_best(best, bench_now() - start);
	EVP_MD_CTX_free(context);
	return right ? 0 : vmm_fail(err, "libcrypto has no SHA-384");
}
