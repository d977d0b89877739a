// SPDX-License-Identifier: MIT
/*
 * Threads as logical processors.
 */
#include "lib/machine_impl.h"
#include "module/vcpu.h"
#include "vmx/lp.h"

/* The only state that a thread has. */
static _Thread_local struct lib_lp *current;

struct lib_lp *lib_current(void)
{
	return current;
}

unsigned lib_who(const struct seamless_machine *m)
{
	return current && current->machine == m ? current->number : MEM_NO_LP;
}

bool seamless_lp_enter(struct seamless_machine *m, unsigned lp)
{
	if (current || lp >= seamless_lps(m) || atomic_exchange(&m->lp[lp].bound, true))
		return false;
	current = &m->lp[lp];
	return true;
}

void seamless_lp_leave(void)
{
	if (!current)
		return;
	atomic_store(&current->bound, false);
	current = NULL;
}

struct seamless_machine *seamless_lp_machine(void)
{
	return current ? current->machine : NULL;
}

unsigned seamless_lp_number(void)
{
	return current ? current->number : 0;
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
	return current && platform_interrupt_pending(current->machine->platform, current->number);
}

size_t seamless_reason(char *buf, size_t len)
{
	if (len)
		buf[0] = 0;
	return current ? module_reason_format(current->machine->module, current->number, buf, len)
		       : 0;
}
