// SPDX-License-Identifier: MIT
/*
 * Copies of the machine: a process that forks has one, since its memory is private.
 */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FATAL_BIT (1ull << 61)

/* Makes the call with one mutation. False: it changed the machine. */
static bool make(struct prober *p, struct seamless_machine *m, const struct transcript_event *e,
		 const struct seamless_regs *in, unsigned i)
{
	const struct mutation *u = i ? &p->list[i - 1] : NULL;
	struct answer *a = &p->answer[i];
	struct seamless_regs regs = *in;
	enum seamless_where where;
	unsigned vm = 0, vm_after = 0;
	bool seamcall = e->kind == TRANSCRIPT_SEAMCALL;
	uint64_t injected = 0;

	if (u)
		mutation_apply(m, u, false, &regs);
	seamless_in_guest(&vm);
	where = seamcall ? seamless_seamcall(&regs) : seamless_vm_exit(&e->call.exit, &regs);
	if (!seamcall)
		seamless_guest_field(SEAMLESS_FIELD_ENTRY_INTR_INFO, &injected);
	seamless_in_guest(&vm_after);
	a->same_side = where == (seamcall ? SEAMLESS_TO_HOST : SEAMLESS_TO_GUEST) && !injected &&
		       vm == vm_after;
	a->status = regs.gpr[0];
	if (a->same_side && a->status & ERROR_BIT)
		seamless_reason(a->sentence, sizeof(a->sentence));
	a->made = true;
	if (u && u->memory)
		mutation_apply(m, u, true, &regs);
	return !a->same_side || !(a->status & ERROR_BIT) || a->status & FATAL_BIT;
}

/* All answers, each copy of the machine used until a call changes it; migration leaves change it
 * even when they refuse. */
bool probe_call(struct prober *p, struct seamless_machine *m, const struct transcript_event *e,
		const struct seamless_regs *in, unsigned count)
{
	memset(p->answer, 0, (count + 1) * sizeof(*p->answer));
	for (unsigned i = 0; i <= count; i++) {
		pid_t child;
		int status = 0;

		if (p->answer[i].made)
			continue;
		child = fork();
		if (!child) {
			while (i <= count && !make(p, m, e, in, i) && !mutation_may_stay(e))
				i++;
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status) {
			fprintf(stderr, "%s:%u: the copy for mutation %u ended with %x\n", p->file,
				e->line, i, status);
			return false;
		}
	}
	return true;
}
