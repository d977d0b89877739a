// SPDX-License-Identifier: MIT
/*
 * Running a vCPU: enter, look at why it came back, serve that.
 */
#include "hv.h"

TDX_ASSERT_REGS_LAYOUT(uint64_t, RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13,
		       R14, R15);

void hv_kick(struct hv *hv)
{
	for (unsigned i = 0; i < HV_VCPUS; i++) {
		struct hv_vcpu *vcpu = &hv->vcpu[i];
		unsigned exits = atomic_load(&vcpu->exits);

		if (!atomic_load(&vcpu->inside))
			continue;
		host_shoot_down(vcpu->cpu);
		while (atomic_load(&vcpu->inside) && atomic_load(&vcpu->exits) == exits)
			host_relax();
	}
}

static bool untouched(const struct hv *hv, unsigned region)
{
	for (unsigned i = 0; i < HV_PER_LARGE; i++) {
		if (hv->page[region * HV_PER_LARGE + i].kind != HV_NOTHING)
			return false;
	}
	return !hv->split[region];
}

static int add(struct hv *hv, unsigned page, tdx_level_t level, uint64_t pa)
{
	struct tdx_sept_error ext;
	tdx_status_t status;

	if (pa == HV_NO_PAGE)
		return -1;
	status = hv_again(
		tdh_mem_page_aug(tdx_gpa(page * HV_PAGE), level, hv->tdr, tdx_hpa(pa), &ext));
	return tdx_status_ok(status) ? 0 : -1;
}

/* The secure EPT's table of the region's small pages, if it is not there yet. */
static int add_table(struct hv *hv, unsigned region)
{
	struct tdx_sept_error ext;
	uint64_t table;

	if (hv->split[region])
		return 0;
	table = hv_take(&hv->pool);
	if (table == HV_NO_PAGE)
		return -1;
	if (!tdx_status_ok(hv_again(tdh_mem_sept_add(tdx_gpa(region * HV_LARGE_PAGE), TDX_LEVEL_2M,
						     hv->tdr, 0, tdx_hpa(table), &ext)))) {
		hv_give(&hv->pool, table);
		return -1;
	}
	hv->control[hv->controls++] = table;
	hv->split[region] = true;
	return 0;
}

static int add_small(struct hv *hv, unsigned page)
{
	uint64_t pa;

	if (add_table(hv, page / HV_PER_LARGE))
		return -1;
	pa = hv_take(&hv->pool);
	if (add(hv, page, TDX_LEVEL_4K, pa)) {
		if (pa != HV_NO_PAGE)
			hv_give(&hv->pool, pa);
		return -1;
	}
	hv->page[page] = (struct hv_page){ pa, HV_PRIVATE };
	return 0;
}

static int add_large(struct hv *hv, unsigned region)
{
	uint64_t pa = hv_take_large(&hv->pool);
	unsigned first = region * HV_PER_LARGE;

	if (add(hv, first, TDX_LEVEL_2M, pa)) {
		if (pa != HV_NO_PAGE)
			hv_give_large(&hv->pool, pa);
		return -1;
	}
	for (unsigned i = 0; i < HV_PER_LARGE; i++)
		hv->page[first + i] = (struct hv_page){ pa + i * HV_PAGE, HV_LARGE };
	return 0;
}

/* The guest wants private memory where there is none: RDX says whether it accepts, and how much. */
static int add_memory(struct hv *hv, const uint64_t *regs)
{
	uint64_t page = regs[R8] / HV_PAGE;
	unsigned region = (unsigned)page / HV_PER_LARGE;
	bool large = (regs[RDX] & 0xf) == TDX_EXT_EXIT_ACCEPT && (regs[RDX] >> 32 & 7) == 1;
	int result = 0;

	if (page >= HV_PAGES)
		return -1;
	pthread_mutex_lock(&hv->lock);
	if (large && untouched(hv, region))
		result = add_large(hv, region);
	else if (hv->page[page].kind == HV_NOTHING) /* or another vCPU added it */
		result = add_small(hv, (unsigned)page);
	pthread_mutex_unlock(&hv->lock);
	return result;
}

static tdx_status_t enter(struct hv_vcpu *vcpu)
{
	tdx_status_t status;

	atomic_store(&vcpu->inside, true);
	status = hv_again(tdh_vp_enter(vcpu->tdvpr, 0, vcpu->regs));
	atomic_store(&vcpu->inside, false);
	atomic_fetch_add(&vcpu->exits, 1);
	return status;
}

static int serve(struct hv *hv, uint64_t *regs, bool *halted)
{
	if (regs[R10] == 0 && regs[R11] == TDX_VMCALL_FN_MAP_GPA)
		return hv_map_gpa(hv, regs);
	*halted = regs[R10] == 0 && regs[R11] == TDX_VMCALL_FN_INSTRUCTION_HLT;
	regs[R10] = *halted ? TDX_VMCALL_SUCCESS : TDX_VMCALL_INVALID_OPERAND;
	return 0;
}

/* One stay in the guest. -1: it was the last. */
static int run_once(struct hv *hv, struct hv_vcpu *vcpu, bool *halted)
{
	tdx_status_t status = enter(vcpu);

	if (!tdx_status_ok(status))
		return -1;
	switch (tdx_status_exit_reason(status)) {
	case TDX_EXIT_REASON_EXTERNAL_INTERRUPT: return 0;
	case TDX_EXIT_REASON_TDCALL: return serve(hv, vcpu->regs, halted);
	case TDX_EXIT_REASON_EPT_VIOLATION: return add_memory(hv, vcpu->regs);
	default: return -1;
	}
}

enum hv_end hv_run(struct hv *hv, unsigned index)
{
	struct hv_vcpu *vcpu = &hv->vcpu[index];
	bool halted = false;
	int result = 0;

	vcpu->cpu = host_this_cpu();
	while (!result && !halted)
		result = run_once(hv, vcpu, &halted);
	/* It may go on on another processor. */
	if (!tdx_status_ok(hv_again(tdh_vp_flush(vcpu->tdvpr))))
		result = -1;
	return result ? HV_FAILED : HV_HALTED;
}
