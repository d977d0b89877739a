// SPDX-License-Identifier: MIT
/*
 * The core module: the call layer out of line over this module's own hidden thunk. It exports one function per host leaf and
 * nothing generic, and asserts that KVM keeps a vCPU's registers in the order that TDH.VP.ENTER takes them.
 *
 * A Linux module that is loaded must name a licence of the kernel's list; "Dual MIT/GPL" is the one that says MIT.
 */
#include <linux/kvm_host.h>
#include <linux/module.h>

#include "sl/tdx_core.c"

SL_TDX_ASSERT_REGS_LAYOUT(((struct kvm_vcpu *)0)->arch.regs[0], VCPU_REGS_RAX, VCPU_REGS_RCX, VCPU_REGS_RDX,
			  VCPU_REGS_RBX, VCPU_REGS_RSP, VCPU_REGS_RBP, VCPU_REGS_RSI, VCPU_REGS_RDI, VCPU_REGS_R8,
			  VCPU_REGS_R9, VCPU_REGS_R10, VCPU_REGS_R11, VCPU_REGS_R12, VCPU_REGS_R13, VCPU_REGS_R14,
			  VCPU_REGS_R15);

static int __init seamless_core_init(void)
{
	pr_info("seamless_core: loaded, SEAMCALL site: " SEAMLESS_SITE_TEXT "\n");
	return 0;
}

static void __exit seamless_core_exit(void)
{
}

module_init(seamless_core_init);
module_exit(seamless_core_exit);
MODULE_DESCRIPTION("TDX module calls, one exported function per leaf");
MODULE_LICENSE("Dual MIT/GPL");
