// SPDX-License-Identifier: MIT
/*
 * Guest leaves of measurement: run-time registers, the TD's report, verification of another TD's report.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/guest.h"
#include "module/guest_mem.h"
#include "module/report.h"
#include "platform/crypto.h"
#include "platform/platform.h"

#define RTMRS 4
#define REPORT_TYPE_TDX 0x81

struct tdreport {
	struct report_mac mac;
	struct tcb_info tcb;
	uint8_t reserved[17];
	struct tdinfo info;
};

_Static_assert(sizeof(struct tdreport) == 1024, "TDREPORT");

static uint64_t lock_rtmr(struct call *c, enum lock_mode mode)
{
	return guest_lock(c, &c->td.tdcs->rtmr_lock, mode, TDX_OPERAND_ID_RTMR, "the TD's RTMRs");
}

/* ---- TDG.MR.RTMR.EXTEND ---- */

uint64_t tdg_mr_rtmr_extend(struct call *c)
{
	struct tdcs *tdcs = c->td.tdcs;
	uint64_t index = c->in[GPR_RDX];
	uint8_t both[2][48];
	const void *data;
	uint64_t st;

	data = guest_map(guest_exit_of(c), c->in[GPR_RCX], EPT_R);
	if (!data)
		return leaf_leaves(c);
	memcpy(both[1], data, 48);
	if (index >= RTMRS)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "there is no RTMR %u", index);
	st = lock_rtmr(c, LOCK_EXCLUSIVE);
	if (st)
		return st;
	memcpy(both[0], tdcs->rtmr[index], 48);
	sha384_of(both, sizeof(both), tdcs->rtmr[index]);
	tdcs->tee_info_hash_valid = 0;
	return TDX_SUCCESS;
}

/* ---- TDG.MR.REPORT ---- */

static uint64_t fill_report(struct call *c, const uint8_t report_data[64], struct tdreport *report)
{
	uint8_t type[4] = { REPORT_TYPE_TDX, 0, c->td.tdcs->servtd_num ? 1 : 0, 0 };
	uint8_t hash[48];
	uint64_t st = lock_rtmr(c, LOCK_SHARED);

	if (st)
		return st;
	memset(report, 0, sizeof(*report));
	if (!tdinfo_fill(c->td.tdcs, 0, &report->info, hash))
		memset(hash, 0, sizeof(hash));
	call_unlock(c, &c->td.tdcs->rtmr_lock);
	if (call_interrupted(c))
		return leaf_interrupted(c);
	if (platform_seamreport(c->m->plat, type, report_data, hash, &report->mac, &report->tcb) != SEAMOPS_DONE) {
		exit_plain(guest_exit_of(c), TDX_NON_RECOVERABLE_TD_CORRUPTED_MD);
		return leaf_leaves(c);
	}
	return TDX_SUCCESS;
}

uint64_t tdg_mr_report(struct call *c)
{
	struct guest_exit *x = guest_exit_of(c);
	uint8_t report_data[64];
	struct tdreport report;
	const void *data;
	void *to;
	uint64_t st;

	data = guest_map(x, c->in[GPR_RDX], EPT_R);
	if (!data)
		return leaf_leaves(c);
	memcpy(report_data, data, sizeof(report_data));
	if (c->in[GPR_R8])
		return fail(c, TDX_OPERAND_INVALID | GPR_R8, "report subtype %x, must be 0", c->in[GPR_R8]);
	st = fill_report(c, report_data, &report);
	if (st || c->where != MODULE_TO_GUEST)
		return st;
	if (!guest_gpa_valid(&c->td, c->in[GPR_RCX], false))
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "GPA %x for the report is not an address of this TD",
			    c->in[GPR_RCX]);
	to = guest_map(x, c->in[GPR_RCX], EPT_R | EPT_W);
	if (!to)
		return leaf_leaves(c);
	memcpy(to, &report, sizeof(report));
	return TDX_SUCCESS;
}

/* ---- TDG.MR.VERIFYREPORT ---- */

uint64_t tdg_mr_verifyreport(struct call *c)
{
	struct report_mac mac;
	uint64_t svn[sizeof(mac.cpusvn) / 8];
	const void *data = guest_map(guest_exit_of(c), c->in[GPR_RCX], EPT_R);

	if (!data)
		return leaf_leaves(c);
	memcpy(&mac, data, sizeof(mac));
	switch (platform_seamverify(c->m->plat, &mac)) {
	case SEAMOPS_DONE:
		return TDX_SUCCESS;
	case SEAMOPS_INVALID_CPUSVN:
		memcpy(svn, mac.cpusvn, sizeof(svn));
		return fail(c, TDX_INVALID_CPUSVN, "CPUSVN of the report at %x is %x %x (in words), not this CPU's",
			    c->in[GPR_RCX], svn[0], svn[1]);
	default:
		return fail(c, TDX_INVALID_REPORTMACSTRUCT, "the MAC does not fit the report, or it is from another platform");
	}
}
