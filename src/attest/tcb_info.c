// SPDX-License-Identifier: MIT
/*
 * The platform and the TDX module of a quote against TCB info (version 3, id "TDX").
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "attest/collateral.h"
#include "attest/digest.h"
#include "attest/pck.h"
#include "formats/bytes.h"

/* Does the platform reach a level? `from`: the first component that counts. */
static bool reaches(const json_t *components, const uint8_t svn[16], size_t from)
{
	if (json_array_size(components) != 16)
		return false;
	for (size_t i = from; i < 16; i++) {
		json_int_t want = json_number(json_array_get(components, i), "svn");

		if (want < 0 || svn[i] < want)
			return false;
	}
	return true;
}

/*
 * Levels stand in descending order; the first that the platform reaches counts. From module version
 * 1 on the first two TDX components are the module's own and are judged by its identity.
 */
static const json_t *find_level(const json_t *info, const struct pck_info *pck,
				const uint8_t tee_tcb_svn[16])
{
	const json_t *levels = json_object_get(info, "tcbLevels");

	for (size_t i = 0; i < json_array_size(levels); i++) {
		const json_t *level = json_array_get(levels, i);
		const json_t *tcb = json_object_get(level, "tcb");
		json_int_t pcesvn = json_number(tcb, "pcesvn");

		if (pcesvn >= 0 && pck->pcesvn >= pcesvn &&
		    reaches(json_object_get(tcb, "sgxtcbcomponents"), pck->component, 0) &&
		    reaches(json_object_get(tcb, "tdxtcbcomponents"), tee_tcb_svn,
			    tee_tcb_svn[1] ? 2 : 0))
			return level;
	}
	return NULL;
}

static bool module_matches(const json_t *module, const struct tee_tcb_info *tcb)
{
	uint8_t signer[48], want[8], mask[8], have[8];
	bool good = json_hex(module, "mrsigner", signer, 48) &&
		    json_hex(module, "attributes", want, 8) &&
		    json_hex(module, "attributesMask", mask, 8) &&
		    !memcmp(signer, tcb->mrsignerseam, 48);

	put_le64(have, tcb->attributes);
	for (size_t i = 0; good && i < 8; i++)
		good = !((have[i] ^ want[i]) & mask[i]);
	return good;
}

/* The identity of the module's major version, "TDX_01" ...; NULL when there is none. */
static const json_t *find_identity(const json_t *info, uint8_t version)
{
	const json_t *identities = json_object_get(info, "tdxModuleIdentities");
	char id[8];

	snprintf(id, sizeof(id), "TDX_%02X", version);
	for (size_t i = 0; i < json_array_size(identities); i++) {
		const json_t *identity = json_array_get(identities, i);

		if (!strcasecmp(json_text(identity, "id"), id))
			return identity;
	}
	return NULL;
}

static const json_t *find_module_level(const json_t *identity, uint8_t svn)
{
	const json_t *levels = json_object_get(identity, "tcbLevels");

	for (size_t i = 0; i < json_array_size(levels); i++) {
		const json_t *level = json_array_get(levels, i);
		json_int_t want = json_number(json_object_get(level, "tcb"), "isvsvn");

		if (want >= 0 && svn >= want)
			return level;
	}
	return NULL;
}

static void check_module(const json_t *info, const struct tee_tcb_info *tcb,
			 struct attest_links *links)
{
	uint8_t version = tcb->tee_tcb_svn[1];
	const json_t *identity =
		version ? find_identity(info, version) : json_object_get(info, "tdxModule");
	char hex[97], what[48];

	if (!attest_check(links, identity && module_matches(identity, tcb), "TDX module identity",
			  "MRSIGNERSEAM %s and SEAM attributes 0x%llx, module version %u%s",
			  hex_of(tcb->mrsignerseam, 48, hex), (unsigned long long)tcb->attributes,
			  version, identity ? "" : ": not listed") ||
	    !version)
		return;
	snprintf(what, sizeof(what), "module SVN %u", tcb->tee_tcb_svn[0]);
	check_tcb_status(find_module_level(identity, tcb->tee_tcb_svn[0]), "TDX module TCB level",
			 what, links);
}

void check_tcb_info(const json_t *info, const struct chain *chain, const struct quote *quote,
		    struct attest_links *links)
{
	const uint8_t *svn = quote->tcb.tee_tcb_svn;
	uint8_t fmspc[6] = { 0 }, pceid[2] = { 0 };
	char fmspc_hex[13], pceid_hex[5];
	struct pck_info pck;
	bool same;

	if (strcmp(json_text(info, "id"), "TDX") || json_number(info, "version") != 3) {
		attest_check(links, false, "TCB info", "expected id TDX and version 3");
		return;
	}
	same = json_hex(info, "fmspc", fmspc, 6) && json_hex(info, "pceId", pceid, 2) &&
	       chain->count && pck_read(chain->cert[0], &pck) && !memcmp(fmspc, pck.fmspc, 6) &&
	       !memcmp(pceid, pck.pceid, 2);
	if (!attest_check(links, same, "TCB info platform",
			  "FMSPC %s and PCEID %s compared with the PCK certificate%s",
			  hex_of(fmspc, 6, fmspc_hex), hex_of(pceid, 2, pceid_hex),
			  same ? "" : ": TCB info of another platform"))
		return;
	check_module(info, &quote->tcb, links);
	check_tcb_status(find_level(info, &pck, svn), "TCB level", "the platform's TCB", links);
}
