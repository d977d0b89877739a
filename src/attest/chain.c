// SPDX-License-Identifier: MIT
/*
 * Reads certificate chains and verifies them, one link per certificate.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "attest/chain.h"
#include "attest/digest.h"

/* SHA-256 of the DER form of Intel's SGX Root CA certificate. */
static const uint8_t intel_root_sha256[32] = {
	0x44, 0xa0, 0x19, 0x6b, 0x2b, 0x99, 0xf8, 0x89, 0xb8, 0xe1, 0x49,
	0xe9, 0x5b, 0x80, 0x7a, 0x35, 0x0e, 0x74, 0x24, 0x96, 0x43, 0x99,
	0xe8, 0x85, 0xa7, 0xcb, 0xb8, 0xcc, 0xfa, 0xb6, 0x74, 0xd3,
};

/* A hostile file may claim to be encrypted; nobody is to be asked for a password. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag, (void)arg;
	return -1;
}

static bool ran_out_of_pem(void)
{
	unsigned long error = ERR_peek_last_error();

	ERR_clear_error();
	return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

void chain_read(struct chain *chain, const void *pem, size_t size, size_t offset)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)size);

	memset(chain, 0, sizeof(*chain));
	ERR_clear_error();
	while (bio && chain->count < CHAIN_MAX) {
		X509 *cert;

		chain->stopped = offset + size - BIO_ctrl_pending(bio);
		cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);
		if (!cert)
			break;
		chain->cert[chain->count++] = cert;
	}
	chain->read = ran_out_of_pem() && chain->count;
	BIO_free(bio);
}

X509 *certificate_read(struct attest_blob blob)
{
	BIO *bio = BIO_new_mem_buf(blob.bytes, (int)blob.size);
	const unsigned char *p = blob.bytes;
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	if (!cert)
		cert = d2i_X509(NULL, &p, (long)blob.size);
	ERR_clear_error();
	return cert;
}

void chain_free(struct chain *chain)
{
	for (int i = 0; i < chain->count; i++)
		X509_free(chain->cert[i]);
	chain->count = 0;
}

char *name_of(const X509_NAME *name, char *text, size_t size)
{
	if (X509_NAME_get_text_by_NID(name, NID_commonName, text, (int)size) < 0)
		snprintf(text, size, "(no common name)");
	return text;
}

static void format_tm(const struct tm *tm, char text[32])
{
	if (!strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", tm))
		snprintf(text, 32, "(no time)");
}

char *asn1_time_of(const ASN1_TIME *time, char text[32])
{
	struct tm tm = { 0 };

	if (time && ASN1_TIME_to_tm(time, &tm) == 1)
		format_tm(&tm, text);
	else
		snprintf(text, 32, "(no time)");
	return text;
}

char *time_of(time_t time, char text[32])
{
	struct tm tm = { 0 };

	gmtime_r(&time, &tm);
	format_tm(&tm, text);
	return text;
}

/* What X509_verify_cert() complained about, by depth: the leaf is 0. */
struct complaints {
	int error[CHAIN_MAX];
	int other; /* at a depth that the chain does not have */
};

static int on_verify(int ok, X509_STORE_CTX *ctx)
{
	struct complaints *c = X509_STORE_CTX_get_app_data(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx), error = X509_STORE_CTX_get_error(ctx);
	int *slot = depth >= 0 && depth < CHAIN_MAX ? &c->error[depth] : &c->other;

	if (!ok && !*slot)
		*slot = error;
	return 1;
}

/* Did libcrypto take the chain as it stands in the file, each certificate issued by the next? */
static bool same_path(X509_STORE_CTX *ctx, const struct chain *chain)
{
	STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);

	if (!path || sk_X509_num(path) != chain->count)
		return false;
	for (int i = 0; i < chain->count; i++) {
		if (X509_cmp(sk_X509_value(path, i), chain->cert[i]))
			return false;
	}
	return true;
}

/*
 * Verifies the path up to the chain's own last certificate; whether that one is trusted is asked
 * separately, and so is time, so that each gets its own line.
 */
static bool verify_path(const struct chain *chain, struct complaints *c)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	bool done = store && ctx && untrusted;

	memset(c, 0, sizeof(*c));
	for (int i = 1; done && i < chain->count; i++)
		done = sk_X509_push(untrusted, chain->cert[i]) > 0;
	done = done && X509_STORE_add_cert(store, chain->cert[chain->count - 1]) == 1 &&
	       X509_STORE_CTX_init(ctx, store, chain->cert[0], untrusted) == 1;
	if (done) {
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME);
		X509_STORE_CTX_set_app_data(ctx, c);
		X509_STORE_CTX_set_verify_cb(ctx, on_verify);
		done = X509_verify_cert(ctx) == 1 && same_path(ctx, chain);
	}
	sk_X509_free(untrusted);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return done;
}

