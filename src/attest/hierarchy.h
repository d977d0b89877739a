/* SPDX-License-Identifier: MIT */
/*
 * A test hierarchy in the shape of Intel's: root CA, platform CA, PCK certificate with SGX
 * extensions, TCB signing certificate. Every name in it says that it is a test one. Keys live in
 * memory only.
 */
#ifndef ATTEST_HIERARCHY_H
#define ATTEST_HIERARCHY_H

#include <openssl/x509.h>
#include <time.h>

#include "attest/pck.h"

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

struct hierarchy {
	struct identity root, platform_ca, pck, tcb_signing;
};

/* New keys and certificates, valid from `from` to `to`. False: libcrypto failed; nothing to free
 * then. */
bool hierarchy_create(struct hierarchy *h, const struct pck_info *platform, time_t from, time_t to);
void hierarchy_free(struct hierarchy *h);

/* PEM of certificates, one after the other. A string to free with OPENSSL_free(); NULL on failure.
 */
char *hierarchy_pem(const X509 *const *cert, int count);

#endif
