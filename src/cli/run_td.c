// SPDX-License-Identifier: MIT
/*
 * The TD of `seamless run`: built, run with its console and keyboard, torn down.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/run.h"
#include "cli/run_input.h"
#include "cli/run_report.h"
#include "cli/run_watch.h"

static void console(void *opaque, uint8_t byte)
{
	struct run *run = opaque;

	run_progress_quiet(&run->progress);
	run_attest_take(&run->attest, byte);
	run_phases_take(&run->phases, byte);
	putchar(byte);
}

/* Who watches or answers must see a prompt, which has no newline; a file can wait. */
static void show_at_once(void)
{
	struct stat info;

	if (fstat(STDOUT_FILENO, &info) || !S_ISREG(info.st_mode))
		setvbuf(stdout, NULL, _IONBF, 0);
}

static int destroy(struct run *run)
{
	struct vmm_error err;
	uint64_t freed;
	char line[80];

	trace_option_phase(&run->trace, "teardown");
	if (vm_destroy(&run->vm, &freed, &err)) {
		run_say("the TD could not be torn down: ", err.text);
		return -1;
	}
	snprintf(line, sizeof(line), "%" PRIu64 " pages proved free", freed);
	run_say("TD torn down: ", line);
	return 0;
}

static bool finished_well(enum vm_end end)
{
	return end == VM_HALTED || end == VM_POWERED_OFF || end == VM_ENOUGH;
}

static int build(struct run *run, struct vmm_error *err)
{
	int result;

	trace_option_phase(&run->trace, "TD build");
	if (host_enter_lp(&run->host, 0, err))
		return -1;
	result = vm_build(&run->vm, err);
	host_leave_lp(&run->host);
	return result;
}

/* Runs the TD that was built, with standard input as its keyboard. */
static int run_built(struct run *run)
{
	struct run_input input;
	int result;

	run_report_built(&run->vm);
	if (run_gdb_start(&run->gdb, &run->vm))
		return CLI_USAGE;
	run_progress_start(&run->progress, &run->vm);
	show_at_once();
	if (!run->deterministic && run_input_start(&input, &run->vm)) {
		run_gdb_stop(&run->gdb, CLI_USAGE);
		return CLI_USAGE;
	}
	run_phases_guest(&run->phases, run->firmware ? "firmware" : "guest");
	result = finished_well(vm_run(&run->vm)) ? CLI_DONE : CLI_WRONG;
	run_phases_guest_ended(&run->phases);
	run_gdb_stop(&run->gdb, (unsigned)result);
	if (!run->deterministic)
		run_input_stop(&input);
	run_progress_stop(&run->progress);
	run_report_end(&run->vm, run->host.machine, &run->file, run->kernel && !run->firmware);
	return result;
}

int run_td(struct run *run)
{
	const struct vm_config config = {
		.vcpus = run->vcpus,
		.gpaw = run->td.gpaw,
		.pending_ve = run->td.pending_ve,
		.stop_after = run->stop_after,
		.deterministic = run->deterministic,
		.console = console,
		.console_opaque = run,
		.quote = run->quote.folder ? run_quote_answer : NULL,
		.quote_opaque = &run->quote,
		.tell = trace_option_timed(&run->trace) ? run_phases_tell : NULL,
		.tell_opaque = &run->trace,
	};
	struct run_watch watch;
	struct vmm_error err;
	int result = CLI_WRONG;

	vm_init(&run->vm, &run->host, &run->image, &config);
	if (run_watch_start(&watch, &run->vm, &run->gdb, run->timeout))
		return CLI_USAGE;
	if (build(run, &err))
		run_say("the TD could not be built: ", err.text);
	else
		result = run_built(run);
	run_progress_stop(&run->progress);
	run_watch_stop(&watch);
	return destroy(run) ? CLI_WRONG : result;
}
