// SPDX-License-Identifier: MIT
/*
 * Local attestation: prints the REPORTMACSTRUCT of a report of its own; verifies the one that the
 * host put into its image, which another TD printed.
 */
#include "guest/guest.h"
#include "guest/local.h"
#include "tdx/tdx.h"

static uint8_t report[TDX_TDREPORT_SIZE] __attribute__((aligned(1024)));
static uint8_t report_data[64] __attribute__((aligned(64)));

/* Not constant for the compiler: the host changes it in the file. */
static volatile struct local_handed handed = { .mark = LOCAL_MARK };

static bool was_handed(uint8_t theirs[LOCAL_SIZE])
{
	bool any = false;

	for (unsigned i = 0; i < LOCAL_SIZE; i++) {
		theirs[i] = handed.report_mac[i];
		any |= theirs[i] != 0;
	}
	return any;
}

void guest_main(const struct guest_boot *boot)
{
	static uint8_t theirs[LOCAL_SIZE] __attribute__((aligned(256)));

	if (boot->vcpu)
		return;
	if (!tdx_status_ok(tdg_mr_report(tdx_gpa((uint64_t)report),
					 tdx_report_data((uint64_t)report_data), 0)))
		guest_fail("TDG.MR.REPORT");
	put("REPORT ");
	put_bytes(report, LOCAL_SIZE);
	if (was_handed(theirs)) {
		put("\nVERIFYREPORT ");
		put_hex(tdg_mr_verifyreport(tdx_gpa((uint64_t)theirs)).value);
	}
	put("\nEND\n");
}
