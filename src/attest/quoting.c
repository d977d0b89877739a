// SPDX-License-Identifier: MIT
/*
 * Turns TDREPORTs into quotes signed by a test hierarchy.
 */
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/digest.h"
#include "attest/hierarchy.h"
#include "attest/key_store.h"
#include "attest/quoting.h"

#define YEAR	  (365 * 24 * 3600)
#define AUTH_SIZE 32

struct quoting {
	struct hierarchy hierarchy;
	char *root, *chain; /* PEM */
	EVP_PKEY *key;	    /* the attestation key */
	uint8_t key_bytes[QUOTE_KEY_SIZE];
	uint8_t auth[AUTH_SIZE];
	uint8_t qe_bytes[QUOTE_QE_REPORT_SIZE]; /* binds the key and `auth` */
	uint8_t qe_signature[QUOTE_SIGNATURE_SIZE];
};

/* Says in each quote who made it. */
static const uint8_t vendor_id[16] = "Seamless TEST QE";

/* The platform that the PCK certificate describes. */
static const struct pck_info platform = {
	.component = { 8, 8, 2, 2, 4, 1, 0, 5 },
	.pcesvn = 13,
	.cpusvn = { 8, 8, 2, 2, 4, 1, 0, 5 },
	.fmspc = { 0x5e, 0xa3, 0x1e, 0x55, 0, 0 },
};

static bool make_qe_report(struct quoting *q)
{
	struct qe_report qe = { .attributes = { 0x15, 0, 0, 0, 0, 0, 0, 0, 0xe7 },
				.isvprodid = 2,
				.isvsvn = 4 };
	uint8_t bound[QUOTE_KEY_SIZE + AUTH_SIZE];

	memcpy(qe.cpusvn, platform.cpusvn, sizeof(qe.cpusvn));
	memcpy(bound, q->key_bytes, QUOTE_KEY_SIZE);
	memcpy(bound + QUOTE_KEY_SIZE, q->auth, AUTH_SIZE);
	if (!digest_sha256("Seamless TEST QE signer", 23, qe.mrsigner) ||
	    !digest_sha256("Seamless TEST QE", 16, qe.mrenclave) ||
	    !digest_sha256(bound, sizeof(bound), qe.reportdata))
		return false;
	qe_report_write(&qe, q->qe_bytes);
	return p256_sign(q->hierarchy.pck.key, q->qe_bytes, sizeof(q->qe_bytes), q->qe_signature);
}

static bool make_pem(struct quoting *q)
{
	const struct hierarchy *h = &q->hierarchy;
	const X509 *const chain[] = { h->pck.cert, h->platform_ca.cert, h->root.cert };

	q->root = hierarchy_pem(chain + 2, 1);
	q->chain = hierarchy_pem(chain, 3);
	return q->root && q->chain;
}

/* What follows from the hierarchy. */
static bool complete(struct quoting *q)
{
	return make_pem(q) && (q->key = EVP_EC_gen("P-256")) &&
	       p256_key_bytes(q->key, q->key_bytes) && RAND_bytes(q->auth, AUTH_SIZE) == 1 &&
	       make_qe_report(q);
}

struct quoting *quoting_create(time_t now)
{
	struct quoting *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	if (hierarchy_create(&q->hierarchy, &platform, now - 1, now + YEAR) && complete(q))
		return q;
	quoting_destroy(q);
	return NULL;
}

struct quoting *quoting_open(const char *folder, time_t now, char *why, size_t why_size)
{
	struct quoting *q = calloc(1, sizeof(*q));
	struct hierarchy fresh;

	snprintf(why, why_size, "out of memory, or libcrypto failed");
	if (!q || !hierarchy_create(&fresh, &platform, now - 1, now + YEAR)) {
		free(q);
		return NULL;
	}
	if (key_store_keep(folder, &fresh, now, &q->hierarchy, why, why_size) && complete(q))
		return q;
	quoting_destroy(q);
	return NULL;
}

void quoting_destroy(struct quoting *q)
{
	if (!q)
		return;
	hierarchy_free(&q->hierarchy);
	OPENSSL_free(q->root);
	OPENSSL_free(q->chain);
	EVP_PKEY_free(q->key);
	free(q);
}

static const char *report_wrong(const struct tdreport *r, const uint8_t *bytes,
				const uint8_t *mac_key)
{
	uint8_t hash[48], mac[32];

	if (!digest_sha384(bytes + TDREPORT_TEE_TCB_INFO, TDREPORT_TEE_TCB_INFO_SIZE, hash) ||
	    memcmp(hash, r->tee_tcb_info_hash, 48))
		return "TEE_TCB_INFO_HASH is not that of TEE_TCB_INFO";
	if (!digest_sha384(bytes + TDREPORT_TDINFO, TDREPORT_TDINFO_SIZE, hash) ||
	    memcmp(hash, r->tee_info_hash, 48))
		return "TEE_INFO_HASH is not that of TDINFO";
	if (mac_key && (!digest_hmac_sha256(mac_key, 32, bytes, TDREPORT_MAC, mac) ||
			CRYPTO_memcmp(mac, r->mac, sizeof(mac))))
		return "its MAC is not of this platform";
	return NULL;
}

static size_t sign_quote(const struct quoting *q, struct quote *quote, uint8_t *out, size_t size)
{
	uint8_t signature[QUOTE_SIGNATURE_SIZE];

	quote->signed_part = out;
	quote->signed_size = quote_write_body(quote, out, size);
	if (!quote->signed_size || !p256_sign(q->key, out, quote->signed_size, signature))
		return 0;
	quote->signature = signature;
	quote->key = q->key_bytes;
	quote->qe_bytes = q->qe_bytes;
	quote->qe_signature = q->qe_signature;
	quote->qe_auth = q->auth;
	quote->qe_auth_size = AUTH_SIZE;
	quote->cert = (const uint8_t *)q->chain;
	quote->cert_size = strlen(q->chain);
	return quote_write_signature(quote, out, size);
}

size_t quoting_quote(const struct quoting *q, const uint8_t bytes[TDREPORT_SIZE],
		     const uint8_t *mac_key, unsigned int version, uint8_t *out, size_t size,
		     char *why, size_t why_size)
{
	struct quote quote = { .version = (uint16_t)version,
			       .key_type = QUOTE_KEY_ECDSA_P256,
			       .tee_type = QUOTE_TEE_TDX };
	struct tdreport report;
	struct format_error err;
	const char *wrong;
	size_t written;

	if (version != 4 && version != 5) {
		snprintf(why, why_size, "version %u: 4 or 5", version);
		return 0;
	}
	if (tdreport_parse(&report, bytes, TDREPORT_SIZE, &err)) {
		snprintf(why, why_size, "%s", err.text);
		return 0;
	}
	wrong = report_wrong(&report, bytes, mac_key);
	if (wrong) {
		snprintf(why, why_size, "report: %s", wrong);
		return 0;
	}
	memcpy(quote.qe_vendor_id, vendor_id, sizeof(vendor_id));
	memcpy(quote.reportdata, report.reportdata, sizeof(quote.reportdata));
	quote.tcb = report.tcb;
	quote.td = report.td;
	written = sign_quote(q, &quote, out, size);
	if (!written)
		snprintf(why, why_size, "%zu bytes do not hold the quote", size);
	return written;
}

const char *quoting_root(const struct quoting *q)
{
	return q->root;
}

const struct hierarchy *quoting_hierarchy(const struct quoting *q)
{
	return &q->hierarchy;
}
