// SPDX-License-Identifier: MIT
/*
 * What runs inside a TD, and a script's access to its state.
 */
#include "lib/machine_impl.h"
#include "module/guest.h"
#include "module/guest_mem.h"
#include "module/state.h"
#include "module/vcpu.h"
#include "vmx/lp.h"

#define IDLE_TICKS 100000u

#define EFER_64BIT 0xd01u  /* SCE, LME, LMA, NXE */
#define CS_RIGHTS  0xa09bu /* 64-bit code, DPL 0 */
#define SS_RIGHTS  0xc093u

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

void seamless_guest_64bit(void)
{
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_EFER, EFER_64BIT);
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_CS_RIGHTS, CS_RIGHTS);
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_SS_RIGHTS, SS_RIGHTS);
}

static void interpret(struct lib_lp *lp, struct seamless_regs *regs, struct seamless_vm_exit *to)
{
	struct vm_exit e = { 0 };

	vcpu_run(lp->machine->module, lp->number, (struct cpu_regs *)regs, &e);
	*to = (struct seamless_vm_exit){
		.reason = e.reason,
		.instr_length = e.instr_length,
		.qualification = e.qualification,
		.guest_linear = e.guest_linear,
		.guest_physical = e.guest_physical,
		.intr_info = e.intr_info,
		.intr_error = e.intr_error,
		.idt_info = e.idt_info,
		.idt_error = e.idt_error,
		.instr_info = e.instr_info,
	};
}

bool seamless_guest_translate(uint64_t gpa, uint64_t *pa, bool *shared)
{
	struct lp_guest *guest = running();
	const struct module *m = guest ? lib_current()->machine->module : NULL;
	struct ept_tree tree;
	struct ept_page page;
	enum ept_result walk;
	uint64_t eptp;

	if (!guest || !seamless_guest_field(VMCS_SHARED_EPTP, &eptp) ||
	    !guest_gpa_valid(&guest->td, gpa, false))
		return false;
	*shared = guest_gpa_shared(&guest->td, gpa);
	tree = *shared ? guest_shared_ept(m, &guest->td, eptp) : guest_private_ept(m, &guest->td, 0);
	walk = ept_walk(&tree, gpa, EPT_R, &page);
	if (walk == WALK_FOUND)
		*pa = platform_pa(lib_current()->machine->platform, page.hpa);
	return walk == WALK_FOUND;
}

void lib_idle(struct seamless_machine *m, struct seamless_vm_exit *exit)
{
	seamless_advance_tsc(m, IDLE_TICKS);
	exit->reason = SEAMLESS_EXIT_INTERRUPT;
}

void lib_run_guest(struct lib_lp *lp, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	struct seamless_machine *m = lp->machine;

	if (m->guest == SEAMLESS_GUEST_INTERPRETED)
		interpret(lp, regs, exit);
	else if (lp->player)
		lib_play(lp->player, regs, exit);
	else if (m->script)
		m->script(m->script_opaque, regs, exit);
	else
		lib_idle(m, exit);
}

bool seamless_invept(struct seamless_machine *m, unsigned lp)
{
	if (lp >= seamless_lps(m))
		return false;
	vmx_invept(module_processors(m->module), lp);
	return true;
}

size_t seamless_unknown_instruction(struct seamless_machine *m, unsigned lp, char *buf, size_t len)
{
	if (len)
		buf[0] = 0;
	return lp < seamless_lps(m) ? vmx_unknown_instruction(module_processors(m->module), lp, buf, len) : 0;
}

size_t seamless_guest_position(struct seamless_machine *m, unsigned lp, char *buf, size_t len)
{
	if (len)
		buf[0] = 0;
	return lp < seamless_lps(m) ? vmx_position(module_processors(m->module), lp, buf, len) : 0;
}

uint64_t seamless_guest_rip(struct seamless_machine *m, unsigned lp)
{
	return lp < seamless_lps(m) ? vmx_rip(module_processors(m->module), lp) : 0;
}

uint64_t seamless_instructions(struct seamless_machine *m, unsigned lp)
{
	return lp < seamless_lps(m) ? vmx_instructions(module_processors(m->module), lp) : 0;
}
