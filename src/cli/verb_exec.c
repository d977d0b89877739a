// SPDX-License-Identifier: MIT
/*
 * `seamless exec`: runs a program that contains real SEAMCALL and TDCALL instructions.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fault_option.h"
#include "cli/file_roles.h"
#include "cli/option.h"
#include "cli/platform_option.h"
#include "cli/record_option.h"
#include "cli/strict_option.h"
#include "cli/trace_option.h"
#include "exec/exec.h"

struct settings {
	const char *platform, *record_path;
	struct trace_option trace;
	struct strict_option strict;
	struct fault_option faults;
};

static void usage(FILE *out)
{
	fputs("usage: seamless exec [OPTIONS] -- PROGRAM [ARGUMENTS]\n\n"
	      "Runs PROGRAM with its SEAMCALL and TDCALL instructions trapped into a software "
	      "module. Each of its threads is\n"
	      "a logical processor. <seamless/exec.h> tells how it maps physical memory and plays "
	      "a guest.\n\n"
	      "  --platform NAME   the machine: a built-in platform (default) or a platform file\n"
	      "  --record FILE     the calls and what the program wrote into memory, as a "
	      "transcript for `seamless replay`\n"
	      "  --strict-memory[=continue]  report what PROGRAM does wrong with pages of TDs, as "
	      "far as calls show it, and\n"
	      "                        end at the first mistake with status 1, or go "
	      "on\n" FAULT_USAGE TRACE_OPTION_HELP "\n"
	      "Exit status: that of PROGRAM; 128 + N when signal N ended it; 2 when it can't be "
	      "run.\n",
	      out);
}

static struct seamless_machine *machine(const char *platform, char *err, size_t err_len)
{
	struct seamless_config config = { .name = platform,
					  .guest = SEAMLESS_GUEST_SCRIPTED,
					  .shareable = true };
	struct seamless_machine *m = NULL;
	struct file file = { 0 };

	config.text = cli_platform_text(platform, &config.len, &file);
	if (config.text)
		m = seamless_create(&config, err, err_len);
	file_free(&file);
	return m;
}

static int run_recorded(struct seamless_machine *m, const char *record_path, char **argv, char *err,
			size_t err_len)
{
	struct record_option record;
	int status;

	if (record_open(&record, record_path, m))
		return -1;
	status = exec_run(m, argv, err, err_len);
	return record_close(&record) ? -1 : status;
}

static int run_traced(struct seamless_machine *m, struct settings *s, char **argv, char *err,
		      size_t err_len)
{
	int status;

	if (trace_option_open(&s->trace, m, 0))
		return -1;
	trace_option_phase(&s->trace, "program");
	status = run_recorded(m, s->record_path, argv, err, err_len);
	return trace_option_close(&s->trace) ? -1 : status;
}

static int run(struct settings *s, char **argv)
{
	char err[256] = "";
	struct seamless_machine *m = machine(s->platform, err, sizeof(err));
	int status = -1;

	if (m && !fault_option_apply(&s->faults, m) && !strict_option_start(&s->strict, m)) {
		status = run_traced(m, s, argv, err, sizeof(err));
		if (strict_option_stop(&s->strict, m) && !status)
			status = CLI_WRONG;
		fault_option_report(m);
	}
	if (err[0])
		fprintf(stderr, "seamless exec: %s\n", err);
	seamless_destroy(m);
	return status < 0 ? CLI_USAGE : status;
}

static int take_option(struct settings *s, int option)
{
	switch (option) {
	case 'p': s->platform = optarg; return 0;
	case 'r': s->record_path = optarg; return 0;
	case 's':
		s->trace.stats = true;
		s->trace.stats_path = optarg;
		return 0;
	case 't': return trace_option_add(&s->trace, "exec", optarg);
	case 'm': return strict_option_parse(&s->strict, "exec", optarg);
	case 'f': return fault_option_rule(&s->faults, optarg);
	case 'F': return fault_option_file(&s->faults, optarg);
	default: return -1;
	}
}

/* -1: go on; else the exit status. */
static int read_options(struct settings *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "platform", required_argument, NULL, 'p' },
		{ "record", required_argument, NULL, 'r' },
		{ "trace", optional_argument, NULL, 't' | CLI_AGAIN },
		{ "stats", optional_argument, NULL, 's' },
		{ "strict-memory", optional_argument, NULL, 'm' },
		{ "fault", required_argument, NULL, 'f' | CLI_AGAIN },
		{ "fault-file", required_argument, NULL, 'F' | CLI_AGAIN },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int c;

	while ((c = cli_option(argc, argv, "+:h", options)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return CLI_DONE;
		}
		if (take_option(s, c))
			return CLI_USAGE;
	}
	if (optind < argc)
		return -1;
	return cli_missing("exec", "PROGRAM");
}

static int check_files(const struct settings *s, const char *program)
{
	struct file_roles roles = { 0 };

	file_roles_output(&roles, "--record", s->record_path);
	trace_option_roles(&s->trace, &roles);
	fault_option_roles(&s->faults, &roles);
	cli_platform_role(s->platform, &roles);
	file_roles_input(&roles, "the program", strchr(program, '/') ? program : NULL);
	return file_roles_check(&roles, "exec");
}

static int exec_verb(int argc, char **argv)
{
	struct settings s = { .platform = "default" };
	int result = read_options(&s, argc, argv);

	if (result < 0 && check_files(&s, argv[optind]))
		result = CLI_USAGE;
	if (result < 0)
		result = run(&s, argv + optind);
	trace_option_free(&s.trace);
	return result;
}

const struct cli_verb verb_exec = { "exec",
				    "run a program with real SEAMCALL and TDCALL instructions",
				    exec_verb };
