// SPDX-License-Identifier: MIT
/*
 * Measures an image on a platform of its own.
 */
#include "tdx/structures.h"
#include "vmm/load.h"
#include "vmm/measure.h"
#include "vmm/td.h"

/* TDH.MR.FINALIZE wants a vCPU; it is not part of the measurement. */
static int build(struct vmm_td *td, struct vmm_host *host, const struct vmm_image *image,
		 enum vmm_order order, uint8_t mrtd[VMM_MRTD_SIZE], struct vmm_error *err)
{
	const struct td_config config = { .attributes = TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK,
					  .xfam = TDX_XFAM_X87_MASK | TDX_XFAM_SSE_MASK,
					  .max_vcpus = 1 };

	_Atomic int stop = 0;
	uint64_t pages;

	if (td_create(td, host, &config, err) || load_image(td, image, order, &stop, &pages, err))
		return -1;
	return td_add_vcpu(td, 0, err) || td_finalize(td, mrtd, err) ? -1 : 0;
}

static int measure_on(struct vmm_host *host, const struct vmm_image *image, enum vmm_order order,
		      uint8_t mrtd[VMM_MRTD_SIZE], struct vmm_error *err)
{
	struct vmm_td td = { .tdr = VMM_NO_FRAME };
	struct vmm_error end;
	uint64_t freed;
	int result;

	if (host_enter_lp(host, 0, err))
		return -1;
	result = build(&td, host, image, order, mrtd, err);
	host_leave_lp(host);
	if (td_destroy(&td, &freed, &end) && !result) {
		*err = end;
		return -1;
	}
	return result;
}

int vmm_measure_image(const struct vmm_image *image, enum vmm_order order,
		      uint8_t mrtd[VMM_MRTD_SIZE], struct vmm_error *err)
{
	char why[256];
	struct seamless_machine *machine = seamless_create(NULL, why, sizeof(why));
	struct vmm_host host;
	int result = -1;

	if (!machine)
		return vmm_fail(err, "%s", why);
	if (!host_open(&host, machine, err)) {
		result = measure_on(&host, image, order, mrtd, err);
		host_close(&host);
	}
	seamless_destroy(machine);
	return result;
}
