// SPDX-License-Identifier: MIT
/*
 * SEAMREPORT and SEAMVERIFYREPORT: the CPU's part of a TD report, MACed with a key of this
 * platform.
 */
#include <string.h>

#include "platform/crypto.h"
#include "platform/platform.h"

#define TCB_INFO_VALID 0x301ffull /* every field of TEE_TCB_INFO */

static const struct tcb_info *fill_tcb(const struct platform *p, struct tcb_info *tcb)
{
	const uint64_t valid = TCB_INFO_VALID;
	const struct tcb_config *c = &p->config.tcb;

	memset(tcb, 0, sizeof(*tcb));
	memcpy(tcb->valid, &valid, sizeof(valid));
	memcpy(tcb->tcbsvn, c->tcbsvn, sizeof(tcb->tcbsvn));
	memcpy(tcb->mrseam, c->mrseam, sizeof(tcb->mrseam));
	memcpy(tcb->mrsigner, c->mrsigner, sizeof(tcb->mrsigner));
	return tcb;
}

static bool mac_of(const struct platform *p, const struct report_mac *report, uint8_t mac[32])
{
	return hmac_sha256(p->report_key, sizeof(p->report_key), report,
			   offsetof(struct report_mac, mac), mac);
}

uint32_t platform_seamreport(struct platform *p, const uint8_t type[4],
			     const uint8_t report_data[64], const uint8_t tee_info_hash[48],
			     struct report_mac *mac, struct tcb_info *tcb)
{
	memset(mac, 0, sizeof(*mac));
	memcpy(mac->type, type, sizeof(mac->type));
	memcpy(mac->cpusvn, p->config.tcb.cpusvn, sizeof(mac->cpusvn));
	memcpy(mac->report_data, report_data, sizeof(mac->report_data));
	memcpy(mac->tee_info_hash, tee_info_hash, sizeof(mac->tee_info_hash));
	if (!sha384_of(fill_tcb(p, tcb), sizeof(*tcb), mac->tcb_info_hash) ||
	    !mac_of(p, mac, mac->mac))
		return SEAMOPS_ENTROPY_ERROR;
	return SEAMOPS_DONE;
}

uint32_t platform_seamverify(struct platform *p, const struct report_mac *report)
{
	static const uint8_t none[sizeof(report->cpusvn)];
	const uint8_t *own = p->config.tcb.cpusvn;
	uint8_t mac[32];

	/* A platform without a CPUSVN, as that of the transcripts, looks at the MAC only. */
	if (memcmp(own, none, sizeof(none)) != 0 && memcmp(report->cpusvn, own, sizeof(none)) != 0)
		return SEAMOPS_INVALID_CPUSVN;
	if (!mac_of(p, report, mac))
		return SEAMOPS_ENTROPY_ERROR;
	return crypto_equal(mac, report->mac, sizeof(mac)) ? SEAMOPS_DONE
							   : SEAMOPS_INVALID_REPORTMACSTRUCT;
}
