// SPDX-License-Identifier: MIT
/*
 * Threads as logical processors.
 */
#include "lib/machine_impl.h"
#include "module/vcpu.h"
#include "vmx/lp.h"

_Thread_local struct lib_lp *lib_bound;

unsigned lib_who(const struct seamless_machine *m)
{
	return lib_bound && lib_bound->machine == m ? lib_bound->number : MEM_NO_LP;
}

bool seamless_lp_enter(struct seamless_machine *m, unsigned lp)
{
	if (lib_bound || lp >= seamless_lps(m) || atomic_exchange(&m->lp[lp].bound, true))
		return false;
	lib_bound = &m->lp[lp];
	return true;
}

void seamless_lp_leave(void)
{
	if (!lib_bound)
		return;
	atomic_store(&lib_bound->bound, false);
	lib_bound = NULL;
}

struct seamless_machine *seamless_lp_machine(void)
{
	return lib_bound ? lib_bound->machine : NULL;
}

unsigned seamless_lp_number(void)
{
	return lib_bound ? lib_bound->number : 0;
}

bool seamless_lp_kick(struct seamless_machine *m, unsigned lp)
{
	if (lp >= seamless_lps(m))
		return false;
	platform_lp_kick(m->platform, lp);
	vmx_kick(module_processors(m->module), lp);
	return true;
}

void seamless_set_quantum(struct seamless_machine *m, uint64_t instructions)
{
	platform_set_quantum(m->platform, instructions);
}

bool seamless_lp_notify(struct seamless_machine *m, unsigned lp)
{
	if (lp >= seamless_lps(m))
		return false;
	vmx_notify(module_processors(m->module), lp);
	return true;
}

bool seamless_kicked(void)
{
	return lib_bound && platform_interrupt_pending(lib_bound->machine->platform, lib_bound->number);
}

size_t seamless_reason(char *buf, size_t len)
{
	if (len)
		buf[0] = 0;
	return lib_bound ? module_reason_format(lib_bound->machine->module, lib_bound->number, buf, len)
		       : 0;
}
