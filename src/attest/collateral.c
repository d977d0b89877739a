// SPDX-License-Identifier: MIT
/*
 * Signed JSON documents: reading, signature, dates. What they say about a quote is in tcb_info.c
 * and qe_identity.c.
 */
#include <stdio.h>
#include <string.h>

#include "attest/collateral.h"
#include "attest/digest.h"

struct collateral {
	json_t *body;	  /* the object NAME */
	const char *text; /* what is signed */
	size_t text_size;
	uint8_t signature[64];
};

static size_t skip_space(const char *text, size_t size, size_t at)
{
	while (at < size && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	return at;
}

/* Where the object that `name` names starts; it is the first member. 0: nowhere. */
static size_t find_body(const char *text, size_t size, const char *name)
{
	size_t n = strlen(name), at = skip_space(text, size, 0);

	if (at >= size || text[at] != '{')
		return 0;
	at = skip_space(text, size, at + 1);
	if (size - at < n + 2 || text[at] != '"' || memcmp(text + at + 1, name, n) ||
	    text[at + 1 + n] != '"')
		return 0;
	at = skip_space(text, size, at + n + 2);
	if (at >= size || text[at] != ':')
		return 0;
	return skip_space(text, size, at + 1);
}

static int read_signature(struct collateral *c, struct attest_blob blob, char *why, size_t why_size)
{
	json_error_t error;
	json_t *whole = json_loadb(blob.bytes, blob.size, JSON_REJECT_DUPLICATES, &error);
	bool good = whole && json_hex(whole, "signature", c->signature, 64);

	if (!whole)
		snprintf(why, why_size, "not JSON: line %d: %.100s", error.line, error.text);
	else if (!good)
		snprintf(why, why_size, "no \"signature\" of 128 hex digits");
	json_decref(whole);
	return good ? 0 : -1;
}

static void release(struct collateral *c)
{
	json_decref(c->body);
	c->body = NULL;
}

/* Reads a document. 0, or -1 with a reason in `why`. */
static int read_document(struct collateral *c, struct attest_blob blob, const char *name, char *why,
			 size_t why_size)
{
	size_t at = find_body(blob.bytes, blob.size, name);
	json_error_t error;

	memset(c, 0, sizeof(*c));
	if (read_signature(c, blob, why, why_size))
		return -1;
	c->text = (const char *)blob.bytes + at;
	if (at)
		c->body = json_loadb(c->text, blob.size - at,
				     JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(c->body)) {
		snprintf(why, why_size, "its first member is not the object \"%s\"", name);
		release(c);
		return -1;
	}
	c->text_size = (size_t)error.position;
	return 0;
}

json_int_t json_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: -1;
}

const char *json_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

bool json_hex(const json_t *object, const char *name, uint8_t *out, size_t size)
{
	const char *text = json_text(object, name);

	return strlen(text) == 2 * size && hex_to(text, out, size);
}

/* "2024-01-31T12:00:00Z" */
static bool read_date(const char *text, time_t *time)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	*time = end && !*end ? timegm(&tm) : 0;
	return end && !*end;
}

static void check_dates(const json_t *body, const char *name, time_t now,
			struct attest_links *links)
{
	const char *from = json_text(body, "issueDate"), *to = json_text(body, "nextUpdate");
	time_t from_time, to_time;
	char at[32];
	bool read = read_date(from, &from_time) && read_date(to, &to_time);

	attest_check(links, read && from_time <= now && now <= to_time, name,
		     "%.30s to %.30s, judged at %s%s", from, to, time_of(now, at),
		     !read	       ? ": not dates"
		     : now < from_time ? ": not yet valid"
		     : now > to_time   ? ": expired"
				       : "");
}

static bool is_tcb_signer(X509 *cert)
{
	static const char want[] = "TCB Signing";
	char name[96];
	size_t n;

	n = strlen(name_of(X509_get_subject_name(cert), name, sizeof(name)));
	return n >= sizeof(want) - 1 && !strcmp(name + n - (sizeof(want) - 1), want);
}

