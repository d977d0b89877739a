// SPDX-License-Identifier: MIT
/*
 * What runs inside a TD, and a script's access to its state.
 */
#include "lib/machine_impl.h"
#include "module/state.h"
#include "module/vmcs.h"

/* The vCPU that runs on the calling thread's processor, NULL when there is none. */
static struct lp_guest *running(void)
{
	struct lib_lp *lp = lib_current();

	if (!lp || !module_in_guest(lp->machine->module, lp->number))
		return NULL;
	return &lp->machine->module->lp[lp->number].guest;
}

static struct vmcs *running_vmcs(uint32_t encoding)
{
	struct lp_guest *guest = running();

	if (!guest || !vmcs_has(encoding))
		return NULL;
	return vcpu_vmcs(lib_current()->machine->module, &guest->vp, guest->vm);
}

bool seamless_in_guest(unsigned *vm)
{
	struct lp_guest *guest = running();

	if (guest && vm)
		*vm = guest->vm;
	return guest;
}

bool seamless_guest_field(uint32_t encoding, uint64_t *value)
{
	struct vmcs *vmcs = running_vmcs(encoding);

	if (vmcs)
		*value = vmcs_read(vmcs, encoding);
	return vmcs;
}

bool seamless_set_guest_field(uint32_t encoding, uint64_t value)
{
	struct vmcs *vmcs = running_vmcs(encoding);

	if (vmcs)
		vmcs_write(vmcs, encoding, value);
	return vmcs;
}

void lib_run_guest(struct lib_lp *lp, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	struct seamless_machine *m = lp->machine;

	if (m->script)
		m->script(m->script_opaque, regs, exit);
	else
		exit->reason = SEAMLESS_EXIT_INTERRUPT;
}
