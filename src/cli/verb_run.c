// SPDX-License-Identifier: MIT
/*
 * `seamless run`: builds a TD from a guest or a firmware image, runs it, tears it down. Here is the
 * machine that it runs on, with all that watches its calls.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/record_option.h"
#include "cli/run.h"
#include "cli/run_platform.h"
#include "cli/run_report.h"

static int run_on(struct run *run, struct seamless_machine *machine)
{
	struct vmm_error err;
	int result;

	if (run_quote_open(&run->quote, machine))
		return CLI_USAGE;
	trace_option_phase(&run->trace, "module start");
	if (host_open(&run->host, machine, &err)) {
		run_say("the TDX module could not be brought up: ", err.text);
		result = CLI_WRONG;
	} else {
		result = run_td(run);
		host_close(&run->host);
	}
	if (result == CLI_DONE && run->attest.wanted)
		result = run_attest_judge(&run->attest, machine, &run->image);
	run_quote_close(&run->quote);
	return result;
}

static int run_recorded(struct run *run, struct seamless_machine *machine)
{
	struct record_option record;
	int result;

	if (record_open(&record, run->record_path, machine))
		return CLI_USAGE;
	result = run_on(run, machine);
	return record_close(&record) ? CLI_USAGE : result;
}

static int run_strictly(struct run *run, struct seamless_machine *machine)
{
	int result;

	if (strict_option_start(&run->strict, machine))
		return CLI_USAGE;
	result = run_recorded(run, machine);
	return strict_option_stop(&run->strict, machine) && result == CLI_DONE ? CLI_WRONG : result;
}

static int run_machine(struct run *run)
{
	const struct run_platform_want want = { run->platform, run->memory, run->vcpus,
						run->deterministic };
	struct seamless_machine *machine = run_platform_create(&want);
	int result = CLI_USAGE;

	if (!machine)
		return CLI_USAGE;
	if (fault_option_apply(&run->faults, machine)) {
		seamless_destroy(machine);
		return CLI_USAGE;
	}
	run->phases = (struct run_phases){ .option = &run->trace,
					   .linux_kernel = run->kernel && !run->firmware };
	if (!trace_option_open(&run->trace, machine, run->vcpus)) {
		result = run_strictly(run, machine);
		if (trace_option_close(&run->trace))
			result = CLI_USAGE;
	}
	fault_option_report(machine);
	seamless_destroy(machine);
	return result;
}

static void free_run(struct run *run)
{
	run_gdb_close(&run->gdb);
	run_attest_close(&run->attest);
	trace_option_free(&run->trace);
	image_free(&run->image);
	file_free(&run->file);
	file_free(&run->kernel_file);
	file_free(&run->initrd_file);
	free(run);
}

static int run_verb(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	int result = CLI_USAGE, parsed;

	if (!run)
		return cli_no_memory("run");
	parsed = run_options(run, argc, argv);
	if (parsed > 0) {
		run_usage(stdout);
		result = CLI_DONE;
	} else if (!parsed && !run_load(run) && !run_gdb_open(&run->gdb)) {
		result = run_machine(run);
	}
	free_run(run);
	fflush(stdout);
	return result;
}

const struct cli_verb verb_run = { "run", "build, run and tear down a trust domain", run_verb };
