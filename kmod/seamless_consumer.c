// SPDX-License-Identifier: MIT
/*
 * A consumer of seamless_core, as a hypervisor would be one: it calls leaves by name, and runs a vCPU in KVM's shape, with the
 * registers of a real struct kvm_vcpu passed to TDH.VP.ENTER in place. Parameter `expect` names what the
 * SEAMCALL site of the loaded core does: ud, gp or vmfail. Every line it prints is "seamless: ok ..." or "seamless: WRONG ...".
 */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/slab.h>

#define SL_TDX_OUT_OF_LINE
#include "sl/tdx.h"

static char *expect = "ud";
module_param(expect, charp, 0444);
MODULE_PARM_DESC(expect, "what SEAMCALL does here: ud, gp or vmfail");

static unsigned int wrong;

static u64 expected_status(void)
{
	if (!strcmp(expect, "gp"))
		return SL_TDX_SEAMCALL_GP;
	if (!strcmp(expect, "vmfail"))
		return SL_TDX_SEAMCALL_VMFAILINVALID;
	return SL_TDX_SEAMCALL_UD;
}

static void judge(const char *what, bool right, sl_tdx_status_t status)
{
	if (!right)
		wrong++;
	pr_info("seamless: %s %s: status 0x%016llx\n", right ? "ok" : "WRONG", what, status.value);
}

static void call_leaves(void)
{
	sl_tdx_status_t status;
	u64 value = 1;

	status = sl_tdh_mng_key_config(sl_tdx_tdr(0x1000));
	judge("TDH.MNG.KEY.CONFIG", sl_tdx_status_is_with(status, expected_status(), 0), status);
	status = sl_tdh_mng_rd(sl_tdx_tdr(0x1000), sl_tdx_field(SL_TDX_MD_TD_NUM_VCPUS), &value);
	judge("TDH.MNG.RD", sl_tdx_status_is_with(status, expected_status(), 0), status);
}

/* One run of a vCPU. Returns the status of TDH.VP.ENTER; *frame_kept says whether RBP survived. */
static noinline sl_tdx_status_t enter(struct kvm_vcpu *vcpu, bool *frame_kept)
{
	unsigned long before, after;
	sl_tdx_status_t status;

	asm volatile("mov %%rbp, %0" : "=r"(before));
	status = sl_tdh_vp_enter(sl_tdx_tdvpr(0x2000), 0, vcpu->arch.regs);
	asm volatile("mov %%rbp, %0" : "=r"(after));
	*frame_kept = before == after;
	return status;
}

static void run_vcpu(struct kvm_vcpu *vcpu)
{
	unsigned long *regs = vcpu->arch.regs;
	bool frame_kept, kept = true;
	sl_tdx_status_t status;
	int i, round = 0;

	for (i = 0; i < NR_VCPU_REGS && i < 16; i++)
		regs[i] = 0x1111111111111111UL * i;
	do {
		status = enter(vcpu, &frame_kept);
		round++;
	} while (sl_tdx_status_ok(status) && round < 100);
	judge("TDH.VP.ENTER on arch.regs", sl_tdx_status_is_with(status, expected_status(), 0), status);
	judge("RBP survives", frame_kept, status);
	/* the instruction did not run, so every register that went in came out, in its place; RCX is the operand */
	for (i = 0; i < 16; i++)
		if (i != VCPU_REGS_RCX)
			kept &= regs[i] == 0x1111111111111111UL * i;
	judge("registers in place, none copied elsewhere", kept && regs[VCPU_REGS_RCX] == 0x2000, status);
}

static int __init seamless_consumer_init(void)
{
	struct kvm_vcpu *vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL);

	if (!vcpu)
		return -ENOMEM;
	call_leaves();
	run_vcpu(vcpu);
	kfree(vcpu);
	pr_info("seamless: consumer done, expect=%s, %u wrong\n", expect, wrong);
	return 0;
}

static void __exit seamless_consumer_exit(void)
{
}

module_init(seamless_consumer_init);
module_exit(seamless_consumer_exit);
MODULE_DESCRIPTION("A consumer of seamless_core");
MODULE_LICENSE("Dual MIT/GPL");
