// SPDX-License-Identifier: MIT
/*
 * A TDREPORT: its two SHA-384 bindings and its MAC; and what is worth a note about any TD.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "attest/check.h"
#include "attest/digest.h"

static void check_binding(struct attest_links *links, const char *name, const uint8_t *part,
			  size_t size, size_t offset, const uint8_t want[48])
{
	char got_hex[97], want_hex[97];
	uint8_t got[48] = { 0 };
	bool same = digest_sha384(part, size, got) && !memcmp(got, want, sizeof(got));

	if (same)
		attest_check(links, true, name, "SHA-384 of bytes %zu to %zu = %s", offset,
			     offset + size - 1, hex_of(got, sizeof(got), got_hex));
	else
		attest_check(links, false, name,
			     "SHA-384 of bytes %zu to %zu = %s, the report says %s", offset,
			     offset + size - 1, hex_of(got, sizeof(got), got_hex),
			     hex_of(want, 48, want_hex));
}

static bool mac_is_of(struct attest_blob key, const uint8_t *bytes)
{
	uint8_t mac[32];

	return key.bytes && digest_hmac_sha256(key.bytes, key.size, bytes, TDREPORT_MAC, mac) &&
	       !CRYPTO_memcmp(mac, bytes + TDREPORT_MAC, sizeof(mac));
}

static void check_mac(struct attest_links *links, const struct attest_options *options,
		      const uint8_t *bytes)
{
	if (options->mac_key.bytes)
		attest_check(links, mac_is_of(options->mac_key, bytes), "MAC",
			     "HMAC-SHA-256 over bytes 0 to 223 with the key that was given");
	else if (mac_is_of(options->maybe_key, bytes))
		attest_check(
			links, true, "MAC",
			"HMAC-SHA-256 over bytes 0 to 223 with the key of the built-in software "
			"platform, which is no secret");
	else
		attest_add(
			links, ATTEST_NOT_CHECKED, "MAC",
			"HMAC-SHA-256 over bytes 0 to 223: only the CPU that made it has the key");
}

void check_report(const struct attest_options *options, const uint8_t *bytes,
		  struct attest_result *result)
{
	struct attest_links *links = &result->links;

	attest_check(links, true, "structure", "TDREPORT of 1024 bytes, type 0x81, version %u",
		     result->report.version);
	check_binding(links, "TEE_TCB_INFO_HASH", bytes + TDREPORT_TEE_TCB_INFO,
		      TDREPORT_TEE_TCB_INFO_SIZE, TDREPORT_TEE_TCB_INFO,
		      result->report.tee_tcb_info_hash);
	check_binding(links, "TEE_INFO_HASH", bytes + TDREPORT_TDINFO, TDREPORT_TDINFO_SIZE,
		      TDREPORT_TDINFO, result->report.tee_info_hash);
	check_mac(links, options, bytes);
	check_td(&result->report.td, links);
}

void check_td(const struct tdinfo *td, struct attest_links *links)
{
	const char *wrong = tdx_xfam_wrong(td->xfam);

	if (td->attributes & 1)
		attest_add(links, ATTEST_NOTE, "TD attributes",
			   "DEBUG is set: the host can read and change this TD");
	if (wrong)
		attest_add(links, ATTEST_NOTE, "XFAM", "0x%llx: %s", (unsigned long long)td->xfam,
			   wrong);
}
