// SPDX-License-Identifier: MIT
/*
 * The machine that is measured.
 */
#include "bench/internal.h"
#include "tdx/structures.h"

static int measure_on(struct vmm_host *host,
		      int (*measure)(struct vmm_host *host, void *out, struct vmm_error *err),
		      void *out, struct vmm_error *err)
{
	int result;

	if (host_enter_lp(host, 0, err))
		return -1;
	result = measure(host, out, err);
	host_leave_lp(host);
	return result;
}

int bench_on_machine(enum seamless_guest guest,
		     int (*measure)(struct vmm_host *host, void *out, struct vmm_error *err),
		     void *out, struct vmm_error *err)
{
	char why[256];
	const struct seamless_config config = { .name = "default", .guest = guest };
	struct seamless_machine *machine = seamless_create(&config, why, sizeof(why));
	struct vmm_host host;
	int result = -1;

	if (!machine)
		return vmm_fail(err, "%s", why);
	if (!host_open(&host, machine, err)) {
		result = measure_on(&host, measure, out, err);
		host_close(&host);
	}
	seamless_destroy(machine);
	return result;
}

int bench_create_td(struct vmm_td *td, struct vmm_host *host, struct vmm_error *err)
{
	const struct td_config config = { .attributes = TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK,
					  .xfam = TDX_XFAM_X87_MASK | TDX_XFAM_SSE_MASK,
					  .max_vcpus = 1 };

	return td_create(td, host, &config, err);
}

int bench_end_td(struct vmm_td *td, struct vmm_host *host, int result, struct vmm_error *err)
{
	uint64_t freed;
	int ended;

	host_leave_lp(host);
	ended = td_destroy(td, &freed, result ? NULL : err);
	if (host_enter_lp(host, 0, result || ended ? NULL : err))
		return -1;
	return result || ended ? -1 : 0;
}