static const char *complaint(const struct complaints *c, int depth)
{
	int error = c->error[depth] ? c->error[depth] : c->other;

	return error ? X509_verify_cert_error_string(error) : NULL;
}

/* Names of the certificates as the lines show them. */
static void link_name(const char *what, int depth, int count, const char *suffix, char text[40])
{
	if (!depth)
		snprintf(text, 40, "%s%s", what, suffix);
	else if (depth == count - 1)
		snprintf(text, 40, "root CA%s", suffix);
	else
		snprintf(text, 40, "intermediate CA%s", suffix);
}

static bool check_issued(const struct chain *chain, const char *what, struct attest_links *links)
{
	struct complaints c;
	bool path = verify_path(chain, &c), all = path;

	for (int i = 0; i < chain->count; i++) {
		const char *why = complaint(&c, i);
		char subject[96], issuer[96], name[40];

		if (!why && !path)
			why = "no path through the certificates as they stand in the file";
		link_name(what, i, chain->count, "", name);
		all &= attest_check(
			links, !why, name, "'%s' signed by '%s', path rules of X.509%s%s",
			name_of(X509_get_subject_name(chain->cert[i]), subject, sizeof(subject)),
			name_of(X509_get_issuer_name(chain->cert[i]), issuer, sizeof(issuer)),
			why ? ": " : "", why ? why : "");
	}
	return all;
}

static bool check_validity(const struct chain *chain, const char *what, time_t time,
			   struct attest_links *links)
{
	bool all = true;

	for (int i = 0; i < chain->count; i++) {
		const ASN1_TIME *from = X509_get0_notBefore(chain->cert[i]);
		const ASN1_TIME *to = X509_get0_notAfter(chain->cert[i]);
		char from_text[32], to_text[32], at[32], name[40];
		int after_from = -X509_cmp_time(from, &time), before_to = X509_cmp_time(to, &time);

		link_name(what, i, chain->count, " validity", name);
		all &= attest_check(links, after_from > 0 && before_to > 0, name,
				    "%s to %s, judged at %s%s", asn1_time_of(from, from_text),
				    asn1_time_of(to, to_text), time_of(time, at),
				    !after_from || !before_to ? ": not times"
				    : after_from < 0	      ? ": not yet valid"
				    : before_to < 0	      ? ": expired"
							      : "");
	}
	return all;
}

static bool check_given_anchor(const X509 *root, struct attest_blob given, const char *subject,
			       struct attest_links *links)
{
	X509 *anchor = certificate_read(given);
	bool same = anchor && !X509_cmp(anchor, root);
	char name[96] = "(not a certificate)";

	if (anchor)
		name_of(X509_get_subject_name(anchor), name, sizeof(name));
	X509_free(anchor);
	return attest_check(links, same, "trust anchor", "'%s' compared with '%s' of --root%s",
			    subject, name, same ? "" : ": another certificate");
}

static bool check_anchor(const struct chain *chain, const struct attest_options *options,
			 struct attest_links *links)
{
	X509 *root = chain->cert[chain->count - 1];
	uint8_t hash[32] = { 0 };
	char subject[96], hex[65];
	bool same;

	name_of(X509_get_subject_name(root), subject, sizeof(subject));
	if (options->root.bytes)
		return check_given_anchor(root, options->root, subject, links);
	same = X509_digest(root, EVP_sha256(), hash, NULL) == 1 &&
	       !memcmp(hash, intel_root_sha256, sizeof(hash));
	return attest_check(links, same, "trust anchor",
			    "'%s', SHA-256 %s, compared with Intel's SGX Root CA%s", subject,
			    hex_of(hash, sizeof(hash), hex),
			    same ? "" : ": not Intel's (--root FILE names another)");
}

bool chain_check(const struct chain *chain, const char *what, const struct attest_options *options,
		 struct attest_links *links)
{
	bool good;

	if (!chain->read)
		return attest_check(links, false, what,
				    "offset 0x%zx: certificate %d of the chain can't be read",
				    chain->stopped, chain->count + 1);
	good = check_issued(chain, what, links);
	good &= check_anchor(chain, options, links);
	return check_validity(chain, what, options->time, links) && good;
}