static void check_signature(const struct collateral *c, const char *name,
			    const struct chain *signer, struct attest_links *links)
{
	X509 *cert = signer->count ? signer->cert[0] : NULL;
	char subject[96];

	if (!cert) {
		attest_add(links, ATTEST_NOT_CHECKED, name,
			   "no TCB signing certificate supplied (--tcb-chain FILE)");
		return;
	}
	attest_check(links,
		     is_tcb_signer(cert) && p256_verify(X509_get0_pubkey(cert), c->signature,
							c->text, c->text_size),
		     name, "ECDSA P-256 by '%s' over %zu bytes%s",
		     name_of(X509_get_subject_name(cert), subject, sizeof(subject)), c->text_size,
		     is_tcb_signer(cert) ? "" : ": not a TCB signing certificate");
}

/* Statuses of a level that is sound, or sound once the platform's owner does what the advisories
 * say. */
static bool status_holds(const char *status)
{
	static const char *const good[] = { "UpToDate", "SWHardeningNeeded", "ConfigurationNeeded",
					    "ConfigurationAndSWHardeningNeeded" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!strcmp(status, good[i]))
			return true;
	}
	return false;
}

void check_tcb_status(const json_t *level, const char *name, const char *what,
		      struct attest_links *links)
{
	const char *status = json_text(level, "tcbStatus");
	size_t advisories = json_array_size(json_object_get(level, "advisoryIDs"));
	char more[48] = "";

	if (!level) {
		attest_check(links, false, name, "%s is below every level listed", what);
		return;
	}
	if (advisories)
		snprintf(more, sizeof(more), ", %zu advisories", advisories);
	attest_check(links, status_holds(status), name, "%s: %.40s as of %.30s%s", what, status,
		     json_text(level, "tcbDate"), more);
}

/* Reads one document and checks its signature and dates. True: *c is to be judged and freed. */
static bool open_document(struct collateral *c, struct attest_blob blob, const char *member,
			  const char *name, const struct chain *signer, time_t now,
			  struct attest_links *links)
{
	char label[40], why[160];

	if (read_document(c, blob, member, why, sizeof(why))) {
		attest_check(links, false, name, "%s", why);
		return false;
	}
	snprintf(label, sizeof(label), "%s signature", name);
	check_signature(c, label, signer, links);
	snprintf(label, sizeof(label), "%s validity", name);
	check_dates(c->body, label, now, links);
	return true;
}

void check_collateral(const struct attest_options *options, const struct chain *chain,
		      const struct quote *quote, struct attest_links *links)
{
	struct chain signer = { .count = 0 };
	struct collateral c;

	if (options->tcb_chain.bytes && (options->tcb.bytes || options->qe_identity.bytes)) {
		chain_read(&signer, options->tcb_chain.bytes, options->tcb_chain.size, 0);
		chain_check(&signer, "TCB signing certificate", options, links);
	} else if (options->tcb_chain.bytes) {
		attest_add(links, ATTEST_NOTE, "TCB signing certificate",
			   "no TCB info and no QE identity supplied that it could have signed");
	}
	if (!options->tcb.bytes) {
		attest_add(links, ATTEST_NOT_CHECKED, "TCB level",
			   "no TCB info supplied (--tcb FILE)");
	} else if (open_document(&c, options->tcb, "tcbInfo", "TCB info", &signer, options->time,
				 links)) {
		check_tcb_info(c.body, chain, quote, links);
		release(&c);
	}
	if (!options->qe_identity.bytes) {
		attest_add(links, ATTEST_NOT_CHECKED, "QE identity",
			   "no QE identity supplied (--qe-identity FILE)");
	} else if (open_document(&c, options->qe_identity, "enclaveIdentity", "QE identity",
				 &signer, options->time, links)) {
		check_qe_identity(c.body, quote, links);
		release(&c);
	}
	chain_free(&signer);
}
