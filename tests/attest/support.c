// SPDX-License-Identifier: MIT
/*
 * What the attest tests share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "attest/digest.h"
#include "support.h"

const uint8_t test_mac_key[32] = "thirty-two bytes of a test's key";

void make_report(uint8_t bytes[TDREPORT_SIZE])
{
	struct tdreport r = { .type = TDREPORT_TYPE_TDX, .version = 1 };

	memset(&r.tcb, 0x21, sizeof(r.tcb));
	r.tcb.tee_tcb_svn[1] = 1;
	memset(r.tcb.mrsignerseam, 0, 48);
	r.tcb.attributes = 0;
	memset(&r.td, 0x42, sizeof(r.td));
	r.td.attributes = 0x10000000;
	r.td.xfam = 0x3;
	for (int i = 0; i < 4; i++)
		memset(r.td.rtmr[i], 0x50 + i, 48);
	memset(r.reportdata, 0x64, 64);
	memset(r.cpusvn, 0x08, 16);
	tdreport_build(&r, bytes);
	digest_sha384(bytes + TDREPORT_TEE_TCB_INFO, TDREPORT_TEE_TCB_INFO_SIZE,
		      bytes + TDREPORT_TEE_TCB_INFO_HASH);
	digest_sha384(bytes + TDREPORT_TDINFO, TDREPORT_TDINFO_SIZE,
		      bytes + TDREPORT_TEE_INFO_HASH);
	digest_hmac_sha256(test_mac_key, 32, bytes, TDREPORT_MAC, bytes + TDREPORT_MAC);
}

bool make_quote(struct test_quote *q, unsigned int version)
{
	uint8_t report[TDREPORT_SIZE];
	char why[100];

	memset(q, 0, sizeof(*q));
	make_report(report);
	q->service = quoting_create(TEST_NOW);
	if (!q->service)
		return false;
	q->size = quoting_quote(q->service, report, test_mac_key, version, q->bytes,
				sizeof(q->bytes), why, sizeof(why));
	q->options.root.bytes = quoting_root(q->service);
	q->options.root.size = strlen(quoting_root(q->service));
	q->options.time = TEST_NOW;
	return q->size != 0;
}

void free_quote(struct test_quote *q)
{
	quoting_destroy(q->service);
}

int verdict_of(const struct attest_links *links, const char *name, int n)
{
	for (size_t i = 0; i < links->count; i++) {
		if (!strcmp(links->link[i].name, name) && !n--)
			return (int)links->link[i].verdict;
	}
	return -1;
}

void all_hold(const struct attest_links *links)
{
	for (size_t i = 0; i < links->count; i++) {
		if (links->link[i].verdict == ATTEST_FAILS)
			fail_msg("%s: %s", links->link[i].name, links->link[i].text);
	}
	assert_true(attest_count(links, ATTEST_HOLDS) > 0);
}

void only_fails(const struct attest_links *links, const char *name)
{
	if (verdict_of(links, name, 0) < 0)
		fail_msg("no link '%s'", name);
	for (size_t i = 0; i < links->count; i++) {
		const struct attest_link *link = &links->link[i];

		if (link->verdict == ATTEST_FAILS && strcmp(link->name, name))
			fail_msg("%s: %s", link->name, link->text);
	}
	assert_int_equal(attest_count(links, ATTEST_FAILS), 1);
}
