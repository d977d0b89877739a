// SPDX-License-Identifier: MIT
/*
 * Where a run stands: see run_phases.h.
 */
#include "cli/run_phases.h"

#include <string.h>

static void begin_at_ve(struct spans *spans, void *name)
{
	spans_phase_at_ve(spans, name);
}

static void guests_end(struct spans *spans, void *opaque)
{
	(void)opaque;
	spans_guests_end(spans);
}

void run_phases_guest(struct run_phases *phases, const char *name)
{
	trace_option_phase(phases->option, phases->linux_kernel ? "boot shim" : name);
	if (phases->linux_kernel)
		trace_option_each(phases->option, begin_at_ve, (void *)"kernel");
}

void run_phases_guest_ended(struct run_phases *phases)
{
	trace_option_each(phases->option, guests_end, NULL);
}

/* "Run /init as init process", after whatever time the kernel puts before it. */
static bool starts_init(struct run_phases *phases)
{
	const char *run, *rest;

	if (phases->length >= RUN_PHASES_LINE)
		return false;
	phases->line[phases->length] = 0;
	run = strstr(phases->line, "Run ");
	rest = run ? strchr(run + 4, ' ') : NULL;
	return rest && !strncmp(rest, " as init process", 16);
}

void run_phases_take(struct run_phases *phases, uint8_t byte)
{
	if (!phases->linux_kernel || phases->init || !trace_option_timed(phases->option))
		return;
	if (byte != '\n') {
		if (phases->length < RUN_PHASES_LINE)
			phases->line[phases->length++] = (char)byte;
		return;
	}
	phases->init = starts_init(phases);
	if (phases->init)
		trace_option_phase(phases->option, "init");
	phases->length = 0;
}

struct told {
	enum vm_event event;
	unsigned vcpu;
	uint8_t vector;
};

static void pass_on(struct spans *spans, void *opaque)
{
	const struct told *told = opaque;

	switch (told->event) {
	case VM_EVENT_SLEEPS: spans_sleep(spans, told->vcpu, true); return;
	case VM_EVENT_WAKES: spans_sleep(spans, told->vcpu, false); return;
	case VM_EVENT_INTERRUPT:
		spans_mark(spans, MARK_INTERRUPT, told->vcpu, told->vector);
		return;
	case VM_EVENT_NMI: spans_mark(spans, MARK_NMI, told->vcpu, 0); return;
	case VM_EVENT_TIMER: spans_mark(spans, MARK_TIMER, told->vcpu, 0); return;
	}
}

void run_phases_tell(void *opaque, enum vm_event event, unsigned vcpu, uint8_t vector)
{
	struct told told = { event, vcpu, vector };

	trace_option_each(opaque, pass_on, &told);
}
