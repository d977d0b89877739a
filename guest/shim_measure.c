// SPDX-License-Identifier: MIT
/*
 * Measures what boots into the RTMRs, and logs it.
 */
#include "formats/boot_log.h"
#include "formats/linux.h"
#include "guest/guest.h"
#include "guest/sha384.h"
#include "guest/shim.h"
#include "tdx/tdx.h"

/* TDG.MR.RTMR.EXTEND takes its input 64-byte-aligned. */
static uint8_t extension[64] __attribute__((aligned(64)));

static void measure(struct boot_log *log, enum boot_item item, const void *data, uint64_t size)
{
	if (!size)
		return;
	sha384(data, size, extension);
	if (!tdx_status_ok(
		    tdg_mr_rtmr_extend(tdx_gpa((uint64_t)extension), boot_event(item)->rtmr)))
		guest_fail("boot shim: TDG.MR.RTMR.EXTEND failed");
	if (boot_log_add(log, item, extension))
		guest_fail("boot shim: the event log is full");
}

void shim_measure(const struct shim_info *info, const uint8_t *cmdline)
{
	struct linux_staging at;
	struct boot_log log;

	if (linux_stage(&at, info, NULL) || boot_log_begin(&log, (void *)SHIM_LOG, SHIM_LOG_SIZE))
		guest_fail("boot shim: no room for the event log");
	measure(&log, BOOT_CONFIG, info, sizeof(*info));
	measure(&log, BOOT_ACPI, (const void *)SHIM_ACPI, info->acpi.size);
	measure(&log, BOOT_KERNEL, (const void *)at.file, info->kernel.size);
	measure(&log, BOOT_CMDLINE, cmdline, info->cmdline.size);
	measure(&log, BOOT_INITRD, (const void *)at.initrd, info->initrd.size);
}
