/* SPDX-License-Identifier: MIT */
/*
 * The SGX extensions of a PCK certificate (OID 1.2.840.113741.1.13.1, Intel SGX PCK Certificate and
 * CRL Profile): which platform it is, and at which TCB level.
 */
#ifndef ATTEST_PCK_H
#define ATTEST_PCK_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define PCK_EXTENSION_OID "1.2.840.113741.1.13.1"

struct pck_info {
	uint8_t ppid[16];
	uint8_t component[16]; /* SGX TCB component SVNs */
	uint16_t pcesvn;
	uint8_t cpusvn[16];
	uint8_t pceid[2];
	uint8_t fmspc[6];
};

/* False: no such extension, or one that is not what the profile says. */
bool pck_read(const X509 *cert, struct pck_info *info);

/* The DER value of the extension. The caller frees it with OPENSSL_free(); returns its size, 0 on
 * failure. */
size_t pck_write(const struct pck_info *info, unsigned char **der);

#endif
