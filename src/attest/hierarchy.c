// SPDX-License-Identifier: MIT
/*
 * Makes a test hierarchy: P-256 keys and the certificates over them.
 */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "attest/hierarchy.h"

/* What makes a certificate: the rest is the same for all. */
struct recipe {
	const char *name;
	const char *constraints, *usage;
	const struct pck_info *platform; /* SGX extensions, or NULL */
	time_t from, to;
};

static bool set_serial(X509 *cert)
{
	uint8_t bytes[20];
	BIGNUM *n;
	bool good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return good;
}

static bool set_name(X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1,
					  -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
					  (const uint8_t *)"Seamless test hierarchy, not Intel", -1,
					  -1, 0) == 1;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	bool good;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = extension && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

static bool add_platform(X509 *cert, const struct pck_info *platform)
{
	unsigned char *der = NULL;
	size_t size = pck_write(platform, &der);
	ASN1_OBJECT *oid = OBJ_txt2obj(PCK_EXTENSION_OID, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	bool good = size && oid && value && ASN1_OCTET_STRING_set(value, der, (int)size) == 1;

	if (good)
		extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	good = extension && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	OPENSSL_free(der);
	return good;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct recipe *r)
{
	return add_extension(cert, issuer, NID_basic_constraints, r->constraints) &&
	       add_extension(cert, issuer, NID_key_usage, r->usage) &&
	       add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(cert, issuer, NID_authority_key_identifier, "keyid") &&
	       (!r->platform || add_platform(cert, r->platform));
}

/* A key and its certificate, issued by `issuer` or, when that is NULL, by itself. */
static bool make_identity(struct identity *id, const struct recipe *r,
			  const struct identity *issuer)
{
	const struct identity *by = issuer ? issuer : id;
	bool good;

	id->key = EVP_EC_gen("P-256");
	id->cert = X509_new();
	if (!id->key || !id->cert)
		return false;
	good = X509_set_version(id->cert, 2) == 1 && set_serial(id->cert) &&
	       set_name(id->cert, r->name) && X509_set_pubkey(id->cert, id->key) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(id->cert), r->from) &&
	       ASN1_TIME_set(X509_getm_notAfter(id->cert), r->to) &&
	       X509_set_issuer_name(id->cert, X509_get_subject_name(by->cert)) == 1;
	return good && add_extensions(id->cert, by->cert, r) &&
	       X509_sign(id->cert, by->key, EVP_sha256()) > 0;
}

bool hierarchy_create(struct hierarchy *h, const struct pck_info *platform, time_t from, time_t to)
{
	static const char ca_usage[] = "critical,keyCertSign,cRLSign";
	static const char leaf_usage[] = "critical,digitalSignature,nonRepudiation";
	static const char leaf[] = "critical,CA:FALSE";
	const struct recipe root = {
		"Seamless TEST Root CA", "critical,CA:TRUE,pathlen:1", ca_usage, NULL, from, to
	};
	const struct recipe ca = { "Seamless TEST PCK Platform CA",
				   "critical,CA:TRUE,pathlen:0",
				   ca_usage,
				   NULL,
				   from,
				   to };
	const struct recipe pck = {
		"Seamless TEST PCK Certificate", leaf, leaf_usage, platform, from, to
	};
	const struct recipe tcb = { "Seamless TEST TCB Signing", leaf, leaf_usage, NULL, from, to };
	bool good;

	memset(h, 0, sizeof(*h));
	good = make_identity(&h->root, &root, NULL) &&
	       make_identity(&h->platform_ca, &ca, &h->root) &&
	       make_identity(&h->pck, &pck, &h->platform_ca) &&
	       make_identity(&h->tcb_signing, &tcb, &h->root);
	if (!good)
		hierarchy_free(h);
	ERR_clear_error();
	return good;
}

static void identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
	*id = (struct identity){ NULL, NULL };
}

void hierarchy_free(struct hierarchy *h)
{
	identity_free(&h->root);
	identity_free(&h->platform_ca);
	identity_free(&h->pck);
	identity_free(&h->tcb_signing);
}

char *hierarchy_pem(const X509 *const *cert, int count)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = bio != NULL;
	char *data, *pem = NULL;

	for (int i = 0; good && i < count; i++)
		good = PEM_write_bio_X509(bio, cert[i]) == 1;
	if (good) {
		long size = BIO_get_mem_data(bio, &data);

		pem = OPENSSL_strndup(data, (size_t)size);
	}
	BIO_free(bio);
	return pem;
}
