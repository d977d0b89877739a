/* SPDX-License-Identifier: MIT */
/*
 * TD quotes of version 4 and 5 (Intel TDX DCAP Quoting Library API, appendix A.3 and A.4): header,
 * TD report body of TDX 1.0 (584 bytes) or 1.5 (648 bytes), and the signature data: an ECDSA P-256
 * signature by the attestation key, that key, and the certification data, which binds the key to a
 * quoting enclave (QE) and the QE to a platform certificate (PCK).
 *
 * The parser fills pointers into the caller's bytes. It checks structure only; attest/ checks
 * signatures.
 */
#ifndef FORMATS_QUOTE_H
#define FORMATS_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"
#include "formats/tdreport.h"

#define QUOTE_HEADER_SIZE    48u
#define QUOTE_BODY_1_0_SIZE  584u
#define QUOTE_BODY_1_5_SIZE  648u
#define QUOTE_SIGNATURE_SIZE 64u /* r, s: 32 bytes each, big-endian */
#define QUOTE_KEY_SIZE	     64u /* x, y: 32 bytes each, big-endian */
#define QUOTE_QE_REPORT_SIZE 384u
#define QUOTE_TEE_TDX	     0x81u
#define QUOTE_KEY_ECDSA_P256 2u

/* Larger files are refused: a real quote has 5 to 9 KiB. */
#define QUOTE_MAX_SIZE (1u << 20)

enum quote_body_type { QUOTE_BODY_TD_1_0 = 2, QUOTE_BODY_TD_1_5 = 3 };

/* Type of certification data. */
enum quote_cert_type {
	QUOTE_CERT_PCK_CHAIN = 5, /* PEM: PCK certificate, intermediate CA, root CA */
	QUOTE_CERT_QE_REPORT =
		6, /* QE report, its signature, authentication data, certification data */
};

/* SGX REPORT of the quoting enclave: the fields that identify it. */
struct qe_report {
	uint8_t cpusvn[16];
	uint32_t miscselect;
	uint8_t attributes[16];
	uint8_t mrenclave[32];
	uint8_t mrsigner[32];
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint8_t reportdata[64]; /* SHA-256(attestation key | authentication data), then 32 zero
				   bytes */
};

struct quote {
	uint16_t version; /* 4 or 5 */
	uint16_t key_type;
	uint32_t tee_type;
	uint8_t qe_vendor_id[16];
	uint8_t user_data[20];
	enum quote_body_type body_type;
	struct tee_tcb_info tcb; /* `valid` is not in a quote: 0 */
	struct tdinfo td;	 /* servtd_hash and tcb.tee_tcb_svn2: of a 1.5 body, else 0 */
	uint8_t reportdata[64];

	/* Parts of the file. */
	const uint8_t *signed_part; /* header and body, with the v5 body descriptor between them */
	size_t signed_size;
	const uint8_t *signature; /* QUOTE_SIGNATURE_SIZE */
	const uint8_t *key;	  /* QUOTE_KEY_SIZE: the attestation key */
	const uint8_t *qe_bytes;  /* QUOTE_QE_REPORT_SIZE: what qe_signature covers */
	struct qe_report qe;
	const uint8_t *qe_signature; /* QUOTE_SIGNATURE_SIZE, by the PCK */
	const uint8_t *qe_auth;
	size_t qe_auth_size;
	uint16_t cert_type; /* of the inner certification data; a chain only if PCK_CHAIN */
	const uint8_t *cert;
	size_t cert_size;
	size_t size;	 /* bytes of the quote */
	size_t trailing; /* bytes after it: padding, ignored */
};

int quote_parse(struct quote *quote, const void *bytes, size_t size, struct format_error *err);

/* Does a file start as a TD quote does, of whatever version? */
bool quote_recognize(const void *bytes, size_t size);

/*
 * Builder. quote_write_body() writes header and body (version 4: a 1.0 body; version 5: a 1.5 body)
 * and returns the bytes that the attestation key signs. quote_write_signature() appends the rest
 * and returns the size of the whole quote. Both return 0 when `size` bytes are too few.
 */
size_t quote_write_body(const struct quote *quote, uint8_t *out, size_t size);
size_t quote_write_signature(const struct quote *quote, uint8_t *out, size_t size);

/* Reads and writes the SGX REPORT body of the quoting enclave; reserved bytes are written as zero.
 */
void qe_report_read(struct qe_report *qe, const uint8_t bytes[QUOTE_QE_REPORT_SIZE]);
void qe_report_write(const struct qe_report *qe, uint8_t bytes[QUOTE_QE_REPORT_SIZE]);

#endif
