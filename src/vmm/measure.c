// SPDX-License-Identifier: MIT
/*
 * Measures an image on a platform of its own: a TD for each order, each on a logical processor.
 */
#include <string.h>

#include "tdx/structures.h"
#include "vmm/load.h"
#include "vmm/measure.h"
#include "vmm/td.h"

/* A TD that is built in one of the orders. */
struct build {
	struct vmm_host *host;
	const struct vmm_image *image;
	enum vmm_order order;
	uint8_t *mrtd;
	struct vmm_td td;
	struct vmm_error err;
	pthread_t thread;
	bool wanted, started;
	int result;
};

static int create(struct build *b)
{
	const struct td_config config = { .attributes = TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK,
					  .xfam = TDX_XFAM_X87_MASK | TDX_XFAM_SSE_MASK,
					  .max_vcpus = 1 };
	int result;

	if (host_enter_lp(b->host, 0, &b->err))
		return -1;
	result = td_create(&b->td, b->host, &config, &b->err);
	host_leave_lp(b->host);
	return result;
}

/* TDH.MR.FINALIZE wants a vCPU; it is not part of the measurement. */
static int fill(struct build *b)
{
	_Atomic int stop = 0;
	uint64_t pages;

	return load_image(&b->td, b->image, b->order, &stop, &pages, &b->err) ||
			       td_add_vcpu(&b->td, 0, &b->err) ||
			       td_finalize(&b->td, b->mrtd, &b->err)
		       ? -1
		       : 0;
}

static void *run(void *opaque)
{
	struct build *b = opaque;

	b->result = host_enter_lp(b->host, b->order, &b->err);
	if (b->result)
		return NULL;
	b->result = fill(b);
	host_leave_lp(b->host);
	return NULL;
}

static void start(struct build *b)
{
	if (b->wanted && !b->result)
		b->started = !pthread_create(&b->thread, NULL, run, b);
}

/* A TD whose thread could not be made is built now. */
static int finish(struct build *b, struct vmm_error *err)
{
	if (b->started)
		pthread_join(b->thread, NULL);
	else if (b->wanted && !b->result)
		run(b);
	td_forget(&b->td);
	if (b->result)
		*err = b->err;
	return b->result;
}

static int build_all(struct build build[VMM_ORDERS], struct vmm_error *err)
{
	int result = 0;

	for (int i = 0; i < VMM_ORDERS; i++)
		build[i].result = build[i].wanted ? create(&build[i]) : 0;
	for (int i = 1; i < VMM_ORDERS; i++)
		start(&build[i]);
	for (int i = 0; i < VMM_ORDERS; i++) {
		if (finish(&build[i], err))
			result = -1;
	}
	return result;
}

static int measure_on(struct seamless_machine *machine, const struct vmm_image *image,
		      const bool wanted[VMM_ORDERS], uint8_t mrtd[VMM_ORDERS][VMM_MRTD_SIZE],
		      struct vmm_error *err)
{
	struct build build[VMM_ORDERS];
	struct vmm_host host;
	int result;

	if (host_open(&host, machine, err))
		return -1;
	for (int i = 0; i < VMM_ORDERS; i++)
		build[i] = (struct build){ .host = &host,
					   .image = image,
					   .order = (enum vmm_order)i,
					   .mrtd = mrtd[i],
					   .wanted = wanted[i] };
	result = build_all(build, err);
	host_close(&host);
	return result;
}

int vmm_measure_orders(const struct vmm_image *image, const bool wanted[VMM_ORDERS],
		       uint8_t mrtd[VMM_ORDERS][VMM_MRTD_SIZE], struct vmm_error *err)
{
	char why[256];
	struct seamless_machine *machine = seamless_create(NULL, why, sizeof(why));
	int result;

	if (!machine)
		return vmm_fail(err, "%s", why);
	result = measure_on(machine, image, wanted, mrtd, err);
	seamless_destroy(machine);
	return result;
}

int vmm_measure_image(const struct vmm_image *image, enum vmm_order order,
		      uint8_t mrtd[VMM_MRTD_SIZE], struct vmm_error *err)
{
	bool wanted[VMM_ORDERS] = { false };
	uint8_t all[VMM_ORDERS][VMM_MRTD_SIZE];
	int result;

	wanted[order] = true;
	result = vmm_measure_orders(image, wanted, all, err);
	if (!result)
		memcpy(mrtd, all[order], VMM_MRTD_SIZE);
	return result;
}
