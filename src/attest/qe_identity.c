// SPDX-License-Identifier: MIT
/*
 * The quoting enclave's report against Intel's QE identity.
 */
#include <string.h>

#include "attest/collateral.h"
#include "attest/digest.h"
#include "formats/bytes.h"

/* (value ^ want) & mask is zero in each byte. */
static bool masked_equal(const uint8_t *value, const uint8_t *want, const uint8_t *mask,
			 size_t size)
{
	uint8_t differs = 0;

	for (size_t i = 0; i < size; i++)
		differs |= (uint8_t)((value[i] ^ want[i]) & mask[i]);
	return !differs;
}

/* MISCSELECT is written as a number, most significant digit first. */
static bool miscselect_matches(const json_t *identity, uint32_t miscselect)
{
	uint8_t value[4], want[4], mask[4];

	for (int i = 0; i < 4; i++)
		value[i] = (uint8_t)(miscselect >> (24 - 8 * i));
	return json_hex(identity, "miscselect", want, 4) &&
	       json_hex(identity, "miscselectMask", mask, 4) && masked_equal(value, want, mask, 4);
}

static bool attributes_match(const json_t *identity, const uint8_t attributes[16])
{
	uint8_t want[16], mask[16];

	return json_hex(identity, "attributes", want, 16) &&
	       json_hex(identity, "attributesMask", mask, 16) &&
	       masked_equal(attributes, want, mask, 16);
}

static bool signer_matches(const json_t *identity, const uint8_t mrsigner[32])
{
	uint8_t want[32];

	return json_hex(identity, "mrsigner", want, 32) && !memcmp(want, mrsigner, 32);
}

/* Levels stand in descending order; the first that the QE reaches counts. */
static const json_t *find_level(const json_t *identity, uint16_t isvsvn)
{
	const json_t *levels = json_object_get(identity, "tcbLevels");

	for (size_t i = 0; i < json_array_size(levels); i++) {
		const json_t *level = json_array_get(levels, i);
		json_int_t svn = json_number(json_object_get(level, "tcb"), "isvsvn");

		if (svn >= 0 && isvsvn >= svn)
			return level;
	}
	return NULL;
}

void check_qe_identity(const json_t *identity, const struct quote *quote,
		       struct attest_links *links)
{
	const struct qe_report *qe = &quote->qe;
	char hex[65], what[48];
	bool id = !strcmp(json_text(identity, "id"), "TD_QE");

	attest_check(links,
		     id && miscselect_matches(identity, qe->miscselect) &&
			     attributes_match(identity, qe->attributes) &&
			     signer_matches(identity, qe->mrsigner) &&
			     json_number(identity, "isvprodid") == qe->isvprodid,
		     "QE identity",
		     "%sMISCSELECT, ATTRIBUTES, MRSIGNER %s and ISVPRODID %u of the QE report",
		     id ? "" : "not of a TD QE: ", hex_of(qe->mrsigner, 32, hex), qe->isvprodid);
	snprintf(what, sizeof(what), "ISVSVN %u", qe->isvsvn);
	check_tcb_status(find_level(identity, qe->isvsvn), "QE TCB level", what, links);
}
