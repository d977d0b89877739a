// SPDX-License-Identifier: MIT
/*
 * `seamless exec`: runs a program that contains real SEAMCALL and TDCALL instructions.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fault_option.h"
#include "cli/option.h"
#include "cli/platform_option.h"
#include "cli/record_option.h"
#include "cli/strict_option.h"
#include "cli/trace_option.h"
#include "exec/exec.h"

static void usage(FILE *out)
{
	fputs("usage: seamless exec [OPTIONS] -- PROGRAM [ARGUMENTS]\n\n"
	      "Runs PROGRAM with its SEAMCALL and TDCALL instructions trapped into a software module. Each of its threads is\n"
	      "a logical processor. <seamless/exec.h> tells how it maps physical memory and plays a guest.\n\n"
	      "  --platform NAME   the machine: a built-in platform (default) or a platform file\n"
	      "  --record FILE     the calls and what the program wrote into memory, as a transcript for `seamless replay`\n"
	      "  --strict-memory[=continue]  report what PROGRAM does wrong with pages of TDs, as far as calls show it, and\n"
	      "                        end at the first mistake with status 1, or go on\n"
	      FAULT_USAGE TRACE_OPTION_HELP "\n"
	      "Exit status: that of PROGRAM; 128 + N when signal N ended it; 2 when it can't be run.\n",
	      out);
}

static struct seamless_machine *machine(const char *platform, char *err, size_t err_len)
{
	struct seamless_config config = { .name = platform, .guest = SEAMLESS_GUEST_SCRIPTED, .shareable = true };
	struct seamless_machine *m = NULL;
	struct file file = { 0 };

	config.text = cli_platform_text(platform, &config.len, &file);
	if (config.text)
		m = seamless_create(&config, err, err_len);
	file_free(&file);
	return m;
}

static int run_recorded(struct seamless_machine *m, const char *record_path, char **argv, char *err, size_t err_len)
{
	struct record_option record;
	int status;

	if (record_open(&record, record_path, m))
		return -1;
	status = exec_run(m, argv, err, err_len);
	return record_close(&record) ? -1 : status;
}

static int run_traced(struct seamless_machine *m, struct trace_option *trace, const char *record_path, char **argv, char *err, size_t err_len)
{
	int status;

	if (trace_option_open(trace, m, 0))
		return -1;
	trace_option_phase(trace, "program");
	status = run_recorded(m, record_path, argv, err, err_len);
	return trace_option_close(trace) ? -1 : status;
}

static int run(const char *platform, struct trace_option *trace, struct strict_option *strict, const char *record_path,
	       const struct fault_option *faults,
	       char **argv)
{
	char err[256] = "";
	struct seamless_machine *m = machine(platform, err, sizeof(err));
	int status = -1;

	if (m && !fault_option_apply(faults, m) && !strict_option_start(strict, m)) {
		status = run_traced(m, trace, record_path, argv, err, sizeof(err));
		if (strict_option_stop(strict, m) && !status)
			status = CLI_WRONG;
		fault_option_report(m);
	}
	if (err[0])
		fprintf(stderr, "seamless exec: %s\n", err);
	seamless_destroy(m);
	return status < 0 ? CLI_USAGE : status;
}

static int exec_verb(int argc, char **argv)
{
	static const struct option options[] = { { "platform", required_argument, NULL, 'p' },
						 { "record", required_argument, NULL, 'r' },
						 { "trace", optional_argument, NULL, 't' },
						 { "stats", optional_argument, NULL, 's' },
						 { "strict-memory", optional_argument, NULL, 'm' },
						 { "fault", required_argument, NULL, 'f' },
						 { "fault-file", required_argument, NULL, 'F' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	const char *platform = "default", *record = NULL;
	struct trace_option trace = { 0 };
	struct strict_option strict = { 0 };
	struct fault_option faults = { .count = 0 };
	int c, result, wrong = 0;

	while (!wrong && (c = cli_option(argc, argv, "+:h", options)) != -1) {
		switch (c) {
		case 'p': platform = optarg; break;
		case 'r': record = optarg; break;
		case 's':
			trace.stats = true;
			trace.stats_path = optarg;
			break;
		case 't':
			if (!trace_option_add(&trace, "exec", optarg))
				break;
			trace_option_free(&trace);
			return CLI_USAGE;
		case 'm':
			if (!strict_option_parse(&strict, optarg))
				break;
			fprintf(stderr, "seamless exec: --strict-memory: '%s' is not 'continue'\n", optarg);
			trace_option_free(&trace);
			return CLI_USAGE;
		case 'f': wrong = fault_option_rule(&faults, optarg); break;
		case 'F': wrong = fault_option_file(&faults, optarg); break;
		case 'h': usage(stdout); return CLI_DONE;
		default: wrong = -1; break;
		}
	}
	if (wrong) {
		trace_option_free(&trace);
		return CLI_USAGE;
	}
	if (optind == argc) {
		fputs("seamless exec: no program named\n", stderr);
		usage(stderr);
		return CLI_USAGE;
	}
	result = run(platform, &trace, &strict, record, &faults, argv + optind);
	trace_option_free(&trace);
	return result;
}

const struct cli_verb verb_exec = { "exec", "run a program with real SEAMCALL and TDCALL instructions", exec_verb };
